"""What heads do on repeated random tokens, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ProbeScore:
    """A score on random tokens, its 95% interval over the draws, and what chance would get.

    All are None where nothing could be measured.
    """

    score: float | None
    low: float | None
    high: float | None
    chance: float | None


@dataclass(frozen=True, slots=True)
class InductionHead:
    """One head on repeated random tokens.

    `prefix_matching`: attention to what followed a token's earlier copies, in [0, 1]; `baseline`:
    the strongest simpler account of it, named in `against` ("chance", "duplicate-token",
    "previous-token"); `margin_low`: the lower bound of prefix matching - baseline. `copying`:
    whether the head raises the logits of what it attends to, in [-1, 1] with chance at 0;
    `lifted`: the share of queries whose attended token it lifts above the draw's mean. Both are
    None where its way to the logits is unknown.
    """

    layer: int
    head: int
    prefix_matching: ProbeScore
    baseline: float | None
    against: str
    margin_low: float | None
    copying: ProbeScore | None
    verdict: Literal["supported", "no"]
    lifted: ProbeScore | None = None


@dataclass(frozen=True)
class InductionReport:
    """What all heads do on repeated random tokens, layer by layer.

    Each of the `draws` has so many different `tokens`, `repeats` times over; `queries` of them
    occurred before. `margin` is what the lower bound of prefix matching - baseline must exceed.
    """

    draws: int
    tokens: int
    repeats: int
    queries: int
    margin: float
    heads: tuple[InductionHead, ...]

    @property
    def supported(self) -> tuple[InductionHead, ...]:
        """The heads that match prefixes beyond doubt, the best first."""
        return tuple(one for one in self.ranked if one.verdict == "supported")

    @property
    def ranked(self) -> tuple[InductionHead, ...]:
        """All heads, those that match prefixes best first."""
        return tuple(sorted(self.heads, key=lambda one: -(one.prefix_matching.score or 0.0)))
