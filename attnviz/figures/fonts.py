"""Which fonts show the text: the bundled one, then the system's, as far as they are needed.

A letter with its marks, or an emoji of several parts, is drawn by one font or not at all: that
each part has a glyph somewhere doesn't help.
"""

from __future__ import annotations

import logging
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from itertools import chain

import regex
from matplotlib.font_manager import FontProperties, fontManager, get_font
from matplotlib.ft2font import FT2Font, LoadFlags

from attnviz.figures.style import FigureStyle

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
# Not all that sits on a letter is part of its cluster by Unicode (U+1A61), but the layout joins it.
_CLUSTER = regex.compile(r"\X\p{M}*")
_IGNORABLE = regex.compile(r"\p{DI}")


def choose(texts: Iterable[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """The font families that show `texts`, in order of preference, and what none can show.

    The latter are characters, and clusters whose characters have glyphs but in no one family.
    The bundled font is first; system fonts are looked at only for characters it lacks: the
    well-known ones first, then all others by name, until every character has a glyph that can
    be drawn as an outline. Colour bitmaps, as in most emoji fonts, cannot.
    """
    clusters = set(chain.from_iterable(map(_CLUSTER.findall, texts)))
    wanted = set("".join(clusters))
    missing = {char for char in wanted if unicodedata.category(char) in _UNSHOWABLE}
    families, left = _covering([FIRST], wanted - missing, wanted)
    missing |= left
    joined = {one for one in clusters if len(one) > 1 and missing.isdisjoint(one)}
    families, _ = _covering(families, {one for one in joined if not drawn(one, families)}, wanted)
    left = {one for one in joined if not drawn(one, families)}
    return tuple(families), frozenset(missing | left)


def _covering(
    families: Sequence[str], wanted: set[str], script: set[str]
) -> tuple[list[str], set[str]]:
    """`families` with those that draw what is `wanted`, and what of it none draws."""
    found = list(families)
    left = {text for text in wanted if not any(_covers(family, text) for family in found)}
    for family in _candidates(script) if left else ():
        shown = {text for text in left if _covers(family, text)}
        if shown and family not in found:
            found.append(family)
        left -= shown
        if not left:
            break
    return found, left


def _covers(family: str, text: str) -> bool:
    return all(_shows(family, char) for char in text)


def drawn(text: str, families: Sequence[str]) -> bool:
    """Whether the layout finds a glyph for all of `text`, each cluster of it in one family."""
    font = face(families)
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        font.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
    return not remarks


def spelled(text: str, missing: frozenset[str]) -> str:
    """`text` with code points, U+E000, for what fonts lack: `missing`, as `choose` tells it.

    Of a cluster that can't be drawn as it is, the first character stays if it has a glyph; what
    draws nothing by itself, a joiner say, is left out with what it joined.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelled(cluster, missing) for cluster in _CLUSTER.findall(text))


def _spelled(cluster: str, missing: frozenset[str]) -> str:
    lost = [char in missing or unicodedata.category(char) in _UNSHOWABLE for char in cluster]
    if not any(lost) and cluster not in missing:
        return cluster
    first = _code(cluster[0]) if lost[0] else cluster[0]
    return first + "".join(_code(char) for char in cluster[1:] if not _IGNORABLE.match(char))


def _code(char: str) -> str:
    return f"U+{ord(char):04X}"


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
