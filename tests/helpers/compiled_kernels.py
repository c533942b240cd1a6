"""Compiles the Triton kernels for GPUs that needn't be there, and tells what each would take.

    python -m tests.helpers.compiled_kernels [--all | --only NAME] CAPABILITY...

An interpreter runs what the compiler refuses, as a name that changes its shape inside a loop. A
line of JSON a kernel: bytes of shared memory, bytes of each thread that found no register, and of
kernels that walk over tiles the instructions in their loop for each weight, all branches counted,
which is what they cost where nobody can time them. With
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
from pathlib import Path
from typing import Any

import torch
import triton  # type: ignore[import-untyped]
from triton.backends.compiler import GPUTarget  # type: ignore[import-untyped]
from triton.runtime.jit import JITFunction  # type: ignore[import-untyped]

from attnviz.attention.kernels import triton_layer, triton_tiling
from tests.helpers.kernel_cases import BRANCHES, LAYERS, KernelCase, built

SHARED = {80: 163, 86: 99, 89: 99, 90: 227}
"""Shared memory that a program may have, in KiB, by compute capability."""

REAL = (
    KernelCase("MiniLM", (128, 100), heads=12, key_heads=12, width=32, values=32),
    KernelCase("BERT base", (512, 400), heads=12, key_heads=12, width=64, values=64),
    KernelCase("Llama in float32", (256,), causal=True, heads=8, width=128, values=128),
    KernelCase("Llama", (256,), True, heads=8, width=128, values=128, dtype=torch.bfloat16),
    KernelCase("Gemma", (256,), True, width=256, values=256, dtype=torch.bfloat16, softcap=50.0),
    KernelCase("Phi", (256,), True, width=80, values=80, dtype=torch.float16),
)


_PASSES = ("rows", "columns", "diagonals")
"""The kernels that walk over all tiles of a layer."""


class Absent:
    """A GPU of some compute capability, as Triton asks for it before it compiles."""

    def __init__(self, capability: int) -> None:
        self._target = GPUTarget("cuda", capability, 32)

    def get_current_device(self) -> int:
        """Its number: of each number Triton remembers what it compiled for."""
        return int(self._target.arch)

    def get_current_stream(self, _: int) -> int:
        """Nothing runs."""
        return 0

    def get_current_target(self) -> GPUTarget:
        """What to compile for."""
        return self._target


def compiled(cases: tuple[KernelCase, ...], capability: int) -> Iterator[dict[str, Any]]:
    """Has each case measured by kernels that are compiled and don't run."""
    triton.runtime.driver.set_active(Absent(capability))
    shared = SHARED.get(capability, min(SHARED.values()))
    triton_tiling.__dict__["_shared_memory"] = lambda _: shared * 2**10
    made: dict[str, tuple[str, int, Any]] = {}

    def launch(kernel: JITFunction, grid: Any) -> Callable[..., None]:
        def compile_only(*args: Any, **named: Any) -> None:
            binary = kernel.warmup(*args, grid=grid, **named)
            rows = named.get("BM") or named.get("B") or 0
            made[binary.hash] = kernel.__name__, rows * (named.get("BN") or rows), binary

        return compile_only

    JITFunction.__getitem__ = launch
    for case in cases:
        made.clear()
        triton_layer.measure(built(case, "triton"))
        for name, cells, binary in made.values():
            yield {
                "case": case.name,
                "capability": capability,
                "kernel": name,
                "shared": binary.metadata.shared,
                "stack": _stack(binary),
                "instructions": _instructions(binary, cells if name in _PASSES else 0),
            }


def _stack(binary: Any) -> int:
    """Bytes a thread keeps in memory for want of registers."""
    return int(re.findall(r"STACK:(\d+)", _dumped(binary, "-res-usage"))[0])


def _instructions(binary: Any, cells: int) -> float | None:
    """Instructions of the longest loop for each of a tile's weights; None where it has none."""
    if not cells:
        return None
    lines = re.findall(r"/\*([0-9a-f]{4,})\*/\s+(.*?);", _dumped(binary, "-sass"))
    places = [int(place, 16) for place, _ in lines]
    jumps = [re.search(r"\bBRA\b.*?0x([0-9a-f]+)", what) for _, what in lines]
    loops = [
        sum(int(jump[1], 16) <= other <= place for other in places)
        for place, jump in zip(places, jumps, strict=True)
        if jump and int(jump[1], 16) < place
    ]
    threads = 32 * int(binary.metadata.num_warps)
    return max(loops) * threads / cells


def _dumped(binary: Any, *options: str) -> str:
    """What a kernel looks like to the GPU."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kernel.cubin"
        file.write_bytes(binary.asm["cubin"])
        command = [triton.knobs.nvidia.cuobjdump.path, *options, str(file)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Compiles the Triton kernels without a GPU.")
    parser.add_argument("--all", action="store_true", help="every kind of layer, real shapes")
    parser.add_argument("--only", help="the name of one kind of layer")
    parser.add_argument("capability", type=int, nargs="+")
    given = parser.parse_args()
    every: tuple[KernelCase, ...] = (*LAYERS, *REAL)
    cases = every if given.all else BRANCHES
    if given.only:
        cases = tuple(case for case in every if case.name == given.only)
    for capability in given.capability:
        for line in compiled(cases, capability):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
