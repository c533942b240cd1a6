"""Who measures the shards of a scan: this process, or the workers of a Ray cluster.

Shards come in, in the order of the corpus; their sums come out in the same order.
"""
