"""The Triton kernels are taken by its compiler, for GPUs that needn't be there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from attnviz.attention.kernels import has_triton
from tests.helpers.compiled_kernels import SHARED

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not has_triton(), reason="Triton is for Linux"),
]
KERNELS = {"rows", "columns", "diagonals", "cells", "sums", "mean", "reach"}


def compiled(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """What the kernels take; in a process that interprets nothing, and with an empty cache."""
    surroundings = {**os.environ, "TRITON_CACHE_DIR": str(folder)}
    surroundings.pop("TRITON_INTERPRET", None)
    told = subprocess.run(
        [sys.executable, "-m", "tests.helpers.compiled_kernels", *arguments],
        env=surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return [json.loads(line) for line in told.stdout.splitlines()]


def fits(kernel: dict[str, Any]) -> bool:
    return bool(kernel["shared"] <= SHARED[kernel["capability"]] * 2**10)


def test_every_branch_compiles_and_fits(tmp_path: Path) -> None:
    kernels = compiled(tmp_path, "90")
    assert all(map(fits, kernels)), kernels
    assert {each["kernel"] for each in kernels} == KERNELS
    # Long sentences pass through these; what stays in registers costs no memory.
    long = [each for each in kernels if each["case"] == "causal, 16 bits"]
    assert not any(each["stack"] for each in long), long
    most = {"rows": 45, "columns": 35, "diagonals": 25}
    cost = {each["kernel"]: each["instructions"] for each in long}
    assert all(cost[name] <= bound for name, bound in most.items()), cost


@pytest.mark.soak
def test_every_kind_of_layer_does_on_every_gpu(tmp_path: Path) -> None:
    """`-m soak -n 0`: five minutes."""
    kernels = compiled(tmp_path, "--all", *map(str, SHARED))
    assert all(map(fits, kernels)), [each for each in kernels if not fits(each)]
