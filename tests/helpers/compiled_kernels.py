"""Compiles the Triton kernels for GPUs that needn't be there, and tells what each would take.

    python -m tests.helpers.compiled_kernels [--all] CAPABILITY...

An interpreter runs what the compiler refuses, as a name that changes its shape inside a loop. A
line of JSON a kernel: registers that had to be kept in memory, and bytes of shared memory. With
`--all` every kind of layer that the tests measure, and the shapes of real models, which takes
minutes; without, two layers that have every branch between them.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import triton  # type: ignore[import-untyped]
from triton.backends.compiler import GPUTarget  # type: ignore[import-untyped]
from triton.runtime.jit import JITFunction  # type: ignore[import-untyped]

from attnviz.attention.kernels import triton_layer, triton_tiling
from tests.helpers.kernel_cases import BRANCHES, CASES, KernelCase, built

SHARED = {80: 163, 86: 99, 89: 99, 90: 227}
"""Shared memory that a program may have, in KiB, by compute capability."""

REAL = (
    KernelCase("MiniLM", lengths=(128, 100), heads=12, key_heads=12, width=32),
    KernelCase("BERT base", lengths=(512, 400), heads=12, key_heads=12, width=64),
    KernelCase("Llama in float32", lengths=(256,), causal=True, heads=8, width=128),
    KernelCase("Llama", lengths=(256,), causal=True, heads=8, width=128, dtype=torch.bfloat16),
    KernelCase("Gemma", lengths=(256,), causal=True, width=256, dtype=torch.bfloat16, softcap=50.0),
    KernelCase("Phi", lengths=(256,), causal=True, width=80, dtype=torch.float16),
)


class Absent:
    """A GPU of some compute capability, as Triton asks for it before it compiles."""

    def __init__(self, capability: int) -> None:
        self._target = GPUTarget("cuda", capability, 32)

    def get_current_device(self) -> int:
        """Its number."""
        return 0

    def get_current_stream(self, _: int) -> int:
        """Nothing runs."""
        return 0

    def get_current_target(self) -> GPUTarget:
        """What to compile for."""
        return self._target


def compiled(cases: tuple[KernelCase, ...], capability: int) -> Iterator[dict[str, Any]]:
    """Has each case measured by kernels that are compiled and don't run."""
    triton.runtime.driver.set_active(Absent(capability))
    triton_tiling.__dict__["_shared_memory"] = lambda _: SHARED[capability] * 2**10
    made: dict[str, tuple[str, Any]] = {}

    def launch(kernel: JITFunction, grid: Any) -> Callable[..., None]:
        def compile_only(*args: Any, **named: Any) -> None:
            binary = kernel.warmup(*args, grid=grid, **named)
            made[binary.hash] = kernel.__name__, binary

        return compile_only

    JITFunction.__getitem__ = launch
    for case in cases:
        made.clear()
        layer = built(case, "triton")
        # Values as wide as queries, as they nearly always are.
        value = layer.key.clone() if case.values else None
        triton_layer.measure(replace(layer, value=value))
        for name, binary in made.values():
            yield {
                "case": case.name,
                "capability": capability,
                "kernel": name,
                "shared": binary.metadata.shared,
                "stack": _stack(binary.asm["cubin"]),
            }


def _stack(cubin: bytes) -> int:
    """Bytes a thread keeps in memory for want of registers."""
    tool = triton.knobs.nvidia.cuobjdump.path
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kernel.cubin"
        file.write_bytes(cubin)
        told = subprocess.run(
            [tool, "-res-usage", file], capture_output=True, text=True, check=True
        ).stdout
    return int(re.findall(r"STACK:(\d+)", told)[0])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Compiles the Triton kernels without a GPU.")
    parser.add_argument("--all", action="store_true", help="every kind of layer, real shapes")
    parser.add_argument("capability", type=int, nargs="+", choices=SHARED)
    given = parser.parse_args()
    cases = (*BRANCHES, *CASES, *REAL) if given.all else BRANCHES
    for capability in given.capability:
        for line in compiled(cases, capability):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
