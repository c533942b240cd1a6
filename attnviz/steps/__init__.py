"""The steps of a run between the survey and the report: measure, judge, illustrate.

Each takes what the one before left, and can be called alone.
"""
