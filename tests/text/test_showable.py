from __future__ import annotations

from xml.parsers import expat
from xml.sax.saxutils import escape

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from attnviz.text.showable import in_short, showable

# Any code point at all, lone surrogates too, with the troublesome ones often.
TROUBLE = (
    "\x00\x07\x1b\t\n\r \x7f\x85\xa0\xad\u0301\u0338\u061c\u115f\u180b\u180e\u200b\u200c\u200d"
    "\u200e\u2028\u202e\u2066\u2800\u3164\ud83d\ufe0f\ufe00\ufeff\ufff9\uffff\U000e0067"
    "\U000e007f\U000e0100❤👩👍🏽🏴1aक्षमലب日ᠮ<U+>⏎␣◌"
)
texts = st.text(
    st.one_of(st.sampled_from(TROUBLE), st.characters(codec=None, exclude_categories=()))
)
HARMFUL = regex.compile(
    r"[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Noncharacter_Code_Point}]"
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "<U+001B>[31mred"),
        ("a\x00b", "a<U+0000>b"),
        ("\x7f\x85", "<U+007F><U+0085>"),
        ("one\ntwo\tthree", "one⏎two⇥three"),
        ("\r\n", "<U+000D>⏎"),
        (" ", "␣"),
        (" \t ", "␣⇥␣"),
        ("two words", "two words"),
        ("\xa0", "<U+00A0>"),
        ("user\u202egnp.exe", "user<U+202E>gnp.exe"),
        ("\u2066x\u2069", "<U+2066>x<U+2069>"),
        ("\u200f", "<U+200F>"),
        ("zero\u200bwidth", "zero<U+200B>width"),
        ("soft\xadhyphen", "soft<U+00AD>hyphen"),
        ("a\u2028b\u2029", "a<U+2028>b<U+2029>"),
        ("\ud800", "<U+D800>"),
        ("\ufffe\U0001ffff", "<U+FFFE><U+1FFFF>"),
        ("a\u200db", "a<U+200D>b"),
        ("👩\U000e0061\U000e0062", "👩<U+E0061><U+E0062>"),
        ("a\ufe0f", "a<U+FE0F>"),
        ("\ue000\U000f0000", "<U+E000><U+F0000>"),
        ("\ufff9base\ufffagloss\ufffb", "<U+FFF9>base<U+FFFA>gloss<U+FFFB>"),
        ("a\u2800b\u2800", "a<U+2800>b<U+2800>"),
        ("\x1c\x1f", "<U+001C><U+001F>"),
        ("\u0301", "◌\u0301"),
        ("\x1b\u0338", "<U+001B>◌\u0338"),
    ],
)
def test_harmful_and_invisible_characters_become_visible(text: str, shown: str) -> None:
    assert showable(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "</script>",
        "[/INST]",
        "$x^$",
        "naïve café",
        "Ελληνικά кириллица 日本語 한국어",
        "שלום عربي",
        "می‌خواهم",  # Persian needs its non-joiner
        "क्‍ष",  # Devanagari its joiner
        "👩‍🚀👨‍👩‍👧👍🏽🇮🇸1️⃣❤️🏴󠁧󠁢󠁳󠁣󠁴󠁿",
        "葛\U000e0100",
        "\u06dd١",  # a format character that is visible
        "⠠⠃⠗⠇⠀⠀⠞⠑⠭⠞",  # Braille is spaced with a pattern of no dots
    ],
)
def test_scripts_and_emoji_stay(text: str) -> None:
    assert showable(text) == text


@given(texts)
def test_what_is_shown_is_shown_unchanged(text: str) -> None:
    assert showable(showable(text)) == showable(text)


@given(texts)
def test_what_is_shown_is_legal_xml_and_harmless(text: str) -> None:
    shown = showable(text)
    assert HARMFUL.search(shown) is None
    expat.ParserCreate().Parse(f"<text>{escape(shown)}</text>".encode(), True)


@given(texts)
def test_nothing_is_shown_as_nothing_only(text: str) -> None:
    assert bool(showable(text).strip()) == bool(text)


def test_a_name_in_short_is_a_line_and_of_a_path_the_end() -> None:
    assert in_short("minilm") == "minilm"
    assert in_short("/models/of/the/house/sentence-transformers/all", 20) == "…ce-transformers/all"
    assert in_short("two\nlines\x1b") == "two⏎lines<U+001B>"
