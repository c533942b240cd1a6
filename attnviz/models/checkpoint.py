"""Reads what a checkpoint holds from its files' headers, before anything is loaded or built."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from attnviz.errors import InputError

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
_EXPLICIT = "transformers_weights"
"""The setting by which a config names the file of its weights itself."""

_AGAIN = "Download the model again, all files of it."


@dataclass(frozen=True)
class Stored:
    """Upper bounds on the number of `tensors` in a checkpoint and of the `numbers` in them.

    `names` are the tensors' names, where known; `promised` those that an index lists.
    """

    tensors: int
    numbers: int
    names: frozenset[str] = field(default=frozenset(), repr=False)
    promised: frozenset[str] = field(default=frozenset(), repr=False)


def read_index(index: Path) -> dict[str, str]:
    """The index of a sharded checkpoint: tensor -> the file that holds it.

    Raises InputError where it is damaged, and where it names anything but safetensors files in the
    same folder: other files may be pickles, which can run code, or lie anywhere.
    """
    try:
        weight_map = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        shards = {str(tensor): str(shard) for tensor, shard in weight_map.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{index} is damaged: {_said(error)}.", _AGAIN) from error
    if not shards:
        raise InputError(f"{index} names no weights.", _AGAIN)
    outside = next((name for name in shards.values() if not _inside(name)), None)
    if outside is not None:
        raise InputError(
            f"{index} names {outside}, which is no safetensors file in its folder.",
            "Use a checkpoint whose index names only .safetensors files that lie beside it.",
        )
    return shards


def check_shards(index: Path) -> list[Path]:
    """The files of a sharded checkpoint; InputError unless all are there (see `read_index`)."""
    shards = sorted(set(read_index(index).values()))
    absent = [shard for shard in shards if not (index.parent / shard).is_file()]
    if absent:
        raise InputError(
            f"{index.parent} lacks {len(absent)} of the {len(shards)} files of its weights: "
            f"{absent[0]}.",
            _AGAIN,
        )
    return [index.parent / shard for shard in shards]


def stored(location: str, gguf: str, config: dict[str, Any], options: dict[str, Any]) -> Stored:
    """What the weights of a folder, a GGUF file or a model on the Hub hold.

    `config` is the config as it was read, `options` are those of loading. Raises InputError for
    an index that can't be trusted, SafetensorError for damaged files.
    """
    if gguf:
        return _gguf(Path(location) / gguf)
    explicit = config.get(_EXPLICIT)
    for name in [explicit] if isinstance(explicit, str) else [WEIGHTS, INDEX]:
        path = _local(location, name, options)
        if path is not None and name.endswith(".json"):
            return _sharded(location, path, options)
        if path is not None:
            return _of([path])
    folder = Path(location)
    pickled = sum(file.stat().st_size for file in folder.glob("*") if file.is_file())
    return Stored(pickled, pickled) if folder.is_dir() else _UNKNOWN


def hub_adapter(location: str, options: dict[str, Any]) -> Path | None:
    """The folder of an adapter on the Hub, None for whole models and for what is not there."""
    if _local(location, "config.json", options) is not None:
        return None
    config = _local(location, "adapter_config.json", options)
    if config is not None:
        for name in ("adapter_model.safetensors", "tokenizer_config.json", "tokenizer.json"):
            _local(location, name, options)
    return config and config.parent


_UNKNOWN = Stored(2**31, 2**43)
"""More than any model holds: pickles can't be looked into before they are loaded."""


def _sharded(location: str, index: Path, options: dict[str, Any]) -> Stored:
    named = read_index(index)
    if Path(location).is_dir():
        return _of(check_shards(index), named)
    paths = (_local(location, shard, options) for shard in sorted(set(named.values())))
    return _of([path for path in paths if path is not None], named)


def _local(location: str, name: str, options: dict[str, Any]) -> Path | None:
    """The path of one of the model's files, downloaded if need be; None where there is none."""
    if Path(location).is_dir():
        path = Path(location) / name
        return path if path.is_file() else None
    from transformers.utils.hub import cached_file

    cached = cached_file(
        location,
        name,
        revision=options.get("revision"),
        local_files_only=options.get("local_files_only", False),
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    return None if cached is None else Path(cached)


def _of(files: Iterable[Path], promised: Iterable[str] = ()) -> Stored:
    from safetensors import safe_open

    sizes: dict[str, int] = {}
    for file in files:
        with safe_open(file, "pt") as opened:
            for name in opened.keys():  # noqa: SIM118 - no mapping
                sizes[name] = prod(opened.get_slice(name).get_shape())
    return Stored(len(sizes), sum(sizes.values()), frozenset(sizes), frozenset(promised))


def _gguf(file: Path) -> Stored:
    """Bounds from the count in the file's header: a weight takes more than an eighth of a byte."""
    with file.open("rb") as opened:
        head = opened.read(16)
    if len(head) < 16 or head[:4] != b"GGUF":
        raise InputError(f"{file} is damaged, or no GGUF file.", "Download the file again.")
    (tensors,) = struct.unpack("<Q", head[8:])
    size = file.stat().st_size
    return Stored(min(tensors, size), size)


def _inside(name: str) -> bool:
    """Whether a name stays in the folder, on any system, and is that of a safetensors file."""
    parts = {*PurePosixPath(name).parts, *PureWindowsPath(name).parts}
    rooted = PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor
    return name.endswith(".safetensors") and not rooted and ".." not in parts and "\0" not in name


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, OSError | ValueError) else type(error).__name__
