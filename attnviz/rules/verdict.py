"""What became of a rule: the one object that every output and the exit code are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from attnviz.errors import ExitCode
from attnviz.measurement.source import ModelInfo
from attnviz.report import numbers
from attnviz.shape import LEFT_OUT

Status = Literal["passed", "failed", "warned", "skipped", "error"]
STATUSES: tuple[Status, ...] = ("failed", "error", "warned", "skipped", "passed")
"""The worst first."""

DIGITS = 3
"""Significant digits of a number that is no estimate."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A number, and what it is of."""

    name: str
    """A head, a layer, a mean, or rollout; empty for a count."""
    number: float
    """The number."""
    low: float | None
    """The lower end of its 95% interval; null where there is none, the number itself where nothing
    is estimated."""
    high: float | None
    """The upper end likewise."""
    others: tuple[float, ...] = ()
    """What the rivals in more_than get."""
    change: bool = field(default=False, metadata=LEFT_OUT)
    """Whether it is a difference, now less before; left out where it is none."""
    unit: str = field(default="", metadata=LEFT_OUT)
    """The unit of a difference: nats or tokens; left out where it has none."""

    @property
    def is_exact(self) -> bool:
        """Whether the number is no estimate."""
        return self.low == self.high == self.number


def amount(measured: Measured, beside: Sequence[float] = ()) -> str:
    """A number with its interval: "0.231", "0.83 [0.79, 0.86]", "5", a change "+0.1 nats".

    It has more digits where it would else look like what it stands `beside`.
    """
    told = _number(measured, beside)
    plus = "+" if measured.change and measured.number > 0 else ""
    return f"{plus}{told} {measured.unit}".rstrip()


def _number(measured: Measured, beside: Sequence[float]) -> str:
    if measured.is_exact or measured.low is None:
        whole = not measured.name and measured.number.is_integer()
        number = numbers.number(measured.number, DIGITS, beside)
        return numbers.exact(measured.number) if whole else number
    return numbers.estimate(measured.number, measured.low, measured.high, beside)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A rule on one text, and what became of it."""

    rule: str
    """The rule's name."""
    status: Status
    """What became of it; error where the rule is wrong or about nothing."""
    asked: str
    """What must hold, in words."""
    case: str = ""
    """What tells the texts of a rule apart; empty where it has one."""
    text: str = ""
    """The text, where it is one sentence."""
    measured: Measured | None = None
    """The number that decides; null where there is none."""
    closest: tuple[Measured, ...] = ()
    """The heads that decide, the decisive one first: where any will do those that come closest,
    where all must those that are furthest off."""
    reason: str = ""
    """Why it doesn't hold, or why that can't be said."""
    hint: str = ""
    """What would mend an error."""
    command: str = ""
    """What shows it, on a command line."""
    figure: str = ""
    """The path of its picture, without suffix; empty where there is none."""
    critical: bool = True
    """Whether it fails a run, and does not only warn."""
    line: int = 0
    """The line of the rule in its file; 0 where it has none."""

    @property
    def name(self) -> str:
        """The rule's name with its case."""
        return f"{self.rule} [{self.case}]" if self.case else self.rule


@dataclass(frozen=True, kw_only=True)
class Verdicts(Sequence[Verdict]):
    """What became of all rules of a file, in its order.

    `rules` is the file's name and `against` that of the earlier measurement which the model was
    held against, each "" for none. `tags` are what a run was marked with; `warnings` what may make
    numbers mean less.
    """

    version: str
    model: ModelInfo
    rules: str
    verdicts: tuple[Verdict, ...]
    tags: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    against: str = ""

    def __getitem__(self, place):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN204 - Sequence's
        return self.verdicts[place]

    def __len__(self) -> int:
        return len(self.verdicts)

    def __repr__(self) -> str:
        return f"<Verdicts on {self.model.name}: {self.summary}>"

    def of(self, status: Status) -> tuple[Verdict, ...]:
        """Those of one status."""
        return tuple(verdict for verdict in self.verdicts if verdict.status == status)

    @property
    def title(self) -> str:
        """What the model was held against: "rules.toml", "rules.toml, against report"."""
        return ", ".join(filter(None, [self.rules, self.against and f"against {self.against}"]))

    @property
    def summary(self) -> str:
        """How many of each, as "1 failed, 5 passed"."""
        counts = {status: len(self.of(status)) for status in STATUSES}
        names = {"error": "with errors"}
        told = [f"{many} {names.get(status, status)}" for status, many in counts.items() if many]
        if counts["skipped"] == len(self):
            return f"all {len(self)} skipped: nothing was checked"
        return ", ".join(told)

    @property
    def exit_code(self) -> ExitCode:
        """2 where a rule is wrong or matches nothing, 1 where a critical rule fails, else 0."""
        if self.of("error"):
            return ExitCode.USAGE
        return ExitCode.CHECK_FAILED if self.of("failed") else ExitCode.OK

    @property
    def passed(self) -> bool:
        """Whether no critical rule fails, and none is wrong."""
        return self.exit_code == ExitCode.OK
