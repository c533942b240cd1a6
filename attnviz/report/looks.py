"""What the words of a drawn sentence look at: plain data, shares of attention."""

from __future__ import annotations

from dataclasses import dataclass

from attnviz.shape import Amount, Count, Head, Layer, Share


@dataclass(frozen=True, slots=True)
class LookedWord:
    """A word that another looks at."""

    start: Count
    """Its first token; in cross-attention among the sentence's keys."""
    text: str
    """The word."""
    weight: Share
    """The attention on all its tokens."""


@dataclass(frozen=True, slots=True)
class WordLooks:
    """A word, and where its attention goes: mean over its tokens and over heads.

    itself, resting, and the weights of all words that are looked at sum to 1, or to less where a
    sink logit takes the rest.
    """

    start: Count
    """Its first token, as in words."""
    text: str
    """The word."""
    itself: Share
    """The attention on its own tokens; 0 in cross-attention."""
    resting: Share
    """The attention on special tokens, and in causal models on the first token."""
    looks: tuple[LookedWord, ...]
    """The words that it looks at most, itself left out, the most first."""


@dataclass(frozen=True, slots=True)
class HeadHere:
    """A head that does something particular in a sentence."""

    layer: Layer
    head: Head
    role: str
    """The role that it shows."""
    score: Share
    """Its score in this sentence."""
    chance: Amount
    """What evenly spread attention would score here."""
    events: Count
    """Queries, or words, that this rests on."""


@dataclass(frozen=True, slots=True)
class SentenceLooks:
    """What the words of a sentence look at, in the heads that don't rest there.

    A head rests where it gives half or more of its attention to the first token and special tokens
    of the sentence, mean over content tokens.
    """

    heads: Count
    """The heads that don't rest here: all means are over these."""
    resting: Count
    """The heads that do."""
    words: tuple[WordLooks, ...]
    """The first words of the sentence, at most 40. Empty where all heads rest, and where the
    sentence is too long for its matrices to be kept."""
    more: Count
    """Words beyond these."""
    received: tuple[float | None, ...]
    """For each token, or in cross-attention for each key, its share of the attention on words: of
    the mean over those heads and content tokens, without what goes to special tokens and, in causal
    models, to the first token, which have null. Empty where words are."""
    removed: Share | None
    """The attention that goes to these; null where words are empty."""
    particular: tuple[HeadHere, ...]
    """Heads that show a role here, the furthest above chance first."""
