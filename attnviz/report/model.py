"""The `Report`: everything a run found, as plain data. Every format is made from it alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

from attnviz.figures.views import SentenceView
from attnviz.measurement.probed import InductionReport
from attnviz.measurement.source import InputInfo, ModelInfo
from attnviz.report.candidates import Spare
from attnviz.report.explored import Explored
from attnviz.report.given import LayerInfo, Options
from attnviz.report.head_profiles import HeadReport
from attnviz.report.looks import SentenceLooks
from attnviz.report.monitoring import Groups, StrangeSentence
from attnviz.report.numbers import counted
from attnviz.report.predictions import Prediction
from attnviz.report.scores import (
    Estimate,
    RelationRow,
    RoleInfo,
    RoleScore,
    StatisticInfo,
    Verdict,
)
from attnviz.shape import LEFT_OUT, Amount, Attention, Count, Place, Positive
from attnviz.text.showable import in_short

__all__ = [
    "SCHEMA",
    "STREAMS",
    "Estimate",
    "Finding",
    "HeadReport",
    "RelationRow",
    "Report",
    "RoleInfo",
    "RoleScore",
    "Schema",
    "SentenceReport",
    "Similarity",
    "StatisticInfo",
    "Verdict",
    "WordSpan",
]

Schema = Literal["attnviz.report/1"]
SCHEMA: Schema = "attnviz.report/1"
STREAMS = ("encoder", "decoder", "cross")
"""The attentions of an encoder-decoder model, each a part of its report."""


@dataclass(frozen=True, slots=True)
class WordSpan:
    """A word and its tokens [start, end)."""

    text: str
    """The word."""
    start: Count
    """Its first token."""
    end: Count
    """The token after its last."""


@dataclass(frozen=True)
class SentenceReport:
    """One sentence."""

    id: Positive
    """Its number in the run, from 1."""
    text: str
    """As it was read; lone surrogates as U+FFFD."""
    source: str
    """The file it came from."""
    line: Count
    """The line it starts on, from 1; 0 where unknown."""
    tokens: tuple[str, ...]
    """Its tokens, special ones included. In cross-attention those of the target, which look at
    keys."""
    special: tuple[bool, ...]
    """For each token, whether the tokenizer declares it special."""
    words: tuple[WordSpan, ...]
    """Its words."""
    truncated: Count
    """Tokens left out because of the model's limit."""
    entropy_by_layer: tuple[Amount | None, ...]
    """For each layer, mean entropy over heads and content queries, in nats; null where the layer
    has no attention."""
    rollout: tuple[float | None, ...]
    """For each token, what flows from it to the content tokens of the last layer, mean over them;
    sums to 1. Empty where there is none: in cross-attention, or for want of memory."""
    received: tuple[float | None, ...]
    """For each token, or in cross-attention for each key, the mean attention that it gets over all
    layers, heads and content queries."""
    drift: float | None
    """Mean total-variation distance between the rollout rows of two content tokens, 0 (all alike)
    to 1; null where there is no rollout."""
    keys: tuple[str, ...] = field(default=(), metadata=LEFT_OUT)
    """The tokens of the source, which the tokens look at in cross-attention; left out elsewhere,
    where the tokens are the keys."""
    special_keys: tuple[bool, ...] = field(default=(), metadata=LEFT_OUT)
    """For each key, whether the tokenizer declares it special."""
    generated_from: Count | None = field(default=None, metadata=LEFT_OUT)
    """The model itself wrote the tokens from this one on; left out where all were read."""
    pair: tuple[str, str] | None = field(default=None, metadata=LEFT_OUT)
    """The two texts of a pair, which 'text' joins; left out for single texts."""
    segments: tuple[Annotated[int, Meta(ge=0, le=1)] | None, ...] = field(
        default=(), metadata=LEFT_OUT
    )
    """For each token of a pair, which of the two texts it is of; null for special tokens. Left out
    for single texts."""
    looks: SentenceLooks | None = field(default=None, metadata=LEFT_OUT)
    """What its words look at; left out of sentences that are not drawn."""
    attention: Attention = field(default="", metadata=LEFT_OUT)
    prediction: Prediction | None = field(default=None, metadata=LEFT_OUT)
    """What the model says of it; left out of sentences without figures, and where the model has no
    trained head for a task, or nothing to say."""

    @property
    def generated(self) -> int | None:
        """The place from which on the model itself wrote the tokens; None: all were read."""
        return self.generated_from


@dataclass(frozen=True)
class Similarity:
    """How alike the heads are.

    Heads are counted layer by layer, as in heads; in a part of a report, those of the part.
    """

    dissimilarity: tuple[tuple[float | None, ...], ...]
    """[head, head]: root of the mean Jensen-Shannon divergence, divergence in nats."""
    order: tuple[Count, ...]
    """Indices of heads, sorted by cluster."""
    groups: tuple[tuple[Place, ...], ...]
    """Redundant heads: those of a group do the same."""
    collapsed: tuple[Count, ...]
    """Layers whose heads are all alike."""
    uniform: tuple[Place, ...]
    """Heads near uniform attention: those that have the role broad."""
    method: str
    """On what it was computed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A plain sentence with numbers."""

    kind: str
    """What it is about: 'role', 'induction', 'redundant', 'collapsed', 'uniform', 'overview' (each
    head counted once, by its first role), or 'alike' (nothing tells heads apart)."""
    text: str
    """The sentence."""
    heads: tuple[Place, ...] = ()
    """The heads it speaks of, the one that shows it most first."""
    role: str = field(default="", metadata=LEFT_OUT)
    """The role it is about; left out for other findings."""
    first: bool = field(default=False, metadata=LEFT_OUT)
    """Whether it is among the three to six sentences that stand first in every format; left out
    where it is not."""
    attention: Attention = field(default="", metadata=LEFT_OUT)


@dataclass(frozen=True, repr=False)
class Report:
    """Everything one run found.

    `illustrations` hold the arrays of the drawn sentences, `explored` what the page's explorer has
    of them.

    Of an encoder-decoder model there are three `parts`, reports of their own with `attention`
    "encoder", "decoder" and "cross"; the whole has the model, the input, the options, the
    warnings and a few findings, and neither heads nor sentences. `layers` has one entry for each
    layer with attention. `induction` is what heads do on repeated random tokens; where it is None,
    `no_induction` says why. `relations` are the roles between words that could be measured, the
    one furthest above its baseline first, and `special_mass` the least and the most that a head
    of them all puts on special tokens, mean over words. `spare` are candidates for removal. Of a
    corpus that was scanned there may be `groups`, and `strangest` are its strangest sentences.
    `from_measurement`: it was made of what was measured before.
    """

    version: str
    model: ModelInfo
    input: InputInfo
    options: Options
    roles: tuple[RoleInfo, ...]
    statistics: tuple[StatisticInfo, ...]
    heads: tuple[HeadReport, ...]
    sentences: tuple[SentenceReport, ...]
    similarity: Similarity | None
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]
    illustrations: tuple[SentenceView, ...] = field(default=(), repr=False)
    schema: Schema = SCHEMA
    attention: str = ""
    parts: tuple[Report, ...] = ()
    layers: tuple[LayerInfo, ...] = ()
    induction: InductionReport | None = None
    no_induction: str = ""
    relations: tuple[RelationRow, ...] = ()
    special_mass: tuple[float, float] | None = None
    spare: Spare | None = None
    groups: Groups | None = None
    strangest: tuple[StrangeSentence, ...] = ()
    from_measurement: bool = field(default=False, repr=False, compare=False)
    explored: tuple[Explored, ...] = field(default=(), repr=False)

    def __repr__(self) -> str:
        """A line: the model, how much was measured, and how many roles a head surely has.

        Roles that are one fact count once.
        """
        heads = [head for part in self.every_part for head in part.heads]
        told = [(name, head.roles[name]) for head in heads for name in head.told]
        supported = {name for name, score in told if score.verdict == "supported"}
        roles = counted(len(supported), "role") + " supported" if self.judged else "no verdicts"
        sentences = counted(self.input.sentences, "sentence")
        stream = f", {self.attention}" if self.attention else ""
        return (
            f"<Report of {in_short(self.model.name)}{stream}: {sentences}, "
            f"{counted(len(heads), 'head')}, {roles}>"
        )

    @property
    def judged(self) -> bool:
        """Whether roles have verdicts: none of them has with too few sentences."""
        heads = [head for part in self.every_part for head in part.heads]
        verdicts = [score.verdict for head in heads for score in head.roles.values()]
        return any(verdicts) or not verdicts

    @property
    def without_text(self) -> bool:
        """Whether it was made from a measurement alone: a run over a text has sentences to show."""
        return not any(part.sentences for part in self.every_part)

    @property
    def every_part(self) -> tuple[Report, ...]:
        """The reports that hold heads and sentences: the parts, or this one where it has none."""
        return self.parts or (self,)

    def part(self, attention: str) -> Report:
        """The part about that attention; KeyError where there is none."""
        for part in self.every_part:
            if part.attention == attention:
                return part
        raise KeyError(attention)

    def head(self, layer: int, head: int) -> HeadReport:
        """The report of one head; KeyError where the model has none there.

        Where a report has parts, ask a part: `report.part("cross").head(1, 3)`.
        """
        for known in self.heads:
            if (known.layer, known.head) == (layer, head):
                return known
        raise KeyError(f"There is no head L{layer}H{head} among {len(self.heads)}.")
