"""The positional profile: what a head's habit of looking k tokens away explains by itself.

A head's profile is its mean attention at each offset j - i. Attention to a target that the
profile alone accounts for is no sign that the head looks at the target for what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import fftconvolve  # type: ignore[import-untyped]

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.mask import Mask
from attnviz.attention.observer import Observer, Wants
from attnviz.attention.targets import KeyTarget, Target
from attnviz.evidence.bootstrap import ratio
from attnviz.evidence.shelf import Shelf

Array = NDArray[np.float64]

_ROWS = 256
"""Rows that are looked at together; in longer sentences sums over keys are convolutions."""


@dataclass(frozen=True)
class Profile:
    """Mean attention by offset for each half: `by_offset` [half, head, 2 n - 1], 0 at n - 1.

    `total` [half, head] is the mean row sum, less than 1 where a sink logit takes mass.
    `causal`: no query of any layer saw a key to its right.
    """

    by_offset: Array
    total: Array
    causal: bool
    _scales: dict[tuple[int, int], Array] = field(default_factory=dict, init=False, repr=False)

    def expect(self, target: Target, tokens: int, half: int) -> Array:
        """Mass on the target if a head followed its profile of the *other* half, [head].

        Each row is the profile around its own place, scaled to the head's mean row sum over
        the sentence's keys; summed over the target's queries.
        """
        profile, scale = self.by_offset[1 - half], self._scale(tokens, 1 - half)
        zero = profile.shape[-1] // 2
        expected = np.zeros(len(profile))
        if tokens <= _ROWS:
            query, key = target.part((0, tokens), (0, tokens)).nonzero()
            hits = np.zeros((2 * tokens - 1, tokens))
            hits[key - query + tokens - 1, query] = 1.0
            by_query = profile[:, zero - tokens + 1 : zero + tokens] @ hits
            found: Array = (by_query * scale).sum(1)
            return found
        if isinstance(target, KeyTarget):
            near = profile[:, zero - tokens + 1 : zero + tokens]
            along = fftconvolve(target.keys[None].astype(np.float64), near[:, ::-1], axes=-1)
            on_keys = along[:, tokens - 1 : 2 * tokens - 1] * scale
            return np.asarray(on_keys @ target.queries, dtype=np.float64)
        for start in range(0, tokens, _ROWS):
            stop = min(start + _ROWS, tokens)
            query, key = target.part((start, stop), (0, tokens)).nonzero()
            query += start
            for head in range(len(profile)):
                by_cell = profile[head, key - query + zero] * scale[head, query]
                expected[head] += by_cell.sum()
        return expected

    def _scale(self, tokens: int, half: int) -> Array:
        """What makes each row of so many tokens sum to the head's mean row sum, [head, query]."""
        if (tokens, half) in self._scales:
            return self._scales[tokens, half]
        profile = self.by_offset[half]
        running = np.concatenate([np.zeros((len(profile), 1)), profile.cumsum(-1)], axis=-1)
        first = profile.shape[-1] // 2 - np.arange(tokens)
        rows = running[:, first + tokens] - running[:, first]
        total = np.broadcast_to(self.total[half][:, None], rows.shape)
        scale: Array = np.divide(total, rows, out=np.zeros_like(rows), where=rows > 0)
        if tokens <= _ROWS:
            self._scales[tokens, half] = scale
        return scale


class ProfileKeeper(Observer):
    """Observes layers and adds up attention by offset, apart for the two halves."""

    def __init__(self, longest: int, stream: str = "") -> None:
        self.stream = stream
        self._width = 2 * longest - 1
        self._mass: dict[int, Array] = {}
        self._seen: dict[int, Array] = {}
        self._shelf = Shelf()

    def begin(self, batch: Batch, places: Sequence[int]) -> Wants:  # noqa: ARG002 - an observer
        """Starts a batch."""
        halves = [[tokens.sentence.half == half for tokens in batch.sentences] for half in (0, 1)]
        self._halves = torch.tensor(halves, device=batch.ids.device).float()
        self._rows = batch.content
        self._by_mask: dict[Mask, torch.Tensor] = {}
        return Wants(by_offset=True)

    def see(self, attention: LayerAttention) -> None:
        """Adds one layer of the batch."""
        self._add(self._mass, attention.layer, attention.by_offset)
        mask = attention.mask
        if mask not in self._by_mask:  # most layers share theirs
            self._by_mask[mask] = mask.by_offset(self._rows)[:, None]
        self._add(self._seen, attention.layer, self._by_mask[mask])

    def profile(self) -> Profile:
        """The profile of every head, layer by layer."""
        layers = sorted(self._mass)
        zero = self._width // 2
        means = [ratio(self._mass[layer], self._seen[layer]) for layer in layers]
        # Every query sees itself, so the offset 0 counts the rows.
        totals = [
            ratio(self._mass[layer].sum(-1), self._seen[layer][..., zero]) for layer in layers
        ]
        return Profile(
            by_offset=np.nan_to_num(np.concatenate(means, axis=1)),
            total=np.nan_to_num(np.concatenate(totals, axis=1)),
            causal=not any(self._seen[layer][..., zero + 1 :].any() for layer in layers),
        )

    def _add(self, sums: dict[int, Array], layer: int, offsets: torch.Tensor) -> None:
        halves = torch.einsum("sb,bho->sho", self._halves, offsets).cpu().double().numpy()
        _, heads, width = halves.shape
        if layer not in sums:
            sums[layer] = self._shelf.zeros((2, heads, self._width))
        total = sums[layer]
        margin = (self._width - width) // 2
        total[..., margin : margin + width] += halves
