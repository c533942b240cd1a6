"""Values of settings: read from text, TOML or Python, and written as text again."""

from __future__ import annotations

import math
import re
import types
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from attnviz.errors import UsageError

Evidence = tuple[tuple[str, float], ...]
"""What a verdict takes, by key; `attnviz.evidence.rules` knows the keys."""

Exports = tuple[Literal["csv", "parquet"], ...]
"""Forms of the tables that are written beside a report."""

HEAD = re.compile(r"[Ll]([0-9]{1,4})[Hh]([0-9]{1,4})")
"""The name of a head, its layer and its number."""

NO_HEAD = "Name heads by layer and head, with commas: L5H7,L2H0."

WHOLE = re.compile(r"[+-]?[0-9]{1,4300}")
"""A whole number in plain digits, as many as Python reads."""

NO_SIZE = "Use a size such as 4GiB or 800MB."
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([KMGT]?)(i?)B?", re.IGNORECASE)
_REAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
_MOST_MEMORY = 2.0**60
"""Bytes: more than any machine has, and still a number that can be reckoned with."""
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_SHOWN = 60
"""So many characters of a wrong value are repeated in the message about it."""


def read(value: Any, type_: Any) -> Any:  # noqa: ANN401 - values come from TOML
    """`value` as `type_`, read from text where it is text; ValueError says what to use instead."""
    if isinstance(type_, types.UnionType):
        if value is None:
            return None
        type_ = next(member for member in get_args(type_) if member is not types.NoneType)
    if type_ == Evidence:
        return _evidence(value)
    if get_origin(type_) is Literal:
        return _choice(value, get_args(type_))
    if type_ == Exports:
        return _choices(value, get_args(get_args(type_)[0]))
    readers = {bool: _boolean, int: _integer, str: _string}
    return readers[type_](value) if type_ in readers else _integers(value)


def written(value: Any) -> str:  # noqa: ANN401 - any setting's
    """The text that `read` reads as `value`; "" for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ",".join(
            "=".join(map(written, item)) if isinstance(item, tuple) else written(item)
            for item in value
        )
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def quoted(value: object) -> str:
    """A wrong value for the message about it, however long or odd it is."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python writes no number of more than 4,300 digits
        return f"a {type(value).__name__} too long to be written"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text):,} characters)"


def size(text: str) -> float:
    """Bytes from a size such as "4GiB" or "800 MB"; UsageError where it is none."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise UsageError(f"{quoted(text)} is no size.", NO_SIZE)
    number, unit, binary = match.groups()
    power = "KMGT".index(unit.upper()) + 1 if unit else 0
    amount = float(number) * float(1024 if binary else 1000) ** power
    if amount > _MOST_MEMORY:
        raise UsageError(f"{quoted(text)} is more memory than any machine has.", NO_SIZE)
    return amount


def is_size(text: str) -> bool:
    """Whether `size` reads it."""
    try:
        size(text)
    except UsageError:
        return False
    return True


def _choice(value: object, choices: tuple[str, ...]) -> str:
    for choice in choices:
        if value == choice:
            return choice
    raise ValueError(f"Choose one of: {', '.join(choices)}.")


def _choices(value: object, choices: tuple[str, ...]) -> tuple[str, ...]:
    """Some of the choices, each once and in their order, from a list or from text with commas.

    An empty text is none of them.
    """
    items = value.split(",") if isinstance(value, str) and value else value or ()
    if not isinstance(items, list | tuple):
        raise ValueError(f"Choose of: {', '.join(choices)}; several with commas.")  # noqa: TRY004
    chosen = {_choice(item.strip() if isinstance(item, str) else item, choices) for item in items}
    return tuple(choice for choice in choices if choice in chosen)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text not in _TRUE + _FALSE:
        raise ValueError("Use true or false.")
    return text in _TRUE


def _integer(value: object) -> int:
    """A whole number in plain digits: not 1_0, and none of Unicode's other digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    text = "" if isinstance(value, bool | float) else str(value).strip(" ")
    if not WHOLE.fullmatch(text):
        raise ValueError("Use a whole number.")
    return int(text)


def _integers(value: object) -> tuple[int, ...]:
    items = value.split(",") if isinstance(value, str) else value
    try:
        items = None if isinstance(items, bytes | Mapping) else items
        return tuple(_integer(item) for item in items)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise ValueError("Use whole numbers with commas, such as 3,7.") from None


def _evidence(value: Any) -> Evidence:  # noqa: ANN401 - as `read`
    """Pairs of a key and a number, by key, from a table or from text with commas."""
    if isinstance(value, str):
        value = [item.rpartition("=")[::2] for item in value.split(",")]
    try:
        pairs = value.items() if isinstance(value, Mapping) else value
        numbers = sorted((str(key).strip(), _real(number)) for key, number in pairs)
    except (TypeError, ValueError):
        raise ValueError("Use KEY=NUMBER with commas: induction=0.2,sentences=30.") from None
    if len({key for key, _ in numbers} - {""}) < len(numbers):
        raise ValueError("Use each key once, and none that is empty.")
    return tuple(numbers)


def _real(value: object) -> float:
    """A finite number in plain digits, as `_integer` has them."""
    text = "" if isinstance(value, bool) else str(value).strip(" ")
    if not _REAL.fullmatch(text) or not math.isfinite(number := float(text)):
        raise ValueError("Use a number.")
    return number


def _string(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("Use a text in quotes.")


def are_heads(names: str) -> bool:
    """Whether a text names heads, such as "L5H7,L2H0"."""
    return all(HEAD.fullmatch(name.strip()) for name in names.split(","))


def heads(names: str) -> tuple[tuple[int, int], ...]:
    """Layer and number of each head that a text names, each once; UsageError where one is none."""
    matches = [HEAD.fullmatch(name.strip()) for name in names.split(",")]
    places = [(int(match[1]), int(match[2])) for match in matches if match]
    if len(places) < len(matches):
        raise UsageError(f"{names!r} names no heads.", NO_HEAD)
    return tuple(dict.fromkeys(places))
