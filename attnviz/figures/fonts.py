"""Which fonts show the text: the bundled one, then the system's, as far as they are needed."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache

from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.ft2font import FT2Font, LoadFlags

from attnviz.figures.kind import FigureStyle

FIRST = "DejaVu Sans"
"""The family that comes with matplotlib, so that plain text looks the same everywhere."""

_PREFERRED = (
    "Noto Sans",
    "Noto Sans Arabic",
    "Noto Naskh Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Devanagari",
    "Noto Sans Thai",
    "Noto Sans Symbols",
    "Noto Sans Symbols 2",
    "Noto Sans Symbols2",
    "Noto Sans Math",
    "Segoe UI",
    "Segoe UI Symbol",
    "Segoe UI Historic",
    "Nirmala UI",
    "Leelawadee UI",
    "Arial",
    "Geeza Pro",
    "Kohinoor Devanagari",
    "Thonburi",
    "Apple Symbols",
    "Arial Unicode MS",
    "Noto Emoji",
    "Symbola",
    "FreeSans",
    "Unifont",
)
_CHINESE = ("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei")
_JAPANESE = ("Noto Sans CJK JP", "Source Han Sans", "Hiragino Sans", "Yu Gothic")
_KOREAN = ("Noto Sans CJK KR", "Source Han Sans K", "Apple SD Gothic Neo", "Malgun Gothic")
_BOXES = "lastresort"
_UNSHOWABLE = frozenset({"Cc", "Cs", "Co", "Cn"})
_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cf", "Mn", "Me", "Lo"})


def choose(texts: Iterable[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The font families that show `texts`, in order of preference, and what none can show.

    The bundled font is first; system fonts are looked at only for characters it lacks: the
    well-known ones first, then all others by name, until every character has a glyph that can
    be drawn as an outline. Colour bitmaps, as in most emoji fonts, cannot.
    """
    wanted = {char for text in texts for char in text}
    missing = {char for char in wanted if unicodedata.category(char) in _UNSHOWABLE}
    left = {char for char in wanted - missing if not _shows(FIRST, char)}
    families = [FIRST]
    if left:
        for family in _candidates(wanted):
            shown = {char for char in left if _shows(family, char)}
            if shown:
                families.append(family)
                left -= shown
            if not left:
                break
    return tuple(families), frozenset(missing | left)


def fitted(style: FigureStyle, texts: Iterable[str]) -> FigureStyle:
    """`style` with the fonts that `texts` need."""
    families, missing = choose(texts)
    return replace(style, fonts=families, missing=missing)


def _candidates(wanted: set[str]) -> list[str]:
    """The system's families, the likeliest first; Han characters in the text's own style."""
    names = {entry.name for entry in fontManager.ttflist} - {FIRST}
    # A font of last resort draws the empty boxes that readers are to be spared.
    installed = {name for name in names if _BOXES not in name.replace(" ", "").lower()}
    scripts = {unicodedata.name(char, "").split(" ")[0] for char in wanted}
    if scripts & {"HIRAGANA", "KATAKANA"}:
        han = (*_JAPANESE, *_CHINESE, *_KOREAN)
    elif "HANGUL" in scripts:
        han = (*_KOREAN, *_CHINESE, *_JAPANESE)
    else:
        han = (*_CHINESE, *_JAPANESE, *_KOREAN)
    first = [family for family in (*han, *_PREFERRED) if family in installed]
    rest = sorted(installed - set(first), key=lambda family: ("Sans" not in family, family))
    return first + rest


def face(families: Iterable[str]) -> FT2Font:
    """The regular face of the first family, which falls back to those of the others.

    Raises ValueError where a family is not installed.
    """
    with _quiet():
        return get_font(
            [
                fontManager.findfont(FontProperties(family=[family]), fallback_to_default=False)
                for family in families
            ]
        )


@lru_cache(maxsize=512)
def _font(family: str) -> FT2Font | None:
    """The regular face of a family; nothing where it can't be opened or scaled."""
    try:
        font = face([family])
        font.set_size(12.0, 72.0)
    except (ValueError, RuntimeError, OSError):
        return None
    return font


@lru_cache(maxsize=65536)
def _shows(family: str, char: str) -> bool:
    """Whether the family has an outline for `char`, or rightly has none, as for a space."""
    font = _font(family)
    if font is None:
        return False
    index = font.get_char_index(ord(char))
    if index == 0:
        return False
    try:
        font.load_glyph(index, LoadFlags.NO_HINTING)
        vertices, _ = font.get_path()
    except RuntimeError:
        return False
    return len(vertices) > 0 or unicodedata.category(char) in _INVISIBLE


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the font manager's remarks about weights it could not match."""
    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
