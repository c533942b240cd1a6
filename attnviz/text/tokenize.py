"""Tokenizes sentences with the model's own tokenizer, and says what each token stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import regex

from attnviz.text.labels import aligned, labels, placed
from attnviz.text.types import Sentence, Tokens
from attnviz.text.words import numbered_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Encoders name their first and last token CLS and SEP, and often BOS and EOS as well: CLS and SEP
# say more. PAD comes last, as many models pad with another special token.
_KINDS = ("cls", "sep", "bos", "eos", "pad")

# Sentences in one call of the tokenizer: many for speed, not all for memory.
_AT_ONCE = 512

_SURROGATE = regex.compile(r"\p{Cs}")


class Tokenizer(Protocol):
    """What is used of a Hugging Face tokenizer, besides `cls_token_id` and its like."""

    @property
    def is_fast(self) -> bool:
        """Whether it tells where in the text a token stands."""

    @property
    def all_special_ids(self) -> list[int]:
        """The ids of all tokens that are declared special."""

    def __call__(self, text: list[str], **options: Any) -> Any:  # noqa: ANN401
        """Encode several texts."""

    def convert_ids_to_tokens(self, ids: list[int]) -> Any:  # noqa: ANN401
        """Look up the strings of the vocabulary: a list for a list."""


def tokenize(sentence: Sentence, tokenizer: Tokenizer, limit: int | None) -> Tokens:
    """Tokenize one sentence as `tokenize_all` does."""
    return tokenize_all([sentence], tokenizer, limit)[0]


def tokenize_all(
    sentences: Sequence[Sentence], tokenizer: Tokenizer, limit: int | None
) -> tuple[Tokens, ...]:
    """Tokenize each sentence, with the special tokens that the tokenizer adds.

    Of a sentence with more than `limit` tokens the last content tokens are left out, special ones
    never; None is no limit. A sentence may come out with no content token at all.

    What the text says is text: `[SEP]` in a sentence is split like any other word. Only where the
    vocabulary knows no other reading (SentencePiece's `</s>`), or the tokenizer is one in Python,
    does the model see the special token, and then so do we.
    """
    special = _Special(tokenizer)
    return tuple(
        tokens
        for first in range(0, len(sentences), _AT_ONCE)
        for tokens in _chunk(sentences[first : first + _AT_ONCE], tokenizer, special, limit)
    )


class _Special:
    """What the tokenizer declares special, looked up once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        ids = {kind: getattr(tokenizer, f"{kind}_token_id", None) for kind in _KINDS}
        self._kinds = {ids[kind]: kind for kind in reversed(_KINDS) if ids[kind] is not None}
        self._eos = ids["eos"]
        # The unknown token is declared special, but stands for content.
        self._declared = {*tokenizer.all_special_ids} - {getattr(tokenizer, "unk_token_id", None)}

    def kinds(self, ids: Sequence[int], added: Sequence[int]) -> list[str]:
        """Tell the kind of each token; `added` is 1 where the tokenizer put it in by itself."""
        kinds: list[str] = []
        content_seen = False
        for token, by_tokenizer in zip(ids, added, strict=True):
            kind = ""
            if by_tokenizer or token in self._declared:
                kind = self._kinds.get(token, "special")
            # One token for both ends (OPT, GPT-2): its place says which.
            if kind == "bos" and token == self._eos and content_seen:
                kind = "eos"
            content_seen = content_seen or not kind
            kinds.append(kind)
        return kinds


def _chunk(
    sentences: Sequence[Sentence], tokenizer: Tokenizer, special: _Special, limit: int | None
) -> Iterator[Tokens]:
    # Rust takes no lone surrogates; a stand-in of the same length keeps the offsets right.
    texts = [_SURROGATE.sub("\ufffd", sentence.text) for sentence in sentences]
    encoding = tokenizer(
        texts,
        add_special_tokens=True,
        # Tokenizers in Python may find all their tokens the way they find special ones (ESM).
        split_special_tokens=tokenizer.is_fast,
        padding=False,
        truncation=False,
        return_attention_mask=False,
        return_token_type_ids=False,
        return_special_tokens_mask=True,
        return_offsets_mapping=tokenizer.is_fast,
        verbose=False,
    )
    for k, sentence in enumerate(sentences):
        ids, added = encoding["input_ids"][k], encoding["special_tokens_mask"][k]
        kept = _kept(added, limit)
        yield _tokens(
            sentence,
            [ids[i] for i in kept],
            tokenizer.convert_ids_to_tokens([ids[i] for i in kept]),
            special.kinds([ids[i] for i in kept], [added[i] for i in kept]),
            _picked(encoding["offset_mapping"][k], kept) if tokenizer.is_fast else None,
            _picked(encoding.word_ids(k), kept) if tokenizer.is_fast else None,
            cut=len(ids) - len(kept),
        )


def _picked(values: Sequence[Any], kept: Sequence[int]) -> list[Any]:
    return [values[i] for i in kept]


def _kept(added: Sequence[int], limit: int | None) -> list[int]:
    """Find the places of the tokens that stay: all special ones and what content fits."""
    if limit is None or len(added) <= limit:
        return list(range(len(added)))
    room = max(limit - sum(added), 0)
    content = [place for place, by_tokenizer in enumerate(added) if not by_tokenizer]
    left_out = set(content[room:])
    return [place for place in range(len(added)) if place not in left_out]


def _tokens(
    sentence: Sentence,
    ids: Sequence[int],
    pieces: Sequence[str],
    kinds: Sequence[str],
    offsets: Sequence[tuple[int, int]] | None,
    hints: Sequence[int | None] | None,
    cut: int,
) -> Tokens:
    text = sentence.text
    spans = (
        aligned(text, pieces, kinds) if offsets is None else placed(text, offsets, pieces, kinds)
    )
    surfaces = tuple(text[start:end] for start, end in spans)
    words = numbered_words(text, spans, kinds, hints)
    return Tokens(
        sentence,
        tuple(ids),
        tuple(pieces),
        surfaces,
        labels(surfaces, spans, pieces, kinds, words),
        tuple(kinds),
        words,
        cut,
        tuple(spans),
    )
