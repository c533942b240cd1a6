"""`LayerAttention`: what one attention layer did to one batch, and everything asked of it.

Roles and statistics ask for masses, row functionals and column sums. What a `Plan` names is
measured in one pass by a kernel (`attnviz.attention.kernels`) that never holds the whole
matrix; anything else is read off `weights`, which is the whole matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import torch
from torch import Tensor

from attnviz.attention import kernels
from attnviz.attention.formulas import TINY, shaped, spread_to_heads
from attnviz.attention.mask import Mask
from attnviz.attention.measured import Measured
from attnviz.attention.plan import Plan

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class LayerAttention:
    """One layer's queries and keys for one batch, with all that shapes the scores.

    `query` [batch, head, query, width]; `key` and `value` [batch, key head, key, width], where a
    key head serves head / key head query heads; `scale` multiplies the scores, `softcap` bounds
    them (Gemma 2), `bias` [batch or 1, head or 1, query, key] is added (T5); `mask` says which
    keys a query sees. `sinks` [head] are extra logits that take mass without being tokens, so
    that rows then sum to less than 1 (gpt-oss). `stream` tells the attentions of an
    encoder-decoder model apart: "encoder", "decoder" or "cross"; "" where there is one only.
    `given` [batch, head, query, key] are the weights where a model hands over nothing else;
    then `query` and `key` are of width 0. `plan` names what a kernel measures in one pass.
    """

    layer: int
    query: Tensor
    key: Tensor
    scale: float
    mask: Mask
    value: Tensor | None = None
    bias: Tensor | None = None
    softcap: float | None = None
    sinks: Tensor | None = None
    stream: str = ""
    given: Tensor | None = None
    plan: Plan | None = None

    @property
    def heads(self) -> int:
        """Number of query heads."""
        return self.query.shape[1]

    @property
    def counts(self) -> Tensor:
        """|V_i|, how many keys each query sees: float [batch or 1, 1, query]."""
        return self.mask.counts

    @property
    def bare(self) -> LayerAttention:
        """All that the weights need."""
        return replace(self, value=None, plan=None)

    @property
    def held(self) -> int:
        """Bytes of all that the weights need."""
        parts = (self.query, self.key, self.given, self.bias)
        return sum(part.numel() * part.element_size() for part in parts if part is not None)

    @property
    def uniform(self) -> LayerAttention:
        """The same layer if attention were uniform: one head, a_ij = 1/|V_i|. The chance level.

        Layers of a batch that have one mask share it.
        """
        return self.once("uniform", self._uniform)

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What depends on the batch and the mask alone, made for the first layer that asks."""
        kept = self.planned.kept
        if (name, self.mask) not in kept:
            kept[name, self.mask] = make()
        found: Made = kept[name, self.mask]
        return found

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
            given=None,
            plan=self.planned,
        )

    @cached_property
    def weights(self) -> Tensor:
        """The attention matrix a_ij, float32 [batch, head, query, key]; 0 where nothing is seen."""
        seen = self.mask.dense()
        if self.given is not None:
            return self.given.float() * seen
        key = spread_to_heads(self.key.float(), self.heads)
        scores = torch.matmul(self.query.float(), key.transpose(-1, -2)).mul_(self.scale)
        scores = shaped(scores, self.softcap, self.bias)
        # Not -inf: a padded query may see no key at all, and its row must not become NaN.
        scores.masked_fill_(~seen, torch.finfo(torch.float32).min)
        if self.sinks is None:
            weights = scores.softmax(-1)
        else:
            sink = self.sinks.float().view(1, -1, 1, 1).expand(*scores.shape[:-1], 1)
            weights = torch.cat([scores, sink], -1).softmax(-1)[..., :-1]
        return weights.mul_(seen)

    def part(self, rows: slice | Tensor, sentence: int | None = None) -> LayerAttention:
        """The same layer with some queries only, of all sentences of the batch or of one.

        Its `weights` are those rows of the whole, and no more is made than these.
        """
        one = slice(None) if sentence is None else slice(sentence, sentence + 1)
        return replace(
            self,
            query=self.query[one, :, rows],
            key=self.key[one],
            value=None if self.value is None else self.value[one],
            mask=self.mask.part(rows, sentence),
            bias=_part(self.bias, one, rows),
            given=_part(self.given, one, rows),
            plan=None,
        )

    @cached_property
    def measured(self) -> Measured:
        """Everything that the plan names, measured in one pass over the rows."""
        return kernels.measure(self)

    @property
    def mixed(self) -> Tensor:
        """The values as the layer mixes them, [batch, head, query, width], in their own type."""
        if self.value is None or self.measured.mixed is None:
            raise ValueError("this layer has no values to mix, or they weren't asked for")
        return self.measured.mixed.to(self.value.dtype)

    @property
    def strips(self) -> Tensor:
        """The keys that a vertical strip may stand on, boolean [batch, key]."""
        return self.planned.strips

    @property
    def entropy(self) -> Tensor:
        """Row entropy -sum_j a_ij ln a_ij in nats, [batch, head, query]."""
        return self.measured.entropy

    @cached_property
    def evenness(self) -> Tensor:
        """Entropy as a share of ln |V_i|, [batch, head, query]; NaN where |V_i| is 1 or less."""
        return self.entropy / self.once("greatest entropy", self._greatest_entropy)

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
        found = self.measured.gini
        unknown = found.new_full((*found.shape[:2], 1), float("nan"))
        places = self.once("sorted", self._places).expand(-1, self.heads, -1)
        return torch.cat([found, unknown], -1).gather(-1, places)

    def _places(self) -> Tensor:
        """Each query's place among the sorted rows, [batch, 1, query].

        One more than there are where it is not among them or sees fewer than two keys.
        """
        rows = self.planned.sorted_rows
        batch, many = rows.shape
        places = rows.new_full((batch, self.query.shape[2] + 1), many)
        # Places of no row (-1) fall into one place more, which is cut off.
        own = torch.arange(many, device=rows.device).expand(batch, -1)
        places.scatter_(1, rows.remainder(places.shape[1]), own)
        return places[:, None, :-1].masked_fill(self.counts <= 1, many)

    @property
    def masses(self) -> Tensor:
        """Mass on each target of the plan, sum over i in Q and j in S_i: [batch, head, column]."""
        return _asked_for(self.measured.masses)

    @property
    def reached(self) -> Tensor:
        """How many queries have mass on their target, [batch, head, column].

        On `uniform` these are the events: the queries with a target that they see.
        """
        return _asked_for(self.measured.reached)

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
        found = self.measured
        strips, rows, share, names = self.once("strips", self._strips)
        mean = found.strip_total * share
        spread = torch.addcmul(found.strip_square * share, mean, mean, value=-1.0).clamp_min_(0.0)
        means, spreads = (
            (self.mask.columns(one * rows) * strips).amax(-1) for one in (mean, spread)
        )
        # No weight on a strip exceeds the root of the sum of their squares.
        square = torch.minimum(found.confidence.square(), found.strip_square).mul_(rows).amax(-1)
        return means + _root(2.0 * spreads * names) + _root(square) * names / 3.0

    def _strips(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Where strips may stand, the queries that count, what share of them a key is, and names.

        Float [batch, 1, key], [batch, 1, query] and, 1 / how many strips a query sees, [batch, 1,
        query]; [batch, 1] is ln of how many there are.
        """
        return (
            self.strips[:, None].float(),
            self.planned.content[:, None].float(),
            1.0 / self.mask.count(self.strips).clamp_min(1.0),
            self.strips.sum(-1, keepdim=True).float().clamp_min(1.0).log(),
        )

    @cached_property
    def planned(self) -> Plan:
        """The plan, or one that counts every query."""
        if self.plan is not None:
            return self.plan
        batch, device = self.query.shape[0], self.query.device
        content = torch.ones(batch, self.query.shape[2], dtype=torch.bool, device=device)
        strips = torch.ones(batch, self.mask.keys, dtype=torch.bool, device=device)
        return Plan(content, strips)


def _part(whole: Tensor | None, one: slice, rows: slice | Tensor) -> Tensor | None:
    """Some queries of a tensor [batch or 1, head or 1, query or 1, key]."""
    if whole is None:
        return None
    whole = whole if whole.shape[0] == 1 else whole[one]
    return whole if whole.shape[2] == 1 else whole[:, :, rows]


def _root(x: Tensor) -> Tensor:
    """The root of numbers from 0 on; torch's own wakes all threads, however few they are."""
    return x * x.clamp_min(TINY).rsqrt()


def _asked_for(found: Tensor | None) -> Tensor:
    if found is None:
        raise ValueError("the plan didn't ask for this")
    return found
