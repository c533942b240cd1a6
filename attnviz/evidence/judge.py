"""Scores, baselines, intervals and verdicts for every head and role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from attnviz.evidence import bands, bootstrap
from attnviz.evidence.bootstrap import Array
from attnviz.evidence.gather import RoleSums, stored
from attnviz.evidence.rules import USUAL, Rules
from attnviz.roles.role import Role

Verdict = Literal["supported", "tentative", "no"] | None
"""None where there is too little for an interval, and so for a verdict."""

_WIDER = 0.07
"""By how much more the sentence more counts in a bound's own error than in resamples, of a head
that always hits: by simulation (tests/evidence/test_coverage.py), where heads miss in few of 60
sentences."""


@dataclass(frozen=True)
class Judgement:
    """What is known of one role, every array [head]; NaN where nothing could be measured.

    `score` lies in [`low`, `high`]; `baseline` is the strongest, named by `against`;
    `margin_low` is the lower bound of score - baseline that holds for all heads and roles at
    once. `events` and `sentences` count the evidence. `on_target` is, of roles between words, the
    mean attention that their words put on the right ones; NaN for others, whose score it is.
    """

    role: Role
    score: Array
    chance: Array
    lift: Array
    baseline: Array
    against: tuple[str, ...]
    low: Array
    high: Array
    margin_low: Array
    events: NDArray[np.int64]
    sentences: NDArray[np.int64]
    verdicts: tuple[Verdict, ...]
    variants: tuple[str, ...]
    on_target: Array


def judge(
    roles: Sequence[RoleSums],
    half: NDArray[np.int64],
    weights: Array,
    rules: Rules = USUAL,
) -> list[Judgement]:
    """Judges every role of every head.

    `half` [unit] is 0 or 1, `weights` [resample, unit] are the bootstrap's, for the rows of the
    sums; `rules` say what evidence is enough, margins come with the roles.
    """
    bounds, judged = _Bands(len(weights)), []
    for role in roles:
        there = role.there  # relations between words occur in few of the sentences
        some, drawn = (role, weights) if there.all() else (role.of(there), weights[:, there])
        score = some.score.pooled(drawn)
        bounds.add(some, drawn, score)
        judged.append((some, half[there], _interval(some, score)))
    return [
        _judge_one(role, sides, interval, bound, rules)
        for (role, sides, interval), bound in zip(judged, bounds.lower(), strict=True)
    ]


def _interval(role: RoleSums, score: Array) -> tuple[Array, Array]:
    """The interval of a role's score, two arrays [head]; `score` are its resamples."""
    mass, events = role.score.mass, role.score.events
    if role.role.arcs is not None:  # a word looks at the right one, or not
        return bootstrap.of_hits(mass, events)
    return bootstrap.of_ratio(score, mass, events)


def _difference(role: RoleSums, weights: Array, score: Array | None = None) -> Array:
    """Score minus the best baseline in every resample, [resample, head]."""
    score = role.score.pooled(weights) if score is None else score
    baselines = [stored(sums.pooled(weights)) for sums in role.baselines.values()]
    difference: Array = score - reduce(np.fmax, baselines)
    return difference


class _Bands:
    """Lower bounds of score - baseline that hold together for all heads and roles."""

    def __init__(self, resamples: int) -> None:
        self._bands, self._centres = bands.Bands(resamples), list[Array]()

    def add(self, role: RoleSums, weights: Array, score: Array) -> None:
        """Adds a role; `score` [resample, head] is its own with the weights."""
        everyone = np.ones((1, weights.shape[1]))
        centre = _difference(role, everyone)[0]
        units = _units(role)
        centre[units < bootstrap.FEWEST] = np.nan
        residuals = _residuals(role)
        spread = np.sqrt((residuals**2).sum(0))
        hits = np.nan_to_num(role.score.pooled(everyone)[0])
        error = np.hypot(spread, (1 + _WIDER * hits) * bands.one_more(role.score.events))
        usable = (spread > bands.ROUNDING) & ~np.isnan(centre)
        moved = (_difference(role, weights, score) - centre)[:, usable]
        moved[np.isnan(moved)] = 0.0
        if usable.any():
            moved /= _errors(role, residuals, moved, usable, weights)
        self._bands.add(moved, usable, error, units)
        self._centres.append(centre)

    def lower(self) -> list[Array]:
        """The bounds of each role, [head]; NaN with too little."""
        reach = self._bands.reach()
        return [centre - of for centre, of in zip(self._centres, reach, strict=True)]


def _residuals(role: RoleSums) -> Array:
    """What each sentence moves score - best baseline by, to first order, [sentence, head]."""
    everyone = np.ones((1, len(role.score.mass)))
    pooled = np.array([sums.pooled(everyone)[0] for sums in role.baselines.values()])
    best = np.nan_to_num(pooled, nan=-1.0).argmax(0)
    residuals = bands.residuals(role.score)
    for place, sums in enumerate(role.baselines.values()):
        chosen = best == place
        if chosen.any():
            residuals[:, chosen] -= bands.residuals(sums)[:, chosen]
    return residuals


def _errors(
    role: RoleSums,
    residuals: Array,
    moved: Array,
    usable: NDArray[np.bool_],
    weights: Array,
) -> Array:
    """The standard error that each resample would report of itself, [resample, usable head].

    One error for all resamples takes a skewed difference for a symmetric one: of 144 heads that
    look nearly always and miss in few sentences, at no distance from their baseline, some got a
    bound above it in 84 of 100 corpora of 60 sentences. What misses is what a resample may lack,
    and then its own error is too small just when it lies too high.

    To each resample one sentence is added that misses altogether: where few miss, a resample that
    lacks them would else be sure of itself beyond measure.
    """
    events = stored(role.score.events)  # most depend on the mask, which all heads share
    events = events if events.shape[1] == 1 else events[:, usable]
    share, residuals = events / events.sum(0), residuals[:, usable]
    squares = bands.variance(residuals, share, moved, weights)
    squares += bands.one_more(role.score.events)[usable] ** 2
    errors: Array = np.sqrt(squares)
    return errors


def _units(role: RoleSums) -> NDArray[np.int64]:
    """How many sentences, or documents, have an event, [head]."""
    units: NDArray[np.int64] = (role.score.events > 0).sum(0)
    return units


def _judge_one(
    role: RoleSums,
    half: NDArray[np.int64],
    interval: tuple[Array, Array],
    bound: Array,
    rules: Rules,
) -> Judgement:
    everyone = np.ones((1, len(half)))
    score = role.score.pooled(everyone)[0]
    pooled = {name: sums.pooled(everyone)[0] for name, sums in role.baselines.items()}
    stacked = np.array([np.nan_to_num(values, nan=-1.0) for values in pooled.values()])
    sentences = role.sentences.sum(0).astype(np.int64)
    low, high = interval
    for edge in (low, high):
        edge[_units(role) < bootstrap.FEWEST] = np.nan
    events = role.score.events.sum(0).round().astype(np.int64)
    chance = pooled["chance"]
    return Judgement(
        role=role.role,
        score=score,
        chance=chance,
        lift=bootstrap.ratio(score - chance, 1 - chance),
        baseline=np.where(np.isnan(score), np.nan, stacked.max(0)),
        against=tuple(list(pooled)[best] for best in stacked.argmax(0)),
        low=low,
        high=high,
        margin_low=bound,
        events=events,
        sentences=sentences,
        verdicts=_verdicts(role, half, bound, events, sentences, rules),
        variants=role.variants,
        on_target=_on_target(role),
    )


def _on_target(role: RoleSums) -> Array:
    total = role.score.events.sum(0)
    if role.on_target is None:
        return np.full(len(total), np.nan)
    return bootstrap.ratio(role.on_target.sum(0), total)


def _verdicts(
    role: RoleSums,
    half: NDArray[np.int64],
    bound: Array,
    events: NDArray[np.int64],
    sentences: NDArray[np.int64],
    rules: Rules,
) -> tuple[Verdict, ...]:
    """`supported`, `tentative` or `no` for every head, None with too few sentences for a bound.

    Passing is a lower bound above the role's margin.
    """
    passes = np.nan_to_num(bound, nan=-np.inf) > role.role.margin
    holds = np.ones_like(passes)
    for side in (0, 1):
        rows = half == side
        there = (role.score.events[rows] > 0).sum(0) > 0
        holds &= ~there | (_difference(role, rows[None] * 1.0)[0] > role.role.margin)
    both = np.array([(role.score.events[half == side] > 0).any(0) for side in (0, 1)]).all(0)
    if role.role.chooses:  # on the half that isn't scored, and so on both, and alike
        holds &= np.array([variant != "" for variant in role.variants]) & both
    enough = (sentences >= rules.sentences) & (events >= rules.events) & both
    verdicts = np.where(passes & holds, np.where(enough, "supported", "tentative"), "no")
    few = _units(role) < bootstrap.FEWEST
    return tuple(
        None if unknown else verdict
        for verdict, unknown in zip(verdicts.tolist(), few, strict=True)
    )
