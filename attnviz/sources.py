"""Where settings come from: defaults < pyproject.toml < ATTNVIZ_… variables < flags."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from attnviz.errors import UsageError
from attnviz.settings import Settings, checked, flag

_PREFIX = "ATTNVIZ_"


def resolve(flags: Mapping[str, Any], environment: Mapping[str, str], folder: Path) -> Settings:
    """Merges the four sources; `flags` that are None were not given.

    `folder` is where a pyproject.toml is looked for first.

    Raises UsageError for a key that doesn't exist, with the nearest that does, and for a value
    of the wrong type or out of range.
    """
    used = {name: value for name, value in flags.items() if value is not None}
    merged = _from_pyproject(folder) | _from_environment(environment) | checked(used, flag)
    return replace(Settings(), **merged)


def _from_pyproject(folder: Path) -> dict[str, Any]:
    """What the nearest pyproject.toml that has a `[tool.attnviz]` says."""
    for parent in (folder, *folder.parents):
        table = _table(parent / "pyproject.toml")
        if table is not None:
            where = f"{parent / 'pyproject.toml'}: tool.attnviz."
            return checked(_snake(table, where), where.__add__)
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
    values = {
        name.removeprefix(_PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(_PREFIX) and value
    }
    return checked(values, _variable)


def _variable(name: str) -> str:
    return f"{_PREFIX}{name.upper()}"
