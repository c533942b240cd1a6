"""What models hand over by themselves, made square here and not by what is tested."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]

_NAMES = {
    "": "attentions",
    "encoder": "encoder_attentions",
    "decoder": "decoder_attentions",
    "cross": "cross_attentions",
}


def run(model: Any, inputs: dict[str, Any], **options: Any) -> Any:
    """The model's outputs, in inference mode."""
    with torch.inference_mode():
        return model(**inputs, **options)


def attentions(out: Any, stream: str, model: Any) -> list[Floats]:
    """Each layer's weights [batch, head, query, key] of one stream, in float64."""
    kind = model.config.model_type
    size = out.last_hidden_state.shape[1]
    if stream in ("encoder", "cross"):
        size = out.encoder_last_hidden_state.shape[1]
    found = [one for one in out[_NAMES[stream]] if one is not None]
    if kind == "minimax":
        found = found[1:2]  # the others are states of linear attention
    if kind == "funnel":
        found = [one for one in found if one.shape[-1] == one.shape[-2] == size]
    return [_square(one, kind, stream, size) for one in found]


def _square(one: Tensor, kind: str, stream: str, size: int) -> Floats:
    if kind == "prophetnet" and stream != "decoder":
        return _numpy(one.double().softmax(-1))[:, :, : 6 if stream == "cross" else None]
    if kind == "longformer" or (kind, stream) == ("led", "encoder"):
        return _from_windows(_numpy(one), size)
    if (kind, stream) == ("longt5", "encoder"):
        return _from_blocks(_numpy(one), size)
    return _numpy(one)


def _from_windows(windows: Floats, size: int) -> Floats:
    """[batch, head, query, 2w + 1], the key i in the middle."""
    reach = windows.shape[-1] // 2
    out = np.zeros((*windows.shape[:2], size, size))
    for i in range(size):
        for j in range(max(0, i - reach), min(size, i + reach + 1)):
            out[:, :, i, j] = windows[:, :, i, j - i + reach]
    return out


def _from_blocks(blocks: Floats, size: int) -> Floats:
    """[batch, block, head, row, 3 rows], the block itself in the middle."""
    rows = blocks.shape[3]
    out = np.zeros((blocks.shape[0], blocks.shape[2], size, size))
    for i in range(size):
        for j in range(size):
            slot = j - (i // rows - 1) * rows
            if 0 <= slot < 3 * rows:
                out[:, :, i, j] = blocks[:, i // rows, :, i % rows, slot]
    return out


def _numpy(one: Tensor) -> Floats:
    found: Floats = one.double().numpy()
    return found
