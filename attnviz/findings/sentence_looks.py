"""What the words of a drawn sentence look at, over the heads that don't rest there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from attnviz.figures.views import Floats, SentenceView
from attnviz.findings.views import DrawnHead
from attnviz.report.looks import HeadHere, LookedWord, SentenceLooks, WordLooks
from attnviz.text.types import Tokens
from attnviz.text.word_numbers import WordSpan, word_spans

RESTING = 0.5
"""A head rests in a sentence where the first token and special tokens get so much of its mean
attention."""

WORDS = 40
"""Words of a sentence that are told; a table of more is not read."""

LOOKED = 3
"""Words that each of them looks at most."""

LEAST = 0.005
"""Less is printed as nothing."""

Bools = NDArray[np.bool_]


def sentence_looks(
    view: SentenceView,
    tokens: Tokens,
    keys: Tokens | None = None,
    particular: Sequence[HeadHere] = (),
) -> SentenceLooks:
    """What each word looks at most; `keys` are what cross-attention looks at.

    The arrays of `view` are [layer, head, query, key], NaN for heads that a layer lacks; of long
    sentences they are blocks, of which no word can be told.
    """
    seen = keys or tokens
    nothing = SentenceLooks(0, 0, (), 0, (), None, tuple(particular))
    if view.block > 1:
        return nothing
    layers, heads, queries, width = view.attention.shape
    weights = view.attention.reshape(layers * heads, queries, width)
    weights = weights[np.isfinite(weights[:, 0, 0])]
    rests = ~seen.content
    rests[:1] = True
    asking = tokens.content.copy()
    if view.causal:
        asking[0] = False  # it sees itself alone
    if not asking.any():
        return nothing
    share = weights[:, asking][..., rests].sum(-1).mean(-1)
    working = share < RESTING
    count, resting = int(working.sum()), int((~working).sum())
    spans = word_spans(tokens)
    if not count or not spans:
        return replace(nothing, heads=count, resting=resting)
    mean = np.nan_to_num(weights[working].mean(0, dtype=np.float64))  # [query, key]
    # In an encoder the first token is a word like others where it is not special.
    left_out = rests if view.causal else ~seen.content
    received = mean[asking].mean(0)
    left = float(received[~left_out].sum())
    looked_at = [span for span in word_spans(seen) if not left_out[span.start : span.end].all()]
    return SentenceLooks(
        heads=count,
        resting=resting,
        words=tuple(
            _word(span, mean, looked_at, left_out, cross=keys is not None) for span in spans[:WORDS]
        ),
        more=max(0, len(spans) - WORDS),
        received=tuple(
            None if out else float(share / left) if left else 0.0
            for share, out in zip(received, left_out, strict=True)
        ),
        removed=float(received[left_out].sum()),
        particular=tuple(particular),
    )


def _word(
    span: WordSpan,
    mean: Floats,
    looked_at: Sequence[WordSpan],
    left_out: Bools,
    *,
    cross: bool,
) -> WordLooks:
    """One word; `mean` [query, key] is over the heads that don't rest."""
    row = mean[span.start : span.end].mean(0)
    own = slice(0, 0) if cross else slice(span.start, span.end)
    others = [
        LookedWord(other.start, other.text, float(row[other.start : other.end].sum()))
        for other in looked_at
        if cross or other.start != span.start
    ]
    best = sorted(others, key=lambda other: (-round(other.weight, 6), other.start))[:LOOKED]
    return WordLooks(
        span.start,
        span.text,
        float(row[own][~left_out[own]].sum()),
        float(row[left_out].sum()),
        tuple(other for other in best if other.weight >= LEAST),
    )


def heads_here(best: Sequence[DrawnHead], place: int) -> tuple[HeadHere, ...]:
    """The heads of these that show their role in the sentence at `place` of the run.

    Those further above chance than the role's margin, the furthest first. What rests or is of some
    shape does nothing particular.
    """
    every = []
    for drawn in (shown for head in best for shown in head.roles):
        at, sums = drawn.head_role, drawn.sums
        events = float(sums.events[place])
        if not events or at.role.family == "sink" or at.role.shape:
            continue
        score, chance = (float(of[place]) / events for of in (sums.mass, sums.chance))
        if score - chance > at.role.margin:
            every.append(HeadHere(at.layer, at.head, at.role.name, score, chance, round(events)))
    return tuple(sorted(every, key=lambda here: -round(here.score - here.chance, 6)))
