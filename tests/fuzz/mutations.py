"""Ways to damage a model folder, each told in a line so that a failure can be read."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

INDEX = "model.safetensors.index.json"
_SETTINGS = ("config.json",) * 6 + ("generation_config.json", "tokenizer_config.json")
_VALUES: tuple[Any, ...] = (
    *(0, -1, 1, 2, 3, 7, 64, 1000, 10**6, 10**9, 10**12, 2**63, 2**64, 10**400, -(10**12)),
    *(0.0, -0.5, 0.3, 1e-300, 1e300, float("nan"), float("inf"), -float("inf")),
    *(True, False, None, "", "many", "1", "../outside", "gelu", "float16", "\0"),
    *([], {}, [1], [[]], [10**12], {"a": 1}, [None], ["full_attention"], [[["global"], 10**12]]),
)
_SHARDS = ("x.bin", "../outside.bin", "../m.safetensors", "/etc/passwd", "", "a\0b", 7, None)
_NAMES = (
    *("pytorch_model.bin", "adapter_config.json", "adapter_model.safetensors", INDEX),
    *("generation_config.json", "chat_template.jinja", "added_tokens.json", "config.json"),
)
_TEXTS = ("", "{nope", "[]", "null", "7", '{"weight_map": {}}', "[" * 50_000, "\xff", '{"a": NaN}')


def mutate(folder: Path, rng: random.Random) -> str:
    """Damages a folder in one way drawn at random, and says in which."""
    return rng.choice(_WAYS)(folder, rng)


def _setting(folder: Path, rng: random.Random) -> str:
    """Another value for a setting, wherever in the file it stands."""
    path = folder / rng.choice([name for name in _SETTINGS if (folder / name).is_file()])
    content = json.loads(path.read_text())
    places = list(_places(content))
    holder, key, name = rng.choice(places)
    value = rng.choice(_VALUES)
    if rng.random() < 0.1:
        del holder[key]
        value = "deleted"
    else:
        holder[key] = value
    path.write_text(json.dumps(content))
    return f"{path.name}: {name} = {str(value)[:40]}"


def _places(content: Any, path: str = "") -> Iterator[tuple[Any, Any, str]]:
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield content, key, f"{path}.{key}"
        if isinstance(value, dict | list):
            yield from _places(value, f"{path}.{key}")


def _bytes(folder: Path, rng: random.Random) -> str:
    """Bits of the weights' header turned over, or the file cut short."""
    path = rng.choice(sorted(folder.glob("*.safetensors")))
    data = bytearray(path.read_bytes())
    header = 8 + int.from_bytes(data[:8], "little")
    if rng.random() < 0.3:
        size = rng.randrange(len(data))
        path.write_bytes(data[:size])
        return f"{path.name} cut to {size} bytes"
    at = [rng.randrange(header) for _ in range(rng.choice((1, 1, 3, 20)))]
    for place in at:
        data[place] ^= 1 << rng.randrange(8)
    path.write_bytes(data)
    return f"{path.name}: bits turned over at {at}"


def _weight(folder: Path, rng: random.Random) -> str:
    """A weight that is no number, or a very large one."""
    path = rng.choice(sorted(folder.glob("*.safetensors")))
    tensors = load_file(path)
    name = rng.choice([name for name, tensor in tensors.items() if tensor.is_floating_point()])
    value = rng.choice((float("nan"), float("inf"), 1e38, -3e38, 1e20, 0.0))
    tensor = tensors[name]
    if rng.random() < 0.5:
        tensor.fill_(value)
    else:
        tensor.view(-1)[rng.randrange(tensor.numel())] = value
    save_file(tensors, path, metadata={"format": "pt"})
    return f"{name} has {value}"


def _tensors(folder: Path, rng: random.Random) -> str:
    """A tensor that is missing, of another name, of another shape or type."""
    path = rng.choice(sorted(folder.glob("*.safetensors")))
    tensors = load_file(path)
    name = rng.choice(sorted(tensors))
    tensor = tensors.pop(name)
    way = rng.choice(("missing", "renamed", "flat", "empty", "int8", "float64"))
    others: dict[str, dict[str, torch.Tensor]] = {
        "missing": {},
        "renamed": {f"module.{name}": tensor},
        "flat": {name: tensor.flatten()},
        "empty": {name: tensor[:0]},
        "int8": {name: tensor.to(torch.int8)},
        "float64": {name: tensor.double()},
    }
    save_file(tensors | others[way], path, metadata={"format": "pt"})
    return f"{name} is {way}"


def _index(folder: Path, rng: random.Random) -> str:
    """An index that names something else than the files beside it."""
    path = folder / INDEX
    names: Any = json.loads(path.read_text()) if path.is_file() else {"weight_map": {"a": "b"}}
    shard = rng.choice(_SHARDS)
    for tensor in rng.sample(sorted(names["weight_map"]), 1):
        names["weight_map"][tensor] = shard
    path.write_text(json.dumps(names))
    if rng.random() < 0.5:
        (folder / "model.safetensors").unlink(missing_ok=True)
    return f"an index that names {shard!r}"


def _without(folder: Path, rng: random.Random) -> str:
    path = rng.choice(sorted(folder.iterdir()))
    path.unlink()
    if rng.random() < 0.2:
        path.mkdir()
    return f"no {path.name}"


def _with(folder: Path, rng: random.Random) -> str:
    name, text = rng.choice(_NAMES), rng.choice(_TEXTS)
    (folder / name).write_text(text, encoding="latin-1")
    return f"{name} holds {text[:30]!r}"


_WAYS: tuple[Callable[[Path, random.Random], str], ...] = (
    *(_setting,) * 8,
    *(_bytes, _weight, _weight, _tensors, _index, _without, _with),
)
