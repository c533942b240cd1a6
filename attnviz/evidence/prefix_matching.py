"""Induction as it is defined: prefix matching and copying on repeated random tokens.

Both are head activation evaluators of Olsson et al. 2022; where ours differ, `Induction` says so.
An induction head does both: it finds what followed a token before, and makes that likelier. In
running text (`attnviz.roles.induction`) the same attention may have other reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit  # type: ignore[import-untyped]

from attnviz.evidence import bootstrap
from attnviz.evidence.gather import Sums
from attnviz.evidence.rules import PROBE_MARGIN
from attnviz.observers.tables import ProbeTable

Array = NDArray[np.float64]

Verdict = Literal["supported", "no"]

BASELINES = ("chance", "duplicate-token", "previous-token")


@dataclass(frozen=True)
class Estimate:
    """A score with its 95% interval, each array [head]; NaN where nothing could be measured.

    The interval is over the draws alone, and there are ten: it says how much ten other draws of
    random tokens would move the score, and nothing about running text. For so few the percentiles
    are taken farther out (Hesterberg 2015, the expanded percentile interval): of ten normal draws
    the interval then holds the mean 95 times in 100, and the plain one 92. It is one head's own,
    not the best's of many.
    """

    score: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Induction:
    """Both scores of every head, in the order of `heads`, which are (layer, head).

    `prefix_matching` is the mean, over the tokens that occurred before, of the attention to the
    tokens that followed their earlier copies: the paper's score, summed over the copies. It stands
    beside its `baselines`, [head] each: "chance" is the same for uniform attention over the
    visible keys; "duplicate-token" and "previous-token" are what the same queries give to copies
    of themselves and to the token before. `margin` is prefix matching less the best of them,
    which `against` names; `verdicts` are "supported" where its lower bound exceeds what was
    asked. As all repeats are of one length, a head that always looks so far back scores as well.

    `copying` says whether the head raises the logits of the tokens that it attends to: 0 is chance,
    at 1 it raises no others, at -1 only others. Its own output is mapped to logits on the direct
    path, less their mean over the vocabulary; r_i(t) is what is positive of token t's. With A_i(t)
    the share of query i's attention to content tokens that is on copies of t, t running over the
    T tokens of the draw and i over the queries of prefix matching,

        x = sum_i sum_t A_i(t) r_i(t) / sum_i sum_t r_i(t),    c = 1 / T,
        copying = (x - c) / (x + c - 2 x c).

    x is the ratio of Olsson et al. 2022, and c what a head gets that raises all tokens of the draw
    alike, or any without regard to what it attends to. They scale 2x - 1, as if chance were a half;
    with c = 1/2 ours is the same. It is Yule's Q (1912): how far the odds x / (1 - x) exceed those
    of chance. The paper takes sequences that aren't repeated, and does not say how queries are
    weighed (here by how much the head raises at each).

    `lifted` is the share of the queries whose attended token is lifted: the logits that the head
    writes, mean over t weighted by A_i(t), lie above their plain mean over the draw. It counts each
    query once, however much the head raises there. `lifted_chance` [head] is the share for a token
    of the draw at random. All three are None where no layer's way to the logits is known; NaN for
    heads whose own isn't, or that move nothing.

    `draws` and `queries` count the evidence.
    """

    heads: tuple[tuple[int, int], ...]
    prefix_matching: Estimate
    baselines: Mapping[str, Array]
    against: tuple[str, ...]
    margin: Estimate
    verdicts: tuple[Verdict, ...]
    copying: Estimate | None
    lifted: Estimate | None
    lifted_chance: Array | None
    draws: int
    queries: int


def judge_induction(
    table: ProbeTable, resamples: int = 2000, seed: int = 0, margin: float = PROBE_MARGIN
) -> Induction:
    """Both scores of every head, with baselines and intervals; `margin` makes "supported"."""
    sums, weights = table.sums, bootstrap.weights(list(table.digests), resamples, seed)
    prefix, duplicate, previous = (
        Sums(sums.masses[..., place], sums.events[..., place]) for place in range(3)
    )
    chance, shares = Sums(sums.chance, prefix.events), Sums(sums.hits, sums.raised)
    lifted, random = Sums(sums.lifted, sums.moved), Sums(sums.random, sums.moved)
    baselines = dict(zip(BASELINES, (chance, duplicate, previous), strict=True))
    pooled = {name: _whole(rival.pooled, weights) for name, rival in baselines.items()}
    best = np.array([np.nan_to_num(score, nan=-1.0) for score in pooled.values()]).argmax(0)
    ahead = _estimate(lambda drawn: prefix.pooled(drawn) - _best(baselines, drawn), weights)
    copies = not np.isnan(sums.raised).all()
    return Induction(
        heads=table.heads,
        prefix_matching=_estimate(prefix.pooled, weights),
        baselines=pooled,
        against=tuple(BASELINES[place] for place in best),
        margin=ahead,
        verdicts=tuple("supported" if low > margin else "no" for low in ahead.low),
        copying=(
            _estimate(
                lambda drawn: against_chance(table.chance_share, shares.pooled(drawn)), weights
            )
            if copies
            else None
        ),
        lifted=_estimate(lifted.pooled, weights) if copies else None,
        lifted_chance=_whole(random.pooled, weights) if copies else None,
        draws=weights.shape[1],
        queries=int(prefix.events.sum(0).max()),
    )


def against_chance(chance: float, share: Array) -> Array:
    """Yule's Q of the odds of a share against those of chance: -1 to 1, and 0 at chance."""
    own, other = share * (1 - chance), chance * (1 - share)
    odds: Array = (own - other) / (own + other)
    return odds


def _best(baselines: Mapping[str, Sums], weights: Array) -> Array:
    """The best baseline in each resample, [resample, head]."""
    best: Array = np.fmax.reduce([rival.pooled(weights) for rival in baselines.values()])
    return best


def _estimate(score: Callable[[Array], Array], weights: Array) -> Estimate:
    """A score of weights [resample, draw] with its expanded percentile interval."""
    draws = weights.shape[1]
    whole = _whole(score, weights)
    if draws < bootstrap.FEWEST:
        nothing = np.full_like(whole, np.nan)
        return Estimate(whole, nothing, nothing)
    # Percentiles as far out as Student's with so few draws. Hesterberg's factor sqrt(n / (n - 1))
    # isn't needed: Poisson weights, whose sum varies, already spread the score that much more.
    tail = float(ndtr(-stdtrit(draws - 1, 0.975)))
    low, high = bootstrap.interval(score(weights), 1 - 2 * tail)
    return Estimate(whole, low, high)


def _whole(score: Callable[[Array], Array], weights: Array) -> Array:
    """A score of all draws, each counted once, [head]."""
    whole: Array = score(np.ones((1, weights.shape[1])))[0]
    return whole
