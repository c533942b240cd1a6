"""What heads do on repeated random tokens, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from msgspec import Meta

from attnviz.shape import Count, Head, Layer

DEFINITIONS = (
    {
        "name": "prefix-matching",
        "about": (
            "Attention of a token that occurred before to what followed its earlier copies, on "
            "repeated random tokens: the mark of an induction head."
        ),
        "unit": "share of attention",
        "formula": "mean over queries of sum over j with t_(j-1) = t_i, j <= i, of a_ij",
        "source": "Olsson et al. 2022",
    },
    {
        "name": "copying",
        "about": (
            "Whether a head by itself raises the logits of the tokens that it attends to, on the "
            "same random tokens: 1, no others; 0, chance; -1, only others."
        ),
        "unit": "-1 to 1",
        "formula": (
            "(x - c) / (x + c - 2xc), x = sum A_i(t) r_i(t) / sum r_i(t) over queries i and the T "
            "tokens t of a draw, A the share of attention on copies of t, r what its logit is "
            "raised by, c = 1 / T"
        ),
        "source": "x: Olsson et al. 2022, who scale it as 2x - 1; held against chance: Yule 1912",
    },
    {
        "name": "lifted",
        "about": (
            "Share of queries whose attended token a head by itself lifts above the mean of the "
            "draw; chance is a token of the draw at random."
        ),
        "unit": "share of queries",
        "formula": "share of i with sum over t of A_i(t) logit_i(t) > mean over t of logit_i(t)",
        "source": "after Olsson et al. 2022",
    },
)
"""What is measured on random tokens, as `attnviz list statistics` tells it."""


@dataclass(frozen=True, slots=True)
class ProbeScore:
    """A score on random tokens with its chance; null where nothing could be measured."""

    score: float | None
    """The score."""
    low: float | None
    """Lower end of its 95% bootstrap interval over the draws."""
    high: float | None
    """Upper end of its 95% bootstrap interval over the draws."""
    chance: float | None
    """Of prefix matching, the score of uniform attention; of copying, that of a head that raises
    all tokens of a draw alike."""


@dataclass(frozen=True, slots=True)
class InductionHead:
    """One head on repeated random tokens."""

    layer: Layer
    head: Head
    prefix_matching: ProbeScore
    """Mean attention, in [0, 1], from tokens that occurred before to the tokens that followed their
    earlier copies."""
    baseline: float | None
    """The strongest simpler account of the same attention."""
    against: Annotated[str, Meta(pattern="^(chance|duplicate-token|previous-token)$")]
    """What that is: uniform attention, or what the same tokens give to copies of themselves, or to
    the token before."""
    margin_low: float | None
    """Lower 95% bound of prefix matching - baseline, over the draws."""
    copying: ProbeScore | None
    """Whether the head by itself raises the logits of the tokens that it attends to: 1, no others;
    -1, only others; its chance is 0, where it raises them no more than any. (x - c) / (x + c - 2xc)
    of the share x of Olsson et al. 2022 and its chance c = 1 / tokens. Null for all heads where no
    layer's way to the logits is known."""
    verdict: Literal["supported", "no"]
    """supported: margin_low exceeds margin; no: anything else."""
    lifted: ProbeScore | None = None
    """Share of the queries whose attended token the head by itself lifts above the mean logit of
    the draw's tokens; chance is the share for a token of the draw at random. Null as copying is."""


@dataclass(frozen=True)
class InductionReport:
    """What all heads do on random tokens from the model's own vocabulary.

    They are drawn by options.seed and repeated (Olsson et al. 2022).
    """

    draws: Count
    """How many texts of random tokens were made."""
    tokens: Count
    """Different tokens in each."""
    repeats: Count
    """How often each text has them, in the same order."""
    queries: Count
    """Tokens that occurred before, over all draws: those that the scores rest on."""
    margin: float
    """What margin_low must exceed."""
    heads: tuple[InductionHead, ...]
    """All heads, layer by layer."""

    def judged(self, margin: float) -> InductionReport:
        """The same with verdicts by this margin."""
        heads = tuple(
            replace(
                head,
                verdict="supported"
                if head.margin_low is not None and head.margin_low > margin
                else "no",
            )
            for head in self.heads
        )
        return replace(self, margin=margin, heads=heads)

    @property
    def supported(self) -> tuple[InductionHead, ...]:
        """The heads that match prefixes beyond doubt, the best first."""
        return tuple(head for head in self.ranked if head.verdict == "supported")

    @property
    def ranked(self) -> tuple[InductionHead, ...]:
        """All heads, those that match prefixes best first."""
        return tuple(sorted(self.heads, key=lambda head: -(head.prefix_matching.score or 0.0)))
