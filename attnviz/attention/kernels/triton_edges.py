"""Which tiles of a mask the Triton kernels have to walk over, and in which nothing is masked."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from attnviz.attention.mask import Mask


@dataclass(frozen=True, eq=False)
class Edges:
    """The keys that each query sees, and what that is for tiles of so many rows and columns.

    `first` and `last` int32 [batch or 1, query], the key that a query sees first, and one past the
    last; of the blocks of queries [batch or 1, block] `any_first` to `any_last` are seen by any,
    `all_first` to `all_last` by all; `holes` [batch or 1, query, key], 0 where one is. Each
    block of keys is seen by blocks of queries `begin` to `end` [batch, block of keys] at most, and
    so are tiles on a diagonal, `diagonal_begin` to `diagonal_end` [batch, diagonal]; diagonals are
    counted from that of the last queries and the first keys, and `order` has the longest first.
    """

    first: Tensor
    last: Tensor
    any_first: Tensor
    any_last: Tensor
    all_first: Tensor
    all_last: Tensor
    holes: Tensor | None
    begin: Tensor
    end: Tensor
    diagonal_begin: Tensor
    diagonal_end: Tensor
    order: Tensor

    @classmethod
    def of(cls, mask: Mask, batch: int, side: int) -> Edges:
        """The edges of a mask, for tiles of `side` rows and columns."""
        first, last = (edge.to(torch.int32).contiguous() for edge in (mask.first, mask.last))
        holes = None if mask.holes is None else mask.holes[:, 0].to(torch.uint8).contiguous()

        def of_blocks(edge: Tensor, beyond: int) -> Tensor:
            return pad(edge, (0, -mask.queries % side), value=beyond).view(len(edge), -1, side)

        sees = last > first
        any_first = of_blocks(first.masked_fill(~sees, mask.keys), mask.keys).amin(-1)
        any_last = of_blocks(last.masked_fill(~sees, 0), 0).amax(-1)
        all_first = of_blocks(first, 0).amax(-1)
        all_last = of_blocks(last, mask.keys).amin(-1)
        if holes is not None:
            all_last = torch.zeros_like(all_last)
        starts = torch.arange(0, mask.keys, side, device=first.device)
        meets = (any_first[..., None] < starts + side) & (any_last[..., None] > starts)
        down, across = meets.shape[1:]
        steps = torch.arange(down, device=first.device)[:, None].expand_as(meets)
        begin = steps.masked_fill(~meets, down)
        end = (steps + 1).masked_fill(~meets, 0)
        diagonals = torch.arange(across, device=first.device) - steps + down - 1
        of_diagonal = [
            torch.full((len(meets), down + across - 1), start, device=first.device).scatter_reduce(
                1, diagonals.flatten(1), edge.flatten(1), how
            )
            for edge, start, how in ((begin, down, "amin"), (end, 0, "amax"))
        ]
        begin, end, diagonal_begin, diagonal_end = (
            edge.to(torch.int32).expand(batch, -1).contiguous()
            for edge in (begin.amin(1), end.amax(1), *of_diagonal)
        )
        away = torch.arange(1 - down, across, device=first.device).abs()
        order = away.argsort(stable=True).to(torch.int32)
        return cls(
            first,
            last,
            any_first,
            any_last,
            all_first,
            all_last,
            holes,
            begin,
            end,
            diagonal_begin,
            diagonal_end,
            order,
        )
