"""`report.json` as types: those of the report, and records where the file's shape is another.

A `Report` has parts within it and its examples carry their labels; the file has one list of heads,
whatever their part, and tells tokens by their places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from attnviz.evidence import bootstrap
from attnviz.evidence.rules import USUAL, Margin
from attnviz.measurement.probed import InductionReport
from attnviz.measurement.source import InputInfo, ModelInfo
from attnviz.report import layers, whole
from attnviz.report.candidates import Spare
from attnviz.report.given import LayerInfo, Options
from attnviz.report.head_profiles import LooksAt, Offsets
from attnviz.report.model import (
    Finding,
    RelationRow,
    RoleInfo,
    Schema,
    SentenceReport,
    Similarity,
    StatisticInfo,
)
from attnviz.report.monitoring import Groups, StrangeSentence
from attnviz.report.scores import Estimate, RoleScore
from attnviz.shape import (
    LEFT_OUT,
    Amount,
    Attention,
    Count,
    Head,
    Layer,
    Positive,
    Share,
)

if TYPE_CHECKING:
    from attnviz.figures.picture import Picture
    from attnviz.report.head_profiles import Example, HeadReport
    from attnviz.report.model import Report

Range = Annotated[
    tuple[Share, Share] | None,
    Meta(
        description="The least and the most attention that a head puts on special tokens, mean "
        "over words; null without relations."
    ),
]


@dataclass(frozen=True)
class MarginJson:
    """A margin that was set."""

    role: str
    """A role's name, that of a family of roles, or induction-probe for induction on random
    tokens."""
    margin: Share
    """What score - best baseline had to exceed."""
    default: float
    """What it has to exceed usually."""


@dataclass(frozen=True)
class EvidenceJson:
    """What every interval and verdict rests on."""

    confidence: float
    """Confidence of intervals and bounds."""
    resamples: Count
    """Resamples of the bootstrap."""
    seed: Count
    """The seed of the bootstrap."""
    sentences: Positive
    """Sentences that supported takes at least."""
    events: Positive
    """Events that supported takes at least."""
    margins: tuple[MarginJson, ...]
    """Margins that were set, by role; the others are each role's own. roles has the margins that
    were used."""


@dataclass(frozen=True)
class LookedJson:
    """A key, or for roles between words a word, with its weight."""

    keys: tuple[Count, ...]
    """Its tokens."""
    weight: float
    """The weight on it."""


@dataclass(frozen=True)
class ExampleJson:
    """A sentence where a role of the head shows most or least, or between, and one query in it.

    Tokens are given by their places in the sentence; in cross-attention the query's among its
    'tokens', all others among its 'keys'.
    """

    role: str
    """The role."""
    shows: Literal["most", "between", "least"]
    """Where the sentence is from, by score - chance in it: one of the ends, with the query that
    shows most or least, or between, with the query nearest to the sentence's mean."""
    sentence: Positive
    """The number of the sentence."""
    score: float
    """The role's score in this sentence."""
    chance: float
    """Its chance level there."""
    events: Count
    """Queries, or words, that this rests on."""
    mass: float
    """What the query puts on its target; for roles of shape without keys the query's score."""
    query: tuple[Count, ...]
    """The tokens of the query: one, or those of a word."""
    target: tuple[Count, ...]
    """The keys that it should look at; none for roles of shape without keys."""
    keys: tuple[Count, ...]
    """The keys that are told: all, or in long sentences those around the query and what it looks
    at."""
    weights: tuple[float, ...]
    """The weight on each of them."""
    hidden: Amount
    """The weight on all others."""
    looked: tuple[LookedJson, ...]
    """Those looked at most."""
    tenth: Annotated[int, Meta(ge=1, le=9)] | None = field(default=None, metadata=LEFT_OUT)
    """So many tenths of all sentences with the role show it less; left out of the ends. Only the
    best head of each role has sentences between, and only in 20 sentences or more."""


@dataclass(frozen=True)
class HeadJson:
    """One head, pooled over all sentences."""

    name: Annotated[str, Meta(pattern="^L[0-9]+H[0-9]+$")]
    """As everyone writes it: L5H7."""
    layer: Layer
    head: Head
    statistics: Mapping[str, Estimate]
    """By name, in the unit given in statistics[].unit."""
    roles: Mapping[str, RoleScore]
    """By name."""
    beside: Mapping[str, str]
    """Those of its roles that are one fact with another that it has, by name, with the name of that
    one: equal targets on this text, or most of the same attention. Findings and tables tell the
    other."""
    attention: Attention = field(default="", metadata=LEFT_OUT)
    key_head: Count | None = field(default=None, metadata=LEFT_OUT)
    """The key head that it reads; heads of one number share their keys and values. Left out where
    unknown."""
    offsets: Offsets | None = field(default=None, metadata=LEFT_OUT)
    """How far the head looks; left out in cross-attention."""
    looks_at: LooksAt | None = field(default=None, metadata=LEFT_OUT)
    """What its words look at; left out where the text is not annotated."""
    examples: tuple[ExampleJson, ...] = field(default=(), metadata=LEFT_OUT)
    """Sentences that show its roles, for the best heads of each role; left out where there are
    none."""


@dataclass(frozen=True)
class PartJson:
    """One attention of an encoder-decoder model."""

    layers: Count
    """Its layers."""
    heads: Count
    """Query heads in a layer; the most, where layers differ."""
    key_value_heads: Count
    """Key and value heads in a layer."""
    special_mass: Range
    similarity: Similarity | None
    """Null where its heads were not compared."""
    spare: Spare | None
    """Null where nothing was measured."""


@dataclass(frozen=True)
class PartsJson:
    """The three attentions of an encoder-decoder model."""

    encoder: PartJson
    """Source tokens look at source tokens."""
    decoder: PartJson
    """Target tokens look at earlier target tokens."""
    cross: PartJson
    """Target tokens look at source tokens."""


@dataclass(frozen=True)
class FigureJson:
    """One figure."""

    path: str
    """Relative to the report folder, without suffix: the files are path.png and path.svg."""
    title: str
    """Its title."""
    caption: str
    """What it shows and how to read it."""


@dataclass(frozen=True)
class ReportJson:
    """What the attention heads of one model do on one text.

    Floating-point numbers are rounded to 6 significant digits; null stands for what could not be
    measured. Layers, heads and tokens are counted from 0, sentences from 1. A role named
    'dep:RELATION' is a dependency relation; ':reverse' at its end turns the direction. Of an
    encoder-decoder model each role, layer, head, sentence and most findings say in 'attention'
    which part they belong to: the self-attention of the encoder, that of the decoder, or the
    cross-attention between them.
    """

    schema: Schema
    """The version of this format. It changes only when a program that reads it would break."""
    version: str
    """The version of attnviz that wrote the report."""
    model: ModelInfo
    """The model that was measured."""
    input: InputInfo
    """What was read."""
    options: Options
    """The choices that the numbers and figures depend on."""
    evidence: EvidenceJson
    """What every interval and verdict rests on."""
    roles: tuple[RoleInfo, ...]
    """Every role that was looked for."""
    statistics: tuple[StatisticInfo, ...]
    """Every statistic that was computed."""
    layers: tuple[LayerInfo, ...]
    """Every layer that has attention; model.layers counts the others too. Empty where unknown."""
    heads: tuple[HeadJson, ...]
    """Every head, layer by layer."""
    sentences: tuple[SentenceReport, ...]
    """Every sentence."""
    relations: tuple[RelationRow, ...]
    """Roles between words that could be measured, the one furthest above its strongest baseline
    first. Empty without annotation."""
    special_mass: Range
    similarity: Similarity | None
    """Null where heads were not compared, and where a report has parts: see parts."""
    spare: Spare | None
    """Null where a report has parts: see parts."""
    induction: InductionReport | None
    """What heads do on repeated random tokens. Null where it was not measured: of encoder-decoder
    models, and where the vocabulary, the limit of the model or the memory has no room for the
    tokens."""
    findings: tuple[Finding, ...]
    """What was found, the most important first."""
    warnings: tuple[str, ...]
    """What may make the numbers mean less than they seem to."""
    figures: tuple[FigureJson, ...]
    """The figures in the report folder."""
    parts: PartsJson | None = field(default=None, metadata=LEFT_OUT)
    """The parts of an encoder-decoder model; left out for others."""
    groups: Groups | None = field(default=None, metadata=LEFT_OUT)
    """What differs between groups of a corpus (scan --group, --label); left out of others."""
    strangest: tuple[StrangeSentence, ...] = field(default=(), metadata=LEFT_OUT)
    """The sentences of a corpus that was scanned whose attention is the furthest from the usual,
    the strangest first; left out of others."""


def of(report: Report, pictures: Sequence[Picture] = ()) -> ReportJson:
    """The report as `report.json` holds it, beside its figures."""
    every = report.every_part
    return ReportJson(
        schema=report.schema,
        version=report.version,
        model=report.model,
        input=report.input,
        options=replace(report.options, evidence=USUAL),
        evidence=_evidence(report.options),
        roles=tuple(
            replace(role, attention=part.attention) for part in every for role in part.roles
        ),
        statistics=whole.statistics(report),
        layers=tuple(
            replace(layer, attention=part.attention) for part in every for layer in part.layers
        ),
        heads=tuple(_head(part, head) for part in every for head in part.heads),
        sentences=tuple(
            replace(sentence, attention=part.attention)
            for part in every
            for sentence in part.sentences
        ),
        relations=tuple(
            replace(row, attention=part.attention) for part in every for row in part.relations
        ),
        special_mass=report.special_mass,
        similarity=report.similarity,
        spare=report.spare,
        induction=report.induction,
        findings=whole.findings(report),
        warnings=report.warnings,
        figures=tuple(
            FigureJson(picture.path, picture.title, picture.caption) for picture in pictures
        ),
        parts=PartsJson(**{part.attention: _part(part) for part in report.parts})
        if report.parts
        else None,
        groups=report.groups,
        strangest=report.strangest,
    )


def _evidence(options: Options) -> EvidenceJson:
    rules = options.evidence
    return EvidenceJson(
        confidence=bootstrap.CONFIDENCE,
        resamples=options.resamples,
        seed=options.seed,
        sentences=rules.sentences,
        events=rules.events,
        margins=tuple(map(_margin, rules.margins)),
    )


def _margin(margin: Margin) -> MarginJson:
    return MarginJson(margin.role, margin.margin, margin.default)


def _part(part: Report) -> PartJson:
    return PartJson(
        layers=part.model.layers,
        heads=part.model.heads,
        key_value_heads=part.model.key_value_heads,
        special_mass=part.special_mass,
        similarity=part.similarity,
        spare=part.spare,
    )


def _head(part: Report, head: HeadReport) -> HeadJson:
    return HeadJson(
        name=head.name,
        layer=head.layer,
        head=head.head,
        statistics=head.statistics,
        roles=head.roles,
        beside=head.beside,
        attention=part.attention,
        key_head=layers.key_head(part, head.layer, head.head),
        offsets=head.offsets,
        looks_at=head.looks_at,
        examples=tuple(map(_example, head.examples)),
    )


def _example(example: Example) -> ExampleJson:
    """Tokens by their places: `sentences` has them, in cross-attention as its `keys`."""
    return ExampleJson(
        role=example.role,
        shows=example.shows,
        sentence=example.sentence,
        score=example.score,
        chance=example.chance,
        events=example.events,
        mass=example.mass,
        query=example.queries,
        target=example.target,
        keys=tuple(token.place for token in example.tokens),
        weights=tuple(token.weight for token in example.tokens),
        hidden=example.hidden,
        looked=tuple(LookedJson(best.places, best.weight) for best in example.looked),
        tenth=example.tenth,
    )
