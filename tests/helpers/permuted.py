"""Models of which one layer was changed: its heads change places, or one looks at nothing more."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

Tensors = dict[str, NDArray[Any]]


def with_heads_permuted(model: Path, folder: Path, layer: int, order: list[int]) -> Path:
    """A copy of a BERT, the heads of one of its layers in another order: it computes the same."""

    def permute(tensors: Tensors, of: str) -> None:
        width = len(tensors[f"{of}self.query.bias"]) // len(order)
        rows = np.concatenate([np.arange(width) + head * width for head in order])
        for name in ("query", "key", "value"):
            for part in ("weight", "bias"):
                tensors[f"{of}self.{name}.{part}"] = tensors[f"{of}self.{name}.{part}"][rows]
        output = f"{of}output.dense.weight"
        tensors[output] = np.ascontiguousarray(tensors[output][:, rows])

    return _changed(model, folder, layer, permute)


def with_head_destroyed(model: Path, folder: Path, layer: int, head: int, heads: int) -> Path:
    """A copy of a BERT, a head (of `heads` a layer) without queries: it looks at all alike."""

    def destroy(tensors: Tensors, of: str) -> None:
        width = len(tensors[f"{of}self.query.bias"]) // heads
        for part in ("weight", "bias"):
            tensors[f"{of}self.query.{part}"][head * width : (head + 1) * width] = 0

    return _changed(model, folder, layer, destroy)


def _changed(model: Path, folder: Path, layer: int, change: Callable[[Tensors, str], None]) -> Path:
    """A copy of a BERT with the tensors of a layer's attention changed, whose names begin alike."""
    shutil.copytree(model, folder)
    path = folder / "model.safetensors"
    tensors = load_file(path)
    start = next(name for name in tensors if "encoder.layer.0.attention" in name)
    before = start.partition("encoder.layer.")[0]
    change(tensors, f"{before}encoder.layer.{layer}.attention.")
    path.unlink()
    save_file(tensors, path, {"format": "pt"})
    return folder
