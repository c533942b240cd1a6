"""How alike heads are: mean Jensen-Shannon divergence per query, exact, on a sample of rows.

Comparing two heads takes a row of both at once, which a stream of layers doesn't hold. So the
rows of a sample of sentences, chosen by the hash of their text, are kept for all heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.evidence import bootstrap
from attnviz.text.types import Tokens

Array = NDArray[np.float64]

REDUNDANT = 0.15
"""Heads whose root mean divergence is surely below this (0 to sqrt(ln 2) = 0.83) are redundant."""

_WORK = 6e7
"""Logarithms that may be taken: they bound how many rows are compared."""


@dataclass(frozen=True)
class Likeness:
    """Divergence of every two heads.

    `apart` [head, head]: root of the mean Jensen-Shannon divergence in nats; `order` puts like
    heads side by side; `groups` are heads that are all surely redundant with one another (95%
    upper bounds over sentences); `rows` and `sentences` say how much was compared.
    """

    apart: Array
    order: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]
    rows: int
    sentences: int


def sample(sentences: Sequence[Tokens], heads: int) -> frozenset[int]:
    """Places of the sentences to compare heads on: as many as the work allows, at least one."""
    order = sorted(
        range(len(sentences)), key=lambda place: (sentences[place].sentence.digest, place)
    )
    chosen: list[int] = []
    work = 0.0
    for place in order:
        work += heads * heads / 2 * len(sentences[place]) ** 2
        if chosen and work > _WORK:
            break
        chosen.append(place)
    return frozenset(chosen)


class RowKeeper(Observer):
    """Keeps the rows of content queries of the sampled sentences, for all heads."""

    def __init__(self, chosen: frozenset[int]) -> None:
        self._chosen = chosen
        self._rows: dict[int, list[Tensor]] = {}

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        """Starts a batch."""
        self._kept = [(row, place) for row, place in enumerate(places) if place in self._chosen]
        self._batch = batch

    def see(self, attention: LayerAttention) -> None:
        """Keeps rows [head, query, key] of one layer."""
        for row, place in self._kept:
            size = len(self._batch.sentences[row])
            queries = self._batch.content[row] & (
                attention.counts[min(row, len(attention.counts) - 1), 0] > 1
            )
            rows = attention.weights[row][:, queries, :size].cpu()
            self._rows.setdefault(place, []).append(rows)

    def likeness(self, digests: Sequence[int], resamples: int, seed: int) -> Likeness | None:
        """Compares all heads; None where there is nothing to compare."""
        places = [place for place in sorted(self._rows) if self._rows[place][0].shape[1]]
        if not places:
            return None
        rows = [torch.cat(self._rows[place]) for place in places]
        sums = np.array([divergences(one) for one in rows])  # [sentence, head, head]
        counts = np.array([one.shape[1] for one in rows], dtype=np.float64)
        mean = sums.sum(0) / counts.sum()
        apart = np.sqrt(np.maximum(mean, 0.0))
        weights = bootstrap.weights([digests[place] for place in places], resamples, seed)
        order, groups = _cluster(apart, sums, counts, weights)
        return Likeness(apart, order, groups, int(counts.sum()), len(places))


def divergences(rows: Tensor) -> Array:
    """Jensen-Shannon divergence of every two heads, summed over queries: [head, head], nats.

    `rows` [head, query, key] with rows that sum to 1. JS(p, q) = H((p + q) / 2) - (H(p) +
    H(q)) / 2 (Lin 1991).
    """
    heads = len(rows)
    own = torch.special.entr(rows).sum((1, 2))
    out = np.zeros((heads, heads))
    for head in range(heads - 1):
        mixed = (rows[head + 1 :] + rows[head]) / 2
        between = torch.special.entr(mixed).sum((1, 2)) - (own[head + 1 :] + own[head]) / 2
        out[head, head + 1 :] = out[head + 1 :, head] = between.clamp_min(0).double().numpy()
    return out


def _cluster(
    apart: Array, sums: Array, counts: Array, weights: Array
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """Heads ordered by average-linkage cluster, and the groups that are surely redundant."""
    heads = len(apart)
    if heads < 2:
        return tuple(range(heads)), ()
    pairs = squareform(apart, checks=False)
    order = leaves_list(linkage(pairs, "average", optimal_ordering=heads <= 512))
    if len(counts) < bootstrap.FEWEST:
        return tuple(order.tolist()), ()
    upper = apart.copy()
    close = np.argwhere(np.triu(apart < REDUNDANT, k=1))
    for one, other in close:
        samples = bootstrap.ratio(weights @ sums[:, one, other], weights @ counts)
        upper[one, other] = upper[other, one] = np.sqrt(np.nanquantile(samples, 0.95))
    # Complete linkage: in a group, every head is that close to every other.
    labels = fcluster(linkage(squareform(upper, checks=False), "complete"), REDUNDANT, "distance")
    members = [tuple(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)]
    groups = sorted(group for group in members if len(group) > 1)
    return tuple(order.tolist()), tuple(groups)
