"""`LayerAttention`: what one attention layer did to one batch, and everything asked of it.

Roles and statistics ask for masses, row functionals and column sums; how these are computed is
this module's own business. The kernel here is dense: it makes the matrix [batch, head, query,
key] of the one layer in hand, in float32, and the caller drops it with the layer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

_TINY = torch.finfo(torch.float32).tiny


@dataclass(frozen=True)
class LayerAttention:
    """One layer's queries and keys for one batch, with all that shapes the scores.

    `query` [batch, head, query, width]; `key` [batch, key head, key, width], where a key head
    serves head / key head query heads; `scale` multiplies the scores, `softcap` bounds them
    (Gemma 2), `bias` [batch or 1, head, query, key] is added (T5). `visible`, boolean
    [batch or 1, 1, query, key], says which keys a query sees. `sinks` [head] are extra logits
    that take mass without being tokens, so that rows then sum to less than 1 (gpt-oss).
    """

    layer: int
    query: Tensor
    key: Tensor
    scale: float
    visible: Tensor
    bias: Tensor | None = None
    softcap: float | None = None
    sinks: Tensor | None = None

    @property
    def heads(self) -> int:
        """Number of query heads."""
        return self.query.shape[1]

    @cached_property
    def counts(self) -> Tensor:
        """|V_i|, how many keys each query sees: float [batch or 1, 1, query]."""
        return self.visible.sum(-1, dtype=torch.float32)

    @cached_property
    def uniform(self) -> LayerAttention:
        """The same layer if attention were uniform: one head, a_ij = 1/|V_i|. The chance level."""
        zero = self.query.new_zeros(())
        return replace(
            self,
            query=zero.expand(self.query.shape[0], 1, *self.query.shape[2:]),
            key=zero.expand(self.key.shape[0], 1, *self.key.shape[2:]),
            bias=None,
            sinks=None,
        )

    @cached_property
    def weights(self) -> Tensor:
        """The attention matrix a_ij, float32 [batch, head, query, key]; 0 where nothing is seen."""
        key = spread_to_heads(self.key.float(), self.heads)
        scores = torch.matmul(self.query.float(), key.transpose(-1, -2)).mul_(self.scale)
        if self.softcap is not None:
            scores = torch.tanh(scores / self.softcap) * self.softcap
        if self.bias is not None:
            scores = scores + self.bias.float()
        # Not -inf: a padded query may see no key at all, and its row must not become NaN.
        scores.masked_fill_(~self.visible, torch.finfo(torch.float32).min)
        if self.sinks is None:
            weights = scores.softmax(-1)
        else:
            sink = self.sinks.float().view(1, -1, 1, 1).expand(*scores.shape[:-1], 1)
            weights = torch.cat([scores, sink], -1).softmax(-1)[..., :-1]
        return weights.mul_(self.visible)

    @cached_property
    def entropy(self) -> Tensor:
        """Row entropy -sum_j a_ij ln a_ij in nats, [batch, head, query]."""
        return row_entropy(self.weights)

    @cached_property
    def distance(self) -> Tensor:
        """Mean distance sum_j a_ij |i - j| in tokens, [batch, head, query]."""
        steps = torch.arange(self.weights.shape[-1], device=self.weights.device)
        apart = (steps[:, None] - steps[None, :]).abs().float()
        return torch.einsum("bhij,ij->bhi", self.weights, apart)

    @cached_property
    def confidence(self) -> Tensor:
        """The largest weight of each row, [batch, head, query]."""
        return self.weights.amax(-1)

    @cached_property
    def ordered(self) -> Tensor:
        """Each row's weights from the smallest up, [batch, head, query, key]."""
        if self.weights.device.type == "cpu":
            # numpy sorts floats five to twenty times as fast as torch does.
            return torch.from_numpy(np.sort(self.weights.numpy(), axis=-1))
        return self.weights.sort(-1).values

    def top(self, count: int) -> Tensor:
        """Mass of the `count` largest weights of each row, [batch, head, query]."""
        return self.ordered[..., -count:].sum(-1)

    @cached_property
    def gini(self) -> Tensor:
        """Gini coefficient of each row over its visible keys, [batch, head, query].

        G = sum_k (2k - n - 1) a_(k) / (n sum a), a_(1) <= ... <= a_(n); 0 where a row is even.
        """
        size, seen = self.weights.shape[-1], self.counts[..., None]
        # Unseen keys are zeros and sort to the front: they only shift the ranks.
        ranks = torch.arange(1, size + 1, device=self.weights.device) - size + seen
        spread = ((2 * ranks - seen - 1) * self.ordered).sum(-1)
        return spread / (self.counts * self.total).clamp_min(_TINY)

    @cached_property
    def total(self) -> Tensor:
        """Row sums, [batch, head, query]: 1, or less where sinks take mass."""
        return self.weights.sum(-1)

    def received(self, rows: Tensor) -> Tensor:
        """Column mass sum_i r_i a_ij for row weights r [batch, query]: [batch, head, key]."""
        return torch.matmul(rows.float()[:, None, None, :], self.weights).squeeze(2)

    def shuffled(self, rows: Tensor, keys: Tensor, noise: Tensor) -> Tensor:
        """Column mass after each row's weights on `keys` were dealt out anew among those seen.

        `rows` and `keys`, boolean [batch, token]; `noise` [batch, query, key] decides who gets
        which, alike for all heads. Weights on other keys are left out. [batch, head, key].
        """
        held = self.visible[:, 0] & keys[:, None, :]
        places = (~held).to(torch.uint8).argsort(dim=-1, stable=True)
        dealt = noise.masked_fill(~held, 2.0).argsort(dim=-1)
        kept = held.sort(-1, descending=True).values & rows[:, :, None]
        weights = self.weights.gather(-1, dealt[:, None].expand_as(self.weights))
        weights = weights * kept[:, None]
        columns = places.flatten(1)[:, None].expand(-1, self.heads, -1)
        out = weights.new_zeros(*weights.shape[:2], weights.shape[-1])
        return out.scatter_add_(-1, columns, weights.flatten(2))

    def by_offset(self, rows: Tensor) -> Tensor:
        """Mass at each offset j - i, summed over rows weighted by r [batch, query].

        Returns [batch, head, 2 n - 1] for n tokens, offset k at index k + n - 1.
        """
        return _sum_diagonals(self.weights * rows.float()[:, None, :, None])

    def seen_by_offset(self, rows: Tensor) -> Tensor:
        """How many keys the chosen rows see at each offset, [batch, 1, 2 n - 1]."""
        return _sum_diagonals(self.visible & rows[:, None, :, None].bool())

    @cached_property
    def head_mean(self) -> Tensor:
        """Mean over heads, [batch, query, key], each row scaled to sum to 1."""
        mean = self.weights.mean(1)
        return mean / mean.sum(-1, keepdim=True).clamp_min(_TINY)


def row_entropy(weights: Tensor) -> Tensor:
    """-sum_j a_j ln a_j in nats over the last axis; 0 ln 0 = 0."""
    # torch.special.entr says the same at three times the cost.
    surprise = (weights * weights.clamp_min(_TINY).log()).sum(-1)
    return 0.0 - surprise.clamp_max(0.0)  # Rounding makes it neither negative nor minus zero.


def spread_to_heads(shared: Tensor, heads: int) -> Tensor:
    """Gives each query head its key head: [batch, key head, ...] to [batch, head, ...]."""
    groups = heads // shared.shape[1]
    return shared if groups == 1 else shared.repeat_interleave(groups, dim=1)


def _sum_diagonals(matrix: Tensor) -> Tensor:
    """Sums along the diagonals of [..., n, n]: [..., 2 n - 1], from offset -(n - 1) up."""
    size = matrix.shape[-1]
    # Padding every row by n and cutting the flat sequence into rows of 2 n - 1 moves row i by
    # i places, so that equal offsets come to stand in one column.
    padded = torch.nn.functional.pad(matrix.float().flip(-2), (0, size))
    flat = padded.flatten(-2)[..., : size * (2 * size - 1)]
    return flat.view(*matrix.shape[:-2], size, 2 * size - 1).sum(-2)


def default_scale(width: int) -> float:
    """1 / sqrt(width), the scale where a model names none."""
    return 1.0 / math.sqrt(width)
