"""The `Report`: everything a run found, as plain data. Every format is made from it alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from attnviz.figures.views import Floats, SentenceView
from attnviz.measurement.probed import InductionReport
from attnviz.measurement.source import InputInfo, ModelInfo
from attnviz.report.given import LayerInfo, Options
from attnviz.report.profiles import Example, LooksAt, Offsets

if TYPE_CHECKING:
    from attnviz.report.candidates import Spare

SCHEMA = "attnviz.report/1"
Verdict = Literal["supported", "tentative", "no"] | None
"""None where there are too few sentences, or documents, for an interval."""
PARTS = ("encoder", "decoder", "cross")
"""The attentions of an encoder-decoder model, each a part of its report."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over sentences with its 95% interval; no interval where there are too few."""

    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class RoleScore:
    """How far one head plays one role.

    `score`: mean attention mass on the role's target, with its interval `low`-`high`; `chance`:
    the same for uniform attention; `lift` = (score - chance) / (1 - chance). `baseline`: the
    strongest thing that the label must beat, named in `against` ("chance", "profile",
    "permuted", or another role); `margin_low`: the simultaneous 95% lower bound of score -
    baseline. `variant` tells which of several targets was chosen (the offset "-2"). `mass` is, of
    roles between words, the mean attention that the words put on the right ones, for the score is
    how often that is the most; None for other roles, whose score is the mass. All are None where
    nothing could be measured.
    """

    score: float | None
    chance: float | None
    lift: float | None
    baseline: float | None
    against: str
    low: float | None
    high: float | None
    margin_low: float | None
    events: int
    sentences: int
    verdict: Verdict
    variant: str = ""
    mass: float | None = None

    @property
    def rank(self) -> tuple[bool, float, float]:
        """What sorts the heads of a role, the best last: of equal accuracies by their mass."""
        return self.verdict == "supported", self.score or 0.0, round(self.mass or 0.0, 6)


@dataclass(frozen=True)
class HeadReport:
    """One head: its statistics and its score in every role, pooled over all sentences.

    `offsets`: how far it looks, None in cross-attention; `looks_at`: what words its words look at,
    None where nothing is known of them; `examples`: sentences that show its roles, see
    `attnviz.evidence.examples`. `seen`: roles of which it has no verdict, for want of sentences,
    but whose score exceeds chance by more than the margin here. `beside`: those of its roles that
    are one fact with another that it has, with the name of that one, which is told.
    """

    layer: int
    head: int
    statistics: Mapping[str, Estimate]
    roles: Mapping[str, RoleScore]
    attention: str = ""
    offsets: Offsets | None = None
    looks_at: LooksAt | None = None
    examples: tuple[Example, ...] = ()
    seen: tuple[str, ...] = ()
    beside: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The head as everyone writes it: `L5H7`."""
        return f"L{self.layer}H{self.head}"

    @property
    def full_name(self) -> str:
        """Its name where heads of several parts stand side by side: `cross L5H7`."""
        return f"{self.attention} {self.name}".lstrip()

    @property
    def anchor(self) -> str:
        """Its place on a page: `L5H7`, `cross-L5H7`."""
        return self.full_name.replace(" ", "-")

    @property
    def found(self) -> tuple[str, ...]:
        """The roles that it has: supported ones first, then the specific before the general."""
        passed = [name for name, role in self.roles.items() if role.verdict not in {"no", None}]
        return tuple(sorted(passed, key=lambda name: self.roles[name].verdict != "supported"))

    @property
    def shown(self) -> tuple[str, ...]:
        """The roles that tables and figures name: those that it has, then those only seen."""
        return (*self.found, *self.seen)

    @property
    def told(self) -> tuple[str, ...]:
        """The same without those that are one fact with another: each fact once."""
        return tuple(name for name in self.shown if name not in self.beside)

    def with_role(self, role: str) -> tuple[str, ...]:
        """The roles that are one fact with a role that is told."""
        return tuple(name for name in self.shown if self.beside.get(name) == role)


@dataclass(frozen=True, slots=True)
class RoleInfo:
    """What a role is, and who has it: `heads` are (layer, head), best first.

    `margin` is what score - baseline must exceed; `absent` says why the role could not be
    measured at all (else empty). `coverage`, of roles between words: the share of the text's arcs
    that a head could follow at all. `seen` are heads without a verdict whose score exceeds chance
    by more than the margin, best first: what the text shows, and no label. `same_as` names the role
    with the same target in every sentence of this text.
    """

    name: str
    title: str
    family: str
    letter: str
    about: str
    formula: str
    source: str
    baselines: tuple[str, ...]
    margin: float
    heads: tuple[tuple[int, int], ...]
    absent: str = ""
    coverage: float | None = None
    seen: tuple[tuple[int, int], ...] = ()
    same_as: str = ""

    @property
    def shown(self) -> tuple[tuple[int, int], ...]:
        """The heads that are told: those that have the role, then those only seen."""
        return (*self.heads, *self.seen)


@dataclass(frozen=True, slots=True)
class RelationRow:
    """A role between words and its best head, chosen on one half of the text, scored on the other.

    `role` is its name among the roles; `direction` is "to the head" or "from the head", empty
    where a role has one only. `heads`, as (layer, head), are those chosen on the first half and on
    the second: one where both agree. `score`: how often the word looked at most is the right one,
    pooled over both halves, each with the head that the other chose, and its interval, given the
    choice. Where a half has no events the head is not `held_out`, but scored where it was chosen.
    `baselines` on the same events, by name; `against`
    is the strongest. `verdict`: that of the head, of two the weaker. `coverage`: as in `RoleInfo`.
    """

    role: str
    relation: str
    direction: Literal["to the head", "from the head", ""]
    heads: tuple[tuple[int, int], ...]
    score: float | None
    low: float | None
    high: float | None
    baselines: Mapping[str, float | None]
    against: str
    verdict: Verdict
    events: int
    sentences: int
    coverage: float | None
    held_out: bool = True

    @property
    def baseline(self) -> float | None:
        """The strongest baseline; None where nothing could be measured."""
        return self.baselines.get(self.against)

    @property
    def margin(self) -> float | None:
        """By how much the score beats it."""
        if self.score is None or self.baseline is None:
            return None
        return self.score - self.baseline


@dataclass(frozen=True, slots=True)
class StatisticInfo:
    """What a statistic is."""

    name: str
    title: str
    unit: str
    about: str
    formula: str
    source: str


@dataclass(frozen=True, slots=True)
class WordSpan:
    """A word and the tokens [start, end) that it became."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class SentenceReport:
    """One sentence.

    `entropy_by_layer`: nats, mean over heads and content queries; `rollout[j]`: what flows from
    token j to the content tokens of the last layer, mean over them, sums to 1; `received[j]`:
    mean attention that token j gets over all layers, heads and content queries; `drift`: mean
    total-variation distance between the rollout rows of two content tokens (0: all rows alike).
    `rollout` is empty and `drift` None where there is none.

    In cross-attention `tokens` are those of the target, which look at `keys`, those of the
    source; `received` is then over the keys. Elsewhere `keys` are empty: the tokens are the keys.
    The tokens from place `generated` on were written by the model itself; None: all were read.
    `pair` are the two texts of a pair, which `text` joins; `segments` says which each token is of,
    0 or 1, None for special tokens. Of a single text there is neither.
    """

    id: int
    text: str
    source: str
    line: int
    tokens: tuple[str, ...]
    special: tuple[bool, ...]
    words: tuple[WordSpan, ...]
    truncated: int
    entropy_by_layer: tuple[float | None, ...]
    rollout: tuple[float, ...]
    received: tuple[float, ...]
    drift: float | None
    keys: tuple[str, ...] = ()
    special_keys: tuple[bool, ...] = ()
    generated: int | None = None
    pair: tuple[str, str] | None = None
    segments: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class Similarity:
    """How alike the heads are, counted layer by layer.

    `dissimilarity` [head, head]: root of the mean Jensen-Shannon divergence, nats; `order`
    sorts by cluster; `groups`: redundant heads; `collapsed`: layers whose heads are all alike;
    `uniform`: heads near uniform attention; `method` says on what it was computed.
    """

    dissimilarity: Floats
    order: tuple[int, ...]
    groups: tuple[tuple[tuple[int, int], ...], ...]
    collapsed: tuple[int, ...]
    uniform: tuple[tuple[int, int], ...]
    method: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A plain sentence with numbers; `kind` groups them ("role", "redundant", "uniform", ...).

    `attention` is the part that it is about, where a report has parts.
    """

    kind: str
    text: str
    heads: tuple[tuple[int, int], ...] = ()
    attention: str = ""


@dataclass(frozen=True, repr=False)
class Report:
    """Everything one run found. `illustrations` hold the arrays of the drawn sentences.

    Of an encoder-decoder model there are three `parts`, reports of their own with `attention`
    "encoder", "decoder" and "cross"; the whole has the model, the input, the options, the
    warnings and a few findings, and neither heads nor sentences. `layers` has one entry for each
    layer with attention. `induction` is what heads do on repeated random tokens; where it is None,
    `no_induction` says why. `relations` are the roles between words that could be measured, the
    one furthest above its baseline first, and `special_mass` the least and the most that a head
    of them all puts on special tokens, mean over words. `spare` are candidates for removal.
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
    schema: str = SCHEMA
    attention: str = ""
    parts: tuple[Report, ...] = ()
    layers: tuple[LayerInfo, ...] = ()
    induction: InductionReport | None = None
    no_induction: str = ""
    relations: tuple[RelationRow, ...] = ()
    special_mass: tuple[float, float] | None = None
    spare: Spare | None = None

    def __repr__(self) -> str:
        shape = f"{self.model.layers} layers of {self.model.heads} heads"
        return f"<Report of {self.model.name}: {shape}, {self.input.sentences} sentences>"

    @property
    def judged(self) -> bool:
        """Whether roles have verdicts: none of them has with too few sentences."""
        heads = [head for part in self.every_part for head in part.heads]
        verdicts = [score.verdict for head in heads for score in head.roles.values()]
        return any(verdicts) or not verdicts

    @property
    def every_part(self) -> tuple[Report, ...]:
        """The reports that hold heads and sentences: the parts, or this one where it has none."""
        return self.parts or (self,)

    def part(self, attention: str) -> Report:
        """The part about that attention; KeyError where there is none."""
        for found in self.every_part:
            if found.attention == attention:
                return found
        raise KeyError(attention)

    def head(self, layer: int, head: int) -> HeadReport:
        """The report of one head; KeyError where the model has none there.

        Where a report has parts, ask a part: `report.part("cross").head(1, 3)`.
        """
        for found in self.heads:
            if (found.layer, found.head) == (layer, head):
                return found
        raise KeyError(f"There is no head L{layer}H{head} among {len(self.heads)}.")

    def save(self, folder: Path | str) -> Path:
        """Writes the report folder, figures and all, and returns the path of its page.

        An earlier report there is replaced as a whole; WriteError where other files are there
        or it can't be written.
        """
        from attnviz.report.save import save  # the drawing code, only where it is used

        return save(self, folder)

    def _repr_html_(self) -> str:
        """What notebooks show."""
        from attnviz.report.notebook import fragment  # the page code, only where it is used

        return fragment(self)
