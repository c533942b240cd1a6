"""Verdicts on the terminal: a line each, and more of those that don't pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from attnviz.report.escape import harmless
from attnviz.rules.formats.words import closest, folded, folded_name, folded_number
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
    lines = [line for entry in folded(verdicts) for line in _entry(entry, verdicts.rules)]
    looks = "bold green" if verdicts.passed else "bold red"
    name = harmless(verdicts.model.name)
    return Group(*lines, Text(f"{name}: {verdicts.summary}", style=looks))


def _entry(entry: Sequence[Verdict], rules: str) -> Iterator[Text]:
    verdict = entry[0]
    status = verdict.status
    name = harmless(folded_name(entry))
    line = Text.assemble((f"{status:<{_WIDTH}}", _LOOKS[status]), (name, "bold"))
    if status == "passed":
        yield line.append(f"  {harmless(folded_number(entry))}")
        return
    yield line
    if verdict.asked != verdict.rule:
        yield _below(verdict.asked)
    wrong = f"{rules}:{verdict.line}: " if status == "error" and verdict.line else ""
    yield _below(f"{wrong}{verdict.reason}")
    if verdict.hint:
        yield _below(verdict.hint)
    if status != "skipped" and (others := closest(verdict)):
        yield _below(f"next: {others}")
    if verdict.command:
        yield _below(verdict.command, style="cyan")


def _below(text: str, style: str = "") -> Text:
    return Text(f"{' ' * _WIDTH}{harmless(text)}", style=style)
