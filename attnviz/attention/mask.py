"""Which keys each query sees, in O(n) wherever a row's visible keys stand side by side."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from attnviz.attention.formulas import sum_diagonals

_FEW = 2**16
"""So few cells are summed faster by a product with the whole mask."""


@dataclass(frozen=True, eq=False)
class Mask:
    """Query i sees the keys [first_i, last_i) of `keys`, except where `holes` says more.

    `first` and `last` are integers [batch or 1, query]: padding, causal masks and windows all
    leave intervals. Where a mask doesn't, `holes` is the mask itself, boolean [batch or 1, 1,
    query, key]. `known` is what `_facts` would ask the device, where somebody knows it.
    """

    first: Tensor
    last: Tensor
    keys: int
    holes: Tensor | None = None
    known: tuple[bool, bool] | None = None

    @classmethod
    def of(cls, visible: Tensor) -> Mask:
        """From a boolean mask [batch or 1, 1, query, key]."""
        keys = visible.shape[-1]
        seen = visible[:, 0].to(torch.uint8)
        count = seen.sum(-1, dtype=torch.int64)
        first = seen.argmax(-1)
        # A row that sees nothing is the empty interval [0, 0).
        last = torch.where(count > 0, keys - seen.flip(-1).argmax(-1), 0)
        # All that is asked of the device about a mask, at once: it may be busy.
        facts = torch.stack([(last - first == count).all(), *_facts(first, last)]).tolist()
        return cls(first, last, keys, None if facts[0] else visible, (facts[1], facts[2]))

    @classmethod
    def plain(cls, queries: int, keys: int, device: torch.device, *, causal: bool) -> Mask:
        """Everything, or in a causal model everything up to the query's own place."""
        first = torch.zeros(1, queries, dtype=torch.int64, device=device)
        last = torch.full_like(first, keys)
        if causal:
            last = (torch.arange(queries, device=device) + keys - queries + 1)[None].clamp(0, keys)
        ahead = keys > queries if causal else keys > 1
        alike = not causal or queries < 2 or not keys
        return cls(first, last, keys, known=(not ahead or keys < 2, alike))

    @property
    def queries(self) -> int:
        """Number of queries."""
        return self.first.shape[1]

    @cached_property
    def counts(self) -> Tensor:
        """|V_i|, how many keys each query sees: float [batch or 1, 1, query]."""
        if self.holes is not None:
            return self.holes.sum(-1, dtype=torch.float32)
        return (self.last - self.first)[:, None].float()

    @cached_property
    def causal(self) -> bool:
        """Whether no query sees a key to its right."""
        return self._known[0]

    @cached_property
    def _known(self) -> tuple[bool, bool]:
        """Whether no query sees a key to its right, and whether all of a sentence see the same."""
        if self.known is not None:
            return self.known
        causal, alike = torch.stack(_facts(self.first, self.last)).tolist()
        return causal, alike

    def dense(self) -> Tensor:
        """The mask as a boolean tensor [batch or 1, 1, query, key]."""
        if self.holes is not None:
            return self.holes
        place = torch.arange(self.keys, device=self.first.device)
        first, last = self.first[:, None, :, None], self.last[:, None, :, None]
        return (place >= first) & (place < last)

    @cached_property
    def _weights(self) -> Tensor:
        """1 where a key is seen, [batch or 1, query, key]."""
        return self.dense()[:, 0].float()

    @cached_property
    def _common(self) -> Tensor | None:
        """1 where a key is seen, [batch or 1, 1, key], if all queries of a sentence see the same.

        None where they don't.
        """
        alike = self.holes is None and self._known[1]
        return self.part(slice(1)).dense()[:, 0].float() if alike else None

    def part(self, rows: slice | Tensor, sentence: int | None = None) -> Mask:
        """The mask of some queries, of all sentences of the batch or of one."""
        first, last, holes = self.first, self.last, self.holes
        if sentence is not None and len(first) > 1:
            here = slice(sentence, sentence + 1)
            first, last, holes = first[here], last[here], None if holes is None else holes[here]
        holes = None if holes is None else holes[:, :, rows]
        return Mask(first[:, rows], last[:, rows], self.keys, holes)

    def columns(self, values: Tensor) -> Tensor:
        """For each key the sum of `values` [batch, head, query] over the queries that see it."""
        if self._common is not None:
            return values.sum(-1, keepdim=True) * self._common
        if self.holes is not None or self.queries * self.keys <= _FEW:
            return torch.matmul(values, self._weights)
        if values.device.type == "cuda":
            # A GPU adds in any order: integers, which don't mind, in units of 2^-40.
            return self._stepped((values.double() * 2.0**40).long()).div(2.0**40).float()
        return self._stepped(values)

    def _stepped(self, values: Tensor) -> Tensor:
        """The same, where the keys of a query stand side by side."""
        steps = values.new_zeros(*values.shape[:2], self.keys + 1)
        first, last = (edge[:, None].expand_as(values) for edge in (self.first, self.last))
        steps.scatter_add_(-1, first, values).scatter_add_(-1, last, -values)
        return steps.cumsum(-1)[..., :-1]

    def count(self, chosen: Tensor) -> Tensor:
        """How many of the `chosen` keys, boolean [batch, key], each query sees: [batch, 1, query].

        As float.
        """
        if self.holes is not None:
            return torch.matmul(self.holes.float(), chosen[:, None, :, None].float()).squeeze(-1)
        before = torch.nn.functional.pad(chosen.float().cumsum(-1), (1, 0))
        first, last = (edge.expand(len(chosen), -1) for edge in (self.first, self.last))
        return (before.gather(1, last) - before.gather(1, first))[:, None]

    def by_offset(self, rows: Tensor) -> Tensor:
        """How many keys the chosen rows, [batch, query], see at each offset j - i.

        Returns [batch, query + key - 1] as float, offset k at index k + query - 1.
        """
        size = self.queries + self.keys - 1
        if self.holes is not None:
            seen = self.holes[:, 0].float() * rows[:, :, None]
            return sum_diagonals(seen)
        places = torch.arange(self.queries, device=rows.device)
        steps = torch.zeros(len(rows), size + 1, device=rows.device)
        for edge, sign in ((self.first, 1.0), (self.last, -1.0)):
            at = (edge - places + self.queries - 1).expand(len(rows), -1)
            steps.scatter_add_(-1, at, sign * rows.float())
        return steps.cumsum(-1)[:, :-1]


def _facts(first: Tensor, last: Tensor) -> list[Tensor]:
    """Whether no query sees a key to its right, and whether all of a sentence see the same."""
    places = torch.arange(last.shape[1], device=last.device)
    alike = [(edge == edge[:, :1]).all() for edge in (first, last)]
    return [(last <= places + 1).all(), alike[0] & alike[1]]
