"""Checkpoints of fewer bits, packed by hand as AWQ, GPTQ and FP8 store them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tests.helpers.models import copied, write_model

BITS, GROUP = 4, 32
_NIBBLES = 32 // BITS
_INTERLEAVED = (0, 2, 4, 6, 1, 3, 5, 7)
"""Which of eight columns lies in the lowest four bits of AWQ's numbers, in the next four, ..."""

_OF_FOUR = {"bits": BITS, "group_size": GROUP}
_CONFIGS: dict[str, dict[str, Any]] = {
    "awq": _OF_FOUR | {"zero_point": True, "version": "gemm"},
    "gptq": _OF_FOUR | {"desc_act": False, "sym": False, "checkpoint_format": "gptq", "meta": {}},
    "fp8": {"weight_block_size": [GROUP, GROUP], "activation_scheme": "dynamic", "fmt": "e4m3"},
}


@dataclass(frozen=True)
class Quantized:
    """A weight as whole numbers [in, out] with the scale and zero of each group [group, out]."""

    numbers: Tensor
    scales: Tensor
    zeros: Tensor

    @classmethod
    def of(cls, weight: Tensor) -> Quantized:
        """A linear layer's weight [out, in], rounded to the nearest of 16 steps of its group."""
        groups = weight.T.float().reshape(-1, GROUP, len(weight))  # [group, row, out]
        low, high = groups.amin(1), groups.amax(1)
        scales = ((high - low).clamp_min(1e-6) / (2**BITS - 1)).half()
        zeros = (-low / scales.float()).round().clamp(0, 2**BITS - 1)
        numbers = (groups / scales.float()[:, None] + zeros[:, None]).round()
        numbers = numbers.clamp(0, 2**BITS - 1).flatten(0, 1)
        return cls(numbers.int(), scales, zeros.int())

    @property
    def weight(self) -> Tensor:
        """The weight [out, in] that these numbers stand for."""
        steps = self.numbers.reshape(-1, GROUP, self.numbers.shape[1]) - self.zeros[:, None]
        return (steps * self.scales.float()[:, None]).flatten(0, 1).T.contiguous()

    def awq(self) -> dict[str, Tensor]:
        """As AWQ's kernels for matrices (GEMM) read it: eight columns in a number, interleaved."""
        return {
            "qweight": _packed(self.numbers, _INTERLEAVED),
            "qzeros": _packed(self.zeros, _INTERLEAVED),
            "scales": self.scales,
        }

    def gptq(self) -> dict[str, Tensor]:
        """As GPTQ's first format has it: eight rows in a number, and zeros that are one less."""
        return {
            "qweight": _packed(self.numbers.T, range(_NIBBLES)).T,
            "qzeros": _packed((self.zeros - 1) % 2**BITS, range(_NIBBLES)),
            "scales": self.scales,
            "g_idx": torch.arange(len(self.numbers), dtype=torch.int32) // GROUP,
        }


def _packed(numbers: Tensor, order: Any) -> Tensor:
    """Eight columns of numbers below 16 as one of 32 bits."""
    columns = numbers.long().reshape(len(numbers), -1, _NIBBLES)
    packed = sum(columns[..., column] << BITS * place for place, column in enumerate(order))
    assert isinstance(packed, Tensor)
    return packed.to(torch.int32)  # the highest bit is the sign's: it wraps


def _of_eight(weight: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """A weight [out, in] in floating point of eight bits, with the scale of each block; unpacked.

    DeepSeek's form: the largest of a block becomes 448, the largest number of the kind e4m3.
    """
    rows, columns = (size // GROUP for size in weight.shape)
    blocks = weight.reshape(rows, GROUP, columns, GROUP)  # [block, row, block, column]
    scales = blocks.abs().amax((1, 3)) / 448
    numbers = (blocks / scales[:, None, :, None]).to(torch.float8_e4m3fn)
    unpacked = numbers.float() * scales[:, None, :, None]
    parts = {"weight": numbers.reshape(weight.shape), "weight_scale_inv": scales}
    return parts, unpacked.reshape(weight.shape)


def packed_as(how: str, weight: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """What a checkpoint holds of a linear layer, by name, and the weight that it stands for."""
    if how == "fp8":
        return _of_eight(weight)
    of_four = Quantized.of(weight)
    return (of_four.awq() if how == "awq" else of_four.gptq()), of_four.weight


def write_packed(folder: Path, how: str, **more: Any) -> tuple[Path, Path]:
    """A tiny Llama with weights packed as `how` does ("awq", "gptq", "fp8"), and the same unpacked.

    The second holds the very numbers that the first stands for.
    """
    from safetensors.torch import load_file, save_file

    sizes = {"hidden_size": 64, "intermediate_size": 128, "initializer_range": 0.3}
    plain = write_model(folder / "plain", "llama", head="ForCausalLM", **(sizes | more))
    packed: dict[str, Tensor] = {}
    unpacked = dict(weights := load_file(plain / "model.safetensors"))
    for name, weight in weights.items():
        layer = name.removesuffix("weight")
        parts = {"weight": weight}
        if layer.endswith("_proj."):
            parts, unpacked[name] = packed_as(how, weight)
        packed |= {layer + part: tensor.contiguous() for part, tensor in parts.items()}
    asked = {"quantization_config": {"quant_method": how, **_CONFIGS[how]}}
    target = copied(plain, folder / how, **asked)
    save_file(packed, target / "model.safetensors", {"format": "pt"})
    save_file(unpacked, plain / "model.safetensors", {"format": "pt"})
    return target, plain
