"""Reads rule files: every mistake is told with file, line, key and the nearest right name."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, get_args

import msgspec

from attnviz.errors import UsageError
from attnviz.rules import heads as heads_of
from attnviz.rules import names, template
from attnviz.rules.bounds import Bounds
from attnviz.rules.heads import Heads
from attnviz.rules.keys import BOUNDS, CLASSES, KEYS, SUBJECTS, TEXTS, Key, Kind
from attnviz.rules.lines import RULE, Lines
from attnviz.rules.rule import (
    Chosen,
    GroupName,
    GroupOf,
    Mass,
    Rival,
    RoleOf,
    Rule,
    StatisticOf,
    Subject,
    Text,
    TokenSet,
)
from attnviz.values import quoted

_FILE_KEYS = ("file", "target_file")


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
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise UsageError(f"{name} is no TOML: {why}.", "Mend the file.") from error
    lines = Lines(source)

    def at_top(key: str) -> str:
        return f"{name}:{lines.top(key)}"

    known = (RULE, *_FILE_KEYS)
    for key in values:
        if key not in known:
            raise _unknown(key, known, at_top(key), "A rule stands below [[rule]].")
    if any(key in values for key in _FILE_KEYS):
        shared = {key: _converted(values, key, at_top(key)) for key in _FILE_KEYS if key in values}
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


def of_tables(
    tables: Sequence[Mapping[str, Any]],
    where: Callable[[int, str], str] = lambda number, _: f"rule {number + 1}",
    default: Text | None = None,
) -> list[Rule]:
    """The rules that tables describe, as a script gives them; `where` places a key of one."""
    if not tables:
        raise UsageError("There are no rules.", "Give at least one.")
    rules: list[Rule] = []
    for number, table in enumerate(tables):
        rule = _Reader(table, partial(where, number)).rule(default)
        if rule.name in {other.name for other in rules}:
            raise UsageError(
                f"{where(number, 'name')}: there is a rule “{rule.name}” already.",
                "Give each rule a name of its own.",
            )
        rules.append(rule)
    return rules


class _Reader:
    """One rule, on its way from a table; `where` tells the place of a key."""

    def __init__(self, table: Mapping[str, Any], where: Callable[[str], str]) -> None:
        self._where = where
        for key in table:
            if key not in KEYS:
                raise _unknown(key, KEYS, where(key))
        self._values = {key: _converted(table, key, where(key)) for key in table}
        self._kind = self._kind_of()
        for key in table:
            if self._kind not in KEYS[key].kinds:
                subject = next(key for key in SUBJECTS if key in table)
                raise self._wrong(key, f"{key} doesn't go with {subject}", "Leave out one of them.")

    def rule(self, default: Text | None) -> Rule:
        """The rule; UsageError for what is wrong with it."""
        bounds = self._bounds("", self._values)
        subject = self._subject()
        match subject:
            case RoleOf(count=True):
                bounds = self._count("count", bounds)
            case GroupOf():
                bounds = self._count(subject.group, bounds)
        if not (
            bounds
            or (isinstance(subject, Mass) and subject.more_than)
            or self._values.get("verdict")
        ):
            raise self._wrong("", "the rule has no condition", "Add one, such as gt = 0.2.")
        if isinstance(subject, Mass) or (isinstance(subject, RoleOf) and not subject.count):
            self._check_range(bounds)
        rule = Rule(
            name=self._values.get("name", ""),
            subject=subject,
            bounds=bounds,
            text=self._text(default),
            heads=self._heads(subject),
            stream=self._values.get("stream", "auto"),
            critical=self._values.get("critical", True),
        )
        if "name" in self._values and not rule.name.strip():
            raise self._wrong("name", "the name is empty", "Give it one, or leave out name.")
        return rule if rule.name else replace(rule, name=rule.asked)

    def _wrong(self, key: str, message: str, hint: str) -> UsageError:
        return UsageError(f"{self._where(key)}: {message}.", hint)

    def _kind_of(self) -> Kind:
        subjects = [key for key in SUBJECTS if key in self._values]
        if len(subjects) == 1:
            return SUBJECTS[subjects[0]]
        choices = ", ".join(SUBJECTS)
        if subjects:
            both = " and ".join(subjects)
            raise self._wrong(
                subjects[1], f"{both} are rules of their own", "Make two rules of it."
            )
        raise self._wrong("", "the rule doesn't say what it is about", f"Add one of: {choices}.")

    def _subject(self) -> Subject:
        values = self._values
        if self._kind == "mass":
            return Mass(
                to=self._chosen("to", values["to"]),
                source=self._chosen("from", values["from"]) if "from" in values else None,
                more_than=self._rivals(),
                lens=values.get("lens", "all"),
                pieces=values.get("pieces"),
            )
        if self._kind == "role":
            self._name("role", values["role"], names.roles())
            return RoleOf(values["role"], values.get("verdict"), "count" in values)
        if self._kind == "statistic":
            self._name("statistic", values["statistic"], names.statistics())
            return StatisticOf(values["statistic"])
        return GroupOf(next(group for group in get_args(GroupName) if group in values))

    def _name(self, key: str, name: str, known: Sequence[str]) -> None:
        """Raises UsageError for a name that is none of those that are known."""
        if not names.is_one(name, known):
            kind = "role that looks at tokens" if key in ("to", "from") else key
            raise _unknown(name, known, self._where(key), "", kind)

    def _heads(self, subject: Subject) -> Heads:
        if "heads" not in self._values:
            return Heads("any" if not isinstance(subject, StatisticOf) else "all")
        if isinstance(subject, RoleOf) and subject.count:
            raise self._wrong("heads", "a count is over all heads", "Leave out heads.")
        try:
            chosen = heads_of.read(self._values["heads"])
        except UsageError as error:
            raise self._wrong("heads", error.message.rstrip("."), error.hint) from None
        if chosen.each == "rollout" and self._kind != "mass":
            raise self._wrong("heads", "rollout has no roles and no statistics", heads_of.HINT)
        if not chosen.single and self._values.get("verdict"):
            raise self._wrong(
                "verdict",
                "a verdict is on a head, not on a mean of heads",
                "Leave out one of them.",
            )
        return chosen

    def _chosen(self, key: str, value: Any) -> Chosen:  # noqa: ANN401 - from TOML
        empty = isinstance(value, str | tuple) and not (
            value.strip() if isinstance(value, str) else value
        )
        negative = any(
            isinstance(place, int) and place < 0
            for place in (value if isinstance(value, tuple) else (value,))
        )
        if empty or negative:
            raise self._wrong(key, f"{key} is {quoted(value)}", KEYS[key].hint)
        if not isinstance(value, dict):
            chosen: Chosen = value
            return chosen
        for name in value:
            if name not in ("tokens", "role"):
                raise _unknown(name, ("tokens", "role"), self._where(key))
        if len(value) != 1 or not isinstance(next(iter(value.values())), str):
            raise self._wrong(key, f"{key} is {quoted(value)}", KEYS[key].hint)
        if role := value.get("role"):
            if key == "from":
                raise self._wrong(
                    key, "a role says where tokens look, not which look", KEYS[key].hint
                )
            self._name(key, role, names.targets())
        elif value["tokens"] not in CLASSES:
            raise _unknown(value["tokens"], CLASSES, self._where(key), "", "class of tokens")
        return TokenSet(**value)

    def _rivals(self) -> tuple[Rival, ...]:
        given = self._values.get("more_than", ())
        rivals = []
        for table in (given,) if isinstance(given, dict) else given:
            for name in table:
                if name not in ("to", "by"):
                    raise _unknown(name, ("to", "by"), self._where("more_than"))
            by = table.get("by", 0.0)
            number = isinstance(by, int | float) and not isinstance(by, bool) and 0 <= by <= 1
            if "to" not in table or not number:
                raise self._wrong(
                    "more_than", f"more_than is {quoted(table)}", KEYS["more_than"].hint
                )
            to = _convert(table["to"], KEYS["to"], "more_than: to", self._where("more_than"))
            rivals.append(Rival(self._chosen("more_than", to), float(by)))
        return tuple(rivals)

    def _count(self, key: str, beside: Bounds) -> Bounds:
        """The conditions in a table of its own."""
        if beside:
            raise self._wrong(key, f"conditions stand in {key} and beside it", KEYS[key].hint)
        table = self._values[key]
        for name in table:
            if name not in BOUNDS:
                raise _unknown(name, BOUNDS, self._where(key))
        bounds = self._bounds(
            key,
            {name: _convert(table[name], BOUNDS[name], name, self._where(key)) for name in table},
        )
        if not bounds:
            raise self._wrong(key, f"{key} has no condition", KEYS[key].hint)
        return bounds

    def _bounds(self, key: str, values: Mapping[str, Any]) -> Bounds:
        given = {name: values[name] for name in BOUNDS if name in values}
        for name, value in given.items():
            numbers = value if isinstance(value, tuple) else (value,)
            if not all(map(math.isfinite, numbers)):
                raise self._wrong(key or name, f"{name} is {quoted(value)}", BOUNDS[name].hint)
        first = key or next(iter(given), "")
        tolerant = {"rel", "abs"} & given.keys()
        if ("approx" in given) != bool(tolerant):
            raise self._wrong(
                first,
                "approx needs rel or abs, and these need it",
                "Write approx = 0.3 and abs = 0.02.",
            )
        if any(given[name] < 0 for name in tolerant):
            raise self._wrong(first, "a tolerance is below 0", _NOT_NEGATIVE)
        bounds = Bounds(
            **{"within" if name == "in" else name: value for name, value in given.items()}
        )
        if not bounds.possible:
            raise self._wrong(first, f"no number is {bounds}", "Mend the conditions.")
        return bounds

    def _check_range(self, bounds: Bounds) -> None:
        """Raises UsageError for a bound on shares of attention that lies outside of [0, 1]."""
        for name in BOUNDS:
            value = getattr(bounds, "within" if name == "in" else name)
            ends = value if isinstance(value, tuple) else (value,)
            if name not in ("rel", "abs") and not all(end is None or 0 <= end <= 1 for end in ends):
                raise self._wrong(
                    name,
                    f"{name} is {quoted(value)}",
                    "Attention is a share, from 0 to 1: 20% is 0.2.",
                )

    def _text(self, default: Text | None) -> Text:
        values = self._values
        sources = [key for key in TEXTS if key in values]
        if len(sources) > 1:
            raise self._wrong(
                sources[1], f"{sources[0]} and {sources[1]} don't go together", "Keep one of them."
            )
        if not sources:
            if default is None:
                raise self._wrong("", "the rule names no text", f"Add one of: {', '.join(TEXTS)}.")
            return default
        self._check_companions(sources[0])
        texts = (values["text"],) if "text" in values else values.get("texts", ())
        for key in ("text", "texts"):
            if key in values and (not texts or not all(text.strip() for text in texts)):
                raise self._wrong(key, f"{key} is empty", KEYS[key].hint)
        targets = (values["target"],) if "target" in values else values.get("targets", ())
        if targets and "texts" in values and len(targets) != len(texts):
            raise self._wrong(
                "targets", "there aren't as many targets as texts", "Give each its own."
            )
        text = Text(
            texts=texts,
            targets=targets,
            file=values.get("file", ""),
            target_file=values.get("target_file", ""),
            template=values.get("template", ""),
            values=values.get("values", {}),
            cases=values.get("cases", ()),
        )
        if text.template:
            self._check_template(text)
        return text

    def _check_companions(self, source: str) -> None:
        goes_with = {
            "targets": ("texts",),
            "target": ("text", "template"),
            "target_file": ("file",),
            "values": ("template",),
            "cases": ("template",),
        }
        for key, owners in goes_with.items():
            if key in self._values and source not in owners:
                raise self._wrong(
                    key, f"{key} doesn't go with {source}", f"It goes with {' or '.join(owners)}."
                )

    def _check_template(self, text: Text) -> None:
        try:
            template.check(text, self._templates())
        except UsageError as error:
            key = "values" if "values" in self._values else "template"
            raise self._wrong(key, error.message.rstrip("."), error.hint) from None

    def _templates(self) -> list[str]:
        """All texts of the rule that may hold names in braces."""
        rivals = self._values.get("more_than", ())
        tables = (rivals,) if isinstance(rivals, dict) else rivals
        chosen = [
            self._values.get("from"),
            self._values.get("to"),
            *(table["to"] for table in tables),
        ]
        every = [self._values["template"], self._values.get("target", "")]
        for value in chosen:
            every += [
                part
                for part in (value if isinstance(value, list | tuple) else [value])
                if isinstance(part, str)
            ]
        return every


_NOT_NEGATIVE = "Use 0 or more."


def _converted(table: Mapping[str, Any], key: str, where: str) -> Any:  # noqa: ANN401
    return _convert(table[key], KEYS[key], key, where)


def _convert(value: Any, key: Key, name: str, where: str) -> Any:  # noqa: ANN401
    try:
        return msgspec.convert(value, key.type)
    except msgspec.ValidationError:
        raise UsageError(f"{where}: {name} is {quoted(value)}.", key.hint) from None


def _unknown(
    name: str, known: Iterable[str], where: str, otherwise: str = "", what: str = "key"
) -> UsageError:
    near = difflib.get_close_matches(name.lower(), list(known), n=1)
    hint = f"Did you mean {near[0]}?" if near else otherwise or f"There are: {', '.join(known)}."
    return UsageError(f"{where}: there is no {what} {quoted(name)}.", hint)
