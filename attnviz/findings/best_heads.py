"""The best head of each role between words, chosen on one half of the text and scored on the other.

The best of many heads looks good by luck alone where it is chosen and scored on the same sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnviz.evidence import bootstrap
from attnviz.evidence.bootstrap import Array
from attnviz.evidence.gather import RoleSums, Sums
from attnviz.roles.role import Role


@dataclass(frozen=True)
class BestHead:
    """The best head of a role, and what it scores where it was not chosen.

    `heads` are those chosen on the first half and on the second, one where both agree. `score` is
    pooled over both halves, each scored by the head that the other chose, `low`-`high` its 95%
    interval, given the choice; `baselines` are over the same events. Where a half has no events
    the head is not `held_out`: it is the best on the other, and scored there. With few sentences
    there is no interval.
    """

    role: Role
    heads: tuple[int, ...]
    score: float
    low: float
    high: float
    baselines: Mapping[str, float]
    events: int
    sentences: int
    held_out: bool


def best(roles: Sequence[RoleSums], half: NDArray[np.int64]) -> list[BestHead]:
    """The best head of each role; of equals the one with more attention on the right words.

    `half` [unit] is 0 or 1, for the rows of the sums.
    """
    if not roles:
        return []
    chosen = np.array([_choose(role, half) for role in roles])  # [role, half]
    looks = chosen[:, 1 - half]  # [role, sentence]
    scored = [_picked(role.score, heads) for role, heads in zip(roles, looks, strict=True)]
    mass, events = (np.stack(sums, axis=1) for sums in zip(*scored, strict=True))
    pooled = bootstrap.ratio(mass.sum(0), events.sum(0))
    low, high = bootstrap.of_hits(mass, events)  # [role]
    few = (events > 0).sum(0) < bootstrap.FEWEST
    low[few] = high[few] = np.nan
    return [
        BestHead(
            role=role.role,
            heads=tuple(dict.fromkeys(chosen[at].tolist())) if events[:, at].any() else (),
            score=float(pooled[at]),
            low=float(low[at]),
            high=float(high[at]),
            baselines={
                name: _pooled(_picked(sums, looks[at])) for name, sums in role.baselines.items()
            },
            events=round(float(events[:, at].sum())),
            sentences=round(float(_of_heads(role.sentences, looks[at]).sum())),
            held_out=all(role.score.events[half == side].any() for side in (0, 1)),
        )
        for at, role in enumerate(roles)
    ]


def _choose(role: RoleSums, half: NDArray[np.int64]) -> tuple[int, int]:
    """The best head on each half; where one of them has no events, the other's for both."""
    sides = [side for side in (0, 1) if role.score.events[half == side].any()] or [0]
    best = [_best_on(role, half, side) for side in sides]
    return best[0], best[-1]


def _best_on(role: RoleSums, half: NDArray[np.int64], side: int) -> int:
    """The head with the highest score on one half, of equals that with most on its target."""
    rows = half == side
    score = bootstrap.ratio(role.score.mass[rows].sum(0), role.score.events[rows].sum(0))
    mass = np.zeros_like(score) if role.on_target is None else role.on_target[rows].sum(0).round(6)
    # Sorted with the last key first, the best at the front, of equals the first.
    return int(np.lexsort((-mass, -np.nan_to_num(score, nan=-1.0)))[0])


def _picked(sums: Sums, heads: NDArray[np.int64]) -> tuple[Array, Array]:
    """Mass and events of the head that each sentence is scored by, [sentence]."""
    return _of_heads(sums.mass, heads), _of_heads(sums.events, heads)


def _of_heads(values: Array, heads: NDArray[np.int64]) -> Array:
    picked: Array = values[np.arange(len(heads)), heads]
    return picked


def _pooled(picked: tuple[Array, Array]) -> float:
    mass, events = picked
    return float(bootstrap.ratio(mass.sum(), events.sum()))
