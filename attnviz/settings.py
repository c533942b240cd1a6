"""Settings: defaults < `[tool.attnviz]` of the nearest pyproject.toml < ATTNVIZ_… < flags."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from attnviz.errors import UsageError

Split = Literal["auto", "line", "sentence", "document", "pair"]
InputFormat = Literal["auto", "text", "conllu", "jsonl"]
Long = Literal["truncate", "error"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Dtype = Literal["auto", "float32", "float16", "bfloat16"]
Scale = Literal["sqrt", "linear"]
Kernel = Literal["auto", "dense", "tiles", "fused"]
Evidence = tuple[tuple[str, float], ...]
"""What a verdict takes, by key; `attnviz.evidence.rules` knows the keys."""
Pieces = Literal["auto", "mean", "last"]

_PREFIX = "ATTNVIZ_"
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) *([KMGT]?)(i?)B?", re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?[0-9]{1,4300}")
_REAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
_NO_SIZE = "Use a size such as 4GiB or 800MB."
_MOST_MEMORY = 2.0**60
"""Bytes: more than any machine has, and still a number that can be reckoned with."""
_PARSER = re.compile(r"spacy(:\S+)?")
_LAST_SECOND = 253402300799
"""The end of the year 9999, since 1970: dates go no further."""
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_SHOWN = 60
"""So many characters of a wrong value are repeated in the message about it."""
_RANGES: Mapping[str, tuple[int, int]] = {
    "illustrate": (0, 10_000),
    "resamples": (100, 100_000),
    "seed": (0, 2**63 - 1),
    "dpi": (40, 1200),
    "jobs": (0, 256),
    "generate": (0, 100_000),
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set; each field is a flag, an ATTNVIZ_ variable and a TOML key.

    `input_format` is what the files hold, "auto" for what their names and content tell; `chat`
    applies the model's chat template to conversations, and `parse_special_tokens` reads special
    tokens that a text holds, such as [MASK], as such;
    `illustrate` is how many sentences get figures, `sentences` names them instead; `jobs` is how
    many processes draw, 0 for one a processor; `max_memory` is a size such as "4GiB", "" for what
    the machine has to spare; `annotate` who parses plain text, "" for nobody; `words` merges the
    tokens of each word, and `pieces` says which of them look for it; `target` names the
    file that a decoder reads, `generate` how many tokens it is to write instead; `evidence` are
    margins and counts other than usual, a mapping or a text such as "induction=0.2,sentences=30"
    where settings are read. UsageError where a number is out of range.
    """

    split: Split = "auto"
    input_format: InputFormat = "auto"
    chat: bool = False
    parse_special_tokens: bool = False
    language: str = "en"
    long: Long = "truncate"
    device: Device = "auto"
    dtype: Dtype = "auto"
    revision: str | None = None
    allow_pickle: bool = False
    trust_remote_code: bool = False
    illustrate: int = 8
    sentences: tuple[int, ...] = ()
    rollout_residual: bool = True
    kernel: Kernel = "auto"
    max_memory: str = ""
    annotate: str = ""
    words: bool = False
    pieces: Pieces = "auto"
    target: str = ""
    generate: int = 0
    resamples: int = 2000
    seed: int = 0
    evidence: Evidence = ()
    scale: Scale = "sqrt"
    cmap: str = "Blues"
    dpi: int = 150
    jobs: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            _check_range(field.name, getattr(self, field.name), field.name)


def size(text: str) -> float:
    """Bytes from a size such as "4GiB" or "800 MB"; UsageError where it is none."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise UsageError(f"{quoted(text)} is no size.", _NO_SIZE)
    number, unit, binary = match.groups()
    power = "KMGT".index(unit.upper()) + 1 if unit else 0
    amount = float(number) * float(1024 if binary else 1000) ** power
    if amount > _MOST_MEMORY:
        raise UsageError(f"{quoted(text)} is more memory than any machine has.", _NO_SIZE)
    return amount


def resolve(flags: Mapping[str, Any], environment: Mapping[str, str], folder: Path) -> Settings:
    """Merges the four sources; `flags` that are None were not given.

    `folder` is where a pyproject.toml is looked for first.

    Raises UsageError for a key that doesn't exist, with the nearest that does, and for a value
    of the wrong kind.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    merged = _from_pyproject(folder) | _from_environment(environment) | _read(given, _flag)
    return replace(Settings(), **merged)


def creation_date(environment: Mapping[str, str]) -> str:
    """The date of a report, as 2026-05-01, from SOURCE_DATE_EPOCH; "" where that is not set.

    No clock is read: a report made twice is the same twice. UsageError where the variable is no
    time, for https://reproducible-builds.org/specs/source-date-epoch/ has malformed ones refused.
    """
    text = environment.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return ""
    if not (_WHOLE.fullmatch(text) and 0 <= int(text) <= _LAST_SECOND):
        raise UsageError(
            f"SOURCE_DATE_EPOCH is {quoted(text)}.",
            "Use seconds since 1970 in plain digits, as `date +%s` prints them, or unset it.",
        )
    return datetime.fromtimestamp(int(text), tz=UTC).strftime("%Y-%m-%d")


def from_mapping(values: Mapping[str, Any]) -> Settings:
    """Settings from names and values, as a script gives them; UsageError as for `resolve`."""
    return replace(Settings(), **_read(values, str))


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _variable(name: str) -> str:
    return f"{_PREFIX}{name.upper()}"


def _from_pyproject(folder: Path) -> dict[str, Any]:
    """What the nearest pyproject.toml that has a `[tool.attnviz]` says."""
    for parent in (folder, *folder.parents):
        table = _table(parent / "pyproject.toml")
        if table is not None:
            where = f"{parent / 'pyproject.toml'}: tool.attnviz."
            return _read(_snake(table, where), where.__add__)
    return {}


def _table(file: Path) -> dict[str, Any] | None:
    try:
        if not file.is_file():
            return None
    except PermissionError:  # a folder that this user can't look into holds nothing for them
        return None
    try:
        tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError, RecursionError) as error:
        nested = isinstance(error, RecursionError)
        reason = "its values are nested too deeply" if nested else error
        raise UsageError(f"{file} can't be read: {reason}", "Mend the file.") from error
    table = tool.get("attnviz") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise UsageError(
            f"{file}: tool.attnviz is no table.", "Write settings below [tool.attnviz]."
        )
    return table


def _snake(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name in names:
            raise UsageError(f"{where}{key} is there twice.", "Keep one of the spellings.")
        names[name] = value
    return names


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    # An empty variable is one that was switched off, as for NO_COLOR.
    found = {
        name.removeprefix(_PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(_PREFIX) and value
    }
    return _read(found, _variable)


def _read(values: Mapping[str, Any], spell: Callable[[str], str]) -> dict[str, Any]:
    """Each value checked against its field; `spell` writes a name as its source does."""
    kinds = typing.get_type_hints(Settings)
    checked = {}
    for name, value in values.items():
        if name not in kinds:
            raise _unknown(name, spell)
        checked[name] = _checked(value, kinds[name], spell(name))
        _check_range(name, checked[name], spell(name))
    return checked


def _unknown(name: str, spell: Callable[[str], str]) -> UsageError:
    known = [field.name for field in fields(Settings)]
    near = difflib.get_close_matches(name.lower(), known, n=1)
    hint = (
        f"Did you mean {spell(near[0])}?" if near else f"Settings are: {', '.join(sorted(known))}."
    )
    return UsageError(f"There is no setting {spell(name)}.", hint)


def _check_range(name: str, value: Any, shown: str) -> None:  # noqa: ANN401 - any field's value
    if name in _RANGES:
        least, most = _RANGES[name]
        if not least <= value <= most:
            raise UsageError(
                f"{shown} is {quoted(value)}.", f"Use a number from {least:,} to {most:,}."
            )
    if name == "annotate" and value and not _PARSER.fullmatch(value):
        raise UsageError(
            f"{shown} is {quoted(value)}.",
            "Use spacy, or spacy:MODEL; any other parser's trees come in through .conllu files.",
        )
    if name == "max_memory" and value:
        try:
            size(value)
        except UsageError as error:
            raise UsageError(f"{shown} is {quoted(value)}.", error.hint) from None
    if name == "sentences":
        for number in value:
            if not 1 <= number < 2**63:
                raise UsageError(f"{shown} has {quoted(number)}.", "Sentences count from 1.")


def _checked(value: Any, kind: Any, shown: str) -> Any:  # noqa: ANN401 - values come from TOML
    """`value` as the field's type, read from text where it is text; UsageError if it can't be."""
    if isinstance(kind, types.UnionType):
        if value is None:
            return None
        kind = next(member for member in get_args(kind) if member is not types.NoneType)
    try:
        if kind == Evidence:
            return _evidence(value)
        if get_origin(kind) is Literal:
            return _choice(value, get_args(kind))
        readers = {bool: _boolean, int: _integer, str: _string}
        return readers[kind](value) if kind in readers else _integers(value)
    except ValueError as error:
        raise UsageError(f"{shown} is {quoted(value)}.", str(error)) from None


def quoted(value: object) -> str:
    """A wrong value for the message about it, however long or odd it is."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python writes no number of more than 4,300 digits
        return f"a {type(value).__name__} too long to be written"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text):,} characters)"


def _choice(value: object, choices: tuple[str, ...]) -> str:
    for choice in choices:
        if value == choice:
            return choice
    raise ValueError(f"Choose one of: {', '.join(choices)}.")


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
    if not _WHOLE.fullmatch(text):
        raise ValueError("Use a whole number.")
    return int(text)


def _integers(value: object) -> tuple[int, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    try:
        parts = None if isinstance(parts, bytes | Mapping) else parts
        return tuple(_integer(part) for part in parts)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise ValueError("Use whole numbers with commas, such as 3,7.") from None


def _evidence(value: Any) -> Evidence:  # noqa: ANN401 - as `_checked`
    """Pairs of a key and a number, by key, from a table or from text with commas."""
    if isinstance(value, str):
        value = [part.rpartition("=")[::2] for part in value.split(",")]
    try:
        pairs = value.items() if isinstance(value, Mapping) else value
        found = sorted((str(key).strip(), _real(number)) for key, number in pairs)
    except (TypeError, ValueError):
        raise ValueError("Use KEY=NUMBER with commas: induction=0.2,sentences=30.") from None
    if len({key for key, _ in found} - {""}) < len(found):
        raise ValueError("Use each key once, and none that is empty.")
    return tuple(found)


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
