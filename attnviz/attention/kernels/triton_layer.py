"""The Triton kernels on one layer: what they are given, in which order they run, what comes out.

Nothing here waits for the device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import triton  # type: ignore[import-untyped]
from torch import Tensor

from attnviz.attention.inputs import LayerInputs
from attnviz.attention.kernels import triton_loops as loops
from attnviz.attention.kernels import word_tiles
from attnviz.attention.kernels.sorted_rows import ginis
from attnviz.attention.kernels.triton_targets import MASKS, PART, LaidTargets
from attnviz.attention.mask import Mask
from attnviz.attention.measured import ROWWISE, Measured
from attnviz.attention.request import JoinedRequest

WIDEST = 256
"""Numbers of a query, at most: of more a tile would not fit."""

INTERPRETED = bool(triton.knobs.runtime.interpret)
"""Whether Triton runs on the CPU, line by line, as tests have it do."""

SIDES = {"wide": 32, "narrow": 64}
"""Rows and columns of a tile, for queries of more than 64 numbers and others."""


def runs_on(device: torch.device) -> bool:
    """Whether Triton compiles for a device."""
    if device.type == "cuda":
        return torch.version.hip is not None or torch.cuda.get_device_capability(device) >= (8, 0)
    return INTERPRETED and device.type == "cpu"


def suits(layer: LayerInputs) -> bool:
    """Whether the kernels know this kind of layer."""
    width = max(layer.query.shape[-1], 0 if layer.value is None else layer.value.shape[-1])
    return layer.query.shape[-1] > 0 and width <= WIDEST


def measure(layer: LayerInputs) -> Measured:
    """Measures a layer."""
    return _Run(layer).measured()


@dataclass(frozen=True, eq=False)
class _Edges:
    """What tiles of one mask need: the keys that each query sees, and who sees a block of keys.

    `first` and `last` int32 [batch or 1, query]; `begin` and `end` [batch, block of keys] are the
    blocks of queries that see any of it; `holes` [batch or 1, query, key], 0 where one is.
    """

    first: Tensor
    last: Tensor
    begin: Tensor
    end: Tensor
    holes: Tensor | None

    @classmethod
    def of(cls, mask: Mask, batch: int, side: int) -> _Edges:
        first, last = (edge.to(torch.int32).contiguous() for edge in (mask.first, mask.last))
        # Of each block of queries the first key that any sees and one past the last.
        sees = last > first
        short = -mask.queries % side
        low = torch.nn.functional.pad(
            first.masked_fill(~sees, mask.keys), (0, short), value=mask.keys
        )
        high = torch.nn.functional.pad(last.masked_fill(~sees, 0), (0, short))
        low = low.view(len(low), -1, side).amin(-1)
        high = high.view(len(high), -1, side).amax(-1)
        starts = torch.arange(0, mask.keys, side, device=first.device)
        meets = (low[..., None] < starts + side) & (high[..., None] > starts)
        none = ~meets.any(1)
        begin = meets.to(torch.uint8).argmax(1).masked_fill(none, 0)
        end = (meets.shape[1] - meets.flip(1).to(torch.uint8).argmax(1)).masked_fill(none, 0)
        begin, end = (edge.to(torch.int32).expand(batch, -1).contiguous() for edge in (begin, end))
        holes = None if mask.holes is None else mask.holes[:, 0].to(torch.uint8).contiguous()
        return cls(first, last, begin, end, holes)


class _Run:
    """One layer's tensors made ready, and the kernels run on them."""

    def __init__(self, layer: LayerInputs) -> None:
        self._layer, self._request = layer, layer.request
        self._batch, self._heads, self._queries, self._depth = layer.query.shape
        self._keys, self._device = layer.mask.keys, layer.query.device
        wide = max(self._depth, 0 if layer.value is None else layer.value.shape[-1]) > 64
        self._side = SIDES["wide" if wide else "narrow"]
        self._warps = {} if INTERPRETED else {"num_warps": 4 if wide else 8, "num_stages": 2}
        self._query, self._key = _lined(layer.query), _lined(layer.key)
        self._edges: _Edges = layer.shared(
            f"triton edges {self._side}", lambda: _Edges.of(layer.mask, self._batch, self._side)
        )
        self._laid: LaidTargets | None = None
        if self._request.targets is not None:
            self._laid = _laid(self._request)
        self._lse = self._room(self._batch, self._heads, self._queries)
        self._numbers = self._room(len(ROWWISE), *self._lse.shape)

    def _room(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        return torch.empty(shape, dtype=dtype, device=self._device)

    def measured(self) -> Measured:
        """Everything that the request names."""
        request = self._request
        mixed = self._rows()
        offsets = "by_offset" in request.needs
        if self._laid is not None:
            offsets = offsets or bool(self._laid.targets.offsets)
        received, masked, by_offset, matched = self._columns(offsets=offsets)
        masses = reached = None
        if self._laid is not None:
            masses = self._masses(self._laid, received, masked, by_offset, matched)
            reached = self._layer.shared("triton reached", self._reached)
            reached = reached.expand(-1, self._heads, -1)
        rowwise = dict(zip(ROWWISE, self._numbers.unbind(), strict=True))
        return Measured(
            **rowwise,
            gini=ginis(self._layer, self._lse),
            received=received,
            by_offset=by_offset if "by_offset" in request.needs else None,
            masses=masses,
            reached=reached,
            head_mean=self._mean() if "head_mean" in request.needs else None,
            mixed=mixed,
            looks=None if request.words is None else word_tiles.look(self._layer, request.words),
        )

    @property
    def _scoring(self) -> dict[str, Any]:
        """What all kernels that make scores are told, by name."""
        layer, edges = self._layer, self._edges
        bias = layer.bias
        steps = [0] * 4
        if bias is not None:
            sizes = zip(bias.shape, bias.stride(), strict=True)
            steps = [step if size > 1 else 0 for size, step in sizes]
        query, key = self._query.stride(), self._key.stride()
        return {
            "Q": self._query,
            "K": self._key,
            "FIRST": edges.first,
            "LAST": edges.last,
            "HOLES": edges.first if edges.holes is None else edges.holes,
            "BIAS": self._query if bias is None else bias,
            "LSE": self._lse,
            "n": self._queries,
            "m": self._keys,
            "heads": self._heads,
            "scale": float(layer.scale),
            "cap": float(layer.softcap or 0.0),
            "q_b": query[0],
            "q_h": query[1],
            "q_n": query[2],
            "k_b": key[0],
            "k_h": key[1],
            "k_n": key[2],
            "mask_b": self._queries if len(edges.first) > 1 else 0,
            "holes_b": 0 if edges.holes is None or len(edges.holes) == 1 else edges.holes.stride(0),
            **dict(zip(("bias_b", "bias_h", "bias_i", "bias_j"), steps, strict=True)),
            "GROUP": self._heads // self._key.shape[1],
            "D": self._depth,
            "DP": _padded(self._depth),
            "HAS_CAP": layer.softcap is not None,
            "HAS_BIAS": bias is not None,
            "HAS_HOLES": edges.holes is not None,
        }

    @property
    def _products(self) -> dict[str, Any]:
        """How kernels multiply: float32 in three products of fewer digits, which lose none."""
        return {"PRECISION": _exact(self._query.dtype), "UP": INTERPRETED}

    def _rows(self) -> Tensor | None:
        """Runs the pass over rows; the values as they are mixed, [batch, head, query, width]."""
        layer = self._layer
        value, out, width = self._query, self._query, 1
        if layer.value is not None:
            value, width = _lined(layer.value), layer.value.shape[-1]
            out = self._room(self._batch, self._queries, self._heads, width, dtype=value.dtype)
        strides = value.stride()
        blocks = triton.cdiv(self._queries, self._side)
        loops.rows[(blocks * self._batch * self._heads,)](
            **self._scoring,
            **self._products,
            **self._warps,
            V=value,
            OUT=out,
            SINKS=self._query if layer.sinks is None else layer.sinks.contiguous(),
            STRIPS=layer.shared("triton strips", self._request.strips.float),
            NUMBERS=self._numbers,
            batch=self._batch,
            v_b=strides[0],
            v_h=strides[1],
            v_n=strides[2],
            W=width,
            WP=_padded(width),
            BM=self._side,
            BN=self._side,
            HAS_V=layer.value is not None,
            HAS_SINKS=layer.sinks is not None,
        )
        return None if layer.value is None else out.transpose(1, 2)

    def _columns(self, *, offsets: bool) -> tuple[Tensor, list[Tensor], Tensor | None, Tensor]:
        """Runs the pass over columns.

        What keys receive [batch, head, key], the same from each set of queries, by offset, and on
        labels in common, [batch, head, match column].
        """
        laid, shape = self._laid, (self._batch, self._heads)
        blocks = triton.cdiv(self._keys, self._side)
        received = self._room(*shape, self._keys)
        labels = (self._edges.first, self._edges.last) if laid is None else laid.labels
        many = 0 if laid is None else len(laid.targets.match_before)
        padded = max(1, triton.next_power_of_2(max(many, 1)))
        matched = self._room(*shape, blocks, padded)
        summed = self._room(0, dtype=torch.int64)
        if offsets:
            width = self._queries + self._keys - 1
            summed = torch.zeros(*shape, width, dtype=torch.int64, device=self._device)
        sets = [] if laid is None or laid.masks is None else list(laid.masks.unbind())
        content = self._layer.shared("triton content", self._request.content.float)
        masked: list[Tensor] = []
        for step, masks in enumerate(sets or [None]):
            own = received if masks is None else self._room(*shape, MASKS, self._keys)
            # Everything in the first pass; of more sets of queries than it takes, these alone.
            alone = step > 0
            loops.columns[(blocks * self._batch * self._heads,)](
                **self._scoring,
                **self._products,
                **self._warps,
                BEGIN=self._edges.begin,
                END=self._edges.end,
                CONTENT=content,
                MASKS=content if masks is None else masks,
                MATCH_I=labels[0],
                MATCH_J=labels[1],
                RECEIVED=received,
                MASKED=own,
                OFFSETS=summed,
                MATCHED=matched,
                batch=self._batch,
                B=self._side,
                MANY=0 if masks is None else MASKS,
                LABELS=0 if alone else many,
                LP=padded,
                BEFORE=0 if laid is None else laid.before,
                HAS_OFFSETS=offsets and not alone,
                EXACT=_exact(torch.float32),
            )
            if masks is not None:
                masked += own.unbind(2)
        by_offset = (summed.double() / loops.SHIFT.value).float() if offsets else None
        return received, masked, by_offset, matched[..., :many].sum(2)

    def _masses(
        self,
        laid: LaidTargets,
        received: Tensor,
        masked: list[Tensor],
        by_offset: Tensor | None,
        matched: Tensor,
    ) -> Tensor:
        """Mass on each target, [batch, head, column]."""
        keys, pairs = laid.targets.keys, laid.targets.pair_columns
        on_keys = torch.matmul(received, keys) * laid.from_keys
        for column, own in enumerate(laid.mask_of):
            if own >= 0:
                on_keys[..., column] = torch.matmul(masked[own], keys[..., column, None])[..., 0]
        on_offsets = received.new_zeros(*received.shape[:2], laid.from_offsets.shape[-1])
        if by_offset is not None:
            on_offsets = (by_offset[..., laid.places] @ laid.offset_columns) * laid.from_offsets
        on_pairs = received.new_zeros(*received.shape[:2], pairs)
        every = torch.cat([on_keys, on_offsets, on_pairs], -1)
        if laid.cells is not None:
            every = every + self._cells(laid)
        return laid.ordered(torch.cat([every, matched], -1))

    def _cells(self, laid: LaidTargets) -> Tensor:
        """What single cells add to key, offset and pair columns, [batch, head, column]."""
        cells = laid.cells
        if cells is None:
            return self._room(0)
        parts = self._room(cells.parts, self._heads)
        groups = len(cells.ends) - 1
        out = self._room(groups, self._heads)
        loops.cells[(cells.parts * self._heads,)](
            **self._scoring,
            SENTENCE=cells.sentence,
            QUERY=cells.query,
            KEY=cells.key,
            SIGN=cells.sign,
            PARTS=parts,
            C=PART,
        )
        padded = triton.next_power_of_2(self._heads)
        loops.sums[(groups,)](parts, cells.ends, out, self._heads, HP=padded)
        return out.view(self._batch, -1, self._heads).transpose(1, 2)

    def _reached(self) -> Tensor:
        """How many queries see a key of their target, [batch, 1, column]; of a mask, once."""
        laid, edges = self._laid, self._edges
        if laid is None:
            return self._room(0)
        many = len(laid.targets.match_before)
        of_labels = self._room(self._batch, 0)
        if many:
            padded, blocks = triton.next_power_of_2(many), triton.cdiv(self._queries, self._side)
            out = self._room(self._batch, blocks, padded, dtype=torch.int32)
            loops.reach[(blocks * self._batch,)](
                FIRST=edges.first,
                LAST=edges.last,
                HOLES=edges.first if edges.holes is None else edges.holes,
                MATCH_I=laid.labels[0],
                MATCH_J=laid.labels[1],
                OUT=out,
                n=self._queries,
                m=self._keys,
                batch=self._batch,
                mask_b=self._queries if len(edges.first) > 1 else 0,
                holes_b=0
                if edges.holes is None or len(edges.holes) == 1
                else edges.holes.stride(0),
                LABELS=many,
                LP=padded,
                BEFORE=laid.before,
                BM=self._side,
                BN=self._side,
                HAS_HOLES=edges.holes is not None,
            )
            of_labels = out.sum(1)[..., :many]
        return laid.reached(self._layer.mask, of_labels)

    def _mean(self) -> Tensor:
        """The mean over heads, [batch, query, key]."""
        out = self._room(self._batch, self._queries, self._keys)
        tiles = triton.cdiv(self._queries, self._side) * triton.cdiv(self._keys, self._side)
        loops.mean[(tiles * self._batch,)](
            **self._scoring, **self._products, **self._warps, OUT=out, B=self._side
        )
        return out


def _laid(request: JoinedRequest) -> LaidTargets:
    """The targets of a batch, laid out for its first layer."""
    if "triton" not in request.kept and request.targets is not None:
        request.kept["triton"] = LaidTargets.of(request, request.targets)
    laid: LaidTargets = request.kept["triton"]
    return laid


def _lined(tensor: Tensor) -> Tensor:
    """A tensor whose last numbers stand side by side, in a type that Triton multiplies."""
    tensor = tensor.float() if tensor.dtype == torch.float64 else tensor
    return tensor if tensor.stride(-1) == 1 else tensor.contiguous()


def _padded(size: int) -> int:
    """A size that tiles can have."""
    return max(16, 1 << (size - 1).bit_length())


def _exact(dtype: torch.dtype) -> str:
    """How float32 is multiplied as such: NVIDIA's units do so in three products."""
    exact = dtype == torch.float32 and not INTERPRETED and torch.version.hip is None
    return "tf32x3" if exact else "ieee"
