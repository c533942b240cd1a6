"""Converts what an attention module returns to weights [batch, head, query, key].

Most modules return just that. The exceptions are listed here by the modules' classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

Size = tuple[int, int]
"""Queries and keys."""


def _as_it_is(weights: Tensor, size: Size) -> Tensor:  # noqa: ARG001 - one shape for all readers
    return weights


def _queries_first(weights: Tensor, size: Size) -> Tensor:  # noqa: ARG001
    """XLNet's [query, key, batch, head]."""
    return weights.permute(2, 3, 0, 1)


def _from_scores(scores: Tensor, size: Size) -> Tensor:
    """ProphetNet returns the masked scores, of which it then takes the softmax.

    Its cross-attention has the queries of the predicted n-grams below those of the tokens.
    """
    return scores[:, :, : size[0]].softmax(-1)


def _from_windows(windows: Tensor, size: Size) -> Tensor:
    """Longformer's [batch, padded query, head, 2w + 1]: slot s of query i is key i - w + s."""
    windows = windows.transpose(1, 2)[:, :, : size[0]]
    reach = windows.shape[-1] // 2
    steps = torch.arange(size[1], device=windows.device)
    slots = steps - steps[: size[0], None] + reach
    inside = (slots >= 0) & (slots < windows.shape[-1])
    slots = slots.clamp(0, windows.shape[-1] - 1).expand(*windows.shape[:2], -1, -1)
    return windows.gather(-1, slots) * inside


def _from_blocks(blocks: Tensor, size: Size) -> Tensor:
    """LongT5's [batch, block, head, row, 3 rows]: slot s in block c is key (c - 1) rows + s."""
    batch, count, heads, rows, wide = blocks.shape
    whole = blocks.new_zeros(batch, heads, count * rows, (count + 2) * rows)
    for block in range(count):
        place = slice(block * rows, (block + 1) * rows)
        whole[:, :, place, block * rows : block * rows + wide] = blocks[:, block]
    return whole[:, :, : size[0], rows : rows + size[1]]


def _reach_of_windows(module: Any) -> Size:  # noqa: ANN401 - transformers' own
    reach = int(module.one_sided_attn_window_size)
    return reach, reach


def _reach_of_blocks(module: Any) -> Size:  # noqa: ANN401
    return module.block_len - 1, module.block_len - 1


def _reach_where_local(module: Any) -> Size | None:  # noqa: ANN401
    return (module.config.window_size - 1, 0) if module.attention_type == "local" else None


@dataclass(frozen=True)
class Reader:
    """How to read the weights that a class of modules returns.

    `rank`: the dimensions of the tensor that holds the weights; `read` converts it; `reach`: the
    number of keys to the left and right that a query sees, None for all. `drop`: places in what the
    module returns that hold further weights, which aren't used.
    """

    rank: int = 4
    read: Callable[[Tensor, Size], Tensor] = _as_it_is
    reach: Callable[[Any], Size | None] = lambda _: None
    drop: tuple[int, ...] = ()

    def find(self, returned: object) -> int | None:
        """The place of the weights in what a module returned: they come last."""
        if not isinstance(returned, tuple | list):
            return None
        places = [place for place, value in enumerate(returned) if _is_full(value, self.rank)]
        return places[-1] if places and places[-1] > 0 else None

    def emptied(self, returned: Sequence[Any], place: int) -> Any:  # noqa: ANN401 - as returned
        """What the module returned with its weights emptied, so that they don't pile up."""
        gone = {place, *self.drop}
        return type(returned)(  # type: ignore[call-arg]
            value.new_empty((0,) * value.dim()) if k in gone and value is not None else value
            for k, value in enumerate(returned)
        )


_READERS = {
    "GPTNeoSelfAttention": Reader(reach=_reach_where_local),
    "LEDEncoderSelfAttention": Reader(read=_from_windows, reach=_reach_of_windows),
    "LongT5LocalAttention": Reader(rank=5, read=_from_blocks, reach=_reach_of_blocks),
    "LongformerSelfAttention": Reader(read=_from_windows, reach=_reach_of_windows),
    "ProphetNetAttention": Reader(read=_from_scores),
    "ProphetNetNgramSelfAttention": Reader(drop=(2,)),
    "XLNetRelativeAttention": Reader(read=_queries_first),
}


def reader(module: nn.Module) -> Reader:
    """The reader for a module, found by its class."""
    return _READERS.get(type(module).__name__, _USUAL)


_USUAL = Reader()


def _is_full(value: object, rank: int) -> bool:
    return isinstance(value, Tensor) and value.dim() == rank and value.numel() > 0
