"""What the page's explorer is made of, as plain data and blocks of text, and how large that is.

`templates/explorer/data.js` reads it.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from attnviz.figures.palette import FAMILIES, hexadecimal, ink_on, on_paper
from attnviz.figures.scale import colormap
from attnviz.report import cells, head_numbers, numbers
from attnviz.report.escape import harmless
from attnviz.report.pages import stylesheet
from attnviz.report.scripts import loader, packed
from attnviz.values import size

if TYPE_CHECKING:
    from attnviz.report.explored import Explored, RoleTarget, Word
    from attnviz.report.model import Report
    from attnviz.text.types import TokenLabel

_LONGEST = 200
"""Characters of a token or a sentence; the page has all of them elsewhere."""

_TAGS = 60
"""Bytes of the element around a block."""

_SENTENCES = 12
"""So many sentences that are left out are named."""

_MARKUP = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Block:
    """Deflated bytes in base64, and the place on the page where the script looks for them."""

    id: str
    text: str


def fitted(report: Report) -> Report:
    """The report with the sentences that its explorer has room for, in the order of the text.

    A warning tells which are left out. All streams of a sentence come together or not at all.
    """
    room = size(report.options.max_size or "0") - _overhead(report)
    kept: set[int] = set()
    reasons: dict[str, list[int]] = {}
    for number in sorted({each.id for part in report.every_part for each in part.explored}):
        every = [
            (part, each)
            for part in report.every_part
            for each in part.explored
            if each.id == number
        ]
        why_not = next((each.why_not for _, each in every if each.why_not), "")
        needed = sum(_weight(part, each) for part, each in every)
        if not why_not and needed > room:
            why_not = "for want of room"
        if why_not:
            reasons.setdefault(why_not, []).append(number)
        else:
            kept.add(number)
            room -= needed
    warnings = tuple(_left_out(why, left, report) for why, left in reasons.items())
    return _with_sentences(replace(report, warnings=(*report.warnings, *warnings)), kept)


def _with_sentences(report: Report, kept: set[int]) -> Report:
    explored = tuple(each for each in report.explored if each.id in kept)
    parts = tuple(_with_sentences(part, kept) for part in report.parts)
    return replace(report, explored=explored, parts=parts)


def _left_out(why: str, left: Sequence[int], report: Report) -> str:
    named = ", ".join(map(str, left[:_SENTENCES]))
    more = f" and {len(left) - _SENTENCES} more" if len(left) > _SENTENCES else ""
    sentences = "sentence" if len(left) == 1 else "sentences"
    how = f" (--max-size {report.options.max_size})" if why == "for want of room" else ""
    return f"Left out of the page's explorer {why}{how}: {sentences} {named}{more}."


def written(report: Report, titles: Mapping[str, str]) -> str:
    """All but the weights, as JSON that can stand in an element of a page.

    `titles` are what its streams are called.
    """
    parts = [part for part in report.every_part if part.explored]
    return _dumped(
        {
            "scale": report.options.scale,
            "residual": report.options.rollout_residual,
            "colours": _colours(report.options.cmap),
            "streams": [_stream(part) | {"title": titles[part.attention]} for part in parts],
            "sentences": [_sentence(part, each) for part in parts for each in part.explored],
        }
    )


def blocks(report: Report) -> list[Block]:
    """The numbers of all heads, then the weights, and the cells of roles, of all sentences."""
    parts = [part for part in report.every_part if part.explored]
    return [
        *map(_numbers, parts),
        *(block for part in parts for each in part.explored for block in _blocks(part, each)),
    ]


def weight(report: Report) -> int:
    """By how many bytes the page weighs more for its explorer."""
    every = (_weight(part, each) for part in report.every_part for each in part.explored)
    return _overhead(report) + sum(every)


def _overhead(report: Report) -> int:
    """What the explorer takes without any sentence: its script, its style, heads and roles."""
    streams = sum(
        len(_dumped(_stream(part))) + len(_numbers(part).text) for part in report.every_part
    )
    page = len(packed()) + len(loader().encode()) + len(stylesheet("explorer.css").encode())
    return page + streams + len(_colours(report.options.cmap)) + 10 * _TAGS


def _weight(part: Report, sentence: Explored) -> int:
    every = _blocks(part, sentence)
    told = len(_dumped(_sentence(part, sentence)))
    return told + sum(len(block.text) + len(block.id) + _TAGS for block in every)


def _dumped(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).translate(_MARKUP)


def _colours(cmap: str) -> str:
    """The 256 colours of the scale, six hexadecimal digits each."""
    pixels = colormap(cmap)(np.linspace(0.0, 1.0, 256), bytes=True)[:, :3]
    return "".join(hexadecimal(pixel)[1:] for pixel in pixels)


def _stream(part: Report) -> Json:
    targets = _targets(part)
    numbered = {target: place for place, target in enumerate(targets)}
    heads: dict[int, int] = {}
    told: dict[str, list[list[Any]]] = {}
    for head in part.heads:
        heads[head.layer] = max(heads.get(head.layer, 0), head.head + 1)
        for name in head.told:
            role = head.roles[name]
            score = numbers.estimate(role.score, role.low, role.high)
            place = numbered[name, role.variant]
            told.setdefault(head.name, []).append([place, score, role.verdict or ""])
    return {
        "name": part.attention,
        "causal": part.model.causal,
        "last": part.explored[0].last if part.explored else False,
        "layers": sorted(heads.items()),
        "start": _start(part),
        "told": told,
        "targets": list(targets.values()),
    }


def _targets(part: Report) -> dict[RoleTarget, Json]:
    """Every role that is told of a head, apart for each of its targets."""
    heads = {(head.layer, head.head): head for head in part.heads}
    targets: dict[RoleTarget, Json] = {}
    for role in part.roles:
        colour = FAMILIES[cells.family(role)]
        for place in role.shown:
            head = heads[place]
            if role.name not in head.told:
                continue
            variant = head.roles[role.name].variant
            known = targets.setdefault(
                (role.name, variant),
                {
                    "name": f"{role.name}@{variant}" if variant else role.name,
                    "title": harmless(f"{role.title} ({variant})" if variant else role.title),
                    "letter": role.letter,
                    "colour": colour,
                    "ink": ink_on(colour),
                    "line": on_paper(colour),
                    "heads": [],
                },
            )
            known["heads"].append(head.name)
    return targets


def _start(part: Report) -> str:
    """The head that is shown first: the one with the clearest role that can be outlined.

    A sink comes last: there is not much to explore.
    """
    sinks = {role.name for role in part.roles if cells.family(role) == "sink"}
    outlined = {name for each in part.explored for name, _ in each.targets}
    scored = [
        (name not in sinks, head.roles[name].rank, head.name)
        for head in part.heads
        for name in head.told
        if name in outlined
    ]
    return max(scored)[-1] if scored else part.heads[0].name


def _sentence(part: Report, sentence: Explored) -> Json:
    numbered = {target: place for place, target in enumerate(_targets(part))}
    return {
        "id": sentence.id,
        "stream": part.attention,
        "text": _short(sentence.text),
        "queries": [_token(label) for label in sentence.queries],
        "keys": [_token(label) for label in sentence.keys],
        "words": [_word(word) for word in sentence.words],
        "keyWords": [_word(word) for word in sentence.key_words],
        "targets": [numbered[target] for target in _cells(sentence)],
        "segments": _segments(part, sentence),
        "neurons": [f"L{layer}H{head}" for layer, head in sentence.neurons],
    }


def _segments(part: Report, sentence: Explored) -> str:
    """For each token of a pair the text it is of, "A" or "B", "-" for special ones; "" for others.

    Not in cross-attention, where queries and keys are different texts anyway.
    """
    if sentence.keys:
        return ""
    segments = next((each.segments for each in part.sentences if each.id == sentence.id), ())
    return "".join("-" if of is None else "AB"[of] for of in segments)


def _token(label: TokenLabel) -> list[Any]:
    return [_short(label.text), label.space + 2 * label.piece + 4 * label.special]


def _word(word: Word) -> int | list[Any]:
    text, places = word
    return places[0] if len(places) == 1 else [_short(text), *places]


def _short(text: str) -> str:
    shown = harmless(text)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _numbers(part: Report) -> Block:
    """All numbers of the heads, and how single sentences score, as deflated JSON."""
    told = {
        "heads": [head.name for head in part.heads],
        "columns": head_numbers.columns(part),
        "ranges": head_numbers.ranges(part),
    }
    return Block(
        f"numbers-{part.attention or 'w'}", _text(zlib.compress(_dumped(told).encode(), 9))
    )


def _cells(sentence: Explored) -> Mapping[RoleTarget, Any]:
    return {target: sentence.targets[target] for target in sorted(sentence.targets)}


def _blocks(part: Report, sentence: Explored) -> list[Block]:
    prefix = f"block-{part.attention or 'w'}-{sentence.id}"
    made = [Block(f"{prefix}-{layer}", _text(data)) for layer, data in sentence.layers.items()]
    if sentence.targets:
        bits = np.packbits(np.stack(list(_cells(sentence).values())))
        made.append(Block(f"{prefix}-targets", _text(zlib.compress(bits.tobytes(), 9))))
    for (layer, head), data in sentence.neurons.items():
        made.append(Block(f"{prefix}-L{layer}H{head}", _text(data)))
    return made


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
