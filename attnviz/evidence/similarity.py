"""How alike heads are: mean Jensen-Shannon divergence per query, exact, on a sample of rows.

Comparing two heads takes a row of both at once, which a stream of layers doesn't hold. So the
rows of a sample of sentences, chosen by the hash of their text, are kept for all heads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.cluster.hierarchy import (  # type: ignore[import-untyped]
    fcluster,
    leaves_list,
    linkage,
)
from scipy.spatial.distance import squareform  # type: ignore[import-untyped]
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.formulas import row_entropy
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.request import Request
from attnviz.evidence import bootstrap
from attnviz.measurement.pilot import Compared
from attnviz.text.types import Tokens

Array = NDArray[np.float64]
Group = tuple[int, ...]

REDUNDANT = 0.15
"""Heads whose root mean divergence is surely below this (0 to sqrt(ln 2) = 0.83) are redundant."""

_WORK = 6e7
"""Logarithms that may be taken: they bound how many rows are compared."""

_SENTENCES = 24
"""So many sentences are compared at least, on a row each if the work allows no more."""

UNITS = 20
"""So many units of evidence, at least, say that heads are surely alike: of fewer the percentiles
of a bootstrap are too narrow for that."""

_CELLS = 2**18
"""Weights that are compared at once: few enough to stay in a processor's cache."""

_PAIRS = 4096
"""Pairs of heads that are resampled at once."""


@dataclass(frozen=True)
class Likeness:
    """Divergence of every two heads.

    `apart` [head, head]: root of the mean Jensen-Shannon divergence in nats; `order` puts like
    heads side by side; `groups` are heads that are all surely redundant with one another (95%
    upper bounds over sentences); `rows` and `sentences` say how much was compared. `upper` [head,
    head] are those bounds, inf for heads that aren't close, NaN where there are too few sentences,
    or rows.
    """

    apart: Array
    upper: Array
    order: tuple[int, ...]
    groups: tuple[Group, ...]
    rows: int
    sentences: int


def sample(sentences: Sequence[Tokens], heads: int) -> dict[int, int]:
    """The sentences to compare heads on, by the hash of their text: place -> rows to keep.

    As many rows as the work allows, shared out over `_SENTENCES` sentences at least: these get
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
        rows = int(work / a_row / max(1, _SENTENCES - rank))
        if rank < _SENTENCES:
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

    def begin(self, batch: Batch, places: Sequence[int]) -> Request:
        """Starts a batch."""
        self._batch = batch
        self._places = [(row, at) for row, at in enumerate(places) if at in self._wanted]
        self._queries: dict[int, Tensor] = {}
        return Request()

    def see(self, attention: LayerAttention) -> None:
        """Keeps rows [head, query, key] of one layer, what a sink took as one more key."""
        counts = attention.counts.expand(len(self._batch.sentences), -1, -1)
        for row, place in self._places:
            if place not in self._queries:
                # Rows that see a single key are alike in all heads.
                several = self._batch.content[row] & (counts[row, 0] > 1)
                start = self._batch.sentences[row].sentence.digest
                queries = several.nonzero()[:, 0]
                self._queries[place] = _spread(queries, self._wanted[place], start)
            size = len(self._batch.looked_at.sentences[row])
            rows = attention.part(self._queries[place], row).weights[0, ..., :size]
            taken = rows.new_zeros(*rows.shape[:2], 1)
            if attention.sinks is not None:
                taken = 1.0 - rows.sum(-1, keepdim=True)
            self._rows.setdefault(place, []).append(torch.cat([rows, taken], -1).cpu())

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


def likeness(compared: Compared, resamples: int, seed: int) -> Likeness:
    """How alike heads are, with bounds from as many resamples of the sentences' units."""
    sums, counts = compared.divergence, compared.rows.astype(np.float64)
    mean = sums.sum(0) / counts.sum()
    apart = np.sqrt(mean)
    units = compared.units.tolist()
    upper = np.full_like(apart, np.nan)
    if len(set(units)) >= UNITS and counts.sum() >= _SENTENCES:
        upper = _upper(apart, sums, counts, bootstrap.weights(units, resamples, seed))
    return Likeness(apart, upper, _order(apart), _groups(upper), int(counts.sum()), len(units))


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
        one, other = pairs[:, at : at + step]
        mixed = row_entropy(rows[one].add_(rows[other]).div_(2))
        between = (mixed - (own[one] + own[other]) / 2).clamp_min(0).sum(1)
        out[one.numpy(), other.numpy()] = between.double().numpy()
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


def _order(apart: Array) -> tuple[int, ...]:
    """Heads so that like ones stand side by side, by average-linkage clusters."""
    if len(apart) < 2:
        return tuple(range(len(apart)))
    tree = linkage(squareform(apart, checks=False), "average", optimal_ordering=len(apart) <= 512)
    return tuple(leaves_list(tree).tolist())


def _upper(apart: Array, sums: Array, counts: Array, weights: Array) -> Array:
    """The 95% upper bounds of `apart` [head, head], for `Likeness`.

    `sums` [sentence, head, head] over `counts` [sentence] is its square; `weights` [resample,
    sentence] are the bootstrap's.
    """
    upper = np.full_like(apart, np.inf)
    np.fill_diagonal(upper, 0.0)
    close = np.argwhere(np.triu(apart < REDUNDANT, k=1))
    for first in range(0, len(close), _PAIRS):
        one, other = close[first : first + _PAIRS].T
        samples = bootstrap.ratio(weights @ sums[:, one, other], (weights @ counts)[:, None])
        bound = np.sqrt(np.nanquantile(samples, bootstrap.CONFIDENCE, axis=0))
        upper[one, other] = upper[other, one] = bound
    return upper


def _groups(upper: Array) -> tuple[Group, ...]:
    """The groups of heads that are surely redundant, every one with every other."""
    if len(upper) < 2 or np.isnan(upper).any():
        return ()
    # Linkage takes no inf: what is not close is as far as can be.
    upper = np.minimum(upper, np.sqrt(np.log(2.0)))
    labels = fcluster(linkage(squareform(upper, checks=False), "complete"), REDUNDANT, "distance")
    members = [tuple(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)]
    return tuple(sorted(group for group in members if len(group) > 1))
