"""Gini coefficients of the few rows that are sorted, where the rows' log-sum-exp is known."""

from __future__ import annotations

import torch
from torch import Tensor

from attnviz.attention.formulas import gini, shaped, spread_to_heads
from attnviz.attention.inputs import LayerInputs, cells_of

_CELLS = 2**24
"""Weights of sorted rows that are made at a time, at most."""


def ginis(layer: LayerInputs, lse: Tensor) -> Tensor:
    """Of the request's sorted rows, [batch, head, row]; `lse` is [batch, head, query]."""
    rows, batch = layer.request.sorted_rows.clamp_min(0), layer.query.shape[0]
    each = max(1, layer.heads * rows.shape[1] * layer.mask.keys)
    step = max(1, min(cells_of(layer.query.device), _CELLS) // each)
    parts = [
        _of_some(layer, lse, rows, slice(at, min(at + step, batch))) for at in range(0, batch, step)
    ]
    return torch.cat(parts)


def _of_some(layer: LayerInputs, lse: Tensor, rows: Tensor, some: slice) -> Tensor:
    """The same for some sentences."""
    mask, heads, keys = layer.mask, layer.heads, layer.mask.keys
    batch, rows = len(rows), rows[some]
    at = rows[:, None, :, None]
    query = layer.query[some].gather(2, at.expand(-1, heads, -1, layer.query.shape[-1])).float()
    key = spread_to_heads(layer.key[some].float(), heads)
    scores = torch.matmul(query, key.transpose(-1, -2)).mul_(layer.scale)
    bias = None
    if layer.bias is not None:
        bias = layer.bias.expand(batch, -1, mask.queries, keys)[some]
        bias = bias.gather(2, at.expand(-1, bias.shape[1], -1, keys))
    first, last = (
        edge.expand(batch, -1)[some].gather(1, rows)[:, None, :, None]
        for edge in (mask.first, mask.last)
    )
    places = torch.arange(keys, device=rows.device)
    seen = (places >= first) & (places < last)
    if mask.holes is not None:
        holes = mask.holes.expand(batch, -1, -1, -1)[some]
        seen = seen & holes.gather(2, at.expand(-1, -1, -1, keys))
    sums = lse[some].gather(2, rows[:, None].expand(-1, heads, -1))
    scores = shaped(scores, layer.softcap, bias) - sums[..., None]
    weights = scores.masked_fill(~seen, -torch.inf).exp()
    counts = mask.counts[:, 0].expand(batch, -1)[some].gather(1, rows)
    return gini(weights.sort(-1).values, counts[:, None])
