"""What a run leaves: exact sums by unit of evidence, which add, save and load.

Arrays and plain values only: nothing here knows torch, a model or a file.
"""
