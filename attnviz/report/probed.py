"""What heads do on repeated random tokens, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from attnviz.report.shape import Count, Head, Layer, says


@dataclass(frozen=True, slots=True)
class ProbeScore:
    """A score on random tokens with its chance; null where nothing could be measured."""

    score: Annotated[float | None, says("The score.")]
    low: Annotated[float | None, says("Lower end of its 95% bootstrap interval over the draws.")]
    high: Annotated[float | None, says("Upper end of its 95% bootstrap interval over the draws.")]
    chance: Annotated[
        float | None,
        says(
            "Of prefix matching, the score of uniform attention; of copying, that of a head that "
            "raises all tokens of a draw alike."
        ),
    ]


@dataclass(frozen=True, slots=True)
class InductionHead:
    """One head on repeated random tokens."""

    layer: Layer
    head: Head
    prefix_matching: Annotated[
        ProbeScore,
        says(
            "Mean attention, in [0, 1], from tokens that occurred before to the tokens that "
            "followed their earlier copies."
        ),
    ]
    baseline: Annotated[float | None, says("The strongest simpler account of the same attention.")]
    against: Annotated[
        str,
        Meta(
            pattern="^(chance|duplicate-token|previous-token)$",
            description="What that is: uniform attention, or what the same tokens give to copies "
            "of themselves, or to the token before.",
        ),
    ]
    margin_low: Annotated[
        float | None, says("Lower 95% bound of prefix matching - baseline, over the draws.")
    ]
    copying: Annotated[
        ProbeScore | None,
        says(
            "Whether the head by itself raises the logits of the tokens that it attends to: 1, no "
            "others; -1, only others; its chance is 0, where it raises them no more than any. "
            "(x - c) / (x + c - 2xc) of the share x of Olsson et al. 2022 and its chance "
            "c = 1 / tokens. Null for all heads where no layer's way to the logits is known."
        ),
    ]
    verdict: Annotated[
        Literal["supported", "no"], says("supported: margin_low exceeds margin; no: anything else.")
    ]
    lifted: Annotated[
        ProbeScore | None,
        says(
            "Share of the queries whose attended token the head by itself lifts above the mean "
            "logit of the draw's tokens; chance is the share for a token of the draw at random. "
            "Null as copying is."
        ),
    ] = None


@dataclass(frozen=True)
class InductionReport:
    """What all heads do on random tokens from the model's own vocabulary.

    They are drawn by options.seed and repeated (Olsson et al. 2022).
    """

    draws: Annotated[Count, says("How many texts of random tokens were made.")]
    tokens: Annotated[Count, says("Different tokens in each.")]
    repeats: Annotated[Count, says("How often each text has them, in the same order.")]
    queries: Annotated[
        Count,
        says("Tokens that occurred before, over all draws: those that the scores rest on."),
    ]
    margin: Annotated[float, says("What margin_low must exceed.")]
    heads: Annotated[tuple[InductionHead, ...], says("All heads, layer by layer.")]

    @property
    def supported(self) -> tuple[InductionHead, ...]:
        """The heads that match prefixes beyond doubt, the best first."""
        return tuple(head for head in self.ranked if head.verdict == "supported")

    @property
    def ranked(self) -> tuple[InductionHead, ...]:
        """All heads, those that match prefixes best first."""
        return tuple(sorted(self.heads, key=lambda head: -(head.prefix_matching.score or 0.0)))
