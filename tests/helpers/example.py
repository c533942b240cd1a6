"""Realistic reports made without any model: six layers of twelve heads on ninety sentences.

`translation` is one of an encoder-decoder model, `document` one of a single long text.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from attnviz.figures.picture import Picture
from attnviz.figures.views import POOLED, SentenceView
from attnviz.findings.findings import findings, lead
from attnviz.measurement.source import FileInfo, InputInfo, ModelInfo
from attnviz.report.given import LayerInfo, Options
from attnviz.report.model import Report, SentenceReport, WordSpan
from attnviz.text.types import TokenLabel
from tests.helpers import example_heads
from tests.helpers.example_heads import (
    HEADS,
    HOSTILE,
    LAYERS,
    REVERSE,
    ROLES,
    ROW,
    STATISTICS,
    induction,
)

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = [
    "HEADS",
    "HOSTILE",
    "LAYERS",
    "REVERSE",
    "ROW",
    "bare",
    "document",
    "induction",
    "pictures",
    "report",
    "translation",
]

TEXT = (
    "The committee met on Tuesday , and its chair said that the new bridge would open in May . "
    "Nobody who had seen the old one believed her ; the river , after all , had taken it twice ."
)
WORDS = TEXT.split()
SENTENCES = 90


def report(*, hostile: bool = False, sentences: int = SENTENCES, layers: int = LAYERS) -> Report:
    """The example; `hostile` puts text into every string that comes from outside."""
    random = np.random.default_rng(7)
    places = [(layer, head) for layer in range(layers) for head in range(HEADS)]
    order = {name: [places[i] for i in random.permutation(len(places))] for name, *_ in ROLES}
    having = {name: tuple(order[name][:many]) for name, *_, many, _ in ROLES}
    read = tuple(_sentence(number, random, layers, hostile) for number in range(1, sentences + 1))
    return Report(
        version="0.1.0",
        model=ModelInfo(
            HOSTILE if hostile else "minilm",
            "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "BertModel",
            layers,
            HEADS,
            HEADS,
            22_713_216,
            "float32",
            causal=False,
        ),
        input=InputInfo(
            (_file(HOSTILE if hostile else "samples/bridge.txt", sentences),),
            "auto",
            sentences,
            sum(len(sentence.tokens) for sentence in read),
            1,
        ),
        options=Options(),
        roles=(
            *(example_heads.role_info(having, *row) for row in ROLES),
            example_heads.unmeasured("dep:amod", hostile=hostile),
        ),
        statistics=STATISTICS,
        heads=tuple(example_heads.head_report(place, having, random, layers) for place in places),
        sentences=read,
        similarity=example_heads.similarity(places, random),
        findings=example_heads.findings(having, hostile),
        warnings=(
            "1 sentence was cut to the model's limit of 256 tokens.",
            HOSTILE if hostile else "The text has no dependency annotations: 1 role not measured.",
        ),
        illustrations=tuple(_view(one, random, layers) for one in read[:3]),
        induction=induction(places),
    )


def translation(*, hostile: bool = False, sentences: int = 30) -> Report:
    """The example of an encoder-decoder model, whose decoder wrote the targets itself."""
    whole = report(hostile=hostile, sentences=sentences, layers=3)
    model = replace(whole.model, name=HOSTILE if hostile else "t5-tiny", architecture="T5Model")
    parts = tuple(
        _part(replace(whole, model=model), attention, hostile)
        for attention in ("encoder", "decoder", "cross")
    )
    return replace(
        whole,
        model=replace(model, layers=6, causal=True),
        options=Options(generate=20, target="", max_memory="2GB"),
        roles=(),
        statistics=(),
        heads=(),
        sentences=(),
        similarity=None,
        findings=lead(parts),
        illustrations=(),
        parts=parts,
        induction=None,
        no_induction=HOSTILE if hostile else "An encoder-decoder model reads two texts.",
    )


def _part(whole: Report, attention: str, hostile: bool) -> Report:
    heads = tuple(replace(head, attention=attention) for head in whole.heads)
    read = tuple(_translated(one, attention, hostile) for one in whole.sentences)
    alike = whole.similarity and replace(
        whole.similarity, groups=(((2, 0), (2, 9)),), collapsed=(2,)
    )
    return replace(
        whole,
        model=replace(whole.model, causal=attention == "decoder"),
        heads=heads,
        sentences=read,
        similarity=alike,
        findings=findings(heads, whole.roles, alike),
        warnings=(),
        induction=None,
        attention=attention,
        layers=tuple(LayerInfo(layer, HEADS, HEADS) for layer in range(3)),
        illustrations=tuple(
            _looking(view, sentence, attention)
            for view, sentence in zip(whole.illustrations, read, strict=False)
        ),
    )


def _looking(view: SentenceView, sentence: SentenceReport, attention: str) -> SentenceView:
    """The figures' arrays of one part: in cross-attention with a column for each key."""
    view = replace(view, stream=attention, causal=attention == "decoder")
    if attention != "cross":
        return view
    last = TokenLabel(sentence.keys[-1], piece=True)
    columns = [*range(len(view.labels)), 0]
    return replace(
        view,
        attention=view.attention[..., columns],
        layer_means=view.layer_means[..., columns],
        rollout=None,
        received=np.asarray(sentence.received),
        key_labels=(*view.labels, last),
    )


def _translated(one: SentenceReport, attention: str, hostile: bool) -> SentenceReport:
    """The sentence as its own target, written by the model; the source is a little longer."""
    if attention == "encoder":
        return one
    if attention == "decoder":
        return replace(one, generated_from=0)
    keys = (*one.tokens, HOSTILE if hostile else "nonetheless")
    return replace(
        one,
        rollout=(),
        drift=None,
        generated_from=0,
        keys=keys,
        special_keys=(*one.special, False),
        received=(*(0.9 * (share or 0.0) for share in one.received), 0.1),
    )


def document(*, tokens: int = 4000, hostile: bool = False) -> Report:
    """One text of thousands of tokens, its end written by the model, read by a hybrid decoder.

    Layers 0 and 3 have no attention, layer 1 sees 128 tokens, and heads share keys in threes.
    """
    random = np.random.default_rng(11)
    made = report(hostile=hostile, sentences=1)
    words = tuple(str(random.choice(WORDS)) for _ in range(tokens - 1))
    text = ("<s>", *words[:-1], HOSTILE if hostile else words[-1])
    special = (True, *(False for _ in words))
    weights = random.dirichlet(np.where(special, 400.0, 0.5))
    weights[-1] = weights[1:].max() + 0.001
    long = replace(
        made.sentences[0],
        text=" ".join(words),
        tokens=text,
        special=special,
        words=(),
        received=tuple(map(float, weights)),
        rollout=(),
        drift=None,
        entropy_by_layer=(None, 2.1, 2.4, None, 2.2, 3.0),
        generated_from=tokens - 200,
    )
    narrow = {1: 128}
    seeing = tuple(head for head in made.heads if head.layer not in (0, 3))
    return replace(
        made,
        model=replace(made.model, name="hybrid", key_value_heads=4, causal=True),
        options=Options(kernel="tiles", generate=200, max_memory="2GB"),
        input=replace(made.input, tokens=tokens),
        heads=seeing,
        induction=induction([(head.layer, head.head) for head in seeing], 3, copies=True),
        roles=tuple(replace(role, heads=_without(role.heads, (0, 3))) for role in made.roles),
        sentences=(long,),
        similarity=None,
        findings=made.findings[2:3],
        illustrations=(_pooled(long, random),),
        layers=tuple(LayerInfo(at, HEADS, 4, narrow.get(at)) for at in (1, 2, 4, 5)),
    )


def _pooled(sentence: SentenceReport, random: Generator) -> SentenceView:
    """The view of a long text: matrices in blocks, gaps where layers have no attention."""
    labels = tuple(TokenLabel(text, space=True) for text in sentence.tokens)
    block = -(-len(labels) // POOLED)
    cells = -(-len(labels) // block)
    attention = random.dirichlet(np.full(cells, 0.2), (LAYERS, HEADS, cells)) / block
    attention[[0, 3]] = np.nan
    return SentenceView(
        sentence.id,
        labels,
        attention,
        attention.mean(axis=1),
        None,
        np.asarray(sentence.received),
        (),
        causal=True,
        block=block,
    )


def _without(
    places: tuple[tuple[int, int], ...], layers: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    return tuple(place for place in places if place[0] not in layers)


def pictures(made: Report) -> tuple[Picture, ...]:
    """Tiny valid figures: three maps of each part, and three for each illustrated sentence."""
    if made.parts:
        return tuple(picture for part in made.parts for picture in pictures(part))
    hostile = made.model.name == HOSTILE
    start = f"figures/{made.attention}".rstrip("/")
    maps = [("role-map", 720), ("entropy", 460), ("similarity", 460)]
    found = [_picture(f"{start}/{name}", name, width, hostile) for name, width in maps]
    for view in made.illustrations:
        for name, width in (("heads", 960), ("rollout", 420), ("head-L2H3", 420)):
            drawn = _picture(f"{start}/s{view.id:03d}/{name}", name, width, hostile)
            found.append(replace(drawn, sentence=view.id))
    return tuple(replace(picture, stream=made.attention) for picture in found)


def _sentence(number: int, random: Generator, layers: int, hostile: bool) -> SentenceReport:
    start, length = int(random.integers(0, 12)), int(random.integers(6, 22))
    words = WORDS[start : start + length]
    text = HOSTILE if hostile and number <= 5 else " ".join(words)
    tokens = ("[CLS]", *(HOSTILE if hostile and number == 1 else word for word in words), "[SEP]")
    special = tuple(token in ("[CLS]", "[SEP]") for token in tokens)
    rollout = random.dirichlet(np.where(special, 6.0, 1.0))
    return SentenceReport(
        number,
        text,
        HOSTILE if hostile else "samples/bridge.txt",
        number,
        tokens,
        special,
        tuple(WordSpan(word, at + 1, at + 2) for at, word in enumerate(words)),
        9 if number == 2 else 0,
        tuple(float(1.2 + 0.2 * layer + 0.5 * random.random()) for layer in range(layers)),
        tuple(map(float, rollout)),
        tuple(map(float, random.dirichlet(np.where(special, 8.0, 1.0)))),
        float(0.05 + 0.2 * random.random()),
    )


def _view(sentence: SentenceReport, random: Generator, layers: int) -> SentenceView:
    length = len(sentence.tokens)
    labels = tuple(
        TokenLabel(text, space=place > 1, special=special)
        for place, (text, special) in enumerate(zip(sentence.tokens, sentence.special, strict=True))
    )
    attention = random.dirichlet(np.full(length, 0.2), (layers, HEADS, length))
    means = attention.mean(axis=1)
    received = np.asarray(sentence.received)
    return SentenceView(
        sentence.id, labels, attention, means, means.mean(axis=0), received, (), causal=False
    )


def _file(name: str, sentences: int) -> FileInfo:
    return FileInfo(name, hashlib.sha256(b"bridge").hexdigest(), sentences)


def _picture(path: str, title: str, width: int, hostile: bool) -> Picture:
    height = width * 2 // 3
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><rect width="{width}" height="{height}" fill="#fff"/>'
        f'<path d="M9 9H{width - 9}V{height - 9}" fill="none" stroke="#0072B2"/></svg>'
    )
    words = HOSTILE if hostile else "The finding first. Rows are queries, columns keys."
    return Picture(path, title, words, _png(), svg.encode(), width, height)


def _png() -> bytes:
    """One white pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixel = zlib.compress(b"\x00\xff")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")
    )


def bare() -> Report:
    """A report on one sentence in which nothing was found, compared or drawn."""
    made = report(sentences=1, layers=1)
    lone = replace(made.sentences[0], drift=None, entropy_by_layer=(None,))
    return replace(
        made,
        model=replace(made.model, revision=""),
        roles=tuple(replace(role, heads=()) for role in made.roles),
        heads=tuple(replace(head, statistics={}, roles={}) for head in made.heads),
        sentences=(lone,),
        similarity=None,
        findings=(),
        warnings=(),
        illustrations=(),
        induction=induction([(head.layer, head.head) for head in made.heads], 0),
    )
