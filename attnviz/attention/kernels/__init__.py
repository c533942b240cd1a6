"""Who measures a layer: row tiles made of torch operations, or one fused loop for the CPU.

Both walk over rows of the attention matrix, hold as many as fit the cache, and measure there
everything that a request names. What they return is the same; which one answers is nobody's
business but this module's.
"""

from __future__ import annotations

from functools import cache

from attnviz.attention.inputs import LayerInputs
from attnviz.attention.kernels import tiles
from attnviz.attention.measured import Measured


@cache
def has_fused() -> bool:
    """Whether the fused kernel can be had: the extra `fast` brings its compiler.

    A Numba that refuses the NumPy beside it is none.
    """
    try:
        from attnviz.attention.kernels import fused  # noqa: F401 - whether it can be imported
    except ImportError:
        return False
    return True


def measure(layer: LayerInputs) -> Measured:
    """Measures one layer by the kernel that its request names, or the fastest that can."""
    kernel = layer.request.kernel
    if kernel == "dense":
        return tiles.measure(layer, layer.query.shape[2])
    if kernel != "tiles" and has_fused() and _suits(layer):
        from attnviz.attention.kernels import fused

        return fused.measure(layer)
    return tiles.measure(layer)


def _suits(layer: LayerInputs) -> bool:
    """Whether the fused kernel knows this kind of layer."""
    # Where weights are not made from queries and keys, these are of width 0.
    scored = layer.query.shape[-1] > 0
    return scored and layer.query.device.type == "cpu" and layer.mask.holes is None
