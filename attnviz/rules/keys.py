"""The keys that a rule may have, each declared once: its type, what it goes with, what is meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import msgspec

from attnviz.drawing.settings import Lens, Stream
from attnviz.errors import UsageError
from attnviz.rules import heads
from attnviz.rules.rule import GroupName, TokenClass
from attnviz.text.merge import Pieces
from attnviz.values import quoted

Kind = Literal["mass", "role", "statistic", "group"]
EVERY: tuple[Kind, ...] = get_args(Kind)
_OF_HEADS: tuple[Kind, ...] = ("mass", "role", "statistic")

SUBJECTS: Mapping[str, Kind] = {
    "to": "mass",
    "role": "role",
    "statistic": "statistic",
    **dict.fromkeys(get_args(GroupName), "group"),
}
"""The key that says what a rule is about."""

TEXTS = ("text", "texts", "file", "template")
"""The keys that say what a rule is tested on; it has one of them, or its file has one for all."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a rule: the type of its value, the kinds of rules that have it, and a hint."""

    type: Any
    hint: str
    kinds: tuple[Kind, ...] = EVERY


_NUMBER = "Use a number."
_WORDS = (
    'Use words ("animal", "the#2"), places of tokens from 0, a list of these, '
    '{ tokens = "punctuation" } or { role = "previous-token" }.'
)
_TEXTS = 'Use a list of texts: ["…", "…"].'
_BOUNDS = "Use a table of conditions: { lte = 5 }."
_Words = str | int | tuple[str | int, ...] | dict[str, Any]

BOUNDS: Mapping[str, Key] = {
    **dict.fromkeys(
        ("gt", "gte", "lt", "lte", "eq", "approx", "rel", "abs"), Key(float, _NUMBER, _OF_HEADS)
    ),
    "in": Key(tuple[float, float], "Use two numbers, the lower first: [0.2, 0.4].", _OF_HEADS),
}
"""The conditions on a number; a count has them in a table of its own."""

KEYS: Mapping[str, Key] = {
    "name": Key(str, "Use a text."),
    "critical": Key(bool, "Use true or false."),
    "text": Key(str, "Use a text; several stand in texts, a file's name in file."),
    "texts": Key(tuple[str, ...], _TEXTS),
    "file": Key(str, "Use the name of a file, as seen from the folder of the rules."),
    "template": Key(str, 'Use a text with names in braces: "The {animal} sleeps."'),
    "values": Key(
        dict[str, tuple[str, ...]], 'Use a list for each name: { animal = ["cat", "dog"] }.'
    ),
    "cases": Key(
        tuple[dict[str, str], ...], 'Use a list of tables: [{ adj = "tired", answer = "animal" }].'
    ),
    "target": Key(str, "Use the text that the decoder reads."),
    "targets": Key(tuple[str, ...], _TEXTS),
    "target_file": Key(str, "Use the name of a file with a line for each of file."),
    "stream": Key(Stream, f"Choose one of: {', '.join(get_args(Stream))}."),
    "heads": Key(str | tuple[str, ...], heads.HINT, _OF_HEADS),
    "from": Key(_Words, _WORDS, ("mass",)),
    "to": Key(_Words, _WORDS, ("mass",)),
    "more_than": Key(
        dict[str, Any] | tuple[dict[str, Any], ...],
        'Use a table: { to = "street", by = 0.1 }, or a list of them.',
        ("mass",),
    ),
    "lens": Key(Lens, f"Choose one of: {', '.join(get_args(Lens))}.", ("mass",)),
    "pieces": Key(Pieces, f"Choose one of: {', '.join(get_args(Pieces))}.", ("mass",)),
    "role": Key(str, "Use the name of a role.", ("role",)),
    "verdict": Key(
        Literal["supported", "tentative"], "Choose one of: supported, tentative.", ("role",)
    ),
    "count": Key(dict[str, Any], _BOUNDS, ("role",)),
    "statistic": Key(str, "Use the name of a statistic.", ("statistic",)),
    **dict.fromkeys(get_args(GroupName), Key(dict[str, Any], _BOUNDS, ("group",))),
    **BOUNDS,
}

CLASSES = get_args(TokenClass)


def converted(table: Mapping[str, Any], key: str, where: str) -> Any:  # noqa: ANN401 - from TOML
    """The value of a key as its type; UsageError for another."""
    return convert(table[key], KEYS[key], key, where)


def convert(value: Any, key: Key, name: str, where: str) -> Any:  # noqa: ANN401 - from TOML
    """A value as the type of a key, which messages call `name`; UsageError for another."""
    try:
        return msgspec.convert(value, key.type)
    except msgspec.ValidationError:
        raise UsageError(f"{where}: {name} is {quoted(value)}.", key.hint) from None


def unknown(
    name: str, known: Iterable[str], where: str, otherwise: str = "", what: str = "key"
) -> UsageError:
    """The error for a name that is none of those that are known, with the nearest that is."""
    near = difflib.get_close_matches(str(name).lower(), list(known), n=1)
    hint = f"Did you mean {near[0]}?" if near else otherwise or f"There are: {', '.join(known)}."
    return UsageError(f"{where}: there is no {what} {quoted(name)}.", hint)
