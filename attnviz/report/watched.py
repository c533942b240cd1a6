"""What a scan watches for, in words: groups and what differs between them, strange sentences."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from attnviz.registry import discover
from attnviz.report.numbers import MINUS, change, count, counted, estimate, number
from attnviz.roles.role import Role
from attnviz.statistics.statistic import Statistic
from attnviz.text.showable import in_short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attnviz.report.monitoring import GroupDifference, Groups, StrangeSentence, Unlike

SHOWN = 3
"""Strange sentences that a summary tells."""

CHARACTERS = 60


def groups_in_words(groups: Groups) -> list[str]:
    """How many sentences each group has, and what surely differs between them."""
    sizes = ", ".join(
        f"{in_short(group.value)} {counted(group.sentences, 'sentence')}" for group in groups.groups
    )
    return [f"{by(groups)}: {sizes}", f"{certain(groups)}{_largest(groups)}"]


def by(groups: Groups) -> str:
    """What makes a group."""
    field = in_short(groups.field)
    return f"By prediction of {field}" if groups.by == "prediction" else f"By {field}"


def certain(groups: Groups) -> str:
    """How many differences are certain."""
    if groups.reason:
        return groups.reason
    tested = counted(groups.compared, "difference")
    if not groups.certain:
        return f"None of {tested} is certain."
    are = "is" if groups.certain == 1 else "are"
    return f"{count(groups.certain)} of {tested} {are} certain."


def _largest(groups: Groups) -> str:
    if not groups.differences:
        return ""
    largest = groups.differences[0]
    name = head_name(*largest.head)
    others, value = change(largest.others, largest.value)
    unit = f" {largest.unit}" if largest.unit in ("nats", "tokens") else ""
    what = title(largest.role or largest.measure)
    return (
        f" The largest: {name} {what}, {in_short(largest.group)} {value}{unit}, "
        f"{other(groups, largest)} {others}{unit}, {signed(largest)}."
    )


def other(groups: Groups, difference: GroupDifference) -> str:
    """What a group is held against: the other one of two, else all others together."""
    names = [group.value for group in groups.groups if group.value != difference.group]
    return in_short(names[0]) if len(names) == 1 else "others"


def signed(difference: GroupDifference) -> str:
    """A difference with its sign and interval: "+0.12 [0.09, 0.15]"."""
    told = estimate(difference.difference, difference.low, difference.high)
    return told if told.startswith(MINUS) else f"+{told}"


def title(measure: str) -> str:
    """A role or statistic in words, as reports have it; the name of what only a text has."""
    return _titles().get(measure, measure)


@cache
def _titles() -> Mapping[str, str]:
    roles = discover("attnviz.roles", "ROLE", Role)
    statistics = discover("attnviz.statistics", "STATISTIC", Statistic)
    return {each.name: each.title for each in roles} | {
        each.name: each.title for each in statistics
    }


def head_name(layer: int, head: int) -> str:
    """A head as everyone writes it."""
    return f"L{layer}H{head}"


def strangest_in_words(sentences: Sequence[StrangeSentence]) -> list[str]:
    """The first of the strangest sentences, each with what is the furthest off."""
    return [
        f"{'Strangest' if not place else 'Then'}: {in_short(each.source)} line {each.line}, "
        f"{number(each.distance)} (1 is usual){unlike(each.unlike[:1])}: {_text(each.text)}"
        for place, each in enumerate(sentences[:SHOWN])
    ]


def unlike(numbers: Sequence[Unlike]) -> str:
    """What is the furthest off, as a clause; "" for nothing."""
    return "".join(f", {unlike_says(each)}" for each in numbers)


def unlike_says(of: Unlike) -> str:
    """A number that is unlike the usual: "L3H5 entropy 0.12, usually 0.43 ± 0.05"."""
    usual = f"usually {number(of.mean)} ± {number(of.deviation)}"
    return f"{head_name(*of.head)} {title(of.measure)} {number(of.value)}, {usual}"


def _text(text: str) -> str:
    return text if len(text) <= CHARACTERS else f"{text[: CHARACTERS - 1]}…"
