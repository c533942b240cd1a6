"""Models whose weights take fewer bits: saved so, or made so while they are loaded."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import Any

import torch

from attnviz.errors import InputError
from attnviz.models.names import ModelName, need
from attnviz.models.placing import Placing

ON_LOADING = ("8bit", "4bit")
"""Number formats that bitsandbytes makes of a model while it is loaded."""

_EXTRAS = {
    "bitsandbytes": ("bitsandbytes", ("accelerate", "bitsandbytes")),
    "gptq": ("gptq", ("accelerate", "optimum", "gptqmodel")),
    "awq": ("awq", ("accelerate", "gptqmodel")),
    "fp8": ("large", ("accelerate",)),
}
"""By method the extra that brings what loads it, and the modules it takes."""

AS_SAVED = ("torchao",)
"""Methods whose weights transformers unpacks for the class that was saved, and for no other."""


def check_installed(by: str) -> None:
    """Raises InputError where what loads models that are quantised `by` a method is missing."""
    extra, modules = _EXTRAS[by]
    for module in modules:
        need(module, extra, f"A model quantised by {by}")


def method(config: Mapping[str, Any]) -> str:
    """How a checkpoint was quantised, by transformers' name for it; "" if it wasn't."""
    how = _how_of(config)
    if not how:
        return ""
    # As transformers does: the first of bitsandbytes' configs named no method.
    packed = how.get("load_in_8bit") or how.get("load_in_4bit")
    return "bitsandbytes" if packed else _plain(how.get("quant_method") or "")


def named(config: Mapping[str, Any]) -> str:
    """The method of a checkpoint with the form of its weights, where it says that: awq (gemv)."""
    how = _how_of(config)
    form = how.get("version") or how.get("format")
    return f"{method(config)} ({form})" if isinstance(form, str) else method(config)


def options(
    name: ModelName,
    config: Mapping[str, Any],
    dtype: str,
    numbers: torch.dtype | str,
    placing: Placing,
) -> dict[str, Any]:
    """What `from_pretrained` is told for a model that is quantised, or that `dtype` has quantised.

    `config` is the checkpoint's as it was read; `numbers` is the type that the rest has. Raises
    InputError where what loads it is not installed, for a model that is quantised already, and for
    one quantised in a way that transformers doesn't know.
    """
    known = method(config)
    if dtype in ON_LOADING and (known or name.gguf):
        raise InputError(
            f"{name.argument} is quantised already ({known or 'gguf'}).",
            f"Leave out {dtype}, or give the model that it was made from.",
        )
    wanted = "bitsandbytes" if dtype in ON_LOADING else known
    if wanted in _EXTRAS:
        check_installed(wanted)
    elif how := _how_of(config):
        _check_known(name, known, how)
    # Packed weights are put on their device as they are loaded, and can't be moved later.
    placed = {} if placing.spread or not wanted else {"device_map": {"": placing.device}}
    if dtype not in ON_LOADING:
        return placed
    from transformers import BitsAndBytesConfig

    make: Any = BitsAndBytesConfig  # It carries no types.
    if dtype == "8bit":
        return placed | {"quantization_config": make(load_in_8bit=True)}
    of_four = make(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",  # as QLoRA has it; the library's default errs more
        bnb_4bit_compute_dtype=_computed_in(config, numbers),
    )
    return placed | {"quantization_config": of_four}


def _check_known(name: ModelName, known: str, how: Mapping[str, Any]) -> None:
    """Raises InputError for a method that transformers doesn't know.

    It would read packed weights as if they were plain, and leave out their scales.
    """
    if not known:
        raise InputError(
            f"{name.argument} is quantised, and its config.json doesn't say how: its "
            "quantization_config names no quant_method.",
            "Put the config.json there that was saved with the weights.",
        )
    from transformers.quantizers.auto import AutoHfQuantizer

    if not AutoHfQuantizer.supports_quant_method(dict(how)):  # type: ignore[no-untyped-call]
        raise InputError(
            f"{name.argument} is quantised by {known}, which the installed transformers can't "
            "unpack.",
            "Give the model that it was made from, or upgrade transformers "
            "(pip install --upgrade transformers), which may know more.",
        )


@contextmanager
def unheard() -> Iterator[None]:
    """Drops what is printed on standard output, which is for results, while a model is loaded.

    gptqmodel greets there, and its logger writes there; it is told to be quiet from then on.
    """
    with redirect_stdout(StringIO()):
        yield
    if "logbar" in sys.modules:
        logging.getLogger("logbar").setLevel(logging.CRITICAL)


def described(config: Any) -> str:  # noqa: ANN401 - transformers' own
    """How the weights of a loaded model are quantised, in words; "" where they aren't."""
    how = _how(getattr(config, "quantization_config", None))
    known = method({"quantization_config": how})
    if not known or known == "gguf":  # whose numbers are unpacked on loading
        return ""
    bits = 8 if how.get("load_in_8bit") else 4 if how.get("load_in_4bit") else how.get("bits")
    kind = how.get("bnb_4bit_quant_type") if how.get("load_in_4bit") else None
    size = how.get("group_size")
    parts = [
        known,
        f"{bits} bits" if isinstance(bits, int) else "",
        kind if isinstance(kind, str) else "",
        f"groups of {size}" if isinstance(size, int) and size > 0 else "",
    ]
    return ", ".join(filter(None, parts))


def _computed_in(config: Mapping[str, Any], numbers: torch.dtype | str) -> torch.dtype:
    """The type that products are made in: that of the other weights, the checkpoint's if "auto"."""
    if isinstance(numbers, torch.dtype):
        return numbers
    stored = str(config.get("dtype") or config.get("torch_dtype"))
    return torch.bfloat16 if stored == "bfloat16" else torch.float16


def _how_of(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a config says of quantisation; a composite model's of its text model, perhaps."""
    text = config.get("text_config")
    of_text = text.get("quantization_config") if isinstance(text, Mapping) else None
    return _how(config.get("quantization_config") or of_text)


def _how(config: Any) -> Mapping[str, Any]:  # noqa: ANN401 - JSON, or transformers' own
    if config is None:
        return {}
    how = config if isinstance(config, Mapping) else config.to_dict()
    return how if isinstance(how, Mapping) else {}


def _plain(value: Any) -> str:  # noqa: ANN401 - a string, or transformers' enumeration
    return str(getattr(value, "value", value))
