"""What a reader might take the numbers for and must not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report.sections.sentences import drift_says

if TYPE_CHECKING:
    from attnviz.report.model import Report


@dataclass(frozen=True, slots=True)
class Limit:
    """One of them, in short and in full."""

    short: str
    full: str


@dataclass(frozen=True, slots=True)
class Limits:
    """All of them."""

    title: str
    limits: tuple[Limit, ...]


def of(report: Report) -> Limits:
    """The limits of this report."""
    every = (
        (
            "Attention shows where mass goes, not why",
            (
                "A large weight moves a value vector; what that vector does, and whether later "
                "layers use it, is not measured here."
            ),
        ),
        (
            "Sink and separator mass is often a no-op",
            (
                "A head with nothing to do parks its attention on the first token, on CLS or on "
                "SEP, whose values tend to be small. Such heads are not about those tokens."
            ),
        ),
        (
            "A role is a correlation",
            (
                "A head that attends like the role need not exist for it, and what it does on "
                "other text may differ. To learn what depends on it, intervene."
            ),
        ),
        ("Deep positions are mixtures, not words", _mixtures(report)),
        (
            "The strongest key hides near-ties",
            (
                "Confidence, and the strongest tokens that a table names, stand for one key of a "
                "row: 0.31 against 0.30 looks there like 0.90 against 0.01. The figures show both."
            ),
        ),
    )
    return Limits("What it does not mean", tuple(Limit(*each) for each in every))


def _mixtures(report: Report) -> str:
    says = "Above the first layer each position holds information from many tokens."
    where = "the decoder" if report.parts else "a causal model" if report.model.causal else ""
    if where:
        says += f" In {where} all rollout rows drift to token 0 with depth, whatever the words."
    return f"{says} {drift_says(_drift(report))}".strip()


def _drift(report: Report) -> float | None:
    """The mean drift over the sentences of all streams that have one."""
    every = (sentence.drift for part in report.every_part for sentence in part.sentences)
    known = [value for value in every if value is not None]
    return sum(known) / len(known) if known else None
