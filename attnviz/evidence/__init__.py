"""From sums by unit to scores, baselines, intervals and verdicts: numpy and scipy alone.

What observers left comes in as plain arrays; any mean is a ratio of sums.
"""
