"""What parts of speech alone explain: a word at random of that which is likeliest to be right.

A head that looks from a determiner at any noun finds the right one by luck, more often than a head
that looks anywhere: on words in random order minilm has such heads. That is no syntax.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from attnviz.baselines.baseline import Array, Baseline
from attnviz.baselines.gold import Gold, Ints
from attnviz.measurement.pilot import Fit

_HALVES = ("first half", "second half")


def learned(golds: Mapping[str, Gold]) -> Fit:
    """Of each role's arcs, which parts of speech are right most often, as each half has it.

    `arrays[role]` [half, own, looked at] ranks those looked at, the likeliest with the highest
    number, for each part of speech that looks: `names`, and last any other.
    """
    names = next((gold.text.parts_of_speech[0] for gold in golds.values()), ())
    return Fit({role: _ranks(gold, names) for role, gold in golds.items()}, names)


def expected(role: str, gold: Gold, fit: Fit | None) -> Mapping[str, Array]:
    """How often a word of the likeliest part of speech is right, as each half has it, [query].

    Nothing for a role that the pilot had no arcs of.
    """
    if fit is None or role not in fit.arrays:
        return {}
    own, seen, right = _counted(gold, fit.names)
    shares = {}
    for half, ranks in zip(_HALVES, fit.arrays[role], strict=True):
        likeliest = np.where(seen > 0, ranks[own], -1).argmax(1)[:, None]
        hits, words = (np.take_along_axis(counts, likeliest, 1)[:, 0] for counts in (right, seen))
        shares[half] = _ratio(hits, words)
    return shares


def _counted(gold: Gold, names: tuple[str, ...]) -> tuple[Ints, Array, Array]:
    """Each query's part of speech, [query], and of the other words those seen and those right.

    The latter two count by part of speech, [query, names + 1].
    """
    of, seen = gold.text.tagged(names)
    shape = len(gold.queries), seen.shape[1]
    query = np.repeat(np.arange(len(gold.queries)), gold.right)
    key = gold.text.table.starts[gold.text.sentence[gold.unit]] + gold.key
    codes = query * shape[1] + of[key]
    right = np.bincount(codes, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    return of[gold.queries], seen[gold.queries], right


def _ranks(gold: Gold, names: tuple[str, ...]) -> NDArray[np.int32]:
    """The ranks that each half's arcs lead to; equals on a half as they are on both."""
    own, seen, right = _counted(gold, names)
    overall = _rates(own, right, seen)
    ranks = []
    for side in (0, 1):
        inside = gold.half == side
        rates = _rates(own[inside], right[inside], seen[inside])
        order = np.lexsort((overall, rates), axis=1)  # [own, looked at], the likeliest last
        ranks.append(np.argsort(order, axis=1))
    return np.array(ranks, np.int32)


def _rates(own: Ints, right: Array, seen: Array) -> Array:
    """How often a word of a part of speech is right for a query of one, [own, looked at].

    Queries of one that there are none of take the rates of all.
    """
    many = seen.shape[1]
    of_own = (own == np.arange(many)[:, None]).astype(np.float64)  # [own, query]
    there = np.bincount(own, minlength=many)[:, None] > 0
    of_all = _ratio(right.sum(0), seen.sum(0))
    rates: Array = np.where(there, _ratio(of_own @ right, of_own @ seen), of_all)
    rates[:, -1] = -1.0  # nothing is known of others
    return rates


def _ratio(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


BASELINE = Baseline(
    name="part of speech",
    title="part of speech",
    about="A word at random of the part of speech likeliest to be right for the word that looks.",
    formula="share of right words among those of that part of speech, the better of both halves'",
    order=80,
    choices=expected,
    learn=learned,
)
