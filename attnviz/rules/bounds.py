"""What must hold of a number, and of an interval."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from attnviz.report.numbers import exact

SAME = 1e-6
"""Numbers this close are equal: rounding makes them differ by less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Conditions that must hold together; None is no condition.

    `within` is `in` in a rule file, both ends included; `approx` is met by what is no further from
    it than `abs`, or `rel` times its size, whichever is more. Equal is what differs by rounding.
    """

    gt: float | None = None
    gte: float | None = None
    lt: float | None = None
    lte: float | None = None
    eq: float | None = None
    within: tuple[float, float] | None = None
    approx: float | None = None
    rel: float | None = None
    abs: float | None = None

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self != Bounds()

    @property
    def least(self) -> float:
        """No number below it is allowed."""
        return max(end for end in self._ends[0])

    @property
    def most(self) -> float:
        """No number above it is allowed."""
        return min(end for end in self._ends[1])

    @property
    def _ends(self) -> tuple[list[float], list[float]]:
        low, high = [-math.inf], [math.inf]
        low += [end for end in (self.gt, self.gte) if end is not None]
        high += [end for end in (self.lt, self.lte) if end is not None]
        if self.eq is not None:
            low.append(self.eq - SAME)
            high.append(self.eq + SAME)
        if self.within is not None:
            low.append(self.within[0])
            high.append(self.within[1])
        if self.approx is not None:
            low.append(self.approx - self._tolerance)
            high.append(self.approx + self._tolerance)
        return low, high

    @property
    def edges(self) -> tuple[float, ...]:
        """The numbers from which on they hold, or no longer do, as they were written."""
        ends = [*self._ends[0], *self._ends[1]]
        if self.eq is not None:
            ends.append(self.eq)
        return tuple(filter(math.isfinite, ends))

    @property
    def _tolerance(self) -> float:
        size = 0.0 if self.approx is None else math.fabs(self.approx)
        return max(self.abs or 0.0, (self.rel or 0.0) * size)

    def hold(self, low: float, high: float) -> bool:
        """Whether they hold of every number from `low` to `high`."""
        strictly = (self.gt is None or low > self.gt) and (self.lt is None or high < self.lt)
        return strictly and low >= self.least and high <= self.most

    def slack(self, number: float) -> float:
        """How far inside the bounds a number lies; negative outside."""
        return min(number - self.least, self.most - number)

    @property
    def possible(self) -> bool:
        """Whether any number meets them."""
        strict = self.gt is not None and self.gt >= self.least
        strict |= self.lt is not None and self.lt <= self.most
        return self.least < self.most if strict else self.least <= self.most

    def __str__(self) -> str:
        return " and ".join(
            _said(self, field.name) for field in fields(self) if _has(self, field.name)
        )


_SIGNS = {"gt": ">", "gte": "≥", "lt": "<", "lte": "≤", "eq": "="}


def _has(bounds: Bounds, name: str) -> bool:
    return name not in ("rel", "abs") and getattr(bounds, name) is not None


def _said(bounds: Bounds, name: str) -> str:
    value = getattr(bounds, name)
    if name == "within":
        return f"in [{exact(value[0])}, {exact(value[1])}]"
    if name != "approx":
        return f"{_SIGNS[name]} {exact(value)}"
    ways = [exact(bounds.abs)] if bounds.abs is not None else []
    ways += [f"{exact(100 * bounds.rel)}%"] if bounds.rel is not None else []
    return f"≈ {exact(value)} ± {' or '.join(ways)}"
