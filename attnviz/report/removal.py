"""Chooses the heads that might be removed: alike, even, or at rest.

Candidates only: what a head's removal does is for an experiment to say, and none is made here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from attnviz.evidence.similarity import REDUNDANT, Likeness
from attnviz.report.build import UNIFORM
from attnviz.report.candidates import Alike, Criterion, Reason, Spare, SpareGroup, SpareHead
from attnviz.report.model import Estimate, HeadReport, Similarity
from attnviz.report.probed import InductionReport

Place = tuple[int, int]

RESTING = 0.9
"""A head is at rest when surely more than this of its attention is on the first token, special
tokens and the sink logit. Then at most a tenth of what it moves is of any other token.

What marks a sink is far less: 0.3 on the first token (Gu et al. 2024), half of a layer on SEP
(Clark et al. 2019). There the rest of the row may still be what the head is for.
"""


_THRESHOLDS: Mapping[Reason, float] = {
    "redundant": REDUNDANT,
    "uniform": UNIFORM,
    "resting": RESTING,
}


def spare(
    heads: Sequence[HeadReport],
    likeness: Likeness | None,
    similarity: Similarity | None,
    induction: InductionReport | None = None,
) -> Spare:
    """The candidates among `heads`, which `likeness` counts in the same order.

    Heads with reasons that do induction on repeated random tokens are none: an induction head
    rests where nothing repeats, and two of them are alike in resting.
    """
    places = [(head.layer, head.head) for head in heads]
    groups = () if likeness is None else _groups(places, likeness)
    kept = {other: group.kept for group in groups for other in group.others}
    alike = {} if likeness is None else _alike(places, likeness, kept)
    matching = {
        (one.layer, one.head): one.prefix_matching.score
        for one in (induction.supported if induction else ())
    }
    every = [
        _head(head, alike.get(place), matching.get(place), redundant=place in kept)
        for head, place in zip(heads, places, strict=True)
    ]
    idle = [one for one in every if one.induction is None]
    found = sorted(
        (one for one in idle if one.reasons),
        key=lambda one: (-len(one.reasons), -max(_lead(one, why) for why in one.reasons)),
    )
    working = [one for one in every if one.reasons and one.induction is not None]
    return Spare(
        heads=tuple(found),
        working=tuple(sorted(working, key=lambda one: -(one.induction or 0.0))),
        criteria=tuple(_criterion(reason, idle) for reason in _THRESHOLDS),
        groups=groups,
        collapsed=() if similarity is None else similarity.collapsed,
    )


def _groups(places: Sequence[Place], likeness: Likeness) -> tuple[SpareGroup, ...]:
    groups = []
    for group in likeness.groups:
        within = np.ix_(group, group)
        kept = group[int(likeness.apart[within].sum(0).argmin())]
        others = tuple(places[at] for at in group if at != kept)
        groups.append(SpareGroup(places[kept], others, float(likeness.upper[within].max())))
    return tuple(groups)


def _alike(
    places: Sequence[Place], likeness: Likeness, kept: Mapping[Place, Place]
) -> dict[Place, Alike]:
    """For each head the one of its group that is kept, or else the one that is closest."""
    if len(places) < 2:
        return {}
    number = {place: at for at, place in enumerate(places)}
    apart = likeness.apart + np.diag(np.full(len(places), np.inf))
    found = {}
    for at, place in enumerate(places):
        other = number[kept[place]] if place in kept else int(apart[at].argmin())
        high = float(likeness.upper[at, other])
        bound = high if np.isfinite(high) else None
        found[place] = Alike(*places[other], float(apart[at, other]), bound)
    return found


def _head(
    head: HeadReport, alike: Alike | None, induction: float | None, *, redundant: bool
) -> SpareHead:
    one = SpareHead(
        layer=head.layer,
        head=head.head,
        reasons=("redundant",) if redundant else (),
        alike=alike,
        evenness=head.statistics.get("normalized_entropy"),
        resting=head.statistics.get("resting"),
        roles=head.found,
        induction=induction,
    )
    lows: Mapping[Reason, Estimate | None] = {"uniform": one.evenness, "resting": one.resting}
    beyond = (
        reason
        for reason, estimate in lows.items()
        if estimate and estimate.low is not None and estimate.low > _THRESHOLDS[reason]
    )
    return replace(one, reasons=(*one.reasons, *beyond))


def _criterion(reason: Reason, every: Sequence[SpareHead]) -> Criterion:
    ranked = sorted(every, key=lambda one: -_lead(one, reason))
    found = [one for one in ranked if reason in one.reasons]
    measured = [one for one in ranked if _lead(one, reason) > -math.inf]
    return Criterion(
        reason,
        _THRESHOLDS[reason],
        tuple((one.layer, one.head) for one in found),
        next(iter(found or measured), None),
    )


def _lead(one: SpareHead, reason: Reason) -> float:
    """How far a head's bound is beyond the threshold, as a share of how far it could be.

    Below 0 where it is on the other side, -inf where nothing was measured. Where there is no
    bound the score itself stands in for it.
    """
    threshold = _THRESHOLDS[reason]
    if reason == "redundant":
        if one.alike is None:
            return -math.inf
        return 1.0 - (one.alike.apart if one.alike.high is None else one.alike.high) / threshold
    estimate = one.evenness if reason == "uniform" else one.resting
    bound = None if estimate is None else estimate.mean if estimate.low is None else estimate.low
    return -math.inf if bound is None else (bound - threshold) / (1.0 - threshold)
