"""Finds the offsets of the tokens of tokenizers written in Python, which don't tell them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from attnviz.text import pairs
from attnviz.text.offsets import offsets
from attnviz.text.spelling import byte_alphabet, encodable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.text.types import Sentence, Span


class PythonTokenizer(Protocol):
    """The methods of a Hugging Face tokenizer that are used here."""

    def __hash__(self) -> int:
        """The tokenizer is a key of a cache."""

    def tokenize(self, text: str) -> list[str]:
        """Split a text into pieces, unknown ones as they are spelled where possible."""

    def get_vocab(self) -> dict[str, int]:
        """The id of each piece."""

    def convert_tokens_to_ids(self, tokens: list[str]) -> Any:  # noqa: ANN401
        """Look up ids: a list for a list."""

    def convert_ids_to_tokens(self, ids: list[int]) -> Any:  # noqa: ANN401
        """Look up pieces: a list for a list."""


def token_offsets(
    tokenizer: PythonTokenizer,
    sentence: Sentence,
    ids: Sequence[int],
    added: Sequence[int],
    segments: Sequence[int | None],
) -> list[Span]:
    """The span (start, end) of each token in its sentence, in characters.

    `added` is 1 for the tokens that the tokenizer added; they have (0, 0). `segments` says which
    text of a pair each token is of.
    """
    text_of = segments or [None if by_tokenizer else 0 for by_tokenizer in added]
    places: list[Span] = [(0, 0)] * len(ids)
    for segment, text in enumerate(map(encodable, sentence.pair or (sentence.text,))):
        own = [place for place, text_number in enumerate(text_of) if text_number == segment]
        pieces = _pieces(tokenizer, text, [ids[place] for place in own])
        shift = pairs.second_start(sentence.pair) if segment and sentence.pair else 0
        spans = _offsets(tokenizer, text, pieces)
        for place, (start, end) in zip(own, spans, strict=True):
            places[place] = start + shift, end + shift
    return places


def written_offsets(tokenizer: PythonTokenizer, text: str, ids: Sequence[int]) -> list[Span]:
    """The span (start, end) of each token in a text that a model wrote, in characters."""
    return _offsets(tokenizer, text, tokenizer.convert_ids_to_tokens(list(ids)))


def _offsets(tokenizer: PythonTokenizer, text: str, pieces: Sequence[str]) -> list[Span]:
    unknown = getattr(tokenizer, "unk_token", None)
    return offsets(text, pieces, unknown=unknown, alphabet=_alphabet(tokenizer))


@lru_cache(maxsize=2)
def _alphabet(tokenizer: PythonTokenizer) -> dict[str, int]:
    return byte_alphabet(tokenizer.get_vocab())


def _pieces(tokenizer: PythonTokenizer, text: str, ids: list[int]) -> list[str]:
    """The pieces of a text as it spells them, so that words outside the vocabulary are found.

    Where the tokenizer reads the text another way now (targets in another language), the pieces of
    the ids.
    """
    read = tokenizer.tokenize(text)
    if tokenizer.convert_tokens_to_ids(read) == ids:
        return read
    known: list[str] = tokenizer.convert_ids_to_tokens(ids)
    return known
