"""The nouns of the text room: `SourceFile`, `Sentence`, `TokenLabel`, `Tokens`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

InputFormat = Literal["auto", "text", "conllu", "jsonl"]

Span = tuple[int, int]
"""A place in a text: start and end, in characters."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One input as it was read: the name the user gave, the hash of its bytes, its text.

    `format` is the user's choice; "auto": detect it from name and content.
    """

    name: str
    sha256: str
    text: str
    format: InputFormat = "auto"

    @property
    def shown(self) -> str:
        """The name as messages have it."""
        return "standard input" if self.name == "-" else self.name


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a sentence speaks of an entity: the words from `start` to before `end`.

    `head` is the place of the mention's head word among all words of the sentence.
    """

    entity: str
    start: int
    end: int
    head: int


@dataclass(frozen=True, slots=True)
class Annotation:
    """The annotation of a sentence's words, one entry a syntactic word.

    `spans` (start, end) are the words' places in the sentence's text, in characters; words of a
    multiword token that can't be told apart in the text share its span. `heads` are the indices of
    the words' heads, -1 for the root and where unknown; `relations` the relations to the heads with
    their subtypes ("nmod:poss"); `upos` the universal parts of speech; "" where unknown.
    """

    forms: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    upos: tuple[str, ...]
    heads: tuple[int, ...]
    relations: tuple[str, ...]
    mentions: tuple[Mention, ...] = ()


def digest_of(text: str) -> int:
    """64 bits that depend on a text alone."""
    data = text.encode(errors="surrogatepass")
    return int.from_bytes(hashlib.sha256(data).digest()[:8], "big")


@dataclass(frozen=True)
class Sentence:
    """A sequence that is given to the model.

    `id` counts from 1 through the run; `source` and `line` are the file and line it is from.
    `forms` are the words where the source gives them (CoNLL-U); `annotation` is that of the words,
    if any; `document` the name of its document, "" where unknown. `pair` are the two texts of a
    pair, None for a single text; `text` is then both (see `attnviz.text.pairs`). `language` is the
    code by whose rules the text is split into words. `messages` is a conversation in JSON that a
    chat template turns into the text, "" for none. `group` is what sentences of a corpus are told
    apart by.
    """

    id: int
    text: str
    source: str = ""
    line: int = 0
    forms: tuple[str, ...] = field(default=(), repr=False)
    annotation: Annotation | None = field(default=None, repr=False)
    document: str = ""
    pair: tuple[str, str] | None = field(default=None, repr=False)
    language: str = field(default="en", repr=False)
    messages: str = field(default="", repr=False)
    group: str = field(default="", repr=False)

    @cached_property
    def digest(self) -> int:
        """64 bits that depend on the text alone: the seed of everything drawn per sentence."""
        return digest_of(self.text)

    @cached_property
    def unit(self) -> int:
        """64 bits that all sentences of a document share; `digest` where there is no document.

        Evidence is resampled, and cut in halves, by these units.
        """
        return digest_of(f"{self.source}\n{self.document}") if self.document else self.digest

    @property
    def half(self) -> int:
        """0 or 1: the half of the text that the sentence's unit belongs to."""
        return self.unit & 1


@dataclass(frozen=True, slots=True)
class TokenLabel:
    """A token made showable: `text` is harmless, the flags say how to draw it.

    `space`: the token starts with a space; `piece`: it continues a word; `special`: the
    tokenizer declares it special (CLS, SEP, BOS, EOS, PAD and the like); `unknown`: the text isn't
    in the vocabulary, and the model reads a stand-in.
    """

    text: str
    space: bool = False
    piece: bool = False
    special: bool = False
    unknown: bool = False

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Tokens:
    """A tokenized sentence; every tuple has one entry a token.

    `pieces` are the tokenizer's own strings, `surfaces` the slices of the sentence they stand
    for (empty for special tokens that the text doesn't hold), `kinds` is "" for content tokens and
    otherwise one of "cls", "sep", "bos", "eos", "pad", "special"; `words` is the number of the word
    each token belongs to (`attnviz.text.word_numbers`), None for special tokens.
    `cut` counts the tokens beyond the model's limit that were left out. `spans` are the places
    (start, end) of the surfaces in the sentence, in characters; (0, 0) for special tokens that the
    text doesn't hold.
    `generated` is the index of the first token that a model wrote, None where it wrote none.
    `related` are pairs (query, key) of tokens of words close in meaning, `unrelated` as many of
    words as far apart that aren't; see `attnviz.models.related`.
    `segments` says which text of a pair each token is of, 0 or 1, None for special tokens; `types`
    are the token type ids, where the tokenizer makes them. Both are empty for other sentences.
    """

    sentence: Sentence
    ids: tuple[int, ...]
    pieces: tuple[str, ...]
    surfaces: tuple[str, ...]
    labels: tuple[TokenLabel, ...]
    kinds: tuple[str, ...]
    words: tuple[int | None, ...]
    cut: int = 0
    spans: tuple[tuple[int, int], ...] = field(default=(), repr=False)
    generated: int | None = None
    related: tuple[tuple[int, int], ...] = field(default=(), repr=False, compare=False)
    unrelated: tuple[tuple[int, int], ...] = field(default=(), repr=False, compare=False)
    segments: tuple[int | None, ...] = field(default=(), repr=False)
    types: tuple[int, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    def __hash__(self) -> int:
        return hash(self.ids)  # enough to tell sentences apart, and fast

    @cached_property
    def targets(self) -> dict[Any, Any]:
        """What roles look for in the sentence, once they were asked: see `attnviz.roles.role`."""
        return {}

    @cached_property
    def content(self) -> NDArray[np.bool_]:
        """Which tokens the tokenizer does not declare special, [token]."""
        return np.array([not kind for kind in self.kinds], dtype=np.bool_)

    @cached_property
    def unknown(self) -> NDArray[np.bool_]:
        """Which tokens, or tokens of words, the vocabulary has no entry for, [token]."""
        return np.array([label.unknown for label in self.labels], dtype=np.bool_)
