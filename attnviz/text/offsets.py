"""Finds the offsets of tokens in a text, for tokenizers that don't tell them.

Tokenizers written in Python give pieces only: lowercased, without accents, in bytes, with Moses'
escapes, or unknown. Pieces and text are brought into one form and aligned from left to right: the
alignment of the lowest cost is chosen, where a character left out, put in or exchanged costs 1.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, NamedTuple

import regex

from attnviz.text.spelling import Char, is_white, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from attnviz.text.types import Span

# Cost of leaving out a mark or format character, which tokenizers strip; up to `_MARKS` of cost
# (five of them) an exact match is always looked for.
_STRIPPED, _MARKS = 0.1, 0.5
_STRIPPED_CATEGORIES = frozenset(("Mn", "Me", "Mc", "Cf", "Cc", "Cn", "Co", "Cs"))
# The most that respelling a piece costs: it may be quite different (an emoji in words).
_AT_MOST = 2.5
# An unknown token mostly stands for what tokenizers take for a word: a run of letters and digits,
# or a sign. It rarely stands for nothing or for several words.
_UNKNOWN, _UNKNOWN_NOTHING, _OVER_SPACE, _ODD_END = 0.3, 2.0, 1.0, 0.05
_STRETCH = regex.compile(r"(?V1)\p{Han}|[\w--\p{Han}][[\w\p{M}]--\p{Han}]*|.\p{M}*", regex.DOTALL)
# Cost of a piece marked as the beginning of a word within a word (it may follow punctuation), and
# of any other piece at the beginning of a word.
_NO_START, _NO_CONTINUATION = 0.2, 0.5
# Alignments that cost more than the cheapest by this are dropped, and all but the cheapest so many.
_SLACK, _WAYS = 2.5, 12
# How far ahead, in characters, a piece is looked for where it doesn't come next.
_REACH = 24


class _Text(NamedTuple):
    """A text without its white space, in the form that pieces are compared in.

    For each character of `form`: the place of its source `at`, what it costs to leave it out,
    whether it begins a word, and where in `form` its word ends.
    """

    form: str
    at: tuple[int, ...]
    costs: tuple[float, ...]
    begins: tuple[bool, ...]
    word_ends: tuple[int, ...]


class _Fragment(NamedTuple):
    """The characters that the pieces from `first` to `last` spell together, in compared form.

    A piece has several fragments where it shares the bytes of a character with its neighbours.
    `begins`: whether it begins a word, None if unmarked; `unknown`: it isn't spelled out.
    """

    form: str
    first: int
    last: int
    begins: bool | None
    unknown: bool


class _Way(NamedTuple):
    """An alignment of the fragments so far: where the last one stands, and the way before it."""

    cost: float
    start: int
    end: int
    exact: bool
    before: _Way | None


def offsets(
    text: str,
    pieces: Sequence[str],
    *,
    unknown: str | None = None,
    alphabet: Mapping[str, int] | None = None,
) -> list[Span]:
    """The span (start, end) of each piece in `text`, in characters, in rising order.

    Pieces that share the bytes of a character have all of it; a piece that stands for nothing in
    the text has an empty span. `unknown` is the piece of unknown tokens, `alphabet` the byte that
    each character stands for in the pieces of a byte-level tokenizer.
    """
    chars = spelled(text, pieces, unknown, alphabet or {})
    prepared, fragments = _prepared(text), list(_fragments(chars))
    places = _places(len(pieces), fragments, _aligned(prepared, fragments), prepared.at)
    return list(_with_spaces(text, places, {char.first for char in chars if char.white}))


@lru_cache(maxsize=4096)
def _form(character: str) -> str:
    """A character as it is compared: decomposed, without case; nothing for white space."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(char for char in folded if not is_white(char))


@lru_cache(maxsize=4096)
def _omission_cost(character: str) -> float:
    return _STRIPPED if unicodedata.category(character) in _STRIPPED_CATEGORIES else 1.0


def _prepared(text: str) -> _Text:
    form, at, costs, begins = [], [], [], []
    fresh = True
    for place, character in enumerate(text):
        if is_white(character):
            fresh = True
            continue
        for compared in _form(character):
            form.append(compared)
            at.append(place)
            costs.append(_omission_cost(compared))
            begins.append(fresh)
            fresh = False
    firsts = [place for place, first in enumerate(begins) if first]
    word_ends = [end for start, end in pairwise([*firsts, len(form)]) for _ in range(start, end)]
    return _Text("".join(form), tuple(at), tuple(costs), tuple(begins), tuple(word_ends))


def _fragments(chars: Sequence[Char]) -> Iterator[_Fragment]:
    """Group the characters that belong to the same pieces; white space is left out."""
    held: list[Char] = []
    for char in chars:
        if char.white:
            continue
        if held and (held[0].first, held[0].last) != (char.first, char.last):
            yield _fragment(held)
            held = []
        held.append(char)
    if held:
        yield _fragment(held)


def _fragment(held: Sequence[Char]) -> _Fragment:
    form = "".join(_form(char.text or "") for char in held)
    return _Fragment(form, held[0].first, held[0].last, held[0].begins, not form)


def _aligned(text: _Text, fragments: Sequence[_Fragment]) -> list[_Way]:
    """The cheapest alignment: for each fragment its place in the form of the text."""
    ways = {0: _Way(0.0, 0, 0, True, None)}
    for fragment in fragments:
        ways = _best(
            _unknown(text, fragment, ways) if fragment.unknown else _known(text, fragment, ways)
        )
    last = min(
        ways.values(), key=lambda way: way.cost + sum(text.costs[way.end : way.end + _REACH])
    )
    chosen: list[_Way] = []
    way: _Way | None = last
    while way is not None and way.before is not None:
        chosen.append(way)
        way = way.before
    return chosen[::-1]


def _best(ways: Iterator[_Way]) -> dict[int, _Way]:
    """The cheapest way to each end, without those that cost too much more than the cheapest."""
    by_end: dict[int, _Way] = {}
    for way in ways:
        if way.end not in by_end or way.cost < by_end[way.end].cost:
            by_end[way.end] = way
    ranked = sorted(by_end.values(), key=lambda way: (way.cost, way.end))[:_WAYS]
    return {way.end: way for way in ranked if way.cost <= ranked[0].cost + _SLACK}


def _known(text: _Text, fragment: _Fragment, ways: Mapping[int, _Way]) -> Iterator[_Way]:
    """Each way continued by a fragment that is spelled out; inexactly only where need be."""
    cheapest = min(way.cost for way in ways.values())
    exact = [on for way in ways.values() for on in _exact(text, fragment, way, _MARKS)]
    yield from exact
    if any(way.cost <= cheapest + _NO_CONTINUATION for way in exact):
        return
    for way in ways.values():
        yield from _exact(text, fragment, way, inf)
        yield from _respelled(text, fragment, way)


def _exact(text: _Text, fragment: _Fragment, way: _Way, most: float) -> Iterator[_Way]:
    """The fragment exactly, here or after characters left out for a cost of at most `most`."""
    skipped = 0.0
    for start in range(way.end, min(way.end + _REACH, len(text.form)) + 1):
        if skipped > most:
            return
        if text.form.startswith(fragment.form, start):
            # Farther on it costs a little more, so that of two the nearer is taken.
            cost = way.cost + min(skipped, _AT_MOST) + 0.01 * (start - way.end)
            end = start + len(fragment.form)
            yield _Way(cost + _start_cost(text, fragment, start), start, end, True, way)
        skipped += text.costs[start] if start < len(text.form) else 0.0


def _respelled(text: _Text, fragment: _Fragment, way: _Way) -> Iterator[_Way]:
    """The fragment in place of the next characters: for each end, by its edit distance."""
    start = way.end
    window = text.form[start : start + len(fragment.form) + _REACH // 4]
    row = [0.0]
    for place in range(len(window)):
        row.append(row[-1] + text.costs[start + place])
    for character in fragment.form:
        above, row = row, [row[0] + 1]
        for place, other in enumerate(window):
            row.append(
                min(
                    above[place] + (character != other),
                    above[place + 1] + 1,
                    row[place] + text.costs[start + place],
                )
            )
    spaces = 0.0
    for length, cost in enumerate(row):
        spaces += _OVER_SPACE * (length > 1 and text.begins[start + length - 1])
        total = min(cost, _AT_MOST + 0.01 * abs(length - len(fragment.form))) + spaces
        begin = _start_cost(text, fragment, start) if length else 0.0
        yield _Way(way.cost + total + begin, start, start + length, False, way)


def _unknown(text: _Text, fragment: _Fragment, ways: Mapping[int, _Way]) -> Iterator[_Way]:
    """Each way continued by an unknown fragment, up to the end of the next word."""
    for way in ways.values():
        yield _Way(way.cost + _UNKNOWN_NOTHING, way.end, way.end, False, way)
        cost = way.cost + _UNKNOWN + _start_cost(text, fragment, way.end)
        stretch_end, word_end = _ends(text, way.end)
        for end in range(way.end + 1, min(stretch_end, way.end + _REACH // 2)):
            yield _Way(cost + _ODD_END, way.end, end, False, way)
        for end in {stretch_end, word_end} - {way.end}:
            yield _Way(cost + _ODD_END * (end > stretch_end), way.end, end, False, way)
        if (next_end := _ends(text, word_end)[1]) > word_end:
            yield _Way(cost + _OVER_SPACE, way.end, next_end, False, way)


def _ends(text: _Text, start: int) -> tuple[int, int]:
    """Where the letters or the sign at `start` end, and where the word does, in this order."""
    if start >= len(text.form):
        return start, start
    word_end = text.word_ends[start]
    stretch = _STRETCH.match(text.form, start, min(word_end, start + 2 * _REACH))
    return stretch.end() if stretch else word_end, word_end


def _start_cost(text: _Text, fragment: _Fragment, start: int) -> float:
    if fragment.begins is None or start >= len(text.form) or fragment.begins == text.begins[start]:
        return 0.0
    return _NO_START if fragment.begins else _NO_CONTINUATION


def _places(
    count: int, fragments: Sequence[_Fragment], ways: Sequence[_Way], at: Sequence[int]
) -> list[Span | None]:
    """The span of each piece, from the first to the last of its fragments; None if it has none."""
    places: list[Span | None] = [None] * count
    inexact: Span | None = None
    for fragment, way in zip(fragments, ways, strict=True):
        place = (at[way.start], at[way.end - 1] + 1) if way.start < way.end else None
        # What takes several pieces to respell (an emoji in words) is the place of each of them.
        if place is None and fragment.begins is not True:
            place = inexact
        inexact = None if way.exact else place
        if place is None:
            continue
        for piece in range(fragment.first, fragment.last + 1):
            known = places[piece]
            places[piece] = place if known is None else (known[0], max(known[1], place[1]))
    return places


def _with_spaces(text: str, places: Sequence[Span | None], spaces: set[int]) -> Iterator[Span]:
    """Give each piece of nothing but white space one white character between its neighbours.

    Any other piece without a span gets an empty one where the last ended, or the span that the
    pieces around it share.
    """
    starts = [len(text)]  # of what follows each piece, from the last to the first
    for known in reversed(places):
        starts.append(starts[-1] if known is None else known[0])
    last = 0
    for piece, known in enumerate(places):
        following = starts[-piece - 1]
        place = known or (min(last, following), last)
        if known is None and piece in spaces:
            place = _first_space(text, last, following) or place
        yield place
        last = max(last, place[1])


def _first_space(text: str, start: int, end: int) -> Span | None:
    """The first white space between two places, behind marks that a tokenizer stripped."""
    place = next((place for place in range(start, end) if is_white(text[place])), None)
    return None if place is None else (place, place + 1)
