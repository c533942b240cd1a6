"""The lens "content": attention without special tokens, what is left made to sum to 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attnviz.drawing.drawing import Floats
from attnviz.drawing.side import Side


def content_only(weights: Floats, keys: Side) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights [..., query, key] with those of special keys 0, each row scaled to sum to 1.

    Also the share of each row that was taken away, [..., query]. A row that gives content nothing
    stays 0 and has the share 1.
    """
    content = np.zeros(len(keys), dtype=np.bool_)
    content[list(keys.content)] = True
    whole = np.asarray(weights, dtype=np.float64)
    left = np.where(content, whole, 0.0)
    total, kept = whole.sum(-1), left.sum(-1)
    scaled = np.divide(left, kept[..., None], out=left, where=kept[..., None] > 0)
    removed = np.divide(total - kept, total, out=np.zeros_like(kept), where=total > 0)
    return scaled, removed
