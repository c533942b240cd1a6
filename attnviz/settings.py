"""Settings: defaults < `[tool.attnviz]` of the nearest pyproject.toml < ATTNVIZ_… < flags."""

from __future__ import annotations

import difflib
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from attnviz.errors import UsageError

_PREFIX = "ATTNVIZ_"
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set; each field is a flag, an ATTNVIZ_ variable and a TOML key.

    `illustrate` is how many sentences get figures, `sentences` names them instead; `jobs` is
    how many processes draw, 0 for one a processor.
    """

    split: Literal["auto", "line", "sentence", "document"] = "auto"
    language: str = "en"
    long: Literal["truncate", "error"] = "truncate"
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    revision: str | None = None
    allow_pickle: bool = False
    trust_remote_code: bool = False
    illustrate: int = 8
    sentences: tuple[int, ...] = ()
    rollout_residual: bool = True
    resamples: int = 2000
    seed: int = 0
    scale: Literal["sqrt", "linear"] = "sqrt"
    cmap: str = "Blues"
    dpi: int = 150
    jobs: int = 1

    def __post_init__(self) -> None:
        for name, least in {"illustrate": 0, "resamples": 100, "seed": 0, "dpi": 40, "jobs": 0}.items():
            if getattr(self, name) < least:
                raise UsageError(f"{name} is {getattr(self, name)}.", f"Use {least} or more.")
        for number in self.sentences:
            if number < 1:
                raise UsageError(f"There is no sentence {number}.", "Sentences count from 1.")


def resolve(
    flags: Mapping[str, Any], environment: Mapping[str, str], folder: Path
) -> Settings:
    """Merges the four sources; `flags` that are None were not given.

    Raises UsageError for a key that doesn't exist, with the nearest that does, and for a value
    of the wrong kind.
    """
    merged = _from_pyproject(folder) | _from_environment(environment)
    merged |= {name: value for name, value in flags.items() if value is not None}
    return from_mapping(merged, "")


def from_mapping(values: Mapping[str, Any], where: str) -> Settings:
    """Settings from names and values, each checked against its field."""
    kinds = typing.get_type_hints(Settings)
    checked = {}
    for name, value in values.items():
        if name not in kinds:
            raise _unknown(name, where)
        checked[name] = _checked(value, kinds[name], f"{where}{name}")
    return replace(Settings(), **checked)


def _from_pyproject(folder: Path) -> dict[str, Any]:
    for parent in (folder, *folder.parents):
        file = parent / "pyproject.toml"
        if not file.is_file():
            continue
        try:
            table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("attnviz")
        except (OSError, ValueError) as error:
            raise UsageError(f"{file} can't be read: {error}", "Mend the file.") from error
        if table is not None:
            names = {name.replace("-", "_"): value for name, value in table.items()}
            where = f"{file}: tool.attnviz."
            from_mapping(names, where)  # Named here, an error can say which file it is in.
            return names
    return {}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found = {
        name.removeprefix(_PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(_PREFIX)
    }
    for name, value in found.items():
        if name not in {field.name for field in fields(Settings)}:
            raise _unknown(name.upper(), _PREFIX)
        from_mapping({name: value}, _PREFIX)
    return found


def _unknown(name: str, where: str) -> UsageError:
    known = [field.name for field in fields(Settings)]
    near = difflib.get_close_matches(name.lower(), known, n=1)
    near_name = near[0].upper() if near and where == _PREFIX else near[0] if near else ""
    hint = f"Did you mean {where if where == _PREFIX else ''}{near_name}?" if near else (
        f"Settings are: {', '.join(sorted(known))}."
    )
    return UsageError(f"There is no setting {where}{name}.", hint)


def _checked(value: Any, kind: Any, name: str) -> Any:  # noqa: ANN401 - values come from TOML
    """`value` as the field's type, read from text where it is text; UsageError where it can't be."""
    if isinstance(kind, types.UnionType):
        kind = next(member for member in get_args(kind) if member is not types.NoneType)
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise UsageError(
                f"{name} is {value!r}.", f"Choose one of: {', '.join(get_args(kind))}."
            )
        return value
    readers = {bool: _boolean, int: _integer, str: _string}
    try:
        return readers[kind](value) if kind in readers else _integers(value)
    except ValueError as error:
        raise UsageError(f"{name} is {value!r}.", str(error)) from None


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text not in _TRUE + _FALSE:
        raise ValueError("Use true or false.")
    return text in _TRUE


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("Use a whole number.")
    try:
        return int(value)
    except ValueError:
        raise ValueError("Use a whole number.") from None


def _integers(value: object) -> tuple[int, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError("Use numbers with commas, such as 3,7.")
    return tuple(_integer(part) for part in parts)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("Use a text in quotes.")
    return value
