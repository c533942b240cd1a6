"""A model in float64 throughout, which attnviz and eager float32 only come close to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from tests.helpers import eager


class _Float64(TorchFunctionMode):
    """Models round some steps to float32 whatever their weights are; here they don't."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        wide = [torch.float64 if value is torch.float32 else value for value in args]
        named = {
            name: torch.float64 if value is torch.float32 else value
            for name, value in (kwargs or {}).items()
        }
        call: Any = Tensor.double if func is Tensor.float else func
        return call(*wide, **named)


@contextmanager
def _float64() -> Iterator[None]:
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with _Float64():
            yield
    finally:
        torch.set_default_dtype(usual)


def run(model: Any, inputs: dict[str, Any]) -> Any:
    """The outputs of a model with eager attention, its weights too; they become float64."""
    if getattr(model.config, "_experts_implementation", None) is not None:
        # The grouped product of experts knows no float64.
        model.set_experts_implementation("eager")
    with _float64():
        return eager.run(model.double(), inputs, output_attentions=True)
