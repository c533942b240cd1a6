"""A comparison on the terminal: what changed, and where the page is."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from attnviz.comparison import sections
from attnviz.comparison.several import Comparisons
from attnviz.report.escape import harmless
from attnviz.report.numbers import counted

WIDTH = 80

WARNED = 3
"""So many warnings are told here; a page has them all."""


def summary(comparisons: Comparisons, where: str = "") -> RenderableType:
    """What to print for a comparison whose page is at `where`, "" for none."""
    page = sections.of(comparisons)
    lines: list[RenderableType] = [Text(harmless(page.title), style="bold")]
    lines += [Text(f"Warning: {harmless(each)}", style="yellow") for each in page.warnings[:WARNED]]
    if (others := len(page.warnings) - WARNED) > 0:
        lines.append(
            Text(f"And {counted(others, 'further warning')} in compare.html.", style="yellow")
        )
    listed = Table(box=None, show_header=False, padding=(0, 1, 0, 0), pad_edge=False, width=WIDTH)
    listed.add_column(no_wrap=True)
    listed.add_column(ratio=1)
    for says in page.findings:
        listed.add_row(Text("-"), Text(harmless(says.text)))
    lines.append(listed)
    if page.more:
        lines.append(Text(f"And {len(page.more)} more in compare.html.", style="dim"))
    if where:
        lines.append(Text(harmless(where), no_wrap=True, overflow="ignore", style="cyan"))
    return Group(*lines)
