"""Verdicts as Markdown, short enough for a job summary."""

from __future__ import annotations

from collections.abc import Sequence

from attnviz.report.escape import harmless
from attnviz.report.escape import markdown as safe
from attnviz.report.markup import bullets, table
from attnviz.rules.formats.words import closest, folded, folded_name, folded_number
from attnviz.rules.verdict import Verdict, Verdicts

_MARKS = {"passed": "✅", "failed": "❌", "error": "💥", "warned": "⚠️", "skipped": "➖"}


def write(verdicts: Verdicts, *, pictures: bool = False) -> bytes:
    """A headline, a table of all rules, and what is told of those that don't pass.

    With `pictures`, those that lie beside it are shown.
    """
    parts = [f"## attnviz check: {verdicts.summary}", _about(verdicts), _table(verdicts)]
    told = [verdict for verdict in verdicts if verdict.status in ("failed", "error", "warned")]
    parts += [_details(verdict, pictures=pictures) for verdict in told]
    if verdicts.warnings:
        parts += ["### Warnings", bullets(verdicts.warnings)]
    return ("\n\n".join(parts) + "\n").encode()


def _about(verdicts: Verdicts) -> str:
    marks = [f"{name}={value}" for name, value in verdicts.tags.items()]
    return safe(", ".join([verdicts.model.name, verdicts.title, *marks]))


def _table(verdicts: Verdicts) -> str:
    rows = [
        (
            f"{_MARKS[entry[0].status]} {entry[0].status}",
            safe(folded_name(entry)),
            safe(entry[0].asked) if entry[0].asked != entry[0].rule else "",
            safe(_told(entry)),
        )
        for entry in folded(verdicts)
    ]
    return table(("", "Rule", "Asked", "Measured"), "llll", rows)


def _told(entry: Sequence[Verdict]) -> str:
    if entry[0].status == "skipped":
        return entry[0].reason
    return folded_number(entry) or entry[0].reason


def _details(verdict: Verdict, *, pictures: bool) -> str:
    lines = [f"### {safe(verdict.name)}", safe(verdict.reason)]
    if verdict.hint:
        lines.append(safe(verdict.hint))
    if others := closest(verdict):
        lines.append(f"Next: {safe(others)}.")
    if verdict.command:
        # Four spaces make code of a line whatever it holds.
        lines.append(f"    {harmless(verdict.command)}")
    if pictures and verdict.figure:
        lines.append(f"![{safe(verdict.asked)}]({verdict.figure}.png)")
    return "\n\n".join(lines)
