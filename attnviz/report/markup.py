"""The pieces that Markdown pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attnviz.report.escape import markdown as safe


def bullets(texts: Iterable[str]) -> str:
    """A list of texts, which are made safe."""
    return "\n".join(f"- {safe(text)}" for text in texts)


def table(header: Sequence[str], align: str, rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are safe; `align` has a letter a column, "l" or "r"."""
    rule = ("--:" if side == "r" else ":--" for side in align)
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, tuple(rule), *rows))
