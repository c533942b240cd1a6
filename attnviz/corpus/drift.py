"""How the attention on a corpus differs from that on one that was measured earlier."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from attnviz.comparison.records import HeadDifference, RoleChange
from attnviz.errors import UsageError
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.source import Source
from attnviz.report.numbers import count, counted
from attnviz.settings import Settings, flag
from attnviz.steps.compare import compare
from attnviz.text.showable import showable

TOLD = 100
"""Certain differences that are told to machines."""

SHOWN = 5
"""Findings that are told to people."""


@dataclass(frozen=True)
class Drift:
    """By how much every head differs from before, and what is certain of it.

    `against` is what the corpus is held against, with its `model` and `sentences`; `paired`: they
    are the same sentences. Of `compared` differences of roles and statistics, each fact counted
    once, `certain` ones have bounds, held for all at once, that exclude 0; the surely largest come
    first. `changes` are roles that other heads have than before.
    """

    against: str
    model: str
    sentences: int
    paired: bool
    compared: int
    certain: int
    differences: tuple[HeadDifference, ...]
    changes: tuple[RoleChange, ...]
    findings: tuple[str, ...]
    warnings: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        """The same for machines."""
        value: dict[str, Any] = to_builtins(self)
        return value

    def lines(self) -> list[str]:
        """The same for people."""
        what = "the same sentences" if self.paired else counted(self.sentences, "sentence")
        are = "is" if self.certain == 1 else "are"
        tested = counted(self.compared, "difference")
        certain = (
            f"{count(self.certain)} of {tested} {are} certain"
            if self.compared
            else "too little evidence for differences to be certain"
        )
        first = f"Against {showable(self.against)} ({what}): {certain}."
        shown = self.findings[:SHOWN] if self.certain else ()
        return [first, *(f"- {text}" for text in shown), *self.warnings]


def check(before: Measurement, source: Source, against: Path) -> None:
    """Raises UsageError where what was measured `before` can't be compared with this source's."""
    earlier = before.source
    if earlier is None:
        raise UsageError(f"{against} holds an empty measurement.", "Scan a corpus with text in it.")
    for name in sorted({*earlier.settings, *source.settings}):
        values = earlier.settings.get(name), source.settings.get(name)
        if values[0] != values[1]:
            raise UsageError(
                f"{against} can't be compared with: {flag(name)} was {values[0]} there and is "
                f"{values[1]} now.",
                "Measure both with the same settings.",
            )


def drift(before: Measurement, now: Measurement, against: Path, settings: Settings) -> Drift:
    """What differs now from `before`, which lies at `against`; of either sentences are resampled.

    Raises as `steps.compare.compare` does.
    """
    compared = compare(before, now, settings)
    certain = compared.certain
    warnings = list(compared.warnings)
    if compared.before.model != compared.after.model:
        warnings.append(
            f"It was measured with another model, {compared.before.model.name}: attention differs "
            "for that alone."
        )
    return Drift(
        against=str(against),
        model=compared.before.model.name,
        sentences=compared.before.input.sentences,
        paired=compared.paired,
        compared=sum(each.certain is not None for each in compared.told),
        certain=len(certain),
        differences=certain[:TOLD],
        changes=tuple(
            each for each in compared.changes if each.kind != "kept" and not each.same_as
        ),
        findings=tuple(each.text for each in compared.findings),
        warnings=tuple(warnings),
    )
