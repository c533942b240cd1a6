"""Row tiles in torch, on any device: some rows of all heads at a time, then the next."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from attnviz.attention.formulas import gini, row_entropy, sum_diagonals
from attnviz.attention.inputs import LayerInputs
from attnviz.attention.kernels import word_tiles
from attnviz.attention.limits import TOP
from attnviz.attention.measured import ROWWISE, Measured
from attnviz.attention.pack import PackedTargets
from attnviz.attention.request import JoinedRequest


def measure(layer: LayerInputs, rows: int | None = None) -> Measured:
    """Measures a layer in tiles of `rows` rows, by default of as many as suit the device."""
    request, start = layer.request, 0
    by_row: list[dict[str, Tensor]] = []
    sums: dict[str, Tensor] = {}
    for part in layer.tiles(rows):
        by_row.append(_by_row(part, request, start))
        for name, value in _sums(part.weights, request, start).items():
            sums[name] = sums[name] + value if name in sums else value
        start += part.query.shape[2]
    whole = {name: torch.cat([tile[name] for tile in by_row], -2) for name in by_row[0]}
    rowwise = {name: value.squeeze(-1) for name, value in whole.items() if name in ROWWISE}
    ginis = whole.pop("gini").squeeze(-1)
    return Measured(
        **rowwise,
        gini=_picked(ginis, request.sorted_rows),
        mixed=whole.get("mixed"),
        looks=None if request.words is None else word_tiles.look(layer, request.words),
        head_mean=whole.get("head_mean"),
        received=sums["received"],
        by_offset=sums.get("by_offset"),
        masses=sums.get("masses"),
        reached=sums.get("reached"),
    )


def _by_row(part: LayerInputs, request: JoinedRequest, start: int) -> dict[str, Tensor]:
    """What each row gives by itself, [batch, head, row, width]; `head_mean` has no heads."""
    weights = part.weights
    strips = weights * request.strips[:, None, None, :]
    largest = weights.topk(min(TOP, weights.shape[-1]), sorted=True).values
    steps = torch.arange(weights.shape[-1], device=weights.device, dtype=torch.float32)
    rows = torch.arange(start, start + weights.shape[2], device=weights.device)
    apart = (steps - rows[:, None]).abs()
    by_row = {
        "entropy": row_entropy(weights),
        "distance": torch.einsum("bhij,ij->bhi", weights, apart),
        "confidence": largest[..., 0],
        "top": largest.sum(-1),
        "total": weights.sum(-1),
        "strip_total": strips.sum(-1),
        "strip_square": strips.square().sum(-1),
        "gini": _ginis(weights, part, request, start),
    }
    by_row = {name: value[..., None] for name, value in by_row.items()}
    if part.mixes:
        by_row["mixed"] = part.mix(weights)
    if "head_mean" in request.needs:
        by_row["head_mean"] = weights.mean(1)
    return by_row


def _ginis(weights: Tensor, part: LayerInputs, request: JoinedRequest, start: int) -> Tensor:
    """The Gini coefficient of the rows that are sorted, 0 elsewhere: [batch, head, row]."""
    out = weights.new_zeros(weights.shape[:3])
    sentences, rows = _sorted_of(request, start, start + weights.shape[2])
    counts = part.counts.expand(len(weights), -1, -1)[sentences, 0, rows]
    out[sentences, :, rows] = gini(_ordered(weights[sentences, :, rows]), counts[:, None])
    return out


def _sorted_of(request: JoinedRequest, start: int, stop: int) -> tuple[Tensor, Tensor]:
    """Sentence and row in a tile of the rows that are sorted; of a batch looked up once."""
    asked = "sorted", start, stop
    if asked not in request.kept:
        every, device = request.sorted_on_host, request.content.device
        sentences, slots = ((every >= start) & (every < stop)).nonzero()
        parts = sentences, every[sentences, slots] - start
        request.kept[asked] = tuple(torch.from_numpy(part).to(device) for part in parts)
    sentences, rows = request.kept[asked]
    return sentences, rows


def _ordered(weights: Tensor) -> Tensor:
    """Each row's weights from the smallest up."""
    if weights.device.type == "cpu":
        # numpy sorts floats five to twenty times as fast as torch does.
        return torch.from_numpy(np.sort(weights.numpy(), axis=-1))
    return weights.sort(-1).values


def _picked(values: Tensor, rows: Tensor) -> Tensor:
    """The values [batch, head, query] of some rows [batch, row]."""
    return values.gather(-1, rows.clamp_min(0)[:, None].expand(-1, values.shape[1], -1))


def _sums(weights: Tensor, request: JoinedRequest, start: int) -> dict[str, Tensor]:
    """What adds up over the rows of a tile [batch, head, row, key]."""
    stop = start + weights.shape[2]
    content = request.content[:, start:stop].float()
    sums = {"received": torch.matmul(content[:, None, None, :], weights).squeeze(2)}
    if "by_offset" in request.needs:
        diagonals = sum_diagonals(weights * content[:, None, :, None])
        # The tile's last row begins the offsets of the tile; the last query those of the whole.
        sums["by_offset"] = torch.nn.functional.pad(
            diagonals, (request.content.shape[1] - stop, start)
        )
    if request.targets is not None:
        pairs = _pairs_of(request, request.targets, start, stop)
        masses = _on_targets(weights, request.targets, pairs, start, stop)
        order = request.targets.order
        sums["masses"] = torch.cat([mass.sum(2) for mass in masses], -1)[..., order]
        sums["reached"] = torch.cat([(mass > 0).float().sum(2) for mass in masses], -1)[..., order]
    return sums


def _on_targets(
    weights: Tensor, targets: PackedTargets, pairs: Tensor, start: int, stop: int
) -> tuple[Tensor, ...]:
    """Mass of each row on its target, [batch, head, row, column of one sort] a sort."""
    rows = slice(start, stop)
    return (
        torch.matmul(weights, targets.keys[:, None]) * targets.key_queries[:, None, rows],
        _on_offsets(weights, targets, start) * targets.offset_queries[:, None, rows],
        _on_pairs(weights, pairs, targets.pair_columns),
        _on_matches(weights, targets, start, stop),
        weights.new_zeros(*weights.shape[:-1], 1),
    )


def _on_offsets(weights: Tensor, targets: PackedTargets, start: int) -> Tensor:
    rows, keys = weights.shape[-2:]
    out = weights.new_zeros(targets.offset_queries.shape[-1], *weights.shape[:-1])
    for slot, offset in targets.offsets:
        shift = offset + start  # where the tile's first row looks
        if -rows < shift < keys:
            first = max(0, -shift)
            diagonal = weights.diagonal(shift, -2, -1)
            out[slot, ..., first : first + diagonal.shape[-1]] += diagonal
    return out.movedim(0, -1)


def _pairs_of(request: JoinedRequest, targets: PackedTargets, start: int, stop: int) -> Tensor:
    """Sentence, row in a tile, key and column of the pairs in it, [4, pair]; looked up once."""
    asked = "pairs", start, stop
    if asked not in request.kept:
        pairs = targets.on_host.pairs
        pairs = pairs[(pairs[:, 1] >= start) & (pairs[:, 1] < stop)].T.contiguous()
        pairs[1] -= start
        request.kept[asked] = pairs.to(request.content.device)
    pairs_there: Tensor = request.kept[asked]
    return pairs_there


def _on_pairs(weights: Tensor, pairs: Tensor, columns: int) -> Tensor:
    batch, heads, rows, _ = weights.shape
    sentence, row, key, slot = pairs
    cells = weights[sentence, :, row, key]  # [pair, head]
    where = (sentence * rows + row) * columns + slot
    flat = weights.new_zeros(batch * rows * columns, heads)
    if weights.device.type == "cpu":
        flat.index_add_(0, where, cells)
    else:
        # On a GPU that adds in any order; this sorts, and adds in the same one each time.
        flat.index_put_((where,), cells, accumulate=True)
    return flat.view(batch, rows, columns, heads).permute(0, 3, 1, 2)


def _on_matches(weights: Tensor, targets: PackedTargets, start: int, stop: int) -> Tensor:
    rows = torch.arange(start, stop, device=weights.device)[:, None]
    keys = torch.arange(weights.shape[-1], device=weights.device)
    masses = [weights.new_zeros(*weights.shape[:3], 0)]
    for column, before in enumerate(targets.match_before):
        of_rows = targets.match_queries[:, start:stop, column, None]
        hit = (of_rows == targets.match_keys[:, None, :, column]) & (of_rows >= 0)
        hit &= keys < rows if before else keys != rows
        masses.append((weights * hit[:, None]).sum(-1, keepdim=True))
    return torch.cat(masses, -1)
