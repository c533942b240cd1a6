"""Models whose heads have changed places in one layer: they compute the same."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file


def with_heads_permuted(model: Path, folder: Path, layer: int, order: list[int]) -> Path:
    """A copy of a BERT, the heads of one of its layers in another order."""
    tensors = load_file(model / "model.safetensors")
    start = next(name for name in tensors if "encoder.layer.0.attention" in name)
    of = f"{start.partition('encoder.layer.')[0]}encoder.layer.{layer}.attention."
    inputs = [f"{of}self.{name}" for name in ("query", "key", "value")]
    return _copied(model, folder, inputs, f"{of}output.dense", order)


def with_llama_heads_permuted(model: Path, folder: Path, layer: int, order: list[int]) -> Path:
    """The same of a Llama whose heads share no keys, with biases."""
    of = f"model.layers.{layer}.self_attn."
    inputs = [f"{of}{name}_proj" for name in ("q", "k", "v")]
    return _copied(model, folder, inputs, f"{of}o_proj", order)


def _copied(
    model: Path, folder: Path, inputs: Sequence[str], output: str, order: Sequence[int]
) -> Path:
    """A copy in which what goes into heads, and what comes out of them, is in another order."""
    shutil.copytree(model, folder)
    path = folder / "model.safetensors"
    tensors = load_file(path)
    width = len(tensors[f"{inputs[0]}.bias"]) // len(order)
    rows = np.concatenate([np.arange(width) + head * width for head in order])
    for name in inputs:
        for part in ("weight", "bias"):
            tensors[f"{name}.{part}"] = tensors[f"{name}.{part}"][rows]
    tensors[f"{output}.weight"] = np.ascontiguousarray(tensors[f"{output}.weight"][:, rows])
    path.unlink()
    save_file(tensors, path, {"format": "pt"})
    return folder
