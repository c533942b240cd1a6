"""A verdict in words, which all formats share."""

from __future__ import annotations

from attnviz.report import numbers
from attnviz.report.escape import harmless
from attnviz.rules.verdict import Measured, Verdict

DIGITS = 3


def amount(measured: Measured) -> str:
    """A number with its interval: "0.231", "0.83 [0.79, 0.86]", "5"."""
    if measured.is_exact or measured.low is None:
        whole = not measured.name and measured.number.is_integer()
        return numbers.exact(measured.number) if whole else numbers.number(measured.number, DIGITS)
    return numbers.estimate(measured.number, measured.low, measured.high)


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
