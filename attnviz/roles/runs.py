"""Runs: tokens that say the same over and over, such as `====`, `ha ha ha`, `-=-=`, `|---|---|`.

Hundreds of pairs of copies, all in one sentence, would outweigh those of all others, and a head
that looks at one copy of so many spreads its attention over all of them.
"""

from __future__ import annotations

import numpy as np

from attnviz.attention.targets import Bools
from attnviz.roles.masks import Ints

LONGEST = 3
"""The longest period of a run, in tokens."""

_ALONE = 3
"""So many of one token in a row are a run; of longer periods two."""

RULE = (
    "A run is three or more of one token or word in a row, or two or more rounds of two or three, "
    "where a run of one counts as one of it (====, ha ha ha, -=-=, |---|---|)"
)


def in_run(labels: Ints) -> Bools:
    """Which tokens are in a run, [token]: maximal stretches of a period of 1 to `LONGEST`.

    `labels` [token] say which tokens are the same, -1 is never in a run. A stretch of period p is
    a run from 2p tokens on, and from `_ALONE` if p is 1. For longer periods each run of one token
    counts as a single such token, so that the dashes of `|---|-----|` may be of any number.
    """
    alone = _periodic(labels, 1, _ALONE)
    again = np.zeros(len(labels), dtype=np.bool_)
    again[1:] = alone[1:] & (labels[1:] == labels[:-1])
    items, item = labels[~again], np.cumsum(~again) - 1
    longer = np.zeros(len(items), dtype=np.bool_)
    for period in range(2, LONGEST + 1):
        longer |= _periodic(items, period, 2 * period)
    run: Bools = alone | longer[item]
    return run


def _periodic(labels: Ints, period: int, least: int) -> Bools:
    """Which labels are in a stretch of at least so many where each is that `period` before it."""
    same = (labels[period:] == labels[:-period]) & (labels[period:] >= 0)
    edges = np.flatnonzero(np.diff(same, prepend=False, append=False))
    firsts, ends = edges[::2], edges[1::2] + period
    long = ends - firsts >= least
    covered = np.zeros(len(labels) + 1, dtype=np.int64)
    covered[firsts[long]] += 1
    covered[ends[long]] -= 1  # no two stretches of a period begin, or end, at one place
    inside: Bools = covered.cumsum()[:-1] > 0
    return inside
