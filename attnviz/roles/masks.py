"""Boolean arrays over the tokens of a sentence, from which targets are made."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import regex
from numpy.typing import NDArray

from attnviz.attention.targets import Bools, KeyTarget, OffsetTarget
from attnviz.text.types import Tokens

Ints = NDArray[np.int64]


_PATTERNS = {
    "punctuation": r"[\p{P}\p{S}]+",
    "lettered": r"(?s).*\p{L}.*",
    "sentence end": r"\p{Sentence_Terminal}+",
    "comma": r"[,\u060C\u3001\uFF0C\u055D\u1363\u1802\u1808]",
}
_BITS = {name: 1 << place for place, name in enumerate(_PATTERNS)}


class _Marks(dict[str, int]):
    """Which patterns a token's surface is of, a bit for each; each surface is looked at once."""

    def __init__(self) -> None:
        self._whole = [regex.compile(rf"\s*{marks}\s*").fullmatch for marks in _PATTERNS.values()]

    def __missing__(self, surface: str) -> int:
        bits = sum(bool(of(surface)) << place for place, of in enumerate(self._whole))
        self[surface] = bits
        return bits


_marks = _Marks()


def content(tokens: Tokens) -> Bools:
    """Tokens that the tokenizer does not declare special."""
    return tokens.content


def of_kind(tokens: Tokens, *kinds: str) -> Bools:
    """Special tokens of the given kinds ("cls", "sep", "bos", "eos")."""
    mask = np.zeros(len(tokens), dtype=np.bool_)
    for place in (~tokens.content).nonzero()[0]:
        mask[place] = tokens.kinds[place] in kinds
    return mask


@lru_cache(maxsize=1)  # several masks of a sentence are asked for, one after the other
def _marked(tokens: Tokens) -> NDArray[np.uint8]:
    marks = np.array([_marks[surface] for surface in tokens.surfaces], dtype=np.uint8)
    return marks * tokens.content


def _matching(tokens: Tokens, pattern: str) -> Bools:
    marked: Bools = (_marked(tokens) & _BITS[pattern]) != 0
    return marked


def punctuation(tokens: Tokens) -> Bools:
    """Content tokens made only of punctuation or symbols (Unicode categories P and S)."""
    return _matching(tokens, "punctuation")


def lettered(tokens: Tokens) -> Bools:
    """Content tokens with a letter in them (Unicode category L)."""
    return _matching(tokens, "lettered")


def sentence_end(tokens: Tokens) -> Bools:
    """Content tokens made only of marks that end sentences (Unicode Sentence_Terminal)."""
    return _matching(tokens, "sentence end")


def comma(tokens: Tokens) -> Bools:
    """Commas, in the scripts that have one."""
    return _matching(tokens, "comma")


def keys(mask: Callable[[Tokens], Bools]) -> Callable[[Tokens], KeyTarget]:
    """The target "the tokens of `mask`", asked from every other content token.

    A full stop that looks at itself is no sign of a head that looks at full stops; in a causal
    model it would be the only one that sees the stop at all.
    """

    def target(tokens: Tokens) -> KeyTarget:
        marked = mask(tokens)
        return KeyTarget(queries=content(tokens) & ~marked, keys=marked)

    return target


def offsets(*steps: int) -> Callable[[Tokens], OffsetTarget]:
    """The target "the tokens `steps` away", asked from every content token."""

    def target(tokens: Tokens) -> OffsetTarget:
        return OffsetTarget(queries=content(tokens), offsets=steps)

    return target


def labels(tokens: Tokens) -> Ints:
    """Each content token's id, -1 for special and unknown ones: what is the same has one label."""
    known = content(tokens) & ~tokens.unknown
    return np.where(known, np.array(tokens.ids, dtype=np.int64), -1)
