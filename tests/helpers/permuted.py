"""A model whose heads have changed places in one layer: it computes the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file


def with_heads_permuted(model: Path, folder: Path, layer: int, order: list[int]) -> Path:
    """A copy of a BERT, the heads of one of its layers in another order."""
    shutil.copytree(model, folder)
    path = folder / "model.safetensors"
    tensors = load_file(path)
    start = next(name for name in tensors if "encoder.layer.0.attention" in name)
    before = start.partition("encoder.layer.")[0]
    of = f"{before}encoder.layer.{layer}.attention."
    width = len(tensors[f"{of}self.query.bias"]) // len(order)
    rows = np.concatenate([np.arange(width) + head * width for head in order])
    for name in ("query", "key", "value"):
        for part in ("weight", "bias"):
            tensors[f"{of}self.{name}.{part}"] = tensors[f"{of}self.{name}.{part}"][rows]
    output = f"{of}output.dense.weight"
    tensors[output] = np.ascontiguousarray(tensors[output][:, rows])
    path.unlink()
    save_file(tensors, path, {"format": "pt"})
    return folder
