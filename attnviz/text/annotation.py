"""Places annotated words in the text of their sentence, and joins sentences' annotations."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import regex

from attnviz.text.types import Annotation, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

# How far ahead a form is looked for that doesn't stand where it should, in characters.
_REACH = 64
_CLUSTER = regex.compile(r"\X")
_CHUNK = regex.compile(r"\S+")


def placed_forms(text: str, forms: Sequence[str]) -> list[Span]:
    """Find the spans (start, end) of `forms` in `text`, in order.

    White space and the encoding of accents don't matter. Forms that aren't in the text get what it
    has between their neighbours: a chunk each where there are as many chunks as forms, else all of
    it, which may be nothing.
    """
    chars, places = _squeezed(text)
    bare_forms = [_bare(form) for form in forms]
    spans: list[Span | None] = []
    cursor = 0
    for k, form in enumerate(bare_forms):
        start = (
            cursor
            if chars.startswith(form, cursor)
            else _ahead(chars, bare_forms[k : k + 2], cursor)
        )
        if form and start >= 0:
            cursor = start + len(form)
            spans.append((places[start][0], places[cursor - 1][1]))
        else:
            spans.append(None)
    return _filled(text, spans)


def divided(text: str, span: Span, forms: Sequence[str]) -> list[Span]:
    """The spans of a multiword token's words within its `span`; all of it each if they differ."""
    start, end = span
    surface = text[start:end]
    if _bare(surface) != "".join(map(_bare, forms)):
        return [span] * len(forms)
    return [(start + first, start + last) for first, last in placed_forms(surface, forms)]


def joined(annotations: Sequence[tuple[Annotation, int]]) -> Annotation:
    """Join annotations, each with the offset of its text in the joined text, to one."""
    spans: list[Span] = []
    heads: list[int] = []
    mentions = []
    for annotation, offset in annotations:
        before = len(spans)
        spans += [(start + offset, end + offset) for start, end in annotation.spans]
        heads += [head + before if head >= 0 else head for head in annotation.heads]
        mentions += [
            replace(
                mention,
                start=mention.start + before,
                end=mention.end + before,
                head=mention.head + before,
            )
            for mention in annotation.mentions
        ]
    return Annotation(
        forms=tuple(chain.from_iterable(annotation.forms for annotation, _ in annotations)),
        spans=tuple(spans),
        upos=tuple(chain.from_iterable(annotation.upos for annotation, _ in annotations)),
        heads=tuple(heads),
        relations=tuple(chain.from_iterable(annotation.relations for annotation, _ in annotations)),
        mentions=tuple(mentions),
    )


def _bare(text: str) -> str:
    """Leave out white space and compose accents."""
    return "".join(unicodedata.normalize("NFC", text).split())


def _squeezed(text: str) -> tuple[str, list[Span]]:
    """`_bare(text)`, and the span in `text` of each of its characters."""
    if unicodedata.is_normalized("NFC", text):
        places = [(k, k + 1) for k, char in enumerate(text) if not char.isspace()]
        return _bare(text), places
    chars: list[str] = []
    places = []
    for cluster in _CLUSTER.finditer(text):
        bare = _bare(cluster.group())
        chars.append(bare)
        places += [cluster.span()] * len(bare)
    return "".join(chars), places


def _ahead(chars: str, forms: Sequence[str], cursor: int) -> int:
    """Find the first of `forms` beyond the cursor; -1 where it isn't near."""
    # A short form is soon found inside another word: the one that follows must follow here too.
    if len(forms) > 1:
        pair = forms[0] + forms[1]
        return chars.find(pair, cursor, cursor + _REACH + len(pair))
    start = len(chars) - len(forms[0])
    return start if start >= cursor and chars.endswith(forms[0]) else -1


def _filled(text: str, spans: Sequence[Span | None]) -> list[Span]:
    """Give the forms that weren't found what lies between their neighbours."""
    filled: list[Span] = []
    missing = 0
    for span in (*spans, (len(text), len(text))):
        if span is None:
            missing += 1
            continue
        if missing:
            filled += _gap(text, filled[-1][1] if filled else 0, span[0], missing)
        filled.append(span)
        missing = 0
    return filled[:-1]


def _gap(text: str, start: int, end: int, count: int) -> list[Span]:
    # Neighbours that are parts of one character, a letter and its accent, share its place.
    start = min(start, end)
    chunks = [chunk.span() for chunk in _CHUNK.finditer(text, start, end)]
    if len(chunks) == count:
        return chunks
    return [(chunks[0][0], chunks[-1][1]) if chunks else (start, start)] * count
