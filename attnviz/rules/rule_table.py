"""One rule, read from its table: what it is about, of which heads, and what must hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from attnviz.errors import UsageError
from attnviz.rules import heads as heads_of
from attnviz.rules import names, rule_text
from attnviz.rules.bounds import Bounds
from attnviz.rules.heads import Heads
from attnviz.rules.keys import BOUNDS, CLASSES, KEYS, SUBJECTS, Kind, convert, converted, unknown
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


class RuleTable:
    """One rule, on its way from a table; `where` tells the place of a key."""

    def __init__(self, table: Mapping[str, Any], where: Callable[[str], str]) -> None:
        self._where = where
        for key in table:
            if key not in KEYS:
                raise unknown(key, KEYS, where(key))
        self._values = {key: converted(table, key, where(key)) for key in table}
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
            text=rule_text.read(self._values, self._wrong, default),
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
            kind = "role with one target" if key in ("to", "more_than") else key
            raise unknown(name, known, self._where(key), "", kind)

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
                raise unknown(name, ("tokens", "role"), self._where(key))
        if len(value) != 1 or not isinstance(next(iter(value.values())), str):
            raise self._wrong(key, f"{key} is {quoted(value)}", KEYS[key].hint)
        if role := value.get("role"):
            if key == "from":
                raise self._wrong(
                    key, "a role says where tokens look, not which look", KEYS[key].hint
                )
            self._name(key, role, names.targets())
        elif value["tokens"] not in CLASSES:
            raise unknown(value["tokens"], CLASSES, self._where(key), "", "class of tokens")
        return TokenSet(**value)

    def _rivals(self) -> tuple[Rival, ...]:
        tables = self._values.get("more_than", ())
        rivals = []
        for table in (tables,) if isinstance(tables, dict) else tables:
            for name in table:
                if name not in ("to", "by"):
                    raise unknown(name, ("to", "by"), self._where("more_than"))
            by = table.get("by", 0.0)
            number = isinstance(by, int | float) and not isinstance(by, bool) and 0 <= by <= 1
            if "to" not in table or not number:
                raise self._wrong(
                    "more_than", f"more_than is {quoted(table)}", KEYS["more_than"].hint
                )
            to = convert(table["to"], KEYS["to"], "more_than: to", self._where("more_than"))
            rivals.append(Rival(self._chosen("more_than", to), float(by)))
        return tuple(rivals)

    def _count(self, key: str, beside: Bounds) -> Bounds:
        """The conditions in a table of its own."""
        if beside:
            raise self._wrong(key, f"conditions stand in {key} and beside it", KEYS[key].hint)
        table = self._values[key]
        for name in table:
            if name not in BOUNDS:
                raise unknown(name, BOUNDS, self._where(key))
        bounds = self._bounds(
            key,
            {name: convert(table[name], BOUNDS[name], name, self._where(key)) for name in table},
        )
        if not bounds:
            raise self._wrong(key, f"{key} has no condition", KEYS[key].hint)
        return bounds

    def _bounds(self, key: str, values: Mapping[str, Any]) -> Bounds:
        asked = {name: values[name] for name in BOUNDS if name in values}
        for name, value in asked.items():
            numbers = value if isinstance(value, tuple) else (value,)
            if not all(map(math.isfinite, numbers)):
                raise self._wrong(key or name, f"{name} is {quoted(value)}", BOUNDS[name].hint)
        first = key or next(iter(asked), "")
        tolerant = {"rel", "abs"} & asked.keys()
        if ("approx" in asked) != bool(tolerant):
            raise self._wrong(
                first,
                "approx needs rel or abs, and these need it",
                "Write approx = 0.3 and abs = 0.02.",
            )
        if any(asked[name] < 0 for name in tolerant):
            raise self._wrong(first, "a tolerance is below 0", "Use 0 or more.")
        bounds = Bounds(
            **{"within" if name == "in" else name: value for name, value in asked.items()}
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
