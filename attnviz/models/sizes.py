"""Checks a config's sizes against its weights before a model is built.

A config is a few lines of text and may name a million layers; building them would take all memory,
only to find that the weights are of two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from attnviz.errors import AttnvizError, InputError
from attnviz.models.checkpoint import Stored

_SHARED = 1000
"""A model may have this many layers with fewer tensors: ALBERT's share theirs."""

_LISTED = 2**24
"""No number in a list is larger: lists name layers, windows and ids of tokens."""

_TIMES = 8
"""A model may be this many times what is stored: weights are packed, or shared."""

_MORE_TENSORS, _MORE_NUMBERS = 1000, 10**7
"""And have this many more, which is little beside what a machine can hold."""

_NO_SIZES = ("_id", "position", "theta", "seed", "_ids")
_COUNTS = ("layer", "expert", "block", "group", "head")
_POSITIVE = (
    *("hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads"),
    *("vocab_size", "d_model", "encoder_layers", "decoder_layers", "encoder_attention_heads"),
    *("decoder_attention_heads", "n_layer", "n_head", "n_embd", "num_layers", "num_heads"),
    *("num_decoder_layers", "n_layers", "n_heads", "dim", "emb_dim", "d_kv", "head_dim"),
    *("num_encoder_layers", "num_encoder_attention_heads", "num_decoder_attention_heads"),
)
_MAY_BE_ZERO = frozenset({"encoder_layers", "decoder_layers", "num_decoder_layers"})
"""Layers of a side that a model of the other side alone doesn't have."""

_MAY_BE_NULL = frozenset({"num_key_value_heads", "head_dim", "num_decoder_layers"})


def check(config: Mapping[str, Any], held: Stored) -> None:
    """Raises InputError for a config, as it was read, that can't be that of these weights.

    Called before transformers reads it, as some configs make lists with an entry a layer.
    """
    for name, value in _settings(config):
        last = name.rpartition(".")[2]
        if last in _POSITIVE:
            _check_count(name, value, least=last not in _MAY_BE_ZERO, null=last in _MAY_BE_NULL)
        most = _most(last, held)
        if most is not None and isinstance(value, int) and value > most:
            raise _too_large(held, name, value)


def _most(name: str, held: Stored) -> int | None:
    """The most that a setting of this name can be, None where only building the model tells."""
    if "layers" in name or name == "n_layer":
        return max(held.tensors, _SHARED)
    return _LISTED if name.endswith("]") else None


@contextmanager
def within(config: Mapping[str, Any], held: Stored) -> Iterator[None]:
    """Stops a model that is being built inside once it is far larger than what is stored.

    Raises InputError, which names the setting that is most likely to blame.
    """
    handle = register_module_parameter_registration_hook(_budget(config, held))
    try:
        yield
    except AttnvizError:
        raise
    except Exception as error:
        # Shapes that can't even be written down.
        name, value = _largest(config, lambda _: True)
        if value > max(_TIMES * held.numbers, 2**31):
            raise _too_large(held, name, value) from error
        raise
    finally:
        handle.remove()


def _budget(config: Mapping[str, Any], held: Stored) -> Callable[..., None]:
    """A hook that counts the parameters of a model being built without weights."""
    most = _TIMES * held.tensors + _MORE_TENSORS, _TIMES * held.numbers + _MORE_NUMBERS
    built = [0, 0]

    def count(_: nn.Module, __: str, parameter: Any) -> None:  # noqa: ANN401 - a parameter or None
        if parameter is None or not parameter.is_meta:
            return
        built[0] += 1
        built[1] += parameter.numel()
        if built[1] > most[1]:
            raise _too_large(held, *_blamed(config, tuple(parameter.shape)))
        if built[0] > most[0]:
            counted = _largest(config, lambda name: any(part in name for part in _COUNTS))
            raise _too_large(held, *counted)

    return count


def _blamed(config: Mapping[str, Any], shape: tuple[int, ...]) -> tuple[str, int]:
    """The setting that made a tensor so large: it is the size, or divides it."""
    largest = max(shape, default=0)
    for name, value in _settings(config):
        if value == largest and not isinstance(value, bool):
            return name, value
    name, value = _largest(config, lambda _: True, divides=largest)
    return (name, value) if value > 1 else _largest(config, lambda _: True)


def _largest(
    config: Mapping[str, Any], fits: Callable[[str], bool], divides: int = 0
) -> tuple[str, int]:
    """The largest whole number among the settings that tell a size."""
    sizes = [
        (value, name)
        for name, value in _settings(config)
        if isinstance(value, int)
        and not isinstance(value, bool)
        and fits(name)
        and not any(part in name for part in _NO_SIZES)
        and not (divides and (value < 1 or divides % value))
    ]
    value, name = max(sizes, default=(0, "?"))
    return name, value


def _settings(config: Any, path: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - JSON
    """Every value of a config with its name: `text_config.hidden_size`, `attention_window[2]`."""
    if isinstance(config, Mapping):
        for name, value in config.items():
            if name != "quantization_config":  # which has names of its own: a `dim` of -1, say
                yield from _settings(value, f"{path}.{name}" if path else str(name))
    elif isinstance(config, list | tuple):
        for place, value in enumerate(config):
            yield from _settings(value, f"{path}[{place}]")
    else:
        yield path, config


def _check_count(name: str, value: Any, *, least: bool, null: bool) -> None:  # noqa: ANN401 - JSON
    if value is None and null:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InputError(
            f"config.json says that {name} is {_shown(value)}.",
            f"It has to be a whole number from {int(least)}: use the config.json that was saved "
            "with the weights.",
        )


def _too_large(held: Stored, name: str, value: int) -> InputError:
    return InputError(
        f"config.json asks for a larger model than its weights are: {name} is {value:,}, and they "
        f"hold {held.tensors:,} tensors of {held.numbers:,} numbers.",
        "Use the config.json that was saved with the weights.",
    )


def _shown(value: object) -> str:
    return "null" if value is None else repr(value)
