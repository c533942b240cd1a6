"""What is kept of one stream of layers: sums by unit, sums over all of the text, and its layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import TypeVar

from attnviz.measurement.fixed import Ints, added
from attnviz.measurement.sums import Column, FixedSums
from attnviz.measurement.units import Rows, Units

Head = tuple[int, int]
Value = TypeVar("Value")


@dataclass(frozen=True)
class LayerShape:
    """A layer that has attention: its query heads, its key heads, and whether it looks back only.

    `widest` is the most keys that a query saw.
    """

    number: int
    heads: int
    key_heads: int
    widest: int
    causal: bool

    def __add__(self, other: LayerShape) -> LayerShape:
        if (self.heads, self.key_heads) != (other.heads, other.key_heads):
            raise ValueError(f"layer {self.number} has other heads in another measurement")
        return replace(
            self,
            widest=max(self.widest, other.widest),
            causal=self.causal and other.causal,
        )


@dataclass(frozen=True, eq=False)
class StreamSums:
    """Everything that adds up over the sentences of one stream; the empty one is zero.

    `columns` are sums by unit, `totals` fixed-point sums over all sentences by name (attention by
    offset [head, offset], say), of any shape. `longest` is the greatest number of keys a sentence
    had.
    """

    units: Units = field(default_factory=Units.empty)
    columns: Mapping[str, FixedSums] = field(default_factory=dict)
    totals: Mapping[str, Ints] = field(default_factory=dict)
    layers: tuple[LayerShape, ...] = ()
    longest: int = 0

    @property
    def heads(self) -> tuple[Head, ...]:
        """(layer, head) of every head, in the order of all arrays over heads."""
        return tuple((layer.number, head) for layer in self.layers for head in range(layer.heads))

    @property
    def causal(self) -> bool:
        """Whether no query of any layer saw a key to its right."""
        return all(layer.causal for layer in self.layers)

    def window(self, layer: LayerShape) -> int | None:
        """The most keys that a query of a layer sees, None where it may see all."""
        return layer.widest if layer.widest < self.longest else None

    def column(self, column: Column) -> FixedSums:
        """One column. Raises KeyError where it was not measured."""
        return self.columns[column.name]

    def __add__(self, other: StreamSums) -> StreamSums:
        """The sums over the sentences of both.

        Raises SumError on overflow, ValueError where the models differ.
        """
        units, rows, other_rows = self.units.joined(other.units)
        columns = {name: sums.moved(rows, len(units)) for name, sums in self.columns.items()}
        for name, sums in other.columns.items():
            mine = columns.get(name)
            columns[name] = (
                mine.with_added(sums, other_rows) if mine else sums.moved(other_rows, len(units))
            )
        return StreamSums(
            units,
            dict(sorted(columns.items())),
            _union(self.totals, other.totals, added),
            tuple(_layers(self, other)),
            max(self.longest, other.longest),
        )

    def selected(self, rows: Rows) -> StreamSums:
        """Some of the units; `totals`, which know no units, are left out."""
        units = Units(
            self.units.ids[rows],
            self.units.sentences[rows],
            self.units.digests[rows],
            self.units.grouped,
        )
        columns = {
            name: FixedSums(sums.numerator[rows], sums.denominator[rows], sums.bits)
            for name, sums in self.columns.items()
        }
        return replace(self, units=units, columns=columns, totals={})


def _union(
    first: Mapping[str, Value], second: Mapping[str, Value], add: Callable[[Value, Value], Value]
) -> dict[str, Value]:
    """What either has, by name; what both have is added."""
    return {
        name: reduce(add, [values[name] for values in (first, second) if name in values])
        for name in sorted({*first, *second})
    }


def _layers(first: StreamSums, second: StreamSums) -> list[LayerShape]:
    shapes = {layer.number: layer for layer in first.layers}
    for layer in second.layers:
        shapes[layer.number] = shapes[layer.number] + layer if layer.number in shapes else layer
    return [shapes[number] for number in sorted(shapes)]
