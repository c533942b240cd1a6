"""Every character gets a glyph, or is written as its code point."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pytest
from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]
from fontTools.pens.t2CharStringPen import T2CharStringPen  # type: ignore[import-untyped]
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
from matplotlib.font_manager import fontManager, get_font

from attnviz.figures import fonts
from attnviz.figures.fonts import FIRST, choose, fitted
from attnviz.figures.render import render
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle

INSTALLED = {entry.name for entry in fontManager.ttflist}


def test_plain_text_needs_only_the_bundled_font() -> None:
    assert choose(["[CLS]", "naïve", "Ωмега", "السلام", "→"]) == ((FIRST,), frozenset())


@pytest.mark.parametrize("text", ["注意力机制", "日本語です", "한국어", "नमस्ते", "ภาษาไทย"])
def test_other_scripts_find_a_system_font_or_are_missing(text: str) -> None:
    families, missing = choose([text])

    assert families[0] == FIRST
    assert len(families) > 1 or missing == set(text)
    assert choose([text]) == (families, missing)


@pytest.mark.skipif("Noto Sans CJK JP" not in INSTALLED, reason="needs the Noto CJK fonts")
def test_han_characters_follow_the_text_around_them() -> None:
    assert choose(["注意"])[0][1] == "Noto Sans CJK SC"
    assert choose(["注意です"])[0][1] == "Noto Sans CJK JP"
    assert choose(["注意", "한국어"])[0][1] == "Noto Sans CJK KR"


def test_what_no_font_can_draw_is_missing() -> None:
    families, missing = choose(["a\x07", "\ue000", "\ud800"])

    assert missing == {"\x07", "\ue000", "\ud800"}
    assert families == (FIRST,)


def test_fonts_of_last_resort_are_never_chosen() -> None:
    families, _ = choose(["👩‍👩‍👧", "🇩🇪"])

    assert not [family for family in families if "resort" in family.lower()]


def test_missing_characters_are_drawn_as_their_code_points() -> None:
    sheet = Sheet(fitted(FigureStyle(), ["x\ue000"]))

    assert sheet.shown("x\ue000") == "xU+E000"
    assert Sheet(FigureStyle()).shown("\x1b") == "U+001B"


@pytest.fixture
def marks_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A font that has U+0947, a mark of Devanagari, and nothing to put it on; no other has it."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((0, 500))
    pen.lineTo((300, 500))
    pen.closePath()
    family = "Planted Marks"
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "mark"])
    builder.setupCharacterMap({0x947: "mark"})
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "mark": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "mark": (300, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    builder.setupPost()
    builder.save(tmp_path / "marks.ttf")
    bundled = [entry for entry in fontManager.ttflist if entry.name == FIRST]
    monkeypatch.setattr(fontManager, "ttflist", bundled)
    fontManager.addfont(tmp_path / "marks.ttf")
    return family


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("e\u0947", "eU+0947"),
        ("◌\u0947", "◌U+0947"),  # as a mark alone is made showable
        ("x e\u0301\u0947 e\u0301", "x eU+0301U+0947 e\u0301"),
    ],
)
def test_a_letter_and_its_mark_from_two_fonts_are_told_apart(
    marks_only: str, text: str, shown: str
) -> None:
    """Each has a glyph, but none has both: the layout would draw a box, and warn."""
    families, missing = choose([text])
    assert families == (FIRST, marks_only)
    assert missing == {next(part for part in text.split() if "\u0947" in part)}
    sheet = Sheet(fitted(FigureStyle(), [text]))
    assert sheet.shown(text) == shown
    assert sheet.measure(text, 10.0) > 10.0  # warnings are errors here
    assert sheet.shown("\u0947") == "\u0947"


def test_what_joins_missing_characters_is_left_out() -> None:
    sheet = Sheet(fitted(FigureStyle(), ["\U0001f9a9\u200d\U0001f9aa", "❤\ufe0f"]))
    if sheet.style.missing:  # no font here has a flamingo
        assert sheet.shown("\U0001f9a9\u200d\U0001f9aa") == "U+1F9A9U+1F9AA"
    assert sheet.shown("❤\ufe0f") == "❤\ufe0f"


def test_arabic_is_shaped() -> None:
    sheet = Sheet(FigureStyle())
    letters = "سلام"

    assert sheet.measure(letters, 10.0) < 0.9 * sum(sheet.measure(char, 10.0) for char in letters)


def test_formulas_are_text_and_settings_are_left_alone() -> None:
    before = dict(mpl.rcParams)
    sheet = Sheet(FigureStyle())
    sheet.text(10.0, 20.0, "$x^$ $\\frac{1}$")

    picture = render(sheet.figure(90.0, 30.0), FigureStyle(), path="x", title="x", caption="x.")

    assert picture.width == 120
    assert dict(mpl.rcParams) == before


def test_a_font_with_postscript_outlines_is_told_from_one_with_true_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pen = T2CharStringPen(600, None)
    for move, point in ((pen.moveTo, (0, 0)), (pen.lineTo, (300, 0)), (pen.lineTo, (300, 300))):
        move(point)
    pen.closePath()
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef"])
    builder.setupCharacterMap({})
    builder.setupCFF("Outlined", {}, {".notdef": pen.getCharString()}, {})
    builder.setupHorizontalMetrics({".notdef": (600, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupPost()
    builder.save(tmp_path / "outlined.otf")

    assert not fonts.postscript("DejaVu Sans")
    monkeypatch.setattr(fonts, "face", lambda _: get_font(tmp_path / "outlined.otf"))
    assert fonts.postscript("Outlined")
