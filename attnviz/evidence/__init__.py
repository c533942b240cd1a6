"""From sums per sentence to scores, baselines, intervals and verdicts.

Observers see one layer of one batch at a time and keep sums per sentence; what is kept adds up
over sentences, so any mean is a ratio of sums.
"""
