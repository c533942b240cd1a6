"""Sums by unit, head by head: a column's numerator and denominator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from attnviz.measurement.fixed import BITS, Floats, Ints, added_at, fixed, floats, scattered
from attnviz.measurement.units import Rows


class Column(NamedTuple):
    """What a column is the sum of.

    `subject` is a role, or "" for statistics; `candidate` a target of a role that has several, ""
    for the only one; `measure` "score", a baseline's name, or a statistic's.
    """

    subject: str
    candidate: str
    measure: str

    @property
    def name(self) -> str:
        """All three in a string."""
        return "|".join(self)

    @classmethod
    def named(cls, name: str) -> Column:
        """The column of a name."""
        return cls(*name.split("|"))


@dataclass(frozen=True, eq=False)
class FixedSums:
    """One column in fixed point: `numerator` and `denominator` [unit, head], or [unit, 1].

    With one head all heads share it. `bits` are the numerator's binary places.
    """

    numerator: Ints
    denominator: Ints
    bits: int = BITS

    @classmethod
    def of(
        cls, mass: Floats, events: Floats, rows: Rows, units: int, bits: int = BITS
    ) -> FixedSums:
        """From sums by sentence [sentence, head or 1], each of which belongs to a row of units."""
        return cls(
            scattered(fixed(_stored(mass), bits), rows, units),
            scattered(fixed(_stored(events)), rows, units),
            bits,
        )

    @property
    def mass(self) -> Floats:
        """The numerator as floats."""
        return floats(self.numerator, self.bits)

    @property
    def events(self) -> Floats:
        """The denominator as floats."""
        return floats(self.denominator)

    def moved(self, rows: Rows, units: int) -> FixedSums:
        """The same in other rows: those that share one are added up."""
        return FixedSums(
            scattered(self.numerator, rows, units),
            scattered(self.denominator, rows, units),
            self.bits,
        )

    def with_added(self, other: FixedSums, rows: Rows) -> FixedSums:
        """The sums with others added, each row of them to one of `rows`."""
        if self.bits != other.bits:
            raise ValueError(f"columns of {self.bits} and {other.bits} binary places don't add")
        return FixedSums(
            added_at(*_alike(self.numerator, other.numerator), rows),
            added_at(*_alike(self.denominator, other.denominator), rows),
            self.bits,
        )


def _stored(values: Floats) -> Floats:
    """One column where all heads share one by broadcasting."""
    return values[:, :1] if values.strides[1] == 0 and values.size else values


def _alike(first: Ints, second: Ints) -> tuple[Ints, Ints]:
    """Two arrays with as many heads, where one of them has one for all."""
    heads = max(first.shape[1], second.shape[1])
    return (
        np.broadcast_to(first, (len(first), heads)),
        np.broadcast_to(second, (len(second), heads)),
    )
