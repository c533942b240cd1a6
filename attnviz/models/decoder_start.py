"""Finds the token that a decoder's input begins with."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from attnviz.errors import AttnvizError, InputError
from attnviz.models.embeddings import vocabulary
from attnviz.models.explain import first_line
from attnviz.models.names import ModelName

_SHOWN = 60


def decoder_start(name: ModelName, model: Any, options: Mapping[str, Any]) -> int | None:  # noqa: ANN401
    """The id that decoder inputs begin with; None where the target's last token is moved there.

    `options` are those that the model was loaded with. InputError where the id is no token's.
    """
    if not model.config.is_encoder_decoder:
        return None
    shift = getattr(sys.modules[type(model).__module__], "shift_tokens_right", None)
    if shift is not None and len(inspect.signature(shift).parameters) == 2:  # mBART
        return None
    names = ("decoder_start_token_id", "bos_token_id", "pad_token_id")
    from_config = [getattr(model.config, setting, None) for setting in names]
    starts = (from_config[0], _from_generation_config(name, options), *from_config[1:], 0)
    return _checked(name, next(start for start in starts if start is not None), model)


def _from_generation_config(name: ModelName, options: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    """The id in generation_config.json, where newer models have it; None without that file."""
    from transformers import GenerationConfig

    where = {key: options[key] for key in ("revision", "local_files_only") if key in options}
    with _explained(name.argument):
        try:
            return GenerationConfig.from_pretrained(name.location, **where).decoder_start_token_id
        except OSError:
            if (Path(name.location) / "generation_config.json").is_file():
                raise
            return None


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turns what a damaged generation_config.json makes transformers raise into an InputError."""
    try:
        yield
    except (AttnvizError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        raise InputError(
            f"{name} can't write with its own settings of generation: {first_line(error)}",
            "Check the numbers in its generation_config.json, or remove that file.",
        ) from error


def _checked(name: ModelName, token: object, model: Any) -> int:  # noqa: ANN401
    known = vocabulary(model)
    if isinstance(token, int) and token >= 0 and (known is None or token < known):
        return int(token)
    raise InputError(
        f"The decoder_start_token_id of {name.argument} is {str(token)[:_SHOWN]}, "
        "which is no token.",
        "Correct it in its generation_config.json or config.json: it is the number of a token.",
    )
