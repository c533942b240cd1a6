"""Who measures a layer: row tiles made of torch operations, one fused loop for the CPU, or Triton.

All walk over the attention matrix in pieces that fit where they are computed, and measure there
everything that a request names. What they return is the same; which one answers is nobody's
business but this module's.
"""

from __future__ import annotations

import os
from functools import cache
from shutil import which

from attnviz.attention.inputs import LayerInputs
from attnviz.attention.kernels import tiles
from attnviz.attention.measured import Measured
from attnviz.attention.request import JoinedRequest
from attnviz.errors import UsageError

_TRITON_ON = {"cuda"}
"""Devices on which Triton's kernels measure unasked."""


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


@cache
def has_triton() -> bool:
    """Whether the Triton kernels can be had: the extra `triton`, and a C compiler, which it calls.

    PyTorch's own wheels for CUDA bring Triton with them.
    """
    try:
        from attnviz.attention.kernels import triton_layer
    except ImportError:
        return False
    compilers = (os.environ.get("CC", ""), "clang", "gcc")
    return triton_layer.INTERPRETED or any(map(which, filter(None, compilers)))


def ready(request: JoinedRequest) -> None:
    """Makes what a kernel needs once a batch, on the host, before the batch's first layer."""
    device = request.content.device
    wanted = request.kernel == "triton" or (request.kernel == "auto" and device.type in _TRITON_ON)
    if wanted and has_triton():
        from attnviz.attention.kernels import triton_layer

        if triton_layer.runs_on(device):
            triton_layer.lay(request)


def measure(layer: LayerInputs) -> Measured:
    """Measures one layer by the kernel that its request names, or the fastest that can.

    On a GPU that is Triton's, if they measure right there. Raises UsageError where they are named
    and can't be had.
    """
    kernel = layer.request.kernel
    if kernel == "dense":
        return tiles.measure(layer, layer.query.shape[2])
    if kernel in ("auto", "triton"):
        if _on_triton(layer):
            from attnviz.attention.kernels import triton_layer

            return triton_layer.measure(layer)
        if kernel == "triton":
            _check_triton(layer)
    if kernel not in ("tiles", "triton") and has_fused() and _suits(layer):
        from attnviz.attention.kernels import fused

        return fused.measure(layer)
    return tiles.measure(layer)


def _on_triton(layer: LayerInputs) -> bool:
    """Whether the Triton kernels are to measure a layer.

    They must be there, and know this kind of layer; where they weren't named they are tried before.
    """
    device, named = layer.query.device, layer.request.kernel == "triton"
    if not (named or device.type in _TRITON_ON) or not has_triton():
        return False
    from attnviz.attention.kernels import triton_check, triton_layer

    suits = triton_layer.runs_on(device) and triton_layer.suits(layer)
    return suits and (named or triton_check.agrees(layer))


def _check_triton(layer: LayerInputs) -> None:
    """Raises UsageError where no layer could be measured by Triton's kernels."""
    device = layer.query.device
    if has_triton():
        from attnviz.attention.kernels import triton_layer

        if triton_layer.runs_on(device):
            return  # This layer alone is not of their kind.
    raise UsageError(
        f"--kernel triton needs Triton, a C compiler and a GPU, and the model is on {device}.",
        'Install "attnviz[triton]" and name the GPU (--device cuda), or leave out --kernel: the '
        "other kernels measure the same.",
    )


def _suits(layer: LayerInputs) -> bool:
    """Whether the fused kernel knows this kind of layer."""
    # Where weights are not made from queries and keys, these are of width 0.
    scored = layer.query.shape[-1] > 0
    return scored and layer.query.device.type == "cpu" and layer.mask.holes is None
