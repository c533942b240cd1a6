"""Heads that might be removed, as far as attention alone can tell, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from attnviz.report.scores import Estimate
from attnviz.shape import Count, Head, Layer, Place

Reason = Literal["redundant", "uniform", "resting"]


@dataclass(frozen=True, slots=True)
class Alike:
    """The head that another attends like."""

    layer: Count
    """Layer of that head."""
    head: Count
    """Its number in the layer."""
    apart: float
    """Root of the mean Jensen-Shannon divergence from it, divergence in nats."""
    high: float | None
    """The 95% upper bound; null where it isn't known."""


@dataclass(frozen=True, slots=True)
class SpareHead:
    """A head, and all that speaks for its removal."""

    layer: Layer
    head: Head
    reasons: tuple[Reason, ...]
    """Why it is a candidate; empty where it is none."""
    alike: Alike | None
    """The head of its group that is kept; where it is in no group, or is the one kept, the closest
    head."""
    evenness: Estimate | None
    """Its normalised entropy; the lower bound holds for all heads and roles at once."""
    resting: Estimate | None
    """Attention to the first token, special tokens and the sink logit."""
    roles: tuple[str, ...]
    """The roles that it has all the same."""
    induction: float | None
    """Its prefix matching on repeated random tokens where that is supported, else null."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One reason."""

    reason: Reason
    """redundant: root mean divergence from the head that is kept; uniform: normalised entropy;
    resting: attention to the first token, special tokens and the sink logit."""
    threshold: float
    """What the upper bound must stay below (redundant) or the lower bound exceed; of normalised
    entropy that of a row drawn at random, and the margin of the role broad."""
    heads: tuple[Place, ...]
    """The heads for which it does, the surest first."""
    closest: SpareHead | None
    """The surest of them, or the one that came closest; null where nothing was measured."""


@dataclass(frozen=True, slots=True)
class SpareGroup:
    """Heads that attend alike."""

    kept: Place
    """The head with the least sum of divergences from the others."""
    others: tuple[Place, ...]
    """The others of the group."""
    high: float
    """The largest 95% upper bound of any two of them."""


@dataclass(frozen=True)
class Spare:
    """Heads that could be spared, as far as attention tells.

    Candidates for an experiment, for attention does not measure importance.
    """

    heads: tuple[SpareHead, ...]
    """The candidates: those with the most reasons first, then the surest."""
    working: tuple[SpareHead, ...]
    """No candidates: heads with reasons on this text that do induction on repeated random tokens,
    the best first."""
    criteria: tuple[Criterion, ...]
    """The reasons."""
    groups: tuple[SpareGroup, ...]
    """Groups of heads that attend alike."""
    collapsed: tuple[Count, ...]
    """Layers whose heads are all alike."""
