"""From judgements, sums and flows to the plain data of a `Report`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from types import MappingProxyType

import numpy as np

from attnviz.baselines.gold import Coverage
from attnviz.evidence import bootstrap
from attnviz.evidence.bootstrap import Array
from attnviz.evidence.gather import Sums, sharing
from attnviz.evidence.judge import Judgement
from attnviz.evidence.similarity import REDUNDANT, UNITS, Likeness
from attnviz.findings.absent import absent
from attnviz.findings.best_heads import BestHead
from attnviz.observers.drawn import SentenceFlow
from attnviz.report.model import (
    Estimate,
    HeadReport,
    RelationRow,
    RoleInfo,
    RoleScore,
    SentenceReport,
    Similarity,
    StatisticInfo,
    Verdict,
    WordSpan,
)
from attnviz.report.scores import LEAST_SEEN
from attnviz.roles.broad import ROLE as BROAD_ROLE
from attnviz.roles.role import Role
from attnviz.statistics.statistic import Statistic
from attnviz.text.types import Tokens
from attnviz.text.word_numbers import word_spans

BROAD = BROAD_ROLE.name
"""The role of near-uniform heads: more even than a row drawn at random."""


def heads(
    places: Sequence[tuple[int, int]],
    judgements: Sequence[Judgement],
    statistics: Mapping[str, Sums],
    weights: Array,
    attention: str = "",
) -> tuple[HeadReport, ...]:
    """One entry a head, in the order of `places`, (layer, head).

    `statistics` are sums by unit, by name; `weights` [resample, unit] are the bootstrap's;
    `attention` is the part that the heads belong to, if any.
    """
    estimates = {name: _estimates(sums, weights) for name, sums in statistics.items()}
    measured = [judgement for judgement in judgements if judgement.events.any()]
    return tuple(
        HeadReport(
            layer=layer,
            head=head,
            statistics={name: of_heads[index] for name, of_heads in estimates.items()},
            roles={judgement.role.name: _role_score(judgement, index) for judgement in measured},
            attention=attention,
            seen=tuple(judgement.role.name for judgement in measured if _is_seen(judgement, index)),
        )
        for index, (layer, head) in enumerate(places)
    )


def _estimates(sums: Sums, weights: Array) -> list[Estimate]:
    """The mean of a statistic for each head, with its interval."""
    mean = bootstrap.ratio(sums.mass.sum(0), sums.events.sum(0))
    low, high = Sums(sums.mass, sharing(sums.events)).interval(weights)
    return [
        Estimate(*(_known(bound) for bound in bounds))
        for bounds in zip(mean, low, high, strict=True)
    ]


def _role_score(judgement: Judgement, head: int) -> RoleScore:
    return RoleScore(
        score=_known(judgement.score[head]),
        chance=_known(judgement.chance[head]),
        lift=_known(judgement.lift[head]),
        baseline=_known(judgement.baseline[head]),
        against=judgement.against[head],
        low=_known(judgement.low[head]),
        high=_known(judgement.high[head]),
        margin_low=_known(judgement.margin_low[head]),
        events=int(judgement.events[head]),
        sentences=int(judgement.sentences[head]),
        verdict=judgement.verdicts[head],
        variant=judgement.variants[head],
        mass=_known(judgement.on_target[head]),
    )


def _is_seen(judgement: Judgement, head: int) -> bool:
    """Whether a head without a verdict is further above chance than the role's margin.

    And not below what else explains the score, and with `LEAST_SEEN` tokens that look. Of a role
    that chooses among targets, only if both halves choose the same.
    """
    if (
        judgement.verdicts[head] is not None
        or judgement.events[head] < LEAST_SEEN
        or (judgement.role.chooses and not judgement.variants[head])
    ):
        return False
    score, chance, baseline = (
        judgement.score[head],
        judgement.chance[head],
        judgement.baseline[head],
    )
    return bool(score - chance > judgement.role.margin and not score < baseline)


def _known(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def roles(
    every: Sequence[Role],
    judgements: Sequence[Judgement],
    heads: Sequence[HeadReport],
    coverage: Mapping[str, Coverage] = MappingProxyType({}),
    mentions: int = 0,
) -> tuple[RoleInfo, ...]:
    """What each role is and which heads have it: supported ones first, then by score and mass.

    `mentions` of entities in the text say why coreference wasn't measured.
    """
    measured = {judgement.role.name for judgement in judgements if judgement.events.any()}
    return tuple(
        RoleInfo(
            name=role.name,
            title=role.title,
            family=role.family,
            letter=role.letter,
            about=role.about,
            formula=role.formula,
            source=role.source,
            baselines=("chance", *role.baselines),
            margin=role.margin,
            heads=_ranked(role.name, [head for head in heads if role.name in head.found]),
            absent="" if role.name in measured else absent(role, coverage, mentions),
            coverage=coverage[role.name].share if role.name in coverage else None,
            seen=_ranked(role.name, [head for head in heads if role.name in head.seen]),
            does=role.does,
            measures=role.measures,
            ahead=role.ahead,
        )
        for role in every
    )


def _ranked(role: str, heads: Sequence[HeadReport]) -> tuple[tuple[int, int], ...]:
    """The heads with the best first, of equals the first."""
    best = sorted(heads, key=lambda head: head.roles[role].rank, reverse=True)
    return tuple((head.layer, head.head) for head in best)


def relations(
    every: Sequence[BestHead],
    judgements: Sequence[Judgement],
    heads: Sequence[HeadReport],
    coverage: Mapping[str, Coverage],
) -> tuple[RelationRow, ...]:
    """The best head of each role between words, those furthest above their baseline first."""
    judged = {judgement.role.name: judgement for judgement in judgements}
    rows = [
        _relation(best, judged[best.role.name], heads, coverage[best.role.name])
        for best in every
        if judged[best.role.name].events.any()
    ]
    # Of equals, and without a score, the one of more events.
    rows.sort(key=lambda row: (row.margin is None, -(row.margin or 0.0), -row.events, row.role))
    return tuple(rows)


def _relation(
    best: BestHead, judged: Judgement, heads: Sequence[HeadReport], coverage: Coverage
) -> RelationRow:
    known = {name: value for name, value in best.baselines.items() if np.isfinite(value)}
    return RelationRow(
        role=best.role.name,
        relation=best.role.relation or best.role.name,
        direction=best.role.direction,
        heads=tuple((heads[head].layer, heads[head].head) for head in best.heads),
        score=_known(best.score),
        low=_known(best.low),
        high=_known(best.high),
        baselines={name: _known(value) for name, value in best.baselines.items()},
        against=max(known, key=lambda name: known[name], default=""),
        verdict=_weakest([judged.verdicts[head] for head in best.heads]),
        events=best.events,
        sentences=best.sentences,
        coverage=coverage.share,
        held_out=best.held_out,
    )


def _weakest(verdicts: Sequence[Verdict]) -> Verdict:
    """The weakest of them, None before all."""
    order: tuple[Verdict, ...] = (None, "no", "tentative", "supported")
    return min(verdicts, key=order.index, default=None)


def statistics(
    every: Sequence[Statistic], heads: Sequence[HeadReport]
) -> tuple[StatisticInfo, ...]:
    """What each statistic is that at least one head has."""
    return tuple(
        StatisticInfo(
            statistic.name,
            statistic.title,
            statistic.unit,
            statistic.about,
            statistic.formula,
            statistic.source,
        )
        for statistic in every
        if any(statistic.name in head.statistics for head in heads)
    )


def sentence(
    tokens: Tokens,
    flow: SentenceFlow,
    *,
    layers: Sequence[int] | None = None,
    source: Tokens | None = None,
    generated: int | None = None,
) -> SentenceReport:
    """One sentence with what flows in it.

    `layers`: the numbers of those with attention, where that is not all; `source`: the tokens
    that it looks at in cross-attention; `generated`: the place from which on the model wrote it.
    """
    return SentenceReport(
        id=tokens.sentence.id,
        text=tokens.sentence.text,
        source=tokens.sentence.source,
        line=tokens.sentence.line,
        tokens=tokens.pieces,
        special=tuple(kind != "" for kind in tokens.kinds),
        words=tuple(WordSpan(*span) for span in word_spans(tokens)),
        truncated=tokens.cut,
        entropy_by_layer=_by_layer(flow.entropy, layers),
        rollout=tuple(map(_known, flow.rollout.tolist())),
        received=tuple(map(_known, flow.received.tolist())),
        drift=flow.drift,
        keys=source.pieces if source else (),
        special_keys=tuple(kind != "" for kind in source.kinds) if source else (),
        generated_from=generated,
        pair=tokens.sentence.pair,
        segments=tokens.segments,
    )


def _by_layer(values: Array, layers: Sequence[int] | None) -> tuple[float | None, ...]:
    """A value for each layer, None where it has no attention."""
    numbers = range(len(values)) if layers is None else layers
    by_layer: list[float | None] = [None] * (1 + max(numbers, default=-1))
    for number, value in zip(numbers, values, strict=True):
        by_layer[number] = _known(value)
    return tuple(by_layer)


def similarity(likeness: Likeness | None, heads: Sequence[HeadReport]) -> Similarity | None:
    """Redundant heads, collapsed layers and near-uniform heads, by number."""
    if likeness is None:
        return None
    names = [(head.layer, head.head) for head in heads]
    groups = tuple(tuple(names[index] for index in group) for group in likeness.groups)
    return Similarity(
        dissimilarity=tuple(tuple(map(_known, row)) for row in likeness.apart.tolist()),
        order=likeness.order,
        groups=groups,
        collapsed=_collapsed(names, groups),
        uniform=tuple((head.layer, head.head) for head in heads if BROAD in head.found),
        method=(
            f"Exact Jensen-Shannon divergence on {likeness.rows} rows of {likeness.sentences} "
            f"sentences, sampled by the hash of their text. Redundant: the 95% upper bound of its "
            f"root stays below {REDUNDANT} for every two heads of a group (0.83 is the most), on "
            f"{UNITS} different sentences or documents at least. "
            f"Near-uniform: the heads that have the role {BROAD}."
        ),
    )


def _collapsed(
    names: Sequence[tuple[int, int]], groups: Sequence[Sequence[tuple[int, int]]]
) -> tuple[int, ...]:
    """Layers of more than one head whose heads are all in one redundant group."""
    layers: dict[int, set[tuple[int, int]]] = {}
    for layer, head in names:
        layers.setdefault(layer, set()).add((layer, head))
    return tuple(
        layer
        for layer, members in layers.items()
        if len(members) > 1 and any(members <= set(group) for group in groups)
    )
