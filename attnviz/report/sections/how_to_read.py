"""How to read a report, for those who meet attention for the first time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.evidence.bootstrap import FEWEST

if TYPE_CHECKING:
    from attnviz.report.model import Report

TITLE = "How to read this"


ATTENTION = (
    "A model reads a sentence as tokens: words, or pieces of words. Wherever it has an attention "
    "head, each token (the query) spreads a weight of 1 over the {sees} (the keys): what it looks "
    "at, and how much."
)
NAMES = (
    (
        "L3H11",
        (
            "is a head: head 11 of layer 3, both counted from 0. Each head has its own way of "
            "looking; layers work one after the other."
        ),
    ),
    (
        "0.77",
        (
            "as a share of attention means: of each token's weight of 1, on average 0.77 goes "
            "where the sentence says. In parentheses stands what an even spread over all tokens "
            "would give, and what else could explain it, if that is more: the positional profile, "
            "say, is what the head gives that place whatever stands there."
        ),
    ),
)
JUDGED = (
    (
        "[0.76, 0.79]",
        (
            "is a 95% interval: on other sentences like these the mean would most likely lie "
            "between the two."
        ),
    ),
    (
        "Supported",
        (
            "means that the score is surely above everything simpler that could explain it; "
            "tentative, that it seems so on less evidence."
        ),
    ),
)
NOT_JUDGED = (
    (
        "No interval, no verdict",
        (
            f"stands here, for both take {FEWEST} sentences or more: the numbers say what this "
            "text shows."
        ),
    ),
)
CAUTIONS = (
    (
        "Resting",
        (
            "Many heads have nothing to say about most tokens, and put their weight where it does "
            "no harm: on the first token or a special one such as [CLS] or [SEP], which the "
            "tokenizer adds. Such a token is called a sink."
        ),
    ),
    (
        "What it does not mean",
        "Attention shows where a head looks, not why, and not what the model does with it.",
    ),
)


@dataclass(frozen=True, slots=True)
class Term:
    """A word, and what it means."""

    term: str
    means: str


@dataclass(frozen=True, slots=True)
class HowToRead:
    """The words that one needs, in the order in which one meets them."""

    title: str
    terms: tuple[Term, ...]


def of(report: Report) -> HowToRead:
    """The words that this report uses."""
    sees = "tokens to its left" if report.model.causal else "tokens of the sentence"
    judged = JUDGED if report.judged else NOT_JUDGED
    every = (("Attention", ATTENTION.format(sees=sees)), *NAMES, *judged, *CAUTIONS)
    return HowToRead(TITLE, tuple(Term(*each) for each in every))
