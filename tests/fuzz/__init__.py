"""Fuzzing: inputs damaged at random, from a seed, and how a run on each of them may end.

Small in the suite; `python -m pytest tests/fuzz --fuzz-size 500 --fuzz-seed 3` tries many more.
"""
