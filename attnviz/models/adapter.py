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
"""Kinds of adapters that become part of the base model's weights -> how their own are named."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter's folder, what kind it is, and the base model that it names."""

    given: str
    folder: str
    kind: str
    base: str


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter: its config, and its weights or no model's config."""
    there = [(folder / name).is_file() for name in (CONFIG, WEIGHTS, PICKLE, "config.json")]
    return there[0] and (there[1] or there[2] or not there[3])


def read(given: str, folder: Path, *, allow_pickle: bool) -> Adapter:
    """The adapter in a folder. Raises InputError where it can't be put into its base model."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        kind, base = config["peft_type"], config["base_model_name_or_path"]
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
            f"{given} is an adapter that names no base model.",
            f"Write the base model's name or folder into {CONFIG}: base_model_name_or_path.",
        )
    if not isinstance(kind, str) or kind not in _MERGED:
        raise InputError(
            f"{given} is an adapter of type {kind}, and can't be merged here.",
            f"Adapters of types {', '.join(_MERGED)} can be reported on; another may be merged "
            "with peft's merge_and_unload() and saved as a model.",
        )
    _check_files(given, folder, allow_pickle=allow_pickle)
    return Adapter(given, str(folder), kind, base)


def base_error(adapter: Adapter, error: AttnvizError) -> InputError:
    """The error for an adapter whose base model can't be had."""
    return InputError(
        f"{adapter.given} is an adapter, whose base model can't be used: {error.message}",
        f"{error.hint} Another place for {adapter.base} can be written into the adapter's "
        f"{CONFIG}: base_model_name_or_path.",
    )


def merged(adapter: Adapter, whole: Any) -> Any:  # noqa: ANN401 - transformers' own
    """The base model with the adapter's changes in its weights.

    Which modules are changed is read off the adapter's weights: their names say it exactly, while
    the patterns in its config may be of a model with another head around it. What the adapter has
    for a head that was not loaded is left out. Raises InputError where weights fit no module.
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
    return f"The adapter ({adapter.kind}) was merged into its base model, {base}."


def _check_files(given: str, folder: Path, *, allow_pickle: bool) -> None:
    if (folder / WEIGHTS).is_file():
        return
    if not (folder / PICKLE).is_file():
        raise InputError(
            f"{given} is an adapter without weights: there is no {WEIGHTS} in it.",
            f"Put the adapter's {WEIGHTS} next to its {CONFIG}.",
        )
    if not allow_pickle:
        raise InputError(
            f"{given} has only pickled weights ({PICKLE}), and a pickle can run code.",
            "Convert them to safetensors, or pass --allow-pickle if you trust them.",
        )


def _state(folder: Path) -> dict[str, Any]:
    import torch
    from safetensors.torch import load_file

    if (folder / WEIGHTS).is_file():
        return load_file(folder / WEIGHTS)
    found: dict[str, Any] = torch.load(folder / PICKLE, map_location="cpu", weights_only=True)
    return found


def _renamed(state: Mapping[str, Any], whole: Any) -> dict[str, Any]:  # noqa: ANN401
    """The adapter's weights by the names of this model: with its head's prefix, or without.

    Those of another head than this model's are left out.
    """
    modules = {path for path, _ in whole.named_modules()}
    prefix = f"{whole.base_model_prefix}."
    found = {}
    for name, tensor in state.items():
        if ".original_module" in name:  # the base model's, beside what takes its place
            continue
        path = name.removeprefix(_PREFIX).replace(".modules_to_save", "").replace(".base_layer", "")
        for as_named in (path, path.removeprefix(prefix), prefix + path):
            if _owner(as_named, modules):
                found[as_named] = tensor
                break
    return found


def _owner(name: str, modules: Set[str]) -> str:
    """The module that a weight of an adapter belongs to: its path's longest part that is one."""
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
    """Puts weights that were trained as a whole in the place of the base model's.

    Embeddings may be more than those of the base: the adapter may have brought tokens.
    """
    table = whole.get_input_embeddings()
    for name, tensor in state.items():
        path, _, last = name.rpartition(".")
        if whole.get_submodule(path) is table and len(tensor) != len(table.weight):
            whole.resize_token_embeddings(len(tensor))
        there = getattr(whole.get_submodule(path), last, None)
        if there is None or there.shape != tensor.shape:
            raise _unfit(adapter, f"{name} is of another shape")
        there.data.copy_(tensor)


def _unfit(adapter: Adapter, what: str) -> InputError:
    return InputError(
        f"{adapter.given} is an adapter of another model than {adapter.base}: {what}.",
        f"Write the base model it was trained on into its {CONFIG}: base_model_name_or_path.",
    )
