"""Templates: a text with names in braces, and all texts that it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from attnviz.errors import UsageError
from attnviz.rules.rule import Case, Text

MOST = 1000
"""So many texts a template makes at most."""

_FIELD = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|([{}])")


@dataclass(frozen=True, slots=True)
class Filled:
    """One text, what the decoder reads with it or None, and the values that made it."""

    text: str
    target: str | None = None
    values: Case | None = None

    @property
    def case(self) -> str:
        """The values in words, without those that only name others; "" where there are none."""
        own = {name: value for name, value in (self.values or {}).items() if "{" not in value}
        return ", ".join(f"{name}={value}" for name, value in own.items())


def filled(text: Text) -> list[Filled]:
    """The texts of a rule that names no file, in the order of the values."""
    if not text.template:
        targets = text.targets or (None,) * len(text.texts)
        return [Filled(*pair) for pair in zip(text.texts, targets, strict=True)]
    target = text.targets[0] if text.targets else None
    return [
        Filled(
            fill(text.template, values), None if target is None else fill(target, values), values
        )
        for values in _every(text)
    ]


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with values in place of names in braces; a value may hold names, too.

    `{{` and `}}` are braces. UsageError for a name that has no value, or a brace alone.
    """
    return _filled(_filled(text, values, braces=False), values, braces=True)


def _filled(text: str, values: Mapping[str, str], *, braces: bool) -> str:
    def value(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0] if braces else match[0]
        if match[2]:
            raise UsageError("A brace stands alone.", "Write {{ or }} for a brace in the text.")
        name = match[1].strip()
        if name not in values:
            raise UsageError(
                f"There is no value for {{{name}}}.",
                f"Give it one in values or cases{_there(values)}.",
            )
        return values[name]

    return _FIELD.sub(value, text)


def _there(values: Mapping[str, str]) -> str:
    return f"; there are: {', '.join(values)}" if values else ""


def check(text: Text, templates: Sequence[str]) -> None:
    """Raises UsageError for values that are missing or aren't used in `templates`, or too many."""
    for name, listed in text.values.items():
        if not listed:
            raise UsageError(f"There are no values for {name}.", "Give at least one.")
    many = prod(map(len, text.values.values())) * max(len(text.cases), 1)
    if many > MOST:
        raise UsageError(f"The template makes {many:,} texts.", f"Make at most {MOST:,} of it.")
    for values in _every(text):
        used = {name for each in templates for name in _names(each)}
        used |= {name for value in values.values() for name in _names(value)}
        for each in templates:
            fill(each, values)
        if unused := sorted(values.keys() - used):
            raise UsageError(
                f"The values of {unused[0]} stand nowhere.",
                f"Write {{{unused[0]}}} in the template.",
            )


def _every(text: Text) -> Iterator[dict[str, str]]:
    for chosen in product(*text.values.values()):
        values = dict(zip(text.values, chosen, strict=True))
        for case in text.cases or ({},):
            yield values | dict(case)


def _names(text: str) -> list[str]:
    return [match[1].strip() for match in _FIELD.finditer(text) if match[1] is not None]
