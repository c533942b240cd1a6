"""Masses in the terminal: the most first, all where nothing scrolls away."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from attnviz.drawing.ranking import Ranking
from attnviz.drawing.weights import HeadMass

MASSES = [HeadMass(f"L{n // 12}H{n % 12}", n // 12, n % 12, 1 - n / 270) for n in range(270)]


def printed(*, terminal: bool, height: int = 25, query: str = "it") -> list[str]:
    console = Console(
        file=io.StringIO(), force_terminal=terminal, width=80, height=height, color_system=None
    )
    console.print(Ranking(MASSES, query, "animal", "model", ["A note."]), markup=False)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_all_of_them_where_nobody_watches() -> None:
    lines = printed(terminal=False)
    assert lines[:2] == ["Attention of “it” to “animal”: 270 heads, mean 0.502, model", "A note."]
    assert lines[3] == f"L0H0   1.000  {'█' * 40}"
    assert all(any(each.name in line.split() for line in lines) for each in MASSES)


@pytest.mark.parametrize("height", [25, 40])
def test_as_many_as_fit_on_a_terminal(height: int) -> None:
    lines = printed(terminal=True, height=height)
    assert len(lines) < height
    left = re.search(r"(\d+) more, 0\.\d+ at most: -o FILE\.csv has them all", lines[-1])
    assert left is not None
    shown = [each.name for each in MASSES if any(each.name in line.split() for line in lines)]
    assert shown == [each.name for each in MASSES[: 270 - int(left[1])]]


def test_words_are_no_markup() -> None:
    assert "“[/red]<U+001B>”" in printed(terminal=False, query="[/red]\x1b")[0]
