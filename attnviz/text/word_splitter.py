"""Splits plain text into words by Unicode's rules, and by ICU's in scripts without spaces.

By Unicode's word boundaries (UAX #29) "didn't" and "3.14" are one word each, "well-known" is
three, and a mark is a word of its own. Chinese, Japanese, Thai, Lao, Khmer and Burmese put no space
between words, so splitting them takes a dictionary: ICU has those (extra `icu`). Without ICU each
character of such a text counts as a word.
"""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from attnviz.text.types import Span

# With the flag `w` the boundaries are Unicode's own.
_SEGMENT = regex.compile(r"(?V1w)\b(.+?)\b", regex.DOTALL)

_SCRIPTS = {
    "Chinese or Japanese": r"[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]",
    "Thai": r"\p{Thai}",
    "Lao": r"\p{Lao}",
    "Khmer": r"\p{Khmer}",
    "Burmese": r"\p{Myanmar}",
}
_LETTERS = {
    name: regex.compile(rf"(?V1)[{script}&&[\p{{L}}\p{{M}}]]") for name, script in _SCRIPTS.items()
}
_UNSPACED = regex.compile(rf"(?V1)[[{''.join(_SCRIPTS.values())}]&&[\p{{L}}\p{{M}}]]")


def split_words(text: str, language: str = "en") -> list[Span]:
    """The places (start, end) of the words of `text`, in order; white space belongs to none.

    `language` is a code such as "ja", for the rules that differ between languages.
    """
    segments = [m.span() for m in _SEGMENT.finditer(text) if not m[0].isspace()]
    breaks = _dictionary(language) if _UNSPACED.search(text) else None
    return segments if breaks is None else list(_divided(text, segments, breaks))


def scripts_without_words(texts: Iterable[str]) -> list[str]:
    """Names of the scripts in `texts` that can't be split into words because ICU is missing."""
    if _dictionary("en") is not None:
        return []
    missing = dict.fromkeys(_LETTERS, False)
    for text in texts:
        if _UNSPACED.search(text):
            missing |= {name: True for name, letters in _LETTERS.items() if letters.search(text)}
    return [name for name, present in missing.items() if present]


def _divided(text: str, segments: Iterable[Span], breaks: Any) -> Iterator[Span]:  # noqa: ANN401
    """The segments, those of scripts without spaces joined and divided by a dictionary instead."""
    stretch: list[Span] = []
    for segment in segments:
        unspaced = _UNSPACED.match(text, segment[0]) is not None
        if stretch and (not unspaced or segment[0] != stretch[-1][1]):
            yield from _looked_up(text, stretch[0][0], stretch[-1][1], breaks)
            stretch = []
        if unspaced:
            stretch.append(segment)
        else:
            yield segment
    if stretch:
        yield from _looked_up(text, stretch[0][0], stretch[-1][1], breaks)


def _looked_up(text: str, start: int, end: int, breaks: Any) -> Iterator[Span]:  # noqa: ANN401
    breaks.setText(text[start:end])
    units = [0]  # ICU counts in UTF-16, where some characters are two units long
    for character in text[start:end]:
        units.append(units[-1] + (1 if character <= "\uffff" else 2))
    places = {unit: place for place, unit in enumerate(units)}
    first = start
    for unit in breaks:
        last = start + places[unit]
        yield first, last
        first = last


@lru_cache
def _dictionary(language: str) -> Any:  # noqa: ANN401 - ICU may be missing where types are checked
    """ICU's word boundaries for a language; None where ICU isn't installed."""
    try:
        icu = importlib.import_module("icu")
    except ImportError:
        return None
    return icu.BreakIterator.createWordInstance(icu.Locale(language))
