"""Unknown tokens: what a vocabulary has no entry for, and a model reads as one stand-in for all.

Two of them have one id and may stand for two different things, so they are marked where they are
shown, and are no copies of each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from attnviz.text.showable import showable
from attnviz.text.types import TokenLabel, Tokens

_OTHER_USES = ("cls", "sep", "bos", "eos")
_EXAMPLES = 3


def unknown_id(tokenizer: object) -> int | None:
    """The id that stands for all that the vocabulary lacks, None where nothing does.

    Tokenizers that can spell anything out in bytes (GPT-2) name one that has another use.
    """
    number: int | None = getattr(tokenizer, "unk_token_id", None)
    others = [getattr(tokenizer, f"{kind}_token_id", None) for kind in _OTHER_USES]
    return None if number in others else number


def marked(tokens: Tokens, unknown: int | None) -> Tokens:
    """The tokens with those marked that have the id `unknown`.

    Not those whose text is the stand-in's own name: where a tokenizer reads that as the stand-in,
    it is just what was written.
    """
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


def unknown_warning(texts: Sequence[Tokens]) -> list[str]:
    """A warning that says how much of the texts is unknown to the vocabulary; none for nothing."""
    having = [tokens for tokens in texts if tokens.unknown.any()]
    if not having:
        return []
    count = sum(int(tokens.unknown.sum()) for tokens in having)
    content = sum(int(tokens.content.sum()) for tokens in texts)
    labels = (tokens.labels[at].text for tokens in having for at in np.flatnonzero(tokens.unknown))
    examples = ", ".join(list(dict.fromkeys(labels))[:_EXAMPLES])
    tokens = "token is" if count == 1 else "tokens are"
    warning = (
        f"{count:,} of {content:,} content {tokens} unknown to the model's vocabulary "
        f"({count / content:.1%}), which stands in for all such text alike; they are marked "
        f"({examples}), and no copies of each other."
    )
    return [warning]
