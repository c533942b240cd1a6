"""A measurement as bytes: arrays as safetensors, all else as JSON in its one key of metadata.

The same measurement gives the same bytes, and nothing is pickled.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, TypeVar

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from attnviz.errors import InputError

SCHEMA = "attnviz.measurement/1"
_KEY = "attnviz"
_HINT = "Measure again with this version of attnviz."
_UNREADABLE = (msgspec.MsgspecError, LookupError, TypeError, ValueError, OverflowError)

Value = TypeVar("Value")


def write(value: object) -> bytes:
    """A frozen dataclass of arrays and plain values as bytes."""
    arrays: dict[str, np.ndarray[Any, Any]] = {}

    def kept(part: object) -> object:
        if isinstance(part, np.ndarray):
            array = np.ascontiguousarray(part)
            # Named by what it holds: equal arrays, such as events of roles, are saved once.
            name = _digest(f"{array.dtype}{array.shape}".encode() + array.tobytes())
            arrays[name] = array
            return name
        raise NotImplementedError(f"{type(part).__name__} can't be saved")

    tree = msgspec.to_builtins(value, enc_hook=kept, order="sorted")
    form = {"schema": SCHEMA, "form": type(value).__name__, "value": tree, "hash": _hash(tree)}
    return save(arrays, {_KEY: msgspec.json.encode(form, order="sorted").decode()})


def read(data: bytes, form: type[Value]) -> Value:
    """What `write` made of a value of that form.

    Raises InputError where the bytes are none of this version's.
    """
    text = _metadata(data)
    try:
        tree = msgspec.json.decode(text)
        known = [tree.get(key) for key in ("schema", "form")] if isinstance(tree, dict) else []
        if known != [SCHEMA, form.__name__]:
            raise InputError(f"This holds {known}, not [{SCHEMA!r}, {form.__name__!r}].", _HINT)
        arrays = load(data)
        value = msgspec.convert(tree["value"], form, dec_hook=lambda _, name: arrays[name])
        # A field more or less, another value, or an array not what its name says shows here.
        whole = write(value) == data
    except (*_UNREADABLE, SafetensorError) as error:
        raise InputError("The measurement is damaged.", _HINT) from error
    if not whole:
        raise InputError("The measurement is damaged, or was changed.", _HINT)
    return value


def _metadata(data: bytes) -> str:
    """The JSON in a safetensors header. Raises InputError where there is none."""
    size = int.from_bytes(data[:8], "little")
    try:
        header = msgspec.json.decode(data[8 : 8 + size])
        return str(header["__metadata__"][_KEY])
    except _UNREADABLE as error:
        raise InputError("This is no measurement of attnviz.", _HINT) from error


def _hash(tree: object) -> str:
    """That of a value's JSON, so that a changed number shows as a changed array does."""
    return _digest(msgspec.json.encode(tree, order="sorted"))


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
