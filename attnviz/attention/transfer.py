"""How arrays of the host come to a device: without waiting for what runs there."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


def to_device(numbers: Tensor | NDArray[Any], device: torch.device) -> Tensor:
    """The numbers on a device.

    A GPU copies memory that may be swapped out only once all before it is done; memory that may not
    it copies on its own, when its turn comes.
    """
    tensor = torch.as_tensor(numbers)
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
