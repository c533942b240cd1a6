"""One file per statistic: a functional of one attention row, or of one sentence's columns.

To add a statistic, add a file that defines `STATISTIC`; what it needs of a layer beyond its
weights, it names in `needs`.
"""
