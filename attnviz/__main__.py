"""`python -m attnviz` is the console script."""

from attnviz.cli import main

if __name__ == "__main__":
    main()
