"""Which head is compared with which: the one of the same number, or the one most alike.

Two heads are as far apart as their numbers are, sentence by sentence: the root mean square over all
roles and statistics of their differences, each in units of its standard deviation over heads, so
that 0 is the same head and 1.4 two at random. The best match is the one with the least sum of these
(Kuhn 1955, in the form of Crouse 2016).

Among many heads the best match of unrelated ones is closer than that, and still no counterpart. How
close chance comes is seen inside a model: each of its heads is matched with another of them, the
same way. A counterpart is closer than all but one in twenty of these, on either side.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]

from attnviz.comparison.measures import Measure
from attnviz.comparison.records import HeadMatch
from attnviz.evidence.bootstrap import Array
from attnviz.evidence.gather import Sums
from attnviz.measurement.stream import Head
from attnviz.shape import Attention

UNLIKE = 2.0
"""The square of the distance of two heads at random, and of one that was measured from one that
was not."""

CLOSER = 0.5
"""Heads of a layer were permuted if the best match brings those that change places together to less
than this part of how far apart they are by number."""

CHANCE = 0.05
"""The part of heads that are matched inside a model, each with another, that may be as close as the
counterparts of heads in another model."""

FARTHEST = 1.0
"""Counterparts are closer than this, too: so far is a head from the mean of all heads, which then
resembles it as much. It counts where a model has too few heads to tell how close chance comes."""

NEAREST = 0.1
"""Heads this close are counterparts, however alike the heads of a model are: 99% of what tells one
of them from the mean of all heads tells the other."""

_ALIKE = 1e-6
"""Of heads equally far the one of the same number counts."""

Pairs = list[tuple[int, int]]
"""Places of heads before and after, among all of each side."""


def by_number(before: Sequence[Head], after: Sequence[Head]) -> Pairs:
    """Each head and the one of the same layer and number, where there is one."""
    places = {head: at for at, head in enumerate(after)}
    return [(at, places[head]) for at, head in enumerate(before) if head in places]


def best(before: Sequence[Head], after: Sequence[Head], apart: Array) -> Pairs:
    """The best match of all heads, by how far they are `apart` [head before, head after]."""
    numbers = np.array([[mine != other for other in after] for mine in before])
    mine, others = linear_sum_assignment(apart + _ALIKE * numbers)
    return list(zip(mine.tolist(), others.tolist(), strict=True))


def permuted(heads: Sequence[Head], apart: Array) -> Pairs:
    """Heads of one shape on both sides by number, but for layers whose heads were permuted."""
    pairs: Pairs = []
    for layer in dict.fromkeys(layer for layer, _ in heads):
        inside = [at for at, head in enumerate(heads) if head[0] == layer]
        names, costs = [heads[at] for at in inside], apart[np.ix_(inside, inside)]
        matched = best(names, names, costs)
        elsewhere = [(mine, other) for mine, other in matched if mine != other]
        as_matched = sum(costs[pair] for pair in elsewhere)
        if as_matched >= CLOSER * sum(costs[mine, mine] for mine, _ in elsewhere):
            matched = [(place, place) for place in range(len(inside))]
        pairs += [(inside[mine], inside[other]) for mine, other in matched]
    return pairs


def bound(measures: Sequence[Measure], *, paired: bool) -> float:
    """How far apart a head and its counterpart may be, where heads are matched by likeness.

    The `CHANCE` quantile of how far apart different heads of one model are that are matched with
    each other, of the side where it is less; from `NEAREST` to `FARTHEST`.
    """
    inside = [_inside(distances(measures, paired=paired, sides=(at, at))) for at in (0, 1)]
    chance = [float(np.quantile(each, CHANCE)) for each in inside if each.size]
    return max(min([FARTHEST, *chance]), NEAREST)


def _inside(apart: Array) -> Array:
    """How far the heads of a model are apart, [head], each matched with another of them."""
    if len(apart) < 2:
        return np.zeros(0)
    elsewhere = apart + np.diag(np.full(len(apart), apart.sum() + 1.0))
    matched: Array = apart[linear_sum_assignment(elsewhere)]
    return matched


def distances(
    measures: Sequence[Measure], *, paired: bool, sides: tuple[int, int] = (0, 1)
) -> Array:
    """How far heads are apart, [head before, head after], or of one side with each other.

    Sentence by sentence where they are `paired`, else by their means. 0 where nothing was measured.
    """
    mine, others = (_heads(measures, side) for side in sides)
    total, known = np.zeros((mine, others)), np.zeros((mine, others))
    for measure in measures:
        first, second, scale = _scaled(measure, paired=paired)
        if not scale:
            continue
        before, after = ((first, second)[side] for side in sides)
        known_before, known_after = _known(before), _known(after)
        before, after = np.nan_to_num(before), np.nan_to_num(after)
        squares = (before**2).sum(0)[:, None] + (after**2).sum(0) - 2 * before.T @ after
        both, either = known_before[:, None] & known_after, known_before[:, None] | known_after
        total += np.where(both, np.maximum(squares, 0.0) / scale, UNLIKE * either)
        known += either
    apart: Array = np.sqrt(total / np.maximum(known, 1))
    return apart


def matches(
    heads: tuple[Sequence[Head], Sequence[Head]],
    pairs: Pairs,
    measures: Sequence[Measure],
    attention: Attention,
    *,
    paired: bool,
) -> list[HeadMatch]:
    """Pairs as records, with how far apart they are."""
    squares: list[Array] = []
    mine, others = ([pair[side] for pair in pairs] for side in (0, 1))
    for measure in measures:
        before, after, scale = _scaled(measure, paired=paired)
        if scale:
            squares.append(((after[:, others] - before[:, mine]) ** 2).sum(0) / scale)
    known = np.array(squares).reshape(len(squares), len(pairs))
    count = (~np.isnan(known)).sum(0)
    apart = np.sqrt(np.nansum(known, 0) / np.maximum(count, 1))
    return [
        HeadMatch(
            before=heads[0][mine],
            after=heads[1][other],
            distance=float(apart[at]) if count[at] else None,
            way="number" if heads[0][mine] == heads[1][other] else "best",
            attention=attention,
        )
        for at, (mine, other) in enumerate(pairs)
    ]


def _heads(measures: Sequence[Measure], side: int) -> int:
    return next((len(measure.sentences[side]) for measure in measures), 0)


def _known(rows: Array) -> NDArray[np.bool_]:
    """The heads of which there are numbers, [head]."""
    known: NDArray[np.bool_] = np.isnan(rows).sum(0) == 0
    return known


def _scaled(measure: Measure, *, paired: bool) -> tuple[Array, Array, float]:
    """The numbers of all heads, [row, head] before and after, NaN where there are none.

    Squares of differences add up to their mean over sentences; and the variance over heads.
    """
    before, after = (_rows(side, paired=paired) for side in (measure.before, measure.after))
    every = np.concatenate([before, after], axis=1)
    every = every[:, ~np.isnan(every).any(0)]
    if not every.size:
        return before, after, 0.0
    variance = float(((every - every.mean(1, keepdims=True)) ** 2).sum(0).mean())
    return before, after, variance if variance > _ALIKE**2 else 0.0


def _rows(sums: Sums, *, paired: bool) -> Array:
    """Each unit's number times the root of its part of the events; or all units' alone."""
    total = sums.events.sum(0)
    if not paired:
        return np.where(total > 0, sums.mass.sum(0) / np.where(total > 0, total, 1.0), np.nan)[None]
    weight = np.sqrt(sums.events * total)
    rows: Array = sums.mass / np.where(weight > 0, weight, 1.0)
    return np.where(total > 0, rows, np.nan)
