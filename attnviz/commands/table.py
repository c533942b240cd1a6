"""Rows of a name and what is said of it, printed in three formats."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from attnviz.console import put

Row = Mapping[str, str]


def show(rows: Sequence[Row], form: str) -> None:
    """Prints rows that have the same keys, "name" first: as "human", "json" or "markdown"."""
    if form == "json":
        put(f"{json.dumps(rows, indent=2, ensure_ascii=False)}\n".encode())
    elif form == "markdown":
        put(f"{_markdown(rows)}\n".encode())
    else:
        put(_table(rows))


def _table(rows: Sequence[Row]) -> Table:
    """A name with its words in a column beside it: any length wraps, nothing is cut."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(ratio=1)
    last = len(rows) - 1
    for index, row in enumerate(rows):
        first, *rest = [key for key in row if key != "name"]
        words = Text(row[first])
        for key in rest:
            words.append(f"\n{key}: ", style="dim")
            words.append(row[key])
        if rest and index != last:
            words.append("\n")
        table.add_row(row["name"], words)
    return table


def _markdown(rows: Sequence[Row]) -> str:
    lines = [_line(list(rows[0])), f"|{'---|' * len(rows[0])}"]
    lines += [_line([_cell(text) for text in row.values()]) for row in rows]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """The text as it is, whatever Markdown would make of it."""
    return re.sub(r"([\\`*_{}\[\]<>|~])", r"\\\1", text)
