"""The Triton kernels, interpreted on the CPU, against float64 and against themselves."""

from __future__ import annotations

import os
import pkgutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from attnviz.attention import kernels
from attnviz.attention.kernels import has_triton, measure
from attnviz.errors import UsageError
from tests.helpers.kernel_cases import BOUNDS, BRANCHES, CASES, KernelCase, beyond, built, off

pytestmark = pytest.mark.slow
interpreted = pytest.mark.skipif(
    not has_triton() or os.environ.get("TRITON_INTERPRET") != "1",
    reason="Triton is for Linux; tests have it interpreted",
)


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles so small that layers of twenty tokens take several."""
    if has_triton():
        from attnviz.attention.kernels import triton_tiling

        small = triton_tiling.Tiling(side=16, keys=16, row_warps=1, warps=1)
        monkeypatch.setattr(triton_tiling, "TILINGS", {"large": small, "small": small})


@pytest.fixture
def large_tiles(small_tiles: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    """Tiles as on a GPU."""
    if has_triton():
        monkeypatch.undo()


@interpreted
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_number_is_that_of_float64(case: KernelCase) -> None:
    assert not beyond(off(case, "triton"), case)


@interpreted
@pytest.mark.parametrize("case", BRANCHES, ids=lambda case: case.name)
@pytest.mark.usefixtures("large_tiles")
def test_so_it_is_in_tiles_as_large_as_on_a_gpu(case: KernelCase) -> None:
    assert not beyond(off(case, "triton"), case)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_same_layers_are_measured_by_torch(case: KernelCase) -> None:
    assert not beyond(off(case, "tiles"), case)


@interpreted
def test_two_runs_give_the_same_bytes() -> None:
    first, second = (measure(built(CASES[0], "triton")) for _ in range(2))
    for name in BOUNDS:
        assert torch.equal(getattr(first, name), getattr(second, name)), name


def test_triton_is_refused_where_it_can_t_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "has_triton", lambda: False)
    monkeypatch.setitem(sys.modules, "triton", None)
    monkeypatch.delitem(sys.modules, "attnviz.attention.kernels.triton_layer", raising=False)
    layer = built(CASES[0], "triton")
    kernels.ready(layer.request)
    with pytest.raises(UsageError, match="needs Triton") as refused:
        measure(layer)
    assert "attnviz[triton]" in refused.value.hint


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], None]]:
    """Has Triton measure on the CPU unasked, in the way that is set."""
    from attnviz.attention.kernels import triton_check, triton_layer

    monkeypatch.setattr(kernels, "_TRITON_ON", {"cpu"})
    triton_check._agrees.cache_clear()
    yield lambda way: monkeypatch.setattr(triton_layer, "measure", way)
    triton_check._agrees.cache_clear()


@interpreted
def test_kernels_are_tried_once_before_they_measure(tried: Callable[[Any], None]) -> None:
    from attnviz.attention.kernels import triton_layer

    own, tokens = triton_layer.measure, []

    def counted(layer: Any) -> Any:
        tokens.append(layer.query.shape[2])
        return own(layer)

    tried(counted)
    layer = built(CASES[1], "auto")
    for _ in range(2):
        measure(layer)
    assert tokens == [100, *layer.query.shape[2:3] * 2]


@interpreted
def test_kernels_that_are_wrong_measure_nothing(
    tried: Callable[[Any], None], caplog: pytest.LogCaptureFixture
) -> None:
    from attnviz.attention.kernels import triton_layer

    own, layer = triton_layer.measure, built(CASES[1], "auto")
    expected = measure(replace(layer, joined=replace(layer.request, kernel="fused")))

    def wrong(layer: Any) -> Any:
        right = own(layer)
        return replace(right, entropy=1.001 * right.entropy)

    tried(wrong)
    assert torch.equal(measure(layer).entropy, expected.entropy)
    assert "wrong here in entropy" in caplog.text


@interpreted
@pytest.mark.parametrize("by", ["triton.errors.TritonError", "builtins.RuntimeError"])
def test_kernels_that_are_refused_measure_nothing(
    by: str, tried: Callable[[Any], None], caplog: pytest.LogCaptureFixture
) -> None:
    """By Triton's compiler, or by the driver."""
    error = pkgutil.resolve_name(by)

    def refused(_: Any) -> Any:
        raise error("no such instruction")

    tried(refused)
    layer = built(CASES[1], "auto")
    expected = measure(replace(layer, joined=replace(layer.request, kernel="fused")))
    assert torch.equal(measure(layer).entropy, expected.entropy)
    assert "refused here: no such instruction" in caplog.text


@interpreted
def test_layers_that_hand_over_weights_alone_are_measured_by_torch() -> None:
    layer = built(CASES[0], "triton")
    nothing = layer.query[..., :0]
    weights = layer.weights
    known = replace(layer, query=nothing, key=layer.key[..., :0], known_weights=weights)
    expected = measure(replace(layer, joined=replace(layer.request, kernel="tiles")))
    np.testing.assert_allclose(measure(known).entropy, expected.entropy, atol=1e-6)
