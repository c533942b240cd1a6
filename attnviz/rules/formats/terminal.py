"""Verdicts on the terminal: a line each, and more of those that don't pass."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from attnviz.report.escape import harmless
from attnviz.rules.formats.words import closest, number
from attnviz.rules.verdict import Status, Verdict, Verdicts

_LOOKS: dict[Status, str] = {
    "passed": "green",
    "failed": "bold red",
    "error": "bold red",
    "warned": "yellow",
    "skipped": "dim",
}
_WIDTH = 9


def summary(verdicts: Verdicts) -> RenderableType:
    """What to print for the verdicts of a run."""
    lines = [line for verdict in verdicts for line in _verdict(verdict)]
    looks = "bold green" if verdicts.passed else "bold red"
    name = harmless(verdicts.model.name)
    return Group(*lines, Text(f"{name}: {verdicts.summary}", style=looks))


def _verdict(verdict: Verdict) -> Iterator[Text]:
    status = verdict.status
    told = number(verdict) if status == "passed" else verdict.reason
    line = Text.assemble((f"{status:<{_WIDTH}}", _LOOKS[status]), (harmless(verdict.name), "bold"))
    yield line.append(f"  {harmless(told)}") if status == "passed" else line
    if status == "passed":
        return
    if verdict.asked != verdict.rule:
        yield _below(verdict.asked)
    yield _below(told)
    if verdict.hint:
        yield _below(verdict.hint)
    if status != "skipped" and (others := closest(verdict)):
        yield _below(f"next: {others}")
    if verdict.command:
        yield _below(verdict.command, style="cyan")


def _below(text: str, style: str = "") -> Text:
    return Text(f"{' ' * _WIDTH}{harmless(text)}", style=style)
