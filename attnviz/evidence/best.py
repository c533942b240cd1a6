"""The best head of each role between words, chosen on one half of the text and scored on the other.

The best of many heads looks good by luck alone where it is chosen and scored on the same sentences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnviz.evidence import bootstrap
from attnviz.evidence.gather import RoleSums, Sums
from attnviz.evidence.scores import Array
from attnviz.roles.role import Role


@dataclass(frozen=True)
class Best:
    """The best head of a role, and what it scores where it was not chosen.

    `heads` are those chosen on the first half and on the second, one where both agree. `score` is
    pooled over both halves, each scored by the head that the other chose, `low`-`high` its 95%
    interval, given the choice; `baselines` are over the same events. Where a half has no events
    there are no heads and all numbers are NaN or 0; with few sentences there is no interval.
    """

    role: Role
    heads: tuple[int, ...]
    score: float
    low: float
    high: float
    baselines: Mapping[str, float]
    events: int
    sentences: int


def best(roles: Sequence[RoleSums], half: NDArray[np.int64]) -> list[Best]:
    """The best head of each role; of equally good ones the first.

    `half` [unit] is 0 or 1, for the rows of the sums.
    """
    if not roles:
        return []
    chosen = np.array([_choose(role.score, half) for role in roles])  # [role, half]
    looks = chosen[:, 1 - half]  # [role, sentence]
    scored = [_picked(role.score, one) for role, one in zip(roles, looks, strict=True)]
    mass, events = (np.stack(sums, axis=1) for sums in zip(*scored, strict=True))
    pooled = bootstrap.ratio(mass.sum(0), events.sum(0))
    low, high = bootstrap.of_hits(mass, events)  # [role]
    few = (events > 0).sum(0) < bootstrap.FEWEST
    low[few] = high[few] = np.nan
    return [
        Best(
            role=role.role,
            heads=tuple(dict.fromkeys(chosen[at].tolist())) if chosen[at].min() >= 0 else (),
            score=float(pooled[at]),
            low=float(low[at]),
            high=float(high[at]),
            baselines={
                name: _pooled(_picked(sums, looks[at])) for name, sums in role.baselines.items()
            },
            events=round(float(events[:, at].sum())),
            sentences=round(float(_of_heads(role.sentences, looks[at]).sum())),
        )
        for at, role in enumerate(roles)
    ]


def _choose(score: Sums, half: NDArray[np.int64]) -> tuple[int, int]:
    """The best head on each half, -1 where one of them has no events."""
    first, second = (_first_best(score, half == side) for side in (0, 1))
    return (first, second) if min(first, second) >= 0 else (-1, -1)


def _first_best(score: Sums, rows: NDArray[np.bool_]) -> int:
    events = score.events[rows].sum(0)
    if not events.any():
        return -1
    ratio = bootstrap.ratio(score.mass[rows].sum(0), events)
    return int(np.nan_to_num(ratio, nan=-1.0).argmax())


def _picked(sums: Sums, heads: NDArray[np.int64]) -> tuple[Array, Array]:
    """Mass and events of the head that each sentence is scored by, [sentence]; 0 without one."""
    return _of_heads(sums.mass, heads), _of_heads(sums.events, heads)


def _of_heads(values: Array, heads: NDArray[np.int64]) -> Array:
    found: Array = values[np.arange(len(heads)), heads] * (heads >= 0)
    return found


def _pooled(picked: tuple[Array, Array]) -> float:
    mass, events = picked
    return float(bootstrap.ratio(mass.sum(), events.sum()))
