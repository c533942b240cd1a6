"""Chooses the heads that might be removed: alike, even, or at rest.

Candidates only: what a head's removal does is for an experiment to say, and none is made here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from attnviz.evidence.similarity import REDUNDANT, Likeness
from attnviz.findings.build import BROAD
from attnviz.measurement.probed import InductionReport
from attnviz.report.candidates import Alike, Criterion, Reason, Spare, SpareGroup, SpareHead
from attnviz.report.model import Estimate, HeadReport, Similarity
from attnviz.roles.broad import ROLE as BROAD_ROLE

Place = tuple[int, int]

RESTING = 0.9
"""A head is at rest when surely more than this of its attention is on the first token, special
tokens and the sink logit. Then at most a tenth of what it moves is of any other token.

What marks a sink is far less: 0.3 on the first token (Gu et al. 2024), half of a layer on SEP
(Clark et al. 2019). There the rest of the row may still be what the head is for.
"""

_REASONS: tuple[Reason, ...] = ("redundant", "uniform", "resting")
_DIGITS = 3

Bars = Mapping[Place, float]
"""What the evenness of heads has to exceed: a random row's, and the margin of the role broad."""


def spare(
    heads: Sequence[HeadReport],
    likeness: Likeness | None,
    similarity: Similarity | None,
    induction: InductionReport | None = None,
    margin: float = BROAD_ROLE.margin,
) -> Spare:
    """The candidates among `heads`, which `likeness` counts in the same order.

    A head is near-uniform where it has the role broad, whose margin is `margin`.

    Heads with reasons that do induction on repeated random tokens are none: an induction head
    rests where nothing repeats, and two of them are alike in resting.
    """
    places = [(head.layer, head.head) for head in heads]
    groups = () if likeness is None else _groups(places, likeness)
    kept = {other: group.kept for group in groups for other in group.others}
    alike = {} if likeness is None else _alike(places, likeness, kept)
    matching = {
        (head.layer, head.head): head.prefix_matching.score
        for head in (induction.supported if induction else ())
    }
    every = [
        _weighed(head, alike.get(place), matching.get(place), redundant=place in kept)
        for head, place in zip(heads, places, strict=True)
    ]
    idle = [head for head in every if head.induction is None]
    bars = _bars(heads, margin)
    candidates = sorted(
        (head for head in idle if head.reasons),
        key=lambda head: (-len(head.reasons), -max(_lead(head, why, bars) for why in head.reasons)),
    )
    working = [head for head in every if head.reasons and head.induction is not None]
    return Spare(
        heads=tuple(candidates),
        working=tuple(sorted(working, key=lambda head: -(head.induction or 0.0))),
        criteria=tuple(_criterion(reason, idle, bars) for reason in _REASONS),
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
    alike = {}
    for at, place in enumerate(places):
        other = number[kept[place]] if place in kept else int(apart[at].argmin())
        high = float(likeness.upper[at, other])
        bound = high if np.isfinite(high) else None
        alike[place] = Alike(*places[other], float(apart[at, other]), bound)
    return alike


def _weighed(
    head: HeadReport, alike: Alike | None, induction: float | None, *, redundant: bool
) -> SpareHead:
    """The head with the reasons that speak for its removal."""
    spared = SpareHead(
        layer=head.layer,
        head=head.head,
        reasons=("redundant",) if redundant else (),
        alike=alike,
        evenness=_evenness(head),
        resting=head.statistics.get("resting"),
        roles=head.found,
        induction=induction,
    )
    at_rest = spared.resting.low if spared.resting else None
    beyond: list[Reason] = ["uniform"] if BROAD in head.found else []
    if at_rest is not None and at_rest > RESTING:
        beyond.append("resting")
    return replace(spared, reasons=(*spared.reasons, *beyond))


def _evenness(head: HeadReport) -> Estimate | None:
    """The normalised entropy, from the lower bound that holds for all heads and roles at once."""
    mean, role = head.statistics.get("normalized_entropy"), head.roles.get(BROAD)
    if mean is None or role is None:
        return None
    sure = None
    if role.margin_low is not None and role.baseline is not None:
        sure = role.baseline + role.margin_low
    return Estimate(mean.mean, sure, mean.high)


def _bars(heads: Sequence[HeadReport], margin: float) -> Bars:
    return {
        (head.layer, head.head): round(role.baseline + margin, _DIGITS)
        for head in heads
        if (role := head.roles.get(BROAD)) is not None and role.baseline is not None
    }


def _criterion(reason: Reason, every: Sequence[SpareHead], bars: Bars) -> Criterion:
    ranked = sorted(every, key=lambda head: -_lead(head, reason, bars))
    beyond = [head for head in ranked if reason in head.reasons]
    measured = [head for head in ranked if _lead(head, reason, bars) > -math.inf]
    closest = next(iter(beyond or measured), None)
    return Criterion(
        reason,
        _threshold(closest, reason, bars),
        tuple((head.layer, head.head) for head in beyond),
        closest,
    )


def _threshold(head: SpareHead | None, reason: Reason, bars: Bars) -> float:
    """What a head's bound has to be beyond; of no head's evenness what no head can be."""
    if reason == "uniform":
        return bars.get((head.layer, head.head), 1.0) if head else 1.0
    return REDUNDANT if reason == "redundant" else RESTING


def _lead(head: SpareHead, reason: Reason, bars: Bars) -> float:
    """How far a head's bound is beyond the threshold, as a share of how far it could be.

    Below 0 where it is on the other side, -inf where nothing was measured. Where there is no
    bound the score itself stands in for it.
    """
    threshold = _threshold(head, reason, bars)
    if reason == "redundant":
        if head.alike is None:
            return -math.inf
        return 1.0 - (head.alike.apart if head.alike.high is None else head.alike.high) / threshold
    estimate = head.evenness if reason == "uniform" else head.resting
    bound = None if estimate is None else estimate.mean if estimate.low is None else estimate.low
    return -math.inf if bound is None else (bound - threshold) / max(1.0 - threshold, 1e-9)
