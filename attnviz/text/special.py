"""Special tokens: those a tokenizer declares, and those written in a text."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

import regex

from attnviz.text.unknown import unknown_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attnviz.text.types import Tokens

Reading = Literal["text", "parse", "chat"]
"""How `[SEP]` in a text is read: as text, as the special token, or as a chat template wrote it."""

# Encoders' first and last tokens are CLS and SEP, often BOS and EOS too: the first name in this
# list counts. PAD comes last, as many models pad with another special token.
_KINDS = ("cls", "sep", "bos", "eos", "pad")

# A special token that can't be meant as a word holds a sign that words don't, and isn't short.
_MARKED = regex.compile(r".*[^\w\s].*")
_SHORTEST = 3


class SpecialTokens:
    """The tokens that a tokenizer declares special."""

    def __init__(self, tokenizer: Any) -> None:  # noqa: ANN401 - a Hugging Face tokenizer
        ids = {kind: getattr(tokenizer, f"{kind}_token_id", None) for kind in _KINDS}
        self._kinds = {ids[kind]: kind for kind in reversed(_KINDS) if ids[kind] is not None}
        self._eos = ids["eos"]
        self.unknown = unknown_id(tokenizer)
        added = getattr(tokenizer, "added_tokens_decoder", {})
        self._written = {place: token.content for place, token in added.items() if token.special}
        # The unknown token is declared special, but stands for content, if it has no other use.
        self._declared = {*tokenizer.all_special_ids, *self._written} - {self.unknown}

    @property
    def written(self) -> list[str]:
        """The special tokens that can hardly be meant as words, as written, the longest first."""
        marked = {
            text
            for text in self._written.values()
            if len(text) >= _SHORTEST and _MARKED.match(text)
        }
        return sorted(marked, key=lambda text: (-len(text), text))

    def closes(self, token: int, kind: str) -> bool:
        """Whether a token of this kind closes a text."""
        return kind in ("eos", "sep") or (kind != "" and token == self._eos)

    def kinds(
        self, ids: Sequence[int], added: Sequence[int], surfaces: Sequence[str] | None = None
    ) -> list[str]:
        """The kind of each token ("" for content); `added` is 1 for those the tokenizer added.

        `surfaces` are the texts the tokens stand for: an unknown token that stands for its own name
        is special.
        """
        kinds: list[str] = []
        content_seen = False
        for place, (token, by_tokenizer) in enumerate(zip(ids, added, strict=True)):
            kind = ""
            named = surfaces is not None and self._written.get(token) == surfaces[place].strip()
            if by_tokenizer or token in self._declared or named:
                kind = self._kinds.get(token, "special")
            # One token for both ends (OPT, GPT-2): its place says which.
            if kind == "bos" and token == self._eos and content_seen:
                kind = "eos"
            content_seen = content_seen or not kind
            kinds.append(kind)
        return kinds


def _pattern(special: SpecialTokens) -> regex.Pattern[str] | None:
    written = special.written
    return regex.compile("|".join(map(regex.escape, written))) if written else None


def unread(texts: Iterable[Tokens], special: SpecialTokens) -> tuple[int, Counter[str]]:
    """How many texts hold special tokens that were read as text, and how often each of these."""
    pattern = _pattern(special)
    many, names = 0, Counter[str]()
    for tokens in texts:
        if pattern is None or pattern.search(tokens.sentence.text) is None:
            continue
        places = zip(tokens.spans, tokens.surfaces, tokens.kinds, strict=True)
        read = {
            end - len(surface.lstrip()) for (_, end), surface, kind in places if kind and surface
        }
        held = [
            match[0]
            for match in pattern.finditer(tokens.sentence.text)
            if match.start() not in read
        ]
        many += bool(held)
        names.update(held)
    return many, names


def written_in(texts: Iterable[str], special: SpecialTokens) -> int:
    """How many of the texts hold a special token."""
    pattern = _pattern(special)
    return 0 if pattern is None else sum(pattern.search(text) is not None for text in texts)
