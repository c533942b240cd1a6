"""Models of which one layer was changed: its heads change places, or one looks at nothing more."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

Tensors = dict[str, NDArray[Any]]


def with_heads_permuted(model: Path, folder: Path, layer: int, order: list[int]) -> Path:
    """A copy of a BERT, the heads of one of its layers in another order: it computes the same."""

    def permute(tensors: Tensors) -> None:
        of = _of_bert(tensors, layer)
        inputs = [f"{of}self.{name}" for name in ("query", "key", "value")]
        _permute(tensors, inputs, f"{of}output.dense", order)

    return _changed(model, folder, permute)


def with_llama_heads_permuted(model: Path, folder: Path, layer: int, order: list[int]) -> Path:
    """The same of a Llama whose heads share no keys, with biases."""

    def permute(tensors: Tensors) -> None:
        of = f"model.layers.{layer}.self_attn."
        inputs = [f"{of}{name}_proj" for name in ("q", "k", "v")]
        _permute(tensors, inputs, f"{of}o_proj", order)

    return _changed(model, folder, permute)


def with_head_destroyed(model: Path, folder: Path, layer: int, head: int, heads: int) -> Path:
    """A copy of a BERT, a head (of `heads` a layer) without queries: it looks at all alike."""

    def destroy(tensors: Tensors) -> None:
        of = _of_bert(tensors, layer)
        width = len(tensors[f"{of}self.query.bias"]) // heads
        for part in ("weight", "bias"):
            tensors[f"{of}self.query.{part}"][head * width : (head + 1) * width] = 0

    return _changed(model, folder, destroy)


def _of_bert(tensors: Tensors, layer: int) -> str:
    """What the names of a layer's attention begin with."""
    start = next(name for name in tensors if "encoder.layer.0.attention" in name)
    return f"{start.partition('encoder.layer.')[0]}encoder.layer.{layer}.attention."


def _permute(tensors: Tensors, inputs: Sequence[str], output: str, order: Sequence[int]) -> None:
    """Puts what goes into heads, and what comes out of them, in another order."""
    width = len(tensors[f"{inputs[0]}.bias"]) // len(order)
    rows = np.concatenate([np.arange(width) + head * width for head in order])
    for name in inputs:
        for part in ("weight", "bias"):
            tensors[f"{name}.{part}"] = tensors[f"{name}.{part}"][rows]
    tensors[f"{output}.weight"] = np.ascontiguousarray(tensors[f"{output}.weight"][:, rows])


def _changed(model: Path, folder: Path, change: Callable[[Tensors], None]) -> Path:
    """A copy of a model with some of its tensors changed."""
    shutil.copytree(model, folder)
    path = folder / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    path.unlink()
    save_file(tensors, path, {"format": "pt"})
    return folder
