"""Chooses the fonts that show a text: the bundled one, then the system's as needed.

A cluster (a letter with its marks, an emoji of several characters) is drawn by one font or not at
all.
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

    The latter are characters without a glyph, and clusters whose glyphs are in no single family.
    The bundled font is first; system fonts are tried only for what it lacks: the well-known ones,
    then all others by name, until all text has glyphs that can be drawn as outlines. Colour
    bitmaps, as in most emoji fonts, can't.
    """
    clusters = set(chain.from_iterable(map(_CLUSTER.findall, texts)))
    chars = set("".join(clusters))
    missing = {char for char in chars if unicodedata.category(char) in _UNSHOWABLE}
    families, undrawn = _covering([FIRST], chars - missing, chars)
    missing |= undrawn
    joined = {cluster for cluster in clusters if len(cluster) > 1 and missing.isdisjoint(cluster)}
    split = {cluster for cluster in joined if not drawn(cluster, families)}
    families, _ = _covering(families, split, chars)
    undrawn = {cluster for cluster in joined if not drawn(cluster, families)}
    return tuple(families), frozenset(missing | undrawn)


def _covering(
    families: Sequence[str], texts: set[str], script: set[str]
) -> tuple[list[str], set[str]]:
    """`families` and those added to draw `texts`, and the texts that none draws."""
    covering = list(families)
    undrawn = {text for text in texts if not any(_covers(family, text) for family in covering)}
    for family in _system_families(script) if undrawn else ():
        shown = {text for text in undrawn if _covers(family, text)}
        if shown and family not in covering:
            covering.append(family)
        undrawn -= shown
        if not undrawn:
            break
    return covering, undrawn


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
    """`text` with code points, U+E000, for what is `missing` from the fonts (see `choose`).

    Of a cluster that can't be drawn, the first character stays if it has a glyph, and characters
    that draw nothing by themselves (joiners) are left out.
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


def _system_families(chars: set[str]) -> list[str]:
    """The system's families, the likeliest first; for Han those of the text's language."""
    names = {entry.name for entry in fontManager.ttflist} - {FIRST}
    # A font of last resort draws the empty boxes that readers are to be spared.
    installed = {name for name in names if _BOXES not in name.replace(" ", "").lower()}
    scripts = {unicodedata.name(char, "").split(" ")[0] for char in chars}
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
    return get_font([_file(family) for family in families])


@lru_cache(maxsize=512)
def _file(family: str) -> str:
    """The file of a family's regular face; ValueError where it is not installed."""
    with _quiet():
        return str(fontManager.findfont(FontProperties(family=[family]), fallback_to_default=False))


def postscript(family: str) -> bool:
    """Whether the family's outlines are PostScript (CFF) and not TrueType.

    OpenType has the table maxp in version 0.5 for those, and in 1.0 for these.
    """
    profile = face([family]).get_sfnt_table("maxp")
    return profile is not None and profile["version"][0] < 1


@lru_cache(maxsize=512)
def _font(family: str) -> FT2Font | None:
    """The regular face of a family; None where it can't be opened or scaled."""
    try:
        font = face([family])
        font.set_size(12.0, 72.0)
    except (ValueError, RuntimeError, OSError):
        return None
    return font


@lru_cache(maxsize=65536)
def _shows(family: str, char: str) -> bool:
    """Whether the family has an outline for `char`, or an empty glyph for one without ink."""
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
    """Silences the font manager's warnings about weights it could not match."""
    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
