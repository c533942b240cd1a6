"""The Triton kernels on one layer: what they are given, in which order they run, what comes out.

Nothing here waits for the device.
"""

from __future__ import annotations

from typing import Any

import torch
import triton  # type: ignore[import-untyped]
from torch import Tensor

from attnviz.attention.inputs import LayerInputs
from attnviz.attention.kernels import triton_cells as single
from attnviz.attention.kernels import triton_loops as loops
from attnviz.attention.kernels import triton_tiling as tiling
from attnviz.attention.kernels import word_tiles
from attnviz.attention.kernels.sorted_rows import ginis
from attnviz.attention.kernels.triton_edges import Edges
from attnviz.attention.kernels.triton_targets import PART, TOGETHER, LaidTargets
from attnviz.attention.measured import ROWWISE, Measured
from attnviz.attention.request import JoinedRequest

INTERPRETED = bool(triton.knobs.runtime.interpret)
"""Whether Triton runs on the CPU, line by line, as tests have it do."""


def runs_on(device: torch.device) -> bool:
    """Whether Triton compiles for a device."""
    if device.type == "cuda":
        return torch.version.hip is not None or torch.cuda.get_device_capability(device) >= (8, 0)
    return INTERPRETED and device.type == "cpu"


def suits(layer: LayerInputs) -> bool:
    """Whether the kernels know this kind of layer."""
    return layer.query.shape[-1] > 0 and tiling.width(layer) <= tiling.WIDEST


def measure(layer: LayerInputs) -> Measured:
    """Measures a layer, on the GPU where it is: Triton would take the current one."""
    with torch.cuda.device(layer.query.get_device()):
        return _Run(layer).measured()


class _Run:
    """One layer's tensors made ready, and the kernels run on them."""

    def __init__(self, layer: LayerInputs) -> None:
        self._layer, self._request = layer, layer.request
        self._batch, self._heads, self._queries, self._depth = layer.query.shape
        self._keys, self._device = layer.mask.keys, layer.query.device
        self._tiling = tiling.of(layer)
        self._side = self._tiling.side
        self._query, self._key = _lined(layer.query), _lined(layer.key)
        self._edges: Edges = layer.shared(
            f"triton edges {self._side}", lambda: Edges.of(layer.mask, self._batch, self._side)
        )
        self._laid = lay(self._request)
        self._content: Tensor = layer.shared("triton content", layer.request.content.float)
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
        received, of_sets, matched = self._columns()
        by_offset = self._by_offset() if offsets else None
        masses = reached = None
        if self._laid is not None:
            masses = self._masses(self._laid, received, of_sets, by_offset, matched)
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
            "DP": tiling.padded(self._depth),
            "HAS_CAP": layer.softcap is not None,
            "HAS_BIAS": bias is not None,
            "HAS_HOLES": edges.holes is not None,
        }

    def _tiled(self, warps: int) -> dict[str, Any]:
        """What kernels that walk over tiles are told besides."""
        edges = self._edges
        return {
            "WHOLE_FROM": edges.all_first,
            "WHOLE_TO": edges.all_last,
            "block_b": edges.all_first.shape[1] if len(edges.all_first) > 1 else 0,
            "SPLIT": self._query.dtype == torch.float32 and torch.version.hip is None,
            "FTZ": not INTERPRETED and torch.version.hip is None,
            "UP": INTERPRETED,
            **({} if INTERPRETED else {"num_warps": warps, "num_stages": 2}),
        }

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
            **self._tiled(self._tiling.row_warps),
            V=value,
            OUT=out,
            FROM=self._edges.any_first,
            TO=self._edges.any_last,
            SINKS=self._query if layer.sinks is None else layer.sinks.contiguous(),
            STRIPS=layer.shared("triton strips", self._request.strips.float),
            NUMBERS=self._numbers,
            batch=self._batch,
            v_b=strides[0],
            v_h=strides[1],
            v_n=strides[2],
            W=width,
            WP=tiling.padded(width),
            BM=self._side,
            BN=self._tiling.keys,
            HAS_V=layer.value is not None,
            HAS_SINKS=layer.sinks is not None,
        )
        return None if layer.value is None else out.transpose(1, 2)

    def _columns(self) -> tuple[Tensor, Tensor, Tensor]:
        """Runs the passes over columns.

        What keys receive [batch, head, key], the same of each set of queries [set, batch, head,
        key], and on labels in common, [batch, head, match column].
        """
        laid, shape = self._laid, (self._batch, self._heads)
        blocks = triton.cdiv(self._keys, self._side)
        sets = 0 if laid is None else len(laid.sets)
        labels = 0 if laid is None else len(laid.targets.match_before)
        received = self._room(*shape, self._keys)
        of_sets = self._room(sets, *shape, self._keys)
        matched = self._room(labels, *shape, blocks)
        for step in range(0, max(sets, labels, 1), TOGETHER):
            mine, its = (
                (self._content,) * 2 if laid is None else (own[step:] for own in laid.labels)
            )
            loops.columns[(blocks * self._batch * self._heads,)](
                **self._scoring,
                **self._tiled(self._tiling.warps),
                BEGIN=self._edges.begin,
                END=self._edges.end,
                CONTENT=self._content,
                SETS=self._content if laid is None else laid.sets[step:],
                MATCH_I=mine,
                MATCH_J=its,
                RECEIVED=received,
                OF_SETS=of_sets[step:],
                MATCHED=matched[step:],
                batch=self._batch,
                B=self._side,
                MANY=min(max(sets - step, 0), TOGETHER),
                LABELS=min(max(labels - step, 0), TOGETHER),
                BEFORE=0 if laid is None else laid.before(step, TOGETHER),
            )
        return received, of_sets, matched.sum(-1).permute(1, 2, 0)

    def _by_offset(self) -> Tensor:
        """Runs the pass over diagonals: sums over content queries, [batch, head, offset]."""
        side, edges = self._side, self._edges
        down, across = (triton.cdiv(size, side) for size in (self._queries, self._keys))
        diagonals = down + across - 1
        near, far = self._room(2, self._batch, self._heads, diagonals, side)
        loops.diagonals[(diagonals * self._batch * self._heads,)](
            **self._scoring,
            **self._tiled(self._tiling.warps),
            ORDER=edges.order,
            BEGIN=edges.diagonal_begin,
            END=edges.diagonal_end,
            CONTENT=self._content,
            NEAR=near,
            FAR=far,
            batch=self._batch,
            B=side,
        )
        # The first diagonal has the offsets from side - side * down on, and before it FAR's.
        by_offset: Tensor = near.new_zeros(*near.shape[:2], diagonals + 1, side)
        by_offset[:, :, 1:] = near
        by_offset[:, :, :-1] += far
        start = side * down - self._queries + 1
        return by_offset.flatten(2)[..., start : start + self._queries + self._keys - 1]

    def _masses(
        self,
        laid: LaidTargets,
        received: Tensor,
        of_sets: Tensor,
        by_offset: Tensor | None,
        matched: Tensor,
    ) -> Tensor:
        """Mass on each target, [batch, head, column]."""
        keys, pairs = laid.targets.keys, laid.targets.pair_columns
        on_keys = torch.matmul(received, keys) * laid.from_keys
        for column, own in enumerate(laid.set_of):
            if own >= 0:
                on_keys[..., column] = torch.matmul(of_sets[own], keys[..., column, None])[..., 0]
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
        single.cells[(cells.parts * self._heads,)](
            **self._scoring,
            SENTENCE=cells.sentence,
            QUERY=cells.query,
            KEY=cells.key,
            SIGN=cells.sign,
            PARTS=parts,
            C=PART,
        )
        padded = triton.next_power_of_2(self._heads)
        single.sums[(groups,)](parts, cells.ends, out, self._heads, HP=padded)
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
            single.reach[(blocks * self._batch,)](
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
                BEFORE=laid.before(0, many),
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
        single.mean[(tiles * self._batch,)](
            **self._scoring,
            **self._tiled(self._tiling.warps),
            FROM=self._edges.any_first,
            TO=self._edges.any_last,
            OUT=out,
            B=self._side,
        )
        return out


def lay(request: JoinedRequest) -> LaidTargets | None:
    """The targets of a batch, laid out once; None where it has none."""
    if "triton" not in request.kept:
        targets = request.targets
        request.kept["triton"] = None if targets is None else LaidTargets.of(request, targets)
    laid: LaidTargets | None = request.kept["triton"]
    return laid


def _lined(tensor: Tensor) -> Tensor:
    """A tensor whose last numbers stand side by side, in a type that Triton multiplies."""
    tensor = tensor.float() if tensor.dtype == torch.float64 else tensor
    return tensor if tensor.stride(-1) == 1 else tensor.contiguous()
