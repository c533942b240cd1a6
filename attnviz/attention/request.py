"""What observers ask of every layer of a batch, joined so that a kernel measures it in one pass."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.limits import SORTED
from attnviz.attention.needs import Need
from attnviz.attention.pack import PackedTargets, Row, pack
from attnviz.attention.targets import Target
from attnviz.attention.transfer import to_device
from attnviz.attention.words import WordRequest

Kernel = Literal["auto", "dense", "tiles", "fused", "triton"]


@dataclass(frozen=True, eq=False)
class Request:
    """What one observer asks of every layer, beyond what is measured always.

    `targets` [sentence][column], whose masses it reads back in the order of its own columns;
    `words` of which it wants to know what they look at most.
    """

    targets: Sequence[Row] | None = None
    needs: frozenset[Need] = frozenset()
    words: WordRequest | None = None


@dataclass(frozen=True, eq=False)
class JoinedRequest:
    """What all observers of a stream ask of a layer together.

    `content` [batch, query] are the queries that count; `strips` [batch, key] the keys that a
    vertical strip may stand on; both boolean. `columns` says which columns of `targets` are whose,
    None where all are; `words` are those that somebody asks about. `on_host` is `content` as an
    array, where it is known without asking the device. `kernel` is who measures,
    "auto" the cheapest that can; `kept` is what it keeps from one layer of the batch to the next.
    """

    content: Tensor
    strips: Tensor
    targets: PackedTargets | None = None
    needs: frozenset[Need] = frozenset()
    kernel: Kernel = "auto"
    columns: Mapping[Request, Tensor | None] = field(default_factory=dict)
    words: WordRequest | None = None
    on_host: NDArray[np.bool_] | None = None
    kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def without_words(self) -> JoinedRequest:
        """The same, and nothing of words; what is kept is kept for both."""
        other = replace(self, words=None)
        # Set past the constructor, which makes room of its own.
        object.__setattr__(other, "kept", self.kept)
        return other

    @cached_property
    def sorted_rows(self) -> Tensor:
        """The queries whose rows are sorted, [batch, row]: content, evenly spread; -1 for none."""
        return to_device(self.sorted_on_host, self.content.device)

    @cached_property
    def counting(self) -> NDArray[np.bool_]:
        """`content` as an array."""
        if self.on_host is not None:
            return self.on_host
        array: NDArray[np.bool_] = self.content.cpu().numpy()
        return array

    @cached_property
    def sorted_on_host(self) -> NDArray[np.int64]:
        """`sorted_rows` as an array."""
        content = self.counting
        counts = content.sum(-1)
        rows = np.full((len(content), min(SORTED, counts.max(initial=0))), -1)
        for sentence, count in enumerate(counts.tolist()):
            kept = min(count, rows.shape[1])
            rows[sentence, :kept] = content[sentence].nonzero()[0][
                np.arange(kept) * count // max(kept, 1)
            ]
        return rows


def join(batch: Batch, requests: Sequence[Request], kernel: Kernel = "auto") -> JoinedRequest:
    """Joins what several observers ask of a batch; equal columns are measured once."""
    device = batch.ids.device
    asking = {request: request.targets for request in requests if request.targets is not None}
    columns: dict[Request, Tensor | None] = dict.fromkeys(asking)
    rows = next(iter(asking.values()), None)
    if len(asking) > 1:
        rows, places = _side_by_side(list(asking.values()))
        columns = {
            request: to_device(np.array(own, np.int64), device)
            for request, own in zip(asking, places, strict=True)
        }
    return JoinedRequest(
        batch.content,
        batch.strips,
        None if rows is None else pack(rows, batch.length, batch.looked_at.length, device),
        frozenset[Need]().union(*(request.needs for request in requests)),
        kernel,
        columns,
        _words(requests),
        batch.on_host,
    )


def _words(requests: Sequence[Request]) -> WordRequest | None:
    """The words that are asked for; raises ValueError where two ask."""
    asked = [request.words for request in requests if request.words is not None]
    if len(asked) > 1:
        raise ValueError("two observers of one stream ask what words look at")
    return asked[0] if asked else None


def _side_by_side(tables: Sequence[Sequence[Row]]) -> tuple[list[Row], list[list[int]]]:
    """Tables [sentence][column] as one, and the columns of each in it."""
    every: dict[Hashable, Sequence[Target | None]] = {}
    places: dict[Hashable, int] = {}
    own = []
    for table in tables:
        names = []
        for column in zip(*table, strict=True):
            name = tuple(map(_content, column))
            every.setdefault(name, column)
            names.append(places.setdefault(name, len(places)))
        own.append(names)
    rows: list[Row] = [
        [column[sentence] for column in every.values()] for sentence in range(len(tables[0]))
    ]
    return rows, own


def _content(target: Target | None) -> Hashable:
    """All that a target says, by which equal ones are known."""
    if target is None:
        return None
    said = (getattr(target, entry.name) for entry in fields(target))
    return type(target), *(
        (part.dtype.str, part.shape, part.tobytes()) if isinstance(part, np.ndarray) else part
        for part in said
    )
