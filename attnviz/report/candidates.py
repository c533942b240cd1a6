"""Heads that might be removed, as far as attention alone can tell, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from attnviz.report.scores import Estimate
from attnviz.report.shape import Count, Head, Layer, Place, says

Reason = Literal["redundant", "uniform", "resting"]


@dataclass(frozen=True, slots=True)
class Alike:
    """The head that another attends like."""

    layer: Annotated[Count, says("Layer of that head.")]
    head: Annotated[Count, says("Its number in the layer.")]
    apart: Annotated[
        float, says("Root of the mean Jensen-Shannon divergence from it, divergence in nats.")
    ]
    high: Annotated[float | None, says("The 95% upper bound; null where it isn't known.")]


@dataclass(frozen=True, slots=True)
class SpareHead:
    """A head, and all that speaks for its removal."""

    layer: Layer
    head: Head
    reasons: Annotated[tuple[Reason, ...], says("Why it is a candidate; empty where it is none.")]
    alike: Annotated[
        Alike | None,
        says(
            "The head of its group that is kept; where it is in no group, or is the one kept, the "
            "closest head."
        ),
    ]
    evenness: Annotated[Estimate | None, says("Its normalised entropy.")]
    resting: Annotated[
        Estimate | None, says("Attention to the first token, special tokens and the sink logit.")
    ]
    roles: Annotated[tuple[str, ...], says("The roles that it has all the same.")]
    induction: Annotated[
        float | None,
        says("Its prefix matching on repeated random tokens where that is supported, else null."),
    ]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One reason."""

    reason: Annotated[
        Reason,
        says(
            "redundant: root mean divergence from the head that is kept; uniform: normalised "
            "entropy; resting: attention to the first token, special tokens and the sink logit."
        ),
    ]
    threshold: Annotated[
        float,
        says("What the upper bound must stay below (redundant) or the lower bound exceed."),
    ]
    heads: Annotated[tuple[Place, ...], says("The heads for which it does, the surest first.")]
    closest: Annotated[
        SpareHead | None,
        says("The surest of them, or the one that came closest; null where nothing was measured."),
    ]


@dataclass(frozen=True, slots=True)
class SpareGroup:
    """Heads that attend alike."""

    kept: Annotated[Place, says("The head with the least sum of divergences from the others.")]
    others: Annotated[tuple[Place, ...], says("The others of the group.")]
    high: Annotated[float, says("The largest 95% upper bound of any two of them.")]


@dataclass(frozen=True)
class Spare:
    """Heads that could be spared, as far as attention tells.

    Candidates for an experiment, for attention does not measure importance.
    """

    heads: Annotated[
        tuple[SpareHead, ...],
        says("The candidates: those with the most reasons first, then the surest."),
    ]
    working: Annotated[
        tuple[SpareHead, ...],
        says(
            "No candidates: heads with reasons on this text that do induction on repeated random "
            "tokens, the best first."
        ),
    ]
    criteria: Annotated[tuple[Criterion, ...], says("The reasons.")]
    groups: Annotated[tuple[SpareGroup, ...], says("Groups of heads that attend alike.")]
    collapsed: Annotated[tuple[Count, ...], says("Layers whose heads are all alike.")]
