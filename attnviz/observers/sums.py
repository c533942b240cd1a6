"""The sums of every role and statistic, sentence by sentence and head by head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
import torch
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
from attnviz.observers import handover
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
        self._handover = handover.Handover()

    def ask(self, batch: Batch, places: Sequence[int]) -> Request:  # noqa: ARG002 - an observer
        """Masses on the targets of all columns, and what statistics need."""
        rows = [
            self._row(*both)
            for both in zip(batch.sentences, batch.looked_at.sentences, strict=True)
        ]
        needs = (statistic.needs for statistic in self._statistics)
        return Request(rows, frozenset[Need]().union(*needs))

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        """Starts a batch whose sentences have the given places in the table."""
        self._batch, self._places = batch, list(places)
        self._content = batch.on_host.astype(np.float32)

    def _row(self, tokens: Tokens, keys: Tokens) -> list[Target | None]:
        """A sentence's targets: those of all columns, then those that baselines measure."""
        row = [column.target(tokens, keys) for column in self._columns]
        return row + [
            baseline.target and baseline.target(self._columns[place].role, tokens, row[place])
            for place, baseline in self._aimed
        ]

    def see(self, attention: LayerAttention) -> None:
        """Adds one layer of the batch."""
        layer, places = attention.layer, self._places

        def keep(*arrays: LayerArray) -> None:
            seen = LayerSums(*arrays)
            if layer not in self._layers:
                self._layers[layer] = self._empty(seen)
            kept = self._layers[layer]
            for entry in fields(LayerSums):
                getattr(kept, entry.name)[places] = getattr(seen, entry.name)

        by_chance = attention.once("chance", lambda: self._by_chance(attention.uniform))
        by_head = self._by_head(attention)
        self._handover.add(keep, *by_head, *by_chance, *self._of_statistics(attention))

    def end(self) -> None:
        """Ends the batch."""
        self._handover.settle()

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

    def _by_head(self, attention: LayerAttention) -> tuple[Tensor, Tensor]:
        """The masses of the columns, and those of the baselines beside them."""
        content, columns = self._batch.content, len(self._columns)
        masses = attention.masses
        mass = masses[..., :columns].clone()
        for index, column in enumerate(self._columns):
            if column.role.shape:
                mass[..., index] = column.role.shape.mass(attention, content)
        from_layer = [
            baseline.mass(self._columns[place].role, attention, content)[..., None]
            for place, baseline in self._from_layer
            if baseline.mass
        ]
        return mass, torch.cat([masses[..., columns:], *from_layer], -1)

    def _by_chance(self, uniform: LayerAttention) -> tuple[Tensor, Tensor]:
        content, columns = self._batch.content, len(self._columns)
        chance = uniform.masses[..., :columns].clone()  # [batch, 1, column]
        events = uniform.reached[..., :columns].clone()
        for index, column in enumerate(self._columns):
            if shape := column.role.shape:
                chance[..., index] = (shape.chance or shape.mass)(uniform, content)
                events[:, 0, index] = shape.events(uniform, content)
        return chance, events

    def _of_statistics(self, attention: LayerAttention) -> tuple[Tensor | LayerArray, ...]:
        """Sums and counts of all statistics, [batch, head, statistic] both."""
        values = [
            statistic.values(attention, self._batch.content)
            if all(map(attention.has, statistic.needs))
            else None
            for statistic in self._statistics
        ]
        there = [each for each in values if each is not None]
        if there and handover.is_away(there[0]):
            return self._summed_on_device(values, there[0].device, attention.heads)
        sums, counts = np.zeros((2, len(self._content), attention.heads, len(values)))
        for index, (statistic, each) in enumerate(zip(self._statistics, values, strict=True)):
            if each is not None:
                content = self._content if statistic.per == "query" else None
                sums[..., index], counts[..., index] = _summed(each.numpy(), content)
        return sums, counts

    def _summed_on_device(
        self, values: Sequence[Tensor | None], device: torch.device, heads: int
    ) -> tuple[Tensor, Tensor]:
        """The same on a device, all statistics of a kind together: each step there costs a launch.

        What all heads have in common is [batch, 1], and for each query [batch, 1, query].
        """
        batch = len(self._content)
        content = self._batch.content.float()[:, None]
        empty = torch.zeros(2, batch, heads, device=device)
        columns = [empty] * len(values)
        for per in ("query", "sentence"):
            chosen = {
                at: each.float().expand(batch, heads, *each.shape[2:])
                for at, (statistic, each) in enumerate(zip(self._statistics, values, strict=True))
                if each is not None and statistic.per == per
            }
            if not chosen:
                continue
            every = torch.stack([*chosen.values()])
            both = torch.stack([every.nan_to_num(0.0), (~every.isnan()).float()])
            summed = (both * content).sum(-1) if per == "query" else both
            for at, column in zip(chosen, summed.unbind(1), strict=True):
                columns[at] = column
        sums, counts = torch.stack(columns, -1).unbind()
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
