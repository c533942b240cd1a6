"""Unknown tokens: text that a vocabulary has no entry for; the model reads one stand-in for all.

Two unknown tokens have the same id but may stand for different texts, so they are marked where they
are shown, and don't count as copies of each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from attnviz.text.showable import showable
from attnviz.text.types import TokenLabel, Tokens

_OTHER_USES = ("cls", "sep", "bos", "eos")
_EXAMPLES = 8
"""Different unknown tokens that are named."""


def unknown_id(tokenizer: object) -> int | None:
    """The id of the unknown token, None where a tokenizer has none.

    Tokenizers that can spell anything in bytes (GPT-2) declare one that has another use.
    """
    number: int | None = getattr(tokenizer, "unk_token_id", None)
    others = [getattr(tokenizer, f"{kind}_token_id", None) for kind in _OTHER_USES]
    return None if number in others else number


def marked(tokens: Tokens, unknown: int | None) -> Tokens:
    """The tokens with those of the id `unknown` marked, except where the text is its own name."""
    if unknown is None or unknown not in tokens.ids:
        return tokens
    entries = zip(
        tokens.labels, tokens.ids, tokens.kinds, tokens.pieces, tokens.surfaces, strict=True
    )
    labels = (
        unknown_label(label, piece)
        if number == unknown and not kind and surface.strip() != piece
        else label
        for label, number, kind, piece, surface in entries
    )
    return replace(tokens, labels=tuple(labels))


def unknown_label(label: TokenLabel, piece: str) -> TokenLabel:
    """The label of a token that the model reads as `piece`: `[UNK]:🍕`.

    The mark stands first, where no cut of a long label takes it away.
    """
    name = showable(piece)
    text = name if label.text == name else f"{name}:{label.text}"
    return replace(label, text=text, unknown=True)


class Unknown:
    """How much of some texts is unknown to the vocabulary, counted text by text.

    Of so many `content` tokens so many `tokens` are unknown.
    """

    def __init__(self) -> None:
        self.tokens = self.content = 0
        self._examples: dict[str, None] = {}

    def add(self, texts: Iterable[Tokens]) -> None:
        """Counts some texts."""
        for tokens in texts:
            self.content += int(tokens.content.sum())
            if not tokens.unknown.any():
                continue
            self.tokens += int(tokens.unknown.sum())
            for place in np.flatnonzero(tokens.unknown):
                if len(self._examples) <= _EXAMPLES:
                    self._examples[tokens.labels[place].text] = None

    def warning(self) -> list[str]:
        """A warning that says how much is unknown; none for nothing."""
        if not self.tokens:
            return []
        tokens = "token" if self.content == 1 else "tokens"
        are = "is" if self.tokens == 1 else "are"
        named = ", ".join(list(self._examples)[:_EXAMPLES])
        others = " and others" if len(self._examples) > _EXAMPLES else ""
        return [
            (
                f"{self.tokens:,} of {self.content:,} content {tokens} {are} unknown to the "
                f"model's vocabulary ({self.tokens / self.content:.1%}), which stands in for all "
                f"such text alike; they are marked ({named}{others}), and no copies of each other."
            )
        ]
