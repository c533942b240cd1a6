"""The fused kernel for the CPU: a block of scores is made and used up while in cache.

The model's own attention is part of the measurement and is not computed twice. Everything happens
in compiled loops (`blocks`); here a layer is laid out for them, cut into tasks and put together.
Sums over queries and heads are kept apart by task and added in one order, so that the same input
gives the same bytes on any number of threads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from math import prod
from threading import local

import numpy as np
import torch
from torch import Tensor

from attnviz.attention.inputs import LayerInputs
from attnviz.attention.kernels.arrays import (
    Array,
    Flat,
    Rooms,
    RowFacts,
    Scoring,
    Sums,
    Task,
    Tensors,
)
from attnviz.attention.kernels.blocks import PANEL, ginis, work
from attnviz.attention.kernels.lanes import HEIGHT, LANES
from attnviz.attention.kernels.lookup import Lookup
from attnviz.attention.kernels.rows import COLUMNS, NO_SINK
from attnviz.attention.kernels.word_lookup import WordLookup
from attnviz.attention.measured import ROWWISE, Measured
from attnviz.attention.pack import pack
from attnviz.attention.request import JoinedRequest

CELLS = 2**16
"""Work is cut for threads by this many weights."""

ROWS = 32
"""Rows of a block. Fewer would read keys and values, which no cache holds in long texts, too often;
of more the scores would not stay in the cache."""

_GROUPS = 4
"""A mean over heads is made in so many parts at most, each by one thread."""

_PIECES = 16
"""Into so many pieces a layer with a mean over heads is cut where sentences alone are fewer."""

_EACH = 4
"""Tasks a thread: enough to share evenly; with more, what each costs before it begins adds up."""


def measure(layer: LayerInputs) -> Measured:
    """Measures a layer on all of torch's threads."""
    whole = _Work(layer)
    tasks = deque(_tasks(layer))
    helpers = min(torch.get_num_threads(), len(tasks)) - 1
    helping = [_pool(helpers).submit(whole.drain, tasks) for _ in range(helpers)]
    whole.drain(tasks)
    for helper in helping:
        helper.result()
    return whole.measured()


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="attnviz")


def _tasks(layer: LayerInputs) -> Iterator[Task]:
    """Cuts a layer into tasks, the dearest of a causal layer first."""
    batch, heads, queries, _ = layer.query.shape
    parts = _parts(layer)
    edges = [heads * part // parts for part in range(parts + 1)]
    segments = _segments(queries)
    # Sentences are measured each by itself, so how many are in a task changes no sum.
    many = max(1, batch * parts * segments // (_EACH * torch.get_num_threads()))
    for segment in reversed(range(segments)):
        rows = queries * segment // segments, queries * (segment + 1) // segments
        for sentence in range(0, batch, many):
            sentences = sentence, min(sentence + many, batch)
            for part in range(parts):
                yield Task(*sentences, edges[part], edges[part + 1], *rows, segment, part)


def _segments(queries: int) -> int:
    """Into how many segments the queries are cut: 1,024 or more are in each, by `CELLS`."""
    return max(1, queries // max(1, CELLS // 64))


def _parts(layer: LayerInputs) -> int:
    """Into how many parts the heads are cut; decided by shapes alone."""
    batch, heads, queries, _ = layer.query.shape
    if "head_mean" in layer.request.needs:
        return min(heads, _GROUPS, -(-_PIECES // batch)) if _segments(queries) == 1 else 1
    small = -(-heads * queries * layer.mask.keys // (4 * CELLS))
    return min(heads, max(small, -(-_GROUPS // batch)))


class _Work:
    """One layer's tensors made ready, and the arrays that its tasks fill."""

    def __init__(self, layer: LayerInputs) -> None:
        batch, heads, queries, depth = layer.query.shape
        request, keys = layer.request, layer.mask.keys
        self._layer, self._request = layer, request
        if "fused" not in request.kept:
            request.kept["fused"] = _Ready.of(request, queries, keys)
        self._ready: _Ready = request.kept["fused"]
        width = 0 if layer.value is None else layer.value.shape[-1]
        self._width = width
        self._wide = -(-width // LANES) * LANES
        self._out = torch.empty(batch, queries, heads, width)
        value = layer.query[..., :0] if layer.value is None else layer.value
        self._tensors = Tensors(
            queries=_flat(layer.query),
            keys=_flat(layer.key),
            values=_flat(value),
            out=self._out.view(-1).numpy(),
        )
        sinks = layer.sinks if layer.sinks is not None else torch.full((heads,), NO_SINK)
        self._facts = RowFacts(
            first_key=layer.mask.first.contiguous().numpy(),
            last_key=layer.mask.last.contiguous().numpy(),
            content=self._ready.content,
            strips=self._ready.strips,
            sinks=sinks.float().numpy(),
            ramp=self._ready.ramp,
            slots=self._ready.slots,
            before=self._ready.before,
        )
        self._scoring = Scoring(
            groups=heads // layer.key.shape[1],
            scale=np.float32(layer.scale),
            softcap=np.float32(0.0 if layer.softcap is None else layer.softcap),
            bias=_bias(layer),
        )
        self._words: WordLookup = layer.shared(
            "no words" if request.words is None else "words",
            lambda: WordLookup.of(layer, _segments(queries)),
        )
        self._spoken = self._words.room_for(heads)
        self._sums = self._room_for_sums(batch, heads, queries, keys)
        self._gini = np.zeros((batch, heads, request.sorted_rows.shape[1]), np.float32)
        self._step = -(-keys // PANEL) * PANEL + LANES
        self._depth = depth
        self._high = -(-ROWS // HEIGHT) * HEIGHT

    def _room_for_sums(self, batch: int, heads: int, queries: int, keys: int) -> Sums:
        """Room for what tasks add up, each with a vector to spare: what is read beyond a row."""
        needs = self._request.needs
        segments, parts = _segments(queries), _parts(self._layer)
        mean = (parts, batch, queries, keys + LANES) if "head_mean" in needs else (0, 0, 0, 0)
        lookup = self._ready.lookup
        asked = "by_offset" in needs or lookup.targets.offsets
        offsets = queries + keys - 1 + LANES if asked else 0
        return Sums(
            by_row=np.empty((COLUMNS, batch, heads, queries), np.float32),
            head_mean=np.zeros(mean, np.float32),
            received=np.zeros((segments, batch, heads, keys + LANES), np.float32),
            by_offset=np.zeros((segments, batch, heads, offsets), np.float32),
            cells=np.zeros((segments, batch, heads, 2, lookup.columns), np.float64),
        )

    def drain(self, tasks: deque[Task]) -> None:
        """Does tasks until none is left."""
        while True:
            try:
                task = tasks.popleft()
            except IndexError:
                return
            self.do(task)

    def do(self, task: Task) -> None:
        """Measures one task."""
        first, last, keys = task.first_sentence, task.last_sentence, self._layer.mask.keys
        before = self._ready.before[first:last]
        slots = int((before[:, task.last_query] - before[:, task.first_query]).max())
        task = task._replace(slots=slots)
        kept = last - first, task.last_head - task.first_head, slots, keys
        rooms = _rooms(
            self._high * max(self._depth, 1),
            self._step * self._depth,
            keys * self._wide,
            self._high * self._step,
            self._high * self._wide,
            prod(kept),
            self._words.rooms * (-(-keys // LANES) + 1) * LANES,
        )
        work(
            task,
            self._high,
            self._scoring,
            self._tensors,
            self._facts,
            self._ready.lookup.tables,
            (self._words.speakers, self._spoken),
            self._sums,
            rooms,
        )
        if slots:
            ordered = rooms.sorted_rows[: prod(kept)].reshape(kept)
            ordered.sort(axis=-1)
            ginis(task, self._facts, self._ready.sorted_rows, ordered, self._gini)

    def measured(self) -> Measured:
        """Everything, once all tasks are done."""
        request, keys, heads = self._request, self._layer.mask.keys, self._layer.heads
        sums = self._sums
        received, by_offset = sums.received.sum(0)[..., :keys], sums.by_offset.sum(0)[..., :-LANES]
        masses = reached = None
        if request.targets is not None:
            masses, reached = self._on_targets(sums.cells.sum(0), received, by_offset)
        head_mean = torch.from_numpy(sums.head_mean.sum(0)[..., :keys]).div_(heads)
        rowwise = dict(zip(ROWWISE, torch.from_numpy(sums.by_row), strict=True))
        return Measured(
            **rowwise,
            gini=torch.from_numpy(self._gini),
            received=torch.from_numpy(received),
            by_offset=torch.from_numpy(by_offset) if "by_offset" in request.needs else None,
            masses=masses,
            reached=reached,
            head_mean=head_mean if "head_mean" in request.needs else None,
            mixed=self._out.transpose(1, 2) if self._width else None,
            looks=self._words.looks(self._layer, self._spoken),
        )

    def _on_targets(self, cells: Array, received: Array, by_offset: Array) -> tuple[Tensor, Tensor]:
        """Masses on the targets and how many queries reach theirs, [batch, head, column]."""
        lookup, mask = self._ready.lookup, self._layer.mask
        reached = self._layer.shared("reached", lambda: lookup.reached(mask))
        masses, counts = cells[:, :, 0], cells[:, :, 1]
        lookup.add(masses, received, by_offset)
        counts[..., : reached.shape[-1]] = reached
        return lookup.ordered(masses), lookup.ordered(counts)


def _flat(tensor: Tensor) -> Flat:
    """A tensor [batch, head, token, width] as one flat array.

    So compiled code knows one type for all layouts, and nothing is copied.
    """
    tensor = tensor.float()
    if tensor.stride(-1) != 1 or not tensor.numel():
        tensor = tensor.contiguous()
    steps = tensor.stride()
    extent = sum((size - 1) * step for size, step in zip(tensor.shape, steps, strict=True)) + 1
    flat = tensor.as_strided((extent if tensor.numel() else 0,), (1,))
    return Flat(flat.numpy(), steps[0], steps[1], steps[2], tensor.shape[-1])


def _bias(layer: LayerInputs) -> Array:
    """A layer's bias [batch or 1, head or 1, query or 1, key], empty where there is none."""
    if layer.bias is None:
        return np.zeros((1, 1, 1, 0), np.float32)
    bias = layer.bias.float().expand(*layer.bias.shape[:3], layer.mask.keys)
    return bias.contiguous().numpy()


_kept = local()


def _rooms(*sizes: int) -> Rooms:
    """Room to work in that a thread uses again: fresh memory costs more than what is done in it."""
    rooms: list[Array] | None = getattr(_kept, "rooms", None)
    if rooms is None:
        rooms = _kept.rooms = [np.zeros(0, np.float32) for _ in sizes]
    for at, size in enumerate(sizes):
        if len(rooms[at]) < size:
            rooms[at] = np.zeros(size, np.float32)
    return Rooms(*rooms)


@dataclass(frozen=True, slots=True)
class _Ready:
    """What all layers of a batch share, as arrays for `rows`.

    `content` and `strips` are as in the request, `sorted_rows` too; the others are those of
    `RowFacts`.
    """

    content: Array
    strips: Array
    sorted_rows: Array
    slots: Array
    before: Array
    ramp: Array
    lookup: Lookup

    @classmethod
    def of(cls, request: JoinedRequest, queries: int, keys: int) -> _Ready:
        """From what is asked of the batch."""
        batch = len(request.content)
        targets = request.targets
        if targets is None:
            targets = pack([[] for _ in range(batch)], queries, keys, torch.device("cpu"))
        sorted_rows = request.sorted_rows.numpy()
        slots = np.full((batch, queries + 1), -1, np.int64)
        places = np.broadcast_to(np.arange(sorted_rows.shape[1]), sorted_rows.shape)
        np.put_along_axis(slots, sorted_rows, places, axis=1)  # -1 is one place more
        slots = np.ascontiguousarray(slots[:, :-1])
        before = np.pad((slots >= 0).cumsum(1), ((0, 0), (1, 0)))
        longest = max(queries, keys) + LANES
        strips = np.pad(request.strips.float().numpy(), ((0, 0), (0, LANES)))
        return cls(
            np.ascontiguousarray(request.content.float().numpy()),
            strips,
            sorted_rows,
            slots,
            before,
            np.abs(np.arange(-longest, longest + 1)).astype(np.float32),
            Lookup.of(targets, request.content.numpy()),
        )
