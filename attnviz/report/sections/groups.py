"""Groups of a corpus, and what surely differs between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report import watched
from attnviz.report.cells import Column, Interval, Table, changes, head_cells, padded, texts
from attnviz.report.numbers import MINUS, aligned, count, estimate, interval, middle
from attnviz.text.showable import in_short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.report import monitoring
    from attnviz.report.model import Report

SHOWN = 20
"""Differences that get a row."""

READING = (
    "Each group is held against all others together; of two groups the first against the second. "
    "Sentences, or documents, of both sides are resampled. A difference is certain where bounds "
    "that hold for all groups, heads, roles and statistics at once exclude 0; so if groups were "
    "drawn by lot, there would be any in 5% of corpora at most. The surely largest come first, "
    "nats and tokens in proportion. Intervals are each difference's own. Groups may differ in "
    "length, topic or words, too: a difference says that attention goes with the group, not why."
)


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups, how many differences are certain, and the first of these."""

    title: str
    says: str
    reading: str
    sizes: Table
    table: Table | None
    more: str
    further: str


def of(report: Report) -> Groups | None:
    """The groups of a corpus; None where it has none."""
    groups = report.groups
    if groups is None:
        return None
    told = _first(report, groups.differences)[:SHOWN]
    more = ""
    if rest := groups.certain - len(told):
        are = "is" if rest == 1 else "are"
        more = f"Each role and statistic has its first row here; {count(rest)} more {are} certain."
    return Groups(
        title=_title(groups),
        says=watched.certain(groups),
        reading=READING if groups.compared else "",
        sizes=_sizes(groups.groups),
        table=_table(report, groups, told) if told else None,
        more=more,
        further=(
            "Every number of a group is in a report of its own: attnviz report --from takes its "
            "file, as seen from the scan's folder."
        ),
    )


def _first(
    report: Report, differences: Sequence[monitoring.GroupDifference]
) -> list[monitoring.GroupDifference]:
    """The first of each role and statistic; of roles that are one fact on this text one is told."""
    again = {role.name for role in report.roles if role.same_as}
    first: dict[tuple[str, str], monitoring.GroupDifference] = {}
    for each in differences:
        if each.role not in again:
            first.setdefault((each.role, each.measure), each)
    return list(first.values())


def _title(groups: monitoring.Groups) -> str:
    field = in_short(groups.field)
    if groups.by == "prediction":
        return f"Where the model is right and wrong, by {field}"
    return f"Differences by {field}"


def _sizes(groups: Sequence[monitoring.Group]) -> Table:
    return Table(
        (
            texts("Group", "name", (in_short(group.value) for group in groups)),
            Column("Sentences", "number", padded([count(group.sentences) for group in groups])),
            Column("Tokens", "number", padded([count(group.tokens) for group in groups])),
            texts("File", "formula", (group.file for group in groups)),
        )
    )


def _table(
    report: Report, groups: monitoring.Groups, told: Sequence[monitoring.GroupDifference]
) -> Table:
    titles = {role.name: role.title for role in report.roles} | {
        statistic.name: statistic.title for statistic in report.statistics
    }
    heads = [head_cells(report.head(*each.head)) for each in told]
    means, others = changes([(each.value, each.others) for each in told])
    return Table(
        (
            Column("Head", "heads", heads),
            texts("Measure", "best", (_measure(each, titles) for each in told)),
            texts("Group", "name", (in_short(each.group) for each in told)),
            Column("Mean", "number", means),
            texts("Against", "quiet", (watched.other(groups, each) for each in told)),
            Column("Mean there", "number", others),
            Column("Difference", "interval", _differences(told)),
        )
    )


def _measure(of: monitoring.GroupDifference, titles: dict[str, str]) -> str:
    name = titles.get(of.role or of.measure, of.role or of.measure)
    return f"{name}, in {of.unit}" if of.unit in {"tokens", "nats"} else name


def _differences(told: Sequence[monitoring.GroupDifference]) -> list[Interval]:
    """The differences with their signs and intervals."""
    numbers = [(each.difference, each.low, each.high) for each in told]
    means = aligned([_signed(middle(*each)) for each in numbers])
    return [
        Interval(_signed(estimate(*each)), mean, interval(*each))
        for mean, each in zip(means, numbers, strict=True)
    ]


def _signed(text: str) -> str:
    return text if text.startswith(MINUS) else f"+{text}"
