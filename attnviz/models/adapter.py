"""Adapters, such as LoRA's: a few weights that change those of a base model they name."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Set
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from attnviz.errors import AttnvizError, InputError

CONFIG, WEIGHTS, PICKLE = "adapter_config.json", "adapter_model.safetensors", "adapter_model.bin"
_PREFIX = "base_model.model."
_MERGED = {"IA3": "ia3_", "LOHA": "hada_", "LOKR": "lokr_", "LORA": "lora_"}
"""Types of adapters that can be merged into the base model -> the prefix of their weights."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter: MODEL as the user wrote it, its folder, peft's type of it, its base model."""

    argument: str
    folder: str
    method: str
    base: str


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter: its config, and its weights or no model's config."""
    present = [(folder / name).is_file() for name in (CONFIG, WEIGHTS, PICKLE, "config.json")]
    return present[0] and (present[1] or present[2] or not present[3])


def read(argument: str, folder: Path, *, allow_pickle: bool) -> Adapter:
    """The adapter in a folder. Raises InputError where it can't be put into its base model."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        method, base = config["peft_type"], config["base_model_name_or_path"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(
            f"{folder / CONFIG} can't be read: {type(error).__name__}.",
            "It has to be the file that peft's save_pretrained wrote, with peft_type and "
            "base_model_name_or_path in it.",
        ) from error
    if (folder / "config.json").is_file():
        base = str(folder)  # a model and what changes it, side by side
    if not isinstance(base, str) or not base:
        raise InputError(
            f"{argument} is an adapter that names no base model.",
            f"Write the base model's name or folder into {CONFIG}: base_model_name_or_path.",
        )
    if not isinstance(method, str) or method not in _MERGED:
        raise InputError(
            f"{argument} is an adapter of type {method}, and can't be merged here.",
            f"Adapters of types {', '.join(_MERGED)} can be reported on; another may be merged "
            "with peft's merge_and_unload() and saved as a model.",
        )
    _check_files(argument, folder, allow_pickle=allow_pickle)
    return Adapter(argument, str(folder), method, base)


def base_error(adapter: Adapter, error: AttnvizError) -> InputError:
    """The error for an adapter whose base model can't be had."""
    return InputError(
        f"{adapter.argument} is an adapter, whose base model can't be used: {error.message}",
        f"{error.hint} Another place for {adapter.base} can be written into the adapter's "
        f"{CONFIG}: base_model_name_or_path.",
    )


def merged(adapter: Adapter, whole: Any) -> Any:  # noqa: ANN401 - transformers' own
    """The base model with the adapter's changes in its weights.

    The modules to change are those that the adapter's weights name: the patterns in its config may
    be for a model with another head. Weights for a head that was not loaded are left out. Raises
    InputError where weights fit no module.
    """
    peft: Any = import_module("peft")
    state = _renamed(_state(Path(adapter.folder)), whole)
    own = {name: tensor for name, tensor in state.items() if _is_own(name)}
    if not own:
        raise _unfit(adapter, "none of its weights has a module there")
    _replace(adapter, whole, {name: state[name] for name in state.keys() - own.keys()})
    config = peft.PeftConfig.from_pretrained(adapter.folder)
    config.inference_mode = True
    config.target_modules = sorted({_changed(name) for name in own})
    for pattern in (
        "modules_to_save",
        "exclude_modules",
        "layers_to_transform",
        "layers_pattern",
        "task_type",
    ):
        if hasattr(config, pattern):
            setattr(config, pattern, None)
    whole.requires_grad_(requires_grad=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft's are about its own calls, and for those who train
        model = peft.get_peft_model(whole, config)
        prefixed = {f"{_PREFIX}{name}": tensor for name, tensor in own.items()}
        done = peft.set_peft_model_state_dict(model, prefixed)
    lacking = [key for key in done.missing_keys if _is_own(key)]
    if done.unexpected_keys or lacking:
        raise _unfit(adapter, (*done.unexpected_keys, *lacking)[0])
    return model.merge_and_unload()


def has_tokenizer(adapter: Adapter) -> bool:
    """Whether a tokenizer was saved with the adapter; else it is the base model's."""
    return (Path(adapter.folder) / "tokenizer_config.json").is_file()


def note(adapter: Adapter) -> str:
    """What the report says of its model."""
    base = adapter.base if not Path(adapter.base).is_dir() else Path(adapter.base).name
    return f"The adapter ({adapter.method}) was merged into its base model, {base}."


def _check_files(argument: str, folder: Path, *, allow_pickle: bool) -> None:
    if (folder / WEIGHTS).is_file():
        return
    if not (folder / PICKLE).is_file():
        raise InputError(
            f"{argument} is an adapter without weights: there is no {WEIGHTS} in it.",
            f"Put the adapter's {WEIGHTS} next to its {CONFIG}.",
        )
    if not allow_pickle:
        raise InputError(
            f"{argument} has only pickled weights ({PICKLE}), and a pickle can run code.",
            "Convert them to safetensors, or pass --allow-pickle if you trust them.",
        )


def _state(folder: Path) -> dict[str, Any]:
    import torch
    from safetensors.torch import load_file

    if (folder / WEIGHTS).is_file():
        return load_file(folder / WEIGHTS)
    weights: dict[str, Any] = torch.load(folder / PICKLE, map_location="cpu", weights_only=True)
    return weights


def _renamed(state: Mapping[str, Any], whole: Any) -> dict[str, Any]:  # noqa: ANN401
    """The adapter's weights under this model's names, without those of another head."""
    modules = {path for path, _ in whole.named_modules()}
    prefix = f"{whole.base_model_prefix}."
    renamed = {}
    for name, tensor in state.items():
        if ".original_module" in name:  # the base model's, beside what takes its place
            continue
        path = name.removeprefix(_PREFIX).replace(".modules_to_save", "").replace(".base_layer", "")
        for candidate in (path, path.removeprefix(prefix), prefix + path):
            if _owner(candidate, modules):
                renamed[candidate] = tensor
                break
    return renamed


def _owner(name: str, modules: Set[str]) -> str:
    """The path of the innermost module that an adapter's weight belongs to."""
    parts = name.split(".")
    paths = (".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1))
    owner = next((path for path in paths if path in modules), "")
    # A container is no owner: what is below it would be a module that this model lacks.
    return "" if any(path.startswith(f"{owner}.") for path in modules) else owner


def _is_own(name: str) -> bool:
    """Whether a weight is the adapter's own, not one that takes the place of the base model's."""
    return any(step.startswith(tuple(_MERGED.values())) for step in name.split("."))


def _changed(name: str) -> str:
    """The module that one of the adapter's own weights changes."""
    steps = name.split(".")
    first = next(place for place, step in enumerate(steps) if _is_own(step))
    return ".".join(steps[:first])


def _replace(adapter: Adapter, whole: Any, state: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Replaces weights of the base model by those that were trained in full.

    There may be more embeddings than in the base model: the adapter may have added tokens.
    """
    table = whole.get_input_embeddings()
    for name, tensor in state.items():
        path, _, last = name.rpartition(".")
        if whole.get_submodule(path) is table and len(tensor) != len(table.weight):
            whole.resize_token_embeddings(len(tensor))
        weight = getattr(whole.get_submodule(path), last, None)
        if weight is None or weight.shape != tensor.shape:
            raise _unfit(adapter, f"{name} is of another shape")
        weight.data.copy_(tensor)


def _unfit(adapter: Adapter, what: str) -> InputError:
    return InputError(
        f"{adapter.argument} is an adapter of another model than {adapter.base}: {what}.",
        f"Write the base model it was trained on into its {CONFIG}: base_model_name_or_path.",
    )
