"""A verdict in words, which all formats share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from attnviz.report.escape import harmless
from attnviz.rules.verdict import Measured, Verdict, amount

_FOLDED = 10
"""So many texts of a rule that pass are told one by one at most."""


def number(verdict: Verdict) -> str:
    """The decisive number and what it is of, "" where nothing was measured."""
    if verdict.measured is None:
        return ""
    return _named(verdict.measured)


def _named(measured: Measured) -> str:
    return f"{measured.name} {amount(measured)}".strip()


def closest(verdict: Verdict) -> str:
    """The numbers that come next to the decisive one."""
    return ", ".join(map(_named, verdict.closest[1:]))


def details(verdict: Verdict) -> list[str]:
    """All that is told of a verdict beside its name and status, a line each."""
    lines = [f"asked: {verdict.asked}"]
    if verdict.text:
        lines.append(f"text: {verdict.text}")
    if said := number(verdict):
        lines.append(f"measured: {said}")
    if others := closest(verdict):
        lines.append(f"next: {others}")
    if verdict.reason:
        lines.append(f"reason: {verdict.reason}")
    if verdict.hint:
        lines.append(f"hint: {verdict.hint}")
    if verdict.command:
        lines.append(f"see: {verdict.command}")
    return [harmless(line) for line in lines]


def folded(verdicts: Sequence[Verdict]) -> list[tuple[Verdict, ...]]:
    """The verdicts in their order; many of one rule that pass one after the other are one entry."""
    entries: list[tuple[Verdict, ...]] = []
    for (_, status), run in groupby(verdicts, key=lambda each: (each.rule, each.status)):
        several = tuple(run)
        if status == "passed" and len(several) > _FOLDED:
            entries.append(several)
        else:
            entries += [(verdict,) for verdict in several]
    return entries


def folded_name(entry: Sequence[Verdict]) -> str:
    """The name of a verdict, or that of a rule with the number of texts, or what, that pass."""
    if len(entry) == 1:
        return entry[0].name
    return f"{entry[0].rule} [{len(entry)} {'texts' if entry[0].text else 'of them'}]"


def folded_number(entry: Sequence[Verdict]) -> str:
    """The decisive number, or the range of it."""
    if len(entry) == 1:
        return number(entry[0])
    measured = [verdict.measured for verdict in entry if verdict.measured]
    least, most = (end(measured, key=lambda each: each.number) for end in (min, max))
    return f"from {amount(least)} to {amount(most)}"
