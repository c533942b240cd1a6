"""Where a model's weights lie: on one device, or spread by accelerate over GPUs, memory and disk.

What is offloaded comes to a GPU when its layer runs, and its weight is a placeholder between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.errors import InputError, UsageError
from attnviz.folder.scratch import scratch
from attnviz.models.names import need

AVAILABLE: Mapping[str, Callable[[], bool]] = {
    "cpu": lambda: True,
    "cuda": torch.cuda.is_available,
    "mps": torch.backends.mps.is_available,
}


@dataclass(frozen=True)
class Placing:
    """The device to load a model on, or that it is to be `spread`, and then where that begins."""

    device: torch.device
    spread: bool = False

    @classmethod
    def of(cls, device: str, device_map: str = "none") -> Placing:
        """From the settings. UsageError where they can't be had, or name two places."""
        if device_map == "none":
            return cls(named(device))
        if device != "auto":
            raise UsageError(
                f"--device {device} puts the model on one device, and --device-map {device_map} "
                "on several.",
                "Leave out one of them; CUDA_VISIBLE_DEVICES says which GPUs there are to use.",
            )
        need("accelerate", "large", "--device-map")
        # Metal's GPU is no device that accelerate spreads over.
        return cls(torch.device("cuda" if AVAILABLE["cuda"]() else "cpu"), spread=True)

    def options(self) -> dict[str, Any]:
        """What `from_pretrained` is told.

        The folder takes weights that are offloaded otherwise than they were stored.
        """
        return {"device_map": "auto", "offload_folder": scratch()} if self.spread else {}


def named(name: str) -> torch.device:
    """The device called `name`; "auto" takes CUDA, then MPS, then the CPU."""
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if AVAILABLE[kind]()))
    if not AVAILABLE[name]():
        usable = ", ".join(kind for kind, available in AVAILABLE.items() if available())
        raise UsageError(
            f"There is no {name} device that torch can use.",
            f"Use --device auto, or one of: {usable}.",
        )
    return torch.device(name)


def put(whole: Any, placing: Placing, name: str) -> torch.device:  # noqa: ANN401 - transformers' own
    """Puts a model where it is to be, if it isn't; the device on which it is measured.

    Raises InputError for a model that is spread and can't be.
    """
    places = getattr(whole, "hf_device_map", None)
    if not places:
        whole.to(placing.device)
        return placing.device
    runs_on = [place for place in places.values() if place not in ("cpu", "disk")]
    if len({*places.values()}) > 1 and not whole._no_split_modules:  # noqa: SLF001 - no other way to ask
        raise InputError(
            f"{name} can't be spread over devices: {type(whole).__name__} doesn't say which of "
            "its modules belong together.",
            "Leave out --device-map, and use --dtype bfloat16, 8bit or 4bit to have it fit.",
        )
    first = runs_on[0] if runs_on else "cpu"
    return torch.device("cuda", first) if isinstance(first, int) else torch.device(first)


def is_offloaded(whole: nn.Module) -> bool:
    """Whether some of its weights are placeholders while it doesn't run."""
    return any(parameter.is_meta for parameter in whole.parameters())


def weight(module: nn.Module) -> Tensor | None:
    """The weight of a module as numbers, offloaded or quantised by bitsandbytes though it may be.

    None for a module without one, or with one in a format that isn't known.
    """
    own = getattr(module, "weight", None)
    if not isinstance(own, Tensor):
        return None
    with _here(module, own):
        return _unpacked(module)


def _here(module: nn.Module, own: Tensor) -> Any:  # noqa: ANN401 - a context
    if not own.is_meta:
        return nullcontext()
    return import_module("accelerate.utils").align_module_device(module)


def _unpacked(module: nn.Module) -> Tensor | None:
    own: Any = module.weight
    if type(own).__name__ in ("Int8Params", "Params4bit") and find_spec("bitsandbytes"):
        from transformers.integrations.bitsandbytes import dequantize_bnb_weight

        own = dequantize_bnb_weight(own, getattr(module, "state", None))
    own = own.detach()
    return own if own.is_floating_point() and not own.is_meta else None
