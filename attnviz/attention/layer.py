"""`LayerAttention`: one layer as observers are shown it, with everything measured of it.

Roles and statistics ask for masses, row functionals and column sums. What a request names is
measured in one pass by a kernel (`attnviz.attention.kernels`) that never holds the whole matrix;
anything else is read off `weights`, which is the whole matrix, or off `tiles` of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import torch
from torch import Tensor

from attnviz.attention import kernels
from attnviz.attention.formulas import TINY
from attnviz.attention.inputs import LayerInputs, Made
from attnviz.attention.measured import Measured
from attnviz.attention.request import Request
from attnviz.attention.words import Looks


@dataclass(frozen=True, eq=False)
class LayerAttention(LayerInputs):
    """What one layer did to one batch; everything measured of it is measured when first asked for.

    Observers are shown views of it: what all of them asked for is measured once, and each reads
    its own columns of the targets.
    """

    _whole: LayerAttention | None = field(default=None, init=False, repr=False)
    _reader: Request | None = field(default=None, init=False, repr=False)

    def shown_to(self, reader: Request) -> Self:
        """The view of who made this request: its columns, and all that is measured in common."""
        view = replace(self, joined=self.request)
        # Set past the constructor, so that what is made of a view by `replace` is none.
        object.__setattr__(view, "_whole", self)
        object.__setattr__(view, "_reader", reader)
        return view

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What depends on batch, mask and reader alone, made for the first layer that asks."""
        kept, key = self.request.kept, (name, self.mask, self._reader)
        if key not in kept:
            kept[key] = make()
        made: Made = kept[key]
        return made

    @property
    def uniform(self) -> LayerAttention:
        """The same layer if attention were uniform: one head, a_ij = 1/|V_i|. The chance level.

        Layers of a batch that have one mask share it.
        """
        even = self.shared("uniform", self._uniform)
        return even if self._reader is None else even.shown_to(self._reader)

    def _uniform(self) -> LayerAttention:
        batch, _, queries, _ = self.query.shape
        nothing = torch.zeros(batch, 1, max(queries, self.mask.keys), 1, device=self.query.device)
        return replace(
            self,
            query=nothing[:, :, :queries],
            key=nothing[:, :, : self.mask.keys],
            scale=1.0,
            value=None,
            bias=None,
            softcap=None,
            sinks=None,
            known_weights=None,
            joined=self.request.without_words,
        )

    @cached_property
    def measured(self) -> Measured:
        """Everything that the request names, measured in one pass over the rows."""
        return kernels.measure(self) if self._whole is None else self._whole.measured

    @property
    def mixed(self) -> Tensor:
        """The values as the layer mixes them, [batch, head, query, width], in their own type."""
        if self.value is None or self.measured.mixed is None:
            raise ValueError("this layer has no values to mix, or they weren't asked for")
        return self.measured.mixed.to(self.value.dtype)

    @property
    def strips(self) -> Tensor:
        """The keys that a vertical strip may stand on, boolean [batch, key]."""
        return self.request.strips

    @property
    def entropy(self) -> Tensor:
        """Row entropy -sum_j a_ij ln a_ij in nats, [batch, head, query]."""
        return self.measured.entropy

    @cached_property
    def evenness(self) -> Tensor:
        """Entropy as a share of ln |V_i|, [batch, head, query]; NaN where |V_i| is 1 or less."""
        return self.entropy / self.shared("greatest entropy", self._greatest_entropy)

    def _greatest_entropy(self) -> Tensor:
        return self.counts.log().masked_fill(self.counts <= 1, float("nan"))

    @property
    def distance(self) -> Tensor:
        """Mean distance sum_j a_ij |i - j| in tokens, [batch, head, query]."""
        return self.measured.distance

    @property
    def confidence(self) -> Tensor:
        """The largest weight of each row, [batch, head, query]."""
        return self.measured.confidence

    @property
    def top(self) -> Tensor:
        """Mass of the `limits.TOP` largest weights of each row, [batch, head, query]."""
        return self.measured.top

    @property
    def total(self) -> Tensor:
        """Row sums, [batch, head, query]: 1, or less where sinks take mass."""
        return self.measured.total

    @property
    def gini(self) -> Tensor:
        """Gini coefficient over the visible keys of `limits.SORTED` rows a sentence at most.

        [batch, head, query], NaN for the other queries and where fewer than two keys are seen.
        """
        known = self.measured.gini
        unknown = known.new_full((*known.shape[:2], 1), float("nan"))
        places = self.shared("sorted", self._places).expand(-1, self.heads, -1)
        return torch.cat([known, unknown], -1).gather(-1, places)

    def _places(self) -> Tensor:
        """Each query's place among the sorted rows, [batch, 1, query].

        One more than there are where it is not among them or sees fewer than two keys.
        """
        rows = self.request.sorted_rows
        batch, many = rows.shape
        places = rows.new_full((batch, self.query.shape[2] + 1), many)
        # Places of no row (-1) fall into one place more, which is cut off.
        own = torch.arange(many, device=rows.device).expand(batch, -1)
        places.scatter_(1, rows.remainder(places.shape[1]), own)
        return places[:, None, :-1].masked_fill(self.counts <= 1, many)

    @property
    def masses(self) -> Tensor:
        """Mass on each target asked for, sum over i in Q and j in S_i: [batch, head, column]."""
        return self._own(self.measured.masses)

    @property
    def reached(self) -> Tensor:
        """How many queries have mass on their target, [batch, head, column].

        On `uniform` these are the events: the queries with a target that they see.
        """
        return self._own(self.measured.reached)

    def _own(self, of_all: Tensor | None) -> Tensor:
        """The reader's columns of what was measured for all."""
        if self._reader is None:
            return _asked_for(of_all)
        if self._reader.targets is None:
            raise ValueError("the request has no targets")
        columns = self.request.columns[self._reader]
        return _asked_for(of_all) if columns is None else _asked_for(of_all)[..., columns]

    @property
    def received(self) -> Tensor:
        """Column mass sum_i a_ij over the content queries, [batch, head, key]."""
        return self.measured.received

    @property
    def by_offset(self) -> Tensor:
        """Mass at each offset j - i, summed over the content queries.

        [batch, head, query + key - 1], offset k at index k + query - 1.
        """
        return _asked_for(self.measured.by_offset)

    @property
    def looks(self) -> Looks:
        """What words look at most, and their mass on the pairs asked for."""
        looks = self.measured.looks
        if looks is None:
            raise ValueError("the request didn't ask what words look at")
        return looks

    @property
    def head_mean(self) -> Tensor:
        """Mean over heads, [batch, query, key], each row scaled to sum to 1."""
        mean = _asked_for(self.measured.head_mean)
        return mean / mean.sum(-1, keepdim=True).clamp_min(TINY)

    @cached_property
    def dealt(self) -> Tensor:
        """How large the largest strip could be by accident, [batch, head].

        Let each content query deal its weights on `strips` out anew among those it sees. Then a
        column's mass is a sum of independent draws, and by Bernstein's inequality the largest of
        N columns is expected to be at most mu + sqrt(2 v ln N) + (b / 3) ln N, with the largest
        column's mean mu and variance v and the largest weight b (Boucheron, Lugosi & Massart
        2013, corollary 2.6).
        """
        sums = self.measured
        strips, rows, share, names = self.shared("strips", self._strips)
        mean = sums.strip_total * share
        spread = torch.addcmul(sums.strip_square * share, mean, mean, value=-1.0).clamp_min_(0.0)
        means, spreads = (
            (self.mask.columns(moment * rows) * strips).amax(-1) for moment in (mean, spread)
        )
        # No weight on a strip exceeds the root of the sum of their squares.
        square = torch.minimum(sums.confidence.square(), sums.strip_square).mul_(rows).amax(-1)
        return means + _root(2.0 * spreads * names) + _root(square) * names / 3.0

    def _strips(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Where strips may stand, the queries that count, what share of them a key is, and names.

        Float [batch, 1, key], [batch, 1, query] and, 1 / how many strips a query sees, [batch, 1,
        query]; [batch, 1] is ln of how many there are.
        """
        return (
            self.strips[:, None].float(),
            self.request.content[:, None].float(),
            1.0 / self.mask.count(self.strips).clamp_min(1.0),
            self.strips.sum(-1, keepdim=True).float().clamp_min(1.0).log(),
        )


def _root(x: Tensor) -> Tensor:
    """The root of numbers from 0 on; torch's own wakes all threads, however few they are."""
    return x * x.clamp_min(TINY).rsqrt()


def _asked_for(measured: Tensor | None) -> Tensor:
    if measured is None:
        raise ValueError("the request didn't ask for this")
    return measured
