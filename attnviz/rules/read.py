"""Reads rule files: every mistake is told with file, line, key and the nearest right name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from attnviz.errors import UsageError
from attnviz.rules.keys import converted, unknown
from attnviz.rules.lines import RULE, Lines
from attnviz.rules.rule import Rule, Text
from attnviz.rules.rule_table import RuleTable
from attnviz.values import quoted

_FILE_KEYS = ("file", "target_file")
_PLACE = re.compile(r" \(at line (\d+), column \d+\)")
"""Where `tomllib` says that a mistake is."""
_KEY = re.compile(r"\s*([\w.-]+)\s*=")


@dataclass(frozen=True)
class RuleFile:
    """The rules of a file, which is named as the user named it; `source` is its text."""

    name: str
    rules: tuple[Rule, ...]
    source: str = ""


def read(source: str, name: str, default: Text | None = None) -> RuleFile:
    """The rules of a file's text; those that name no text have the `default`.

    UsageError for what is wrong, with its line.
    """
    try:
        values = tomllib.loads(source)
    except (ValueError, RecursionError) as error:
        raise _no_toml(error, source, name) from error
    lines = Lines(source)

    def at_top(key: str) -> str:
        return f"{name}:{lines.top(key)}"

    known = (RULE, *_FILE_KEYS)
    for key in values:
        if key not in known:
            raise unknown(key, known, at_top(key), "A rule stands below [[rule]].")
    if any(key in values for key in _FILE_KEYS):
        shared = {key: converted(values, key, at_top(key)) for key in _FILE_KEYS if key in values}
        default = default or Text(**shared)
    tables = values.get(RULE)
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        what = (
            f"{at_top(RULE)}: rule is no list of tables."
            if RULE in values
            else f"{name} has no rules."
        )
        raise UsageError(what, "Write each rule below a line [[rule]].")

    def where(number: int, key: str) -> str:
        return f"{name}:{lines.key(number, key).first if key else lines.rule(number)}"

    rules = of_tables(tables, where, default)
    numbered = [replace(rule, line=lines.rule(at)) for at, rule in enumerate(rules)]
    return RuleFile(name, tuple(numbered), source)


def _no_toml(error: ValueError | RecursionError, source: str, name: str) -> UsageError:
    """The error for a file that isn't TOML, with the line and key where it stops to be."""
    why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    place = _PLACE.search(why)
    if place is None:
        return UsageError(f"{name} is no TOML: {why}.", "Mend the file.")
    number = int(place[1])
    key = _KEY.match(source.split("\n")[number - 1])
    if key is None or not why.startswith("Invalid value"):
        return UsageError(f"{name}:{number}: no TOML: {why.removesuffix(place[0])}.", "Mend it.")
    return UsageError(
        f"{name}:{number}: what stands after {key[1]} = is no value.",
        f'A text stands in quotes, {key[1]} = "…"; true, false and numbers stand without.',
    )


def of_tables(
    tables: Sequence[Mapping[str, Any]],
    where: Callable[[int, str], str] = lambda number, _: f"rule {number + 1}",
    default: Text | None = None,
) -> list[Rule]:
    """The rules that tables describe, as a script gives them; `where` places a key of one."""
    if not tables:
        raise UsageError("There are no rules.", "Give at least one.")
    rules: list[Rule] = []
    taken: set[str] = set()
    for number, table in enumerate(tables):
        rule = RuleTable(table, partial(where, number)).rule(default)
        if rule.name in taken and "name" in table:
            raise UsageError(
                f"{where(number, 'name')}: there is a rule {quoted(rule.name)} already.",
                "Give each rule a name of its own.",
            )
        # Rules that ask the same of different texts are told apart by their order.
        names = (rule.name, *(f"{rule.name} ({count})" for count in range(2, len(tables) + 1)))
        rule = replace(rule, name=next(name for name in names if name not in taken))
        taken.add(rule.name)
        rules.append(rule)
    return rules
