"""Numbers that are none: NaN and infinity, in weights and in what layers make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.attention.layer import LayerAttention
from attnviz.errors import InputError

_POSITIVE = ("theta", "scal", "multiplier", "softcap", "factor")
"""What settings are called that have to be above 0."""

_HUGE = 1e30


class NotFiniteError(InputError):
    """A model's numbers are not all numbers."""


def check_weights(name: str, model: nn.Module) -> None:
    """Raises NotFiniteError that names the first weight with NaN or infinity in it."""
    for weight, tensor in model.state_dict().items():
        if not is_finite(tensor):
            bad = int((~torch.isfinite(tensor)).sum())
            raise NotFiniteError(
                f"The weights of {name} are damaged: {weight} has {bad:,} of {tensor.numel():,} "
                "numbers that are NaN or infinite.",
                "Such weights come from a training run that diverged, or from a conversion to 16 "
                "bits that overflowed: use another checkpoint.",
            )


def check_layer(layer: LayerAttention, config: Any) -> None:  # noqa: ANN401 - transformers' own
    """Raises NotFiniteError where the scores of a layer can't all be numbers.

    `config` is searched for the setting that may be to blame.
    """
    bad = next((what for what, there in _parts(layer) if not is_finite(there)), None)
    if bad is None and not _overflows(layer):
        return
    raise broken(layer.layer, layer.stream, f"its {bad or 'scores'}", config)


class Checked:
    """The layers of a batch, checked as they come; on a GPU, which must not wait, at its end."""

    def __init__(self, config: Any) -> None:  # noqa: ANN401 - transformers' own
        self._config = config
        self._waiting: list[tuple[int, str, Tensor]] = []

    def add(self, layer: LayerAttention) -> None:
        """Checks a layer, or has it checked; see `check_layer`."""
        if layer.query.device.type in ("cpu", "mps"):  # the latter knows no float64
            check_layer(layer, self._config)
        else:
            self._waiting.append((layer.layer, layer.stream, _bound(layer)))

    def settle(self) -> None:
        """Raises NotFiniteError for the first layer whose numbers can't all have been finite."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        device = waiting[0][2].device
        bounds = torch.stack([bound.to(device) for *_, bound in waiting]).cpu()
        for (layer, stream, _), bound in zip(waiting, bounds.tolist(), strict=True):
            if not bound <= torch.finfo(torch.float32).max:
                raise broken(layer, stream, "its queries, keys, values or scores", self._config)


def _bound(layer: LayerAttention) -> Tensor:
    """What no score of a layer exceeds, on its device; NaN or infinite if a number of it is."""
    cap = 0.0 if layer.softcap is None else 1.0 / layer.softcap if layer.softcap else torch.nan
    bound = torch.full(
        (),
        layer.query.shape[-1] * max(abs(layer.scale), 1.0) + 0.0 * cap,
        dtype=torch.float64,
        device=layer.query.device,
    )
    for part in (layer.query, layer.key):
        if part.numel():
            bound = bound * part.abs().amax().double()
    for more in (layer.value, layer.sinks):
        if more is not None and more.numel():
            bound = bound + 0.0 * more.abs().amax().double()
    if layer.bias is not None:
        # What is masked may be infinitely low.
        least = layer.bias.clamp_min(torch.finfo(layer.bias.dtype).min)
        bound = bound + 0.0 * least.abs().amax().double()
    return bound


def broken(layer: int, stream: str, what: str, config: Any) -> NotFiniteError:  # noqa: ANN401
    """The error for a layer whose numbers are not finite; `what` of it isn't."""
    of_stream = f" of the {'cross-attention' if stream == 'cross' else stream}" if stream else ""
    settings = [] if config is None else _suspects(config.to_dict())
    dtype = str(getattr(config, "dtype", "")).removeprefix("torch.")
    told = f" config.json says {', '.join(settings)}." if settings else ""
    return NotFiniteError(
        f"Layer {layer}{of_stream} gives NaN or infinity: {what} are not finite, and all weights "
        f"are.{told}",
        "Use --dtype float32, in which fewer numbers overflow."
        if dtype == "float16"
        else "Use the config.json that was saved with the weights; look at its epsilons, its "
        "rope_theta and its scales.",
    )


def _parts(layer: LayerAttention) -> Iterator[tuple[str, Tensor]]:
    """What scores and mixed values are made of, by name."""
    yield "queries", layer.query
    yield "keys", layer.key
    if layer.value is not None:
        yield "values", layer.value
    if layer.sinks is not None:
        yield "sinks", layer.sinks
    for what, number in (("scale", layer.scale), ("softcap", layer.softcap)):
        if number is not None:
            yield what, torch.as_tensor(number, dtype=torch.float32)
    if layer.bias is not None:
        # What is masked may be infinitely low.
        yield "biases", layer.bias.clamp_min(torch.finfo(layer.bias.dtype).min)
    if layer.softcap == 0:
        yield "softcap", torch.tensor(torch.nan)


def is_finite(tensor: Tensor) -> bool:
    """Whether all numbers are finite: by their sum, and one by one only where that isn't."""
    # Of packed weights and those of eight bits torch can't make sums; nor are they what a training
    # run leaves.
    packed = type(tensor) not in (Tensor, nn.Parameter)
    if packed or not tensor.is_floating_point() or tensor.element_size() == 1 or tensor.is_meta:
        return True
    if bool(torch.isfinite(tensor.sum(dtype=torch.float32))):
        return True
    return bool(torch.isfinite(tensor).all())


def _overflows(layer: LayerAttention) -> bool:
    """Whether a product of finite queries and keys may be too large for float32."""
    if not layer.query.numel() or not layer.key.numel():
        return False
    largest = [float(there.float().abs().amax()) for there in (layer.query, layer.key)]
    bound = largest[0] * largest[1] * layer.query.shape[-1] * max(abs(float(layer.scale)), 1.0)
    return bound > torch.finfo(torch.float32).max


def _suspects(config: Mapping[str, Any], path: str = "") -> list[str]:
    """Settings that make no sense as numbers, as `name = value`."""
    odd = []
    for name, value in config.items():
        if isinstance(value, Mapping):
            odd += _suspects(value, f"{path}{name}.")
        elif isinstance(value, float | int) and not isinstance(value, bool) and _odd(name, value):
            odd.append(f"{path}{name} = {value:g}")
    return odd


def _odd(name: str, value: float) -> bool:
    """Whether a number is none, or one that its setting can't have."""
    if not -_HUGE < value < _HUGE:
        return True
    if "eps" in name:
        return not 0 <= value < 1
    return value <= 0 and any(part in name for part in _POSITIVE)
