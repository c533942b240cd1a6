"""What a terminal shows when a report is done: the roles, what stands out, where the page is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from attnviz.report import layers, words
from attnviz.report.escape import harmless
from attnviz.report.numbers import count, counted, estimate, verdict
from attnviz.report.tables import Played, Tables, strongest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console, ConsoleOptions, RenderResult

    from attnviz.report.model import Report

WIDTH = 80
NARROW = 72
"""Below this width the bars and the evidence make room for the roles."""

BAR = 5
ROLES_OF_PART = 8
"""Roles in the table of one part of an encoder-decoder model."""

RELATIONS = 4
"""Roles between words in the table of a whole model."""

FINDINGS = ("overview", "induction", "redundant", "collapsed", "uniform")
"""The kinds of findings that the table of roles doesn't tell."""

OVERVIEW = FINDINGS[:1]
"""Those that there is room for where a report has several parts."""

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
        yield Text(_headline(self.report), style="bold")
        for part in self.report.every_part:
            if part.attention:
                yield Text(f"\n{': '.join(words.PARTS[part.attention])}", style="bold")
            yield from _part(part, plain=plain, width=width)
        if self.report.warnings:
            yield Text(_warnings(self.report), style="yellow")
        yield Text(harmless(self.where), no_wrap=True, overflow="ignore", style="cyan")


def summary(report: Report, where: str) -> Summary:
    """What to print for a report whose page is at `where`."""
    return Summary(report, where)


def _headline(report: Report) -> str:
    return (
        f"{harmless(report.model.name)}: {layers.headline(report)}, "
        f"{counted(report.input.sentences, 'sentence')}{' in words' * report.options.words}"
    )


def _part(part: Report, *, plain: bool, width: int) -> RenderResult:
    """The roles of one stack, all of them or the strongest of several parts' each."""
    played = Tables(part).in_order
    shown = strongest(played, ROLES_OF_PART) if part.attention else _fewer(part, played)
    if shown:
        yield _roles(shown, plain=plain, width=width, bars=not part.attention)
    else:
        none = "has any of the roles" if part.judged else "is above chance by any role's margin"
        yield Text(f"No head {none}.")
    if together := [one for one in shown if one.with_it]:
        told = (f"{' and '.join(one.with_it)} with {one.role.title}" for one in together)
        yield Text(_encodable(f"One fact, told once: {harmless('; '.join(told))}.", plain=plain))
    if len(played) > len(shown):
        yield Text(f"And {counted(len(played) - len(shown), 'more role')} in the report.")
    for line in _notes(part, OVERVIEW if part.attention else FINDINGS):
        yield Text(line)


def _fewer(part: Report, played: Sequence[Played]) -> Sequence[Played]:
    """All roles, but of those between words, which may be dozens, the strongest."""
    known = {row.role for row in part.relations}
    between = strongest([one for one in played if one.role.name in known], RELATIONS)
    return [one for one in played if one.role.name not in known or one in between]


def _roles(played: Sequence[Played], *, plain: bool, width: int, bars: bool) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, width=width, header_style="dim")
    table.add_column("", no_wrap=True)
    table.add_column("Role", ratio=1, no_wrap=True)
    table.add_column("Best", no_wrap=True)
    table.add_column("Score", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Heads", justify="right", no_wrap=True)
    if bars and width >= NARROW:
        table.add_column("", no_wrap=True)
    if width >= NARROW:
        table.add_column("Sent.", justify="right", no_wrap=True)
    most = max(len(one.own) for one in played) if bars else 0
    for one in played:
        cells = _row(one, most, plain=plain)
        table.add_row(*islice(cells, len(table.columns)))
    return table


def _row(one: Played, most: int, *, plain: bool) -> Iterable[Text]:
    best, many = one.own[0], len(one.own)
    score = best.score
    yield Text(harmless(one.chip.letter), style=f"bold {one.chip.ink} on {one.chip.colour}")
    yield Text(harmless(one.role.title), overflow="crop" if plain else "ellipsis")
    yield Text(best.head.full_name)
    yield Text(_encodable(estimate(score.score, score.low, score.high), plain=plain))
    said = _encodable(verdict(score.verdict), plain=plain)
    yield Text(said, style="" if score.verdict == "supported" else "italic")
    yield Text(count(many))
    if most:
        yield Text(bar(many / most, plain=plain), style=one.chip.colour)
    yield Text(count(score.sentences))


def bar(share: float, *, plain: bool = False, width: int = BAR) -> str:
    """A bar of `width` cells, filled to an eighth of a cell; in ASCII to a whole one."""
    eighths = max(round(share * width * 8), 1)
    if plain:
        return "#" * max(round(eighths / 8), 1)
    full, rest = divmod(eighths, 8)
    return "█" * full + (_EIGHTHS[rest] if rest else "")


def _notes(report: Report, kinds: Sequence[str]) -> Iterable[str]:
    return (harmless(one.text) for one in report.findings if one.kind in kinds)


def _warnings(report: Report) -> str:
    first, more = harmless(report.warnings[0]), len(report.warnings) - 1
    rest = f" And {counted(more, 'more warning')} in the report." if more else ""
    return f"Warning: {first}{rest}"


def _encodable(text: str, *, plain: bool) -> str:
    return text.replace("−", "-").replace("–", "-") if plain else text
