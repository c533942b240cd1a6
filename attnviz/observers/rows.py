"""The rows of sampled sentences, kept for all heads, and how far apart these are on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.formulas import row_entropy
from attnviz.attention.layer import LayerAttention
from attnviz.attention.limits import COMPARED
from attnviz.attention.observer import Observer
from attnviz.measurement.pilot import Compared
from attnviz.text.types import Tokens

Array = NDArray[np.float64]

_WORK = 6e7
"""Logarithms that may be taken: they bound how many rows are compared."""

_CELLS = 2**18
"""Weights that are compared at once: few enough to stay in a processor's cache."""


def sample(sentences: Sequence[Tokens], heads: int) -> dict[int, int]:
    """The sentences to compare heads on, by the hash of their text: place -> rows to keep.

    As many rows as the work allows, shared out over `COMPARED` sentences at least: these get
    a row each however many heads there are and however long they are.
    """
    order = sorted(
        range(len(sentences)), key=lambda place: (sentences[place].sentence.digest, place)
    )
    chosen: dict[int, int] = {}
    work = _WORK
    for rank, place in enumerate(order):
        content = sentences[place].kinds.count("")
        a_row = heads * heads / 2 * len(sentences[place])
        rows = int(work / a_row / max(1, COMPARED - rank))
        if rank < COMPARED:
            rows = max(rows, 1)
        elif not rows:
            break
        chosen[place] = min(rows, content)
        work = max(0.0, work - chosen[place] * a_row)
    return chosen


class RowKeeper(Observer):
    """Keeps so many rows of content queries of each sampled sentence, for all heads."""

    def __init__(self, wanted: Mapping[int, int], stream: str = "") -> None:
        self.stream = stream
        self._wanted = wanted
        self._rows: dict[int, list[Tensor]] = {}

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        """Starts a batch."""
        self._batch = batch
        self._places = [(row, at) for row, at in enumerate(places) if at in self._wanted]
        self._queries: dict[int, Tensor] = {}

    def see(self, attention: LayerAttention) -> None:
        """Keeps rows [head, query, key] of one layer, what a sink took as one more key."""
        if self._places and not self._queries:
            self._choose(attention)
        for row, place in self._places:
            size = len(self._batch.looked_at.sentences[row])
            rows = attention.part(self._queries[place], row).weights[0, ..., :size]
            taken = rows.new_zeros(*rows.shape[:2], 1)
            if attention.sinks is not None:
                taken = 1.0 - rows.sum(-1, keepdim=True)
            self._rows.setdefault(place, []).append(torch.cat([rows, taken], -1))

    def _choose(self, attention: LayerAttention) -> None:
        """Chooses the rows to keep, by what the first layer shows: on the host, once a batch."""
        # Rows that see a single key are alike in all heads.
        several = self._batch.on_host & (attention.counts[:, 0] > 1).cpu().numpy()
        for row, place in self._places:
            start = self._batch.sentences[row].sentence.digest
            queries = torch.from_numpy(several[row].nonzero()[0])
            self._queries[place] = _spread(queries, self._wanted[place], start)

    def end(self) -> None:
        """Ends the batch: what was kept comes to the host."""
        for _, place in self._places:
            self._rows[place] = [rows.cpu() for rows in self._rows.get(place, ())]

    def compared(self, sentences: Sequence[Tokens]) -> Compared | None:
        """Compares all heads on the rows that were kept; None where there are none.

        `sentences` are those of the run.
        """
        places = [place for place in sorted(self._rows) if self._rows[place][0].shape[1]]
        if not places:
            return None
        rows = [torch.cat(self._rows[place]) for place in places]
        return Compared(
            divergence=np.array([divergences(of_sentence) for of_sentence in rows]),
            rows=np.array([of_sentence.shape[1] for of_sentence in rows], np.int64),
            units=np.array([sentences[place].sentence.unit for place in places], np.uint64),
        )


def divergences(rows: Tensor) -> Array:
    """Jensen-Shannon divergence of every two heads, summed over queries: [head, head], nats.

    `rows` [head, query, key] with rows that sum to 1. JS(p, q) = H((p + q) / 2) - (H(p) +
    H(q)) / 2 (Lin 1991).
    """
    heads = len(rows)
    own = row_entropy(rows)
    out = np.zeros((heads, heads))
    step = max(1, _CELLS // max(1, rows[0].numel()))
    pairs = torch.triu_indices(heads, heads, 1)
    for at in range(0, pairs.shape[1], step):
        first_head, other = pairs[:, at : at + step]
        mixed = row_entropy(rows[first_head].add_(rows[other]).div_(2))
        between = (mixed - (own[first_head] + own[other]) / 2).clamp_min(0).sum(1)
        out[first_head.numpy(), other.numpy()] = between.double().numpy()
    return out + out.T


def _spread(places: Tensor, wanted: int, start: int) -> Tensor:
    """At most `wanted` of the places, evenly spread from one that the hash `start` gives.

    So that each place is as likely as any other: first rows of causal models see two keys, and
    there many heads are alike that are not elsewhere.
    """
    count = len(places)
    if count <= wanted:
        return places
    steps = torch.arange(wanted, device=places.device) * count // wanted
    return places[((steps + start % count) % count).sort().values]
