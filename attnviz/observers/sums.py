"""The sums of every role and statistic, sentence by sentence and head by head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.needs import Need
from attnviz.attention.observer import Observer
from attnviz.attention.request import Request
from attnviz.attention.shelf import Shelf
from attnviz.attention.targets import Target
from attnviz.baselines.known import baselines
from attnviz.observers.tables import LayerArray, LayerSums, ScoreTable
from attnviz.roles.role import Role
from attnviz.roles.variants import variants_of
from attnviz.statistics.statistic import Statistic
from attnviz.text.types import Tokens

Array = NDArray[np.float64]


class ScoreKeeper(Observer):
    """Observes layers and keeps the sums of every role and statistic, sentence by sentence."""

    def __init__(
        self,
        roles: Sequence[Role],
        statistics: Sequence[Statistic],
        sentences: int,
        stream: str = "",
    ) -> None:
        self.stream = stream
        self._columns = variants_of([role for role in roles if stream in role.streams])
        known = baselines()
        named = [
            (place, known[name])
            for place, column in enumerate(self._columns)
            for name in column.role.baselines
            if name in known
        ]
        # Those with a target of their own come first, as their masses do.
        self._aimed = [(place, baseline) for place, baseline in named if baseline.target]
        self._from_layer = [(place, baseline) for place, baseline in named if baseline.mass]
        self._statistics = tuple(statistics)
        self._sentences = sentences
        self._layers: dict[int, LayerSums] = {}
        self._shelf = Shelf()

    def begin(self, batch: Batch, places: Sequence[int]) -> Request:
        """Starts a batch whose sentences have the given places in the table."""
        self._batch, self._places = batch, list(places)
        self._content = _numpy(batch.content).astype(np.float32)
        rows = [
            self._row(*both)
            for both in zip(batch.sentences, batch.looked_at.sentences, strict=True)
        ]
        needs = (statistic.needs for statistic in self._statistics)
        return Request(rows, frozenset[Need]().union(*needs))

    def _row(self, tokens: Tokens, keys: Tokens) -> list[Target | None]:
        """A sentence's targets: those of all columns, then those that baselines measure."""
        row = [column.target(tokens, keys) for column in self._columns]
        return row + [
            baseline.target and baseline.target(self._columns[place].role, tokens, row[place])
            for place, baseline in self._aimed
        ]

    def see(self, attention: LayerAttention) -> None:
        """Adds one layer of the batch."""
        chance, events = attention.once("chance", lambda: self._by_chance(attention.uniform))
        mass, beside = self._by_head(attention)
        values, counts = self._of_statistics(attention)
        seen = LayerSums(mass, beside, chance, events, values, counts)
        if attention.layer not in self._layers:
            self._layers[attention.layer] = self._empty(seen)
        kept = self._layers[attention.layer]
        for entry in fields(LayerSums):
            getattr(kept, entry.name)[self._places] = getattr(seen, entry.name)

    def table(self) -> ScoreTable:
        """Everything that was seen."""
        numbers = tuple(sorted(self._layers))
        layers = tuple(self._layers[number] for number in numbers)
        beside = tuple(
            (place, baseline.name) for place, baseline in (*self._aimed, *self._from_layer)
        )
        return ScoreTable(self._columns, self._statistics, numbers, layers, beside)

    def _empty(self, like: LayerSums) -> LayerSums:
        arrays = (getattr(like, entry.name) for entry in fields(LayerSums))
        return LayerSums(
            *(self._shelf.zeros((self._sentences, *array.shape[1:])) for array in arrays)
        )

    def _by_head(self, attention: LayerAttention) -> tuple[LayerArray, LayerArray]:
        """The masses of the columns, and those of the baselines beside them."""
        content, columns = self._batch.content, len(self._columns)
        masses = _numpy(attention.masses)
        mass = masses[..., :columns].copy()
        for index, column in enumerate(self._columns):
            if column.role.shape:
                mass[..., index] = _numpy(column.role.shape.mass(attention, content))
        from_layer = [
            _numpy(baseline.mass(self._columns[place].role, attention, content))[..., None]
            for place, baseline in self._from_layer
            if baseline.mass
        ]
        return mass, np.concatenate([masses[..., columns:], *from_layer], axis=-1)

    def _by_chance(self, uniform: LayerAttention) -> tuple[LayerArray, LayerArray]:
        content, columns = self._batch.content, len(self._columns)
        chance = _numpy(uniform.masses)[..., :columns].copy()  # [batch, 1, column]
        events = _numpy(uniform.reached)[..., :columns].copy()
        for index, column in enumerate(self._columns):
            if shape := column.role.shape:
                chance[..., index] = _numpy((shape.chance or shape.mass)(uniform, content))
                events[:, 0, index] = _numpy(shape.events(uniform, content))
        return chance, events

    def _of_statistics(self, attention: LayerAttention) -> tuple[LayerArray, LayerArray]:
        shape = (len(self._content), attention.heads, len(self._statistics))
        sums, counts = np.zeros(shape), np.zeros(shape)
        for index, statistic in enumerate(self._statistics):
            values = None
            if all(map(attention.has, statistic.needs)):
                values = statistic.values(attention, self._batch.content)
            if values is not None:
                by_query = self._content if statistic.per == "query" else None
                sums[..., index], counts[..., index] = _summed(_numpy(values), by_query)
        return sums, counts


def _summed(values: LayerArray, content: LayerArray | None) -> tuple[LayerArray, LayerArray]:
    """The sum of a statistic over the queries where it is known, and their number.

    From [batch, head, query] and `content` [batch, query], or without it from [batch, head].
    """
    if content is not None:
        total = _over(values, content)
        if not np.isnan(total).any():  # nearly always, and much cheaper
            return total, content.sum(-1, keepdims=True)
    known = ~np.isnan(values)
    if content is None:
        return np.where(known, values, 0.0), known
    return _over(np.where(known, values, np.float32(0.0)), content), _over(known, content)


def _over(values: LayerArray, content: LayerArray) -> LayerArray:
    total: LayerArray = np.matmul(values, content[..., None], dtype=np.float32)[..., 0]
    return total


def _numpy(values: Tensor) -> LayerArray:
    array: LayerArray = values.cpu().numpy()
    return array
