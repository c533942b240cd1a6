"""Sequences of random tokens from a model's own vocabulary, repeated.

On random tokens only the repetition says what comes next, so a head that attends to it does so by
induction (Olsson et al. 2022).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
import regex

from attnviz.models.embeddings import vocabulary
from attnviz.models.generate import BROKEN, decode
from attnviz.models.load import LoadedModel
from attnviz.text.tokenize import continued, picked, tokenize
from attnviz.text.types import Sentence, Tokens

DRAWS, TOKENS, REPEATS = 10, 25, 4
"""The number of draws, of random tokens in each, and of their repetitions (Olsson et al. 2022)."""

FEWEST = 4
"""A draw of fewer tokens shows nothing: it repeats within a few places."""

# `[unused12]`, `<extra_id_0>`, `<0x0A>`, `<|reserved_7|>`, and what fairseq fills up with.
_NO_TEXT = regex.compile(r"[\[<].+[\]>]|madeupword\d+")


def draws(loaded: LoadedModel, seed: int) -> list[Tokens] | None:
    """Draws random tokens and repeats them, between the special tokens that the tokenizer adds.

    The tokens of a draw differ, and stand for text by themselves; the same seed gives the same
    draws. (The paper leaves out the most and least common tokens too, which a vocabulary doesn't
    tell.) A draw has fewer than `TOKENS` where the model's limit or its vocabulary allows no more;
    None where it allows fewer than `FEWEST`.
    """
    opening, closing = _ends(loaded)
    room = TOKENS
    if loaded.limit is not None:
        room = max(0, min(room, (loaded.limit - len(opening) - len(closing)) // REPEATS))
    vocabulary, rng = _Vocabulary(loaded), np.random.default_rng(seed)
    texts = []
    for number in range(1, DRAWS + 1):
        ids = list(islice(vocabulary.shuffled(rng), room))
        if len(ids) < FEWEST:
            return None
        sentence = Sentence(number, "", source="random tokens")
        body = _body(loaded, replace(opening, sentence=sentence), ids * REPEATS)
        texts.append(_joined(body, closing))
    return texts


class _Vocabulary:
    """The tokens that stand for text."""

    def __init__(self, loaded: LoadedModel) -> None:
        self._tokenizer = tokenizer = loaded.tokenizer
        apart = {*tokenizer.all_special_ids, *tokenizer.get_added_vocab().values()}
        size = vocabulary(loaded.model)
        pieces = {number: piece for piece, number in tokenizer.get_vocab().items()}
        self._ids = [
            number
            for number, piece in sorted(pieces.items())
            if number not in apart
            and (size is None or number < size)
            and not _NO_TEXT.fullmatch(piece)
        ]

    def shuffled(self, rng: np.random.Generator) -> Iterator[int]:
        """The ids of all such tokens in random order."""
        order = rng.permutation(len(self._ids))
        return (self._ids[place] for place in order if self._is_text(self._ids[place]))

    def _is_text(self, number: int) -> bool:
        text = decode(self._tokenizer, [number]).strip()
        return bool(text) and BROKEN not in text and text.isprintable()


def _ends(loaded: LoadedModel) -> tuple[Tokens, Tokens]:
    """The special tokens that the tokenizer adds before and after a text."""
    tokens = tokenize(Sentence(0, "a"), loaded.tokenizer, None)
    content = tokens.content.nonzero()[0]
    first, last = (content[0], content[-1] + 1) if len(content) else (len(tokens), len(tokens))
    return picked(tokens, slice(0, first)), picked(tokens, slice(last, None))


def _body(loaded: LoadedModel, opening: Tokens, ids: Sequence[int]) -> Tokens:
    """Adds tokens to those that open a text; what they decode to is the sentence."""
    ends = [len(decode(loaded.tokenizer, ids[:count])) for count in range(1, len(ids) + 1)]
    text = decode(loaded.tokenizer, ids)
    body = continued(opening, loaded.tokenizer, ids, text, ends)
    return replace(body, generated=None)


def _joined(tokens: Tokens, closing: Tokens) -> Tokens:
    return replace(
        tokens,
        ids=tokens.ids + closing.ids,
        pieces=tokens.pieces + closing.pieces,
        surfaces=tokens.surfaces + closing.surfaces,
        labels=tokens.labels + closing.labels,
        kinds=tokens.kinds + closing.kinds,
        words=tokens.words + closing.words,
        spans=tokens.spans + closing.spans,
    )
