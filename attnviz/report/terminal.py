"""What a terminal shows when a report is done: the roles, what stands out, where the page is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from attnviz.report.escape import harmless
from attnviz.report.numbers import counted
from attnviz.report.sections import findings, prediction, roles, top
from attnviz.report.sections.streams import MEANINGS, TITLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from attnviz.report.model import Report
    from attnviz.report.sections.roles import Roles, RoleSummary
    from attnviz.report.sections.top import Top

WIDTH = 80
_BULLET = "- "
NARROW = 72
"""Below this width the bars and the evidence make room for the roles."""

BAR = 5
ROLES_OF_STREAM = 4
"""Roles in the table of one stream of several."""

RELATIONS = 4
"""Roles between words in the table of a whole model."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of one report; it draws itself within 80 columns, in ASCII where it must."""

    report: Report
    where: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Rows of text, never markup: what tokens and names hold is printed as it is."""
        plain = options.ascii_only
        width = min(options.max_width, WIDTH)
        yield Text(_headline(top.of(self.report), self.report), style="bold")
        first = findings.of(self.report)
        for finding in first.findings:
            says = Text(_encodable(harmless(finding.says.text), plain=plain))
            for number, line in enumerate(says.wrap(console, width - len(_BULLET))):
                yield Text.assemble(" " * len(_BULLET) if number else _BULLET, line)
        if first.note and not self.report.judged:
            note = Text(_encodable(harmless(first.note), plain=plain), style="dim")
            yield from note.wrap(console, width)
        if not self.report.parts:
            yield Text("")
        for part in self.report.every_part:
            if part.attention:
                yield Text(f"\n{TITLES[part.attention]}: {MEANINGS[part.attention]}", style="bold")
            yield from _part(part, plain=plain, width=width)
        for prediction_line in prediction.lines(self.report):
            yield Text(_encodable(harmless(prediction_line), plain=plain))
        if self.report.warnings:
            yield Text(_warnings(self.report), style="yellow")
        yield Text(harmless(self.where), no_wrap=True, overflow="ignore", style="cyan")


def summary(report: Report, where: str) -> Summary:
    """What to print for a report whose page is at `where`."""
    return Summary(report, where)


def _headline(top: Top, report: Report) -> str:
    words = " in words" if report.options.words else ""
    return f"{harmless(top.model)}: {top.shape}, {top.sentences}{words}"


def _part(part: Report, *, plain: bool, width: int) -> RenderResult:
    """The roles of one stream: all of them, or of several streams the strongest of each."""
    section = roles.of(part)
    shown = _fewer(section.summary, of_stream=bool(part.attention))
    if shown:
        yield _table(section, shown, plain=plain, width=width)
    else:
        none = "has any of the roles" if part.judged else "is above chance by any role's margin"
        yield Text(f"No head {none}.")
    if same := [role for role in shown if role.also]:
        says = "; ".join(f"{' and '.join(role.also)} with {role.title}" for role in same)
        yield Text(_encodable(f"One fact, told once: {harmless(says)}.", plain=plain))
    if more := len(section.summary) - len(shown):
        yield Text(f"And {counted(more, 'more role')} in the report.")


def _fewer(every: Sequence[RoleSummary], *, of_stream: bool) -> Sequence[RoleSummary]:
    """The strongest roles; of one stream only, all but those between words, which may be dozens."""
    many = every if of_stream else [role for role in every if role.between_words]
    best = sorted(many, key=lambda role: role.rank)
    left_out = best[ROLES_OF_STREAM if of_stream else RELATIONS :]
    return [role for role in every if role not in left_out]


def _table(section: Roles, shown: Sequence[RoleSummary], *, plain: bool, width: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, width=width, header_style="dim")
    table.add_column("", no_wrap=True)
    table.add_column("Role", ratio=1, no_wrap=True)
    table.add_column("Best", no_wrap=True)
    table.add_column("Score", no_wrap=True)
    if section.judged:
        table.add_column("Verdict", no_wrap=True)
    table.add_column("Heads", justify="right", no_wrap=True)
    bars = not any(role.best.full_name != role.best.name for role in shown)
    if bars and width >= NARROW:
        table.add_column("", no_wrap=True)
    if width >= NARROW:
        table.add_column("Sent.", justify="right", no_wrap=True)
    most = max(role.amount for role in shown) if bars else 0
    for role in shown:
        cells = _row(role, most, plain=plain, judged=section.judged)
        table.add_row(*islice(cells, len(table.columns)))
    return table


def _row(role: RoleSummary, most: int, *, plain: bool, judged: bool) -> Iterable[Text]:
    chip = role.role.chip
    yield Text(harmless(chip.letter), style=f"bold {chip.ink} on {chip.colour}")
    yield Text(harmless(role.title), overflow="crop" if plain else "ellipsis")
    yield Text(role.best.full_name)
    yield Text(_encodable(role.score.text, plain=plain))
    if judged:
        verdict = _encodable(role.verdict.text, plain=plain)
        yield Text(verdict, style="" if role.verdict.name == "supported" else "italic")
    yield Text(role.count)
    if most:
        yield Text(bar(role.amount / most, plain=plain), style=chip.colour)
    yield Text(role.evidence.sentences)


def bar(share: float, *, plain: bool = False, width: int = BAR) -> str:
    """A bar of `width` cells, filled to an eighth of a cell; in ASCII to a whole one."""
    eighths = max(round(share * width * 8), 1)
    if plain:
        return "#" * max(round(eighths / 8), 1)
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def _warnings(report: Report) -> str:
    first, more = harmless(report.warnings[0]), len(report.warnings) - 1
    rest = f" And {counted(more, 'more warning')} in the report." if more else ""
    return f"Warning: {first}{rest}"


def _encodable(text: str, *, plain: bool) -> str:
    return text.replace("−", "-").replace("–", "-") if plain else text
