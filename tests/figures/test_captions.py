"""Numbers and labels as people read them."""

from __future__ import annotations

import pytest

from attnviz.figures.captions import listing, two
from attnviz.figures.labels import shorten, tags
from attnviz.figures.palette import FAMILIES, ink_on, tint
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.text.types import TokenLabel


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.8349, "0.83"),
        (0.0412, "0.041"),
        (0.999, "1.0"),
        (3.04, "3.0"),
        (12.4, "12"),
        (120.4, "120"),
        (0.0, "0"),
        (0.0002, "<0.001"),
        (float("nan"), "–"),
    ],
)
def test_numbers_have_two_significant_digits(value: float, text: str) -> None:
    assert two(value) == text


def test_lists_read_like_sentences() -> None:
    assert listing(["a", "b", "c"]) == "a, b and c"


def test_long_labels_lose_their_middle_and_keep_their_flags() -> None:
    sheet = Sheet(FigureStyle())
    short = shorten(sheet, TokenLabel("start" + "x" * 50 + "end", piece=True), 7.0)

    assert short.text.startswith("start")
    assert short.text.endswith("end")
    assert "…" in short.text
    assert short.piece
    assert sheet.measure(short.text, 7.0) <= 72.0


def test_accents_are_not_torn_off() -> None:
    sheet = Sheet(FigureStyle())

    assert "…\u0301" not in shorten(sheet, TokenLabel("e\u0301" * 60), 7.0).text


def test_thinned_labels_carry_their_positions() -> None:
    sheet = Sheet(FigureStyle())
    found = tags(sheet, tuple(TokenLabel(str(index)) for index in range(9)), 7.0, block=2, step=2)

    assert [(tag.cell, tag.label.text, tag.position) for tag in found] == [
        (0, "0", "0"),
        (2, "4", "4"),
        (4, "8", "8"),
    ]


def test_there_are_eight_families_and_ink_reads_on_each() -> None:
    assert len(set(FAMILIES.values())) == 8
    assert ink_on(FAMILIES["position"]) == "#FFFFFF"
    assert ink_on(FAMILIES["punctuation"]) == "#1A1A1A"
    assert tint("#0072B2", 0.0) == "#FFFFFF"
