"""Where in a rule file a rule and its keys stand, which `tomllib` doesn't tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(#.*)?$")
_NAME = r"""(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)"""
_KEY = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=")
_MARK = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*|[\[\]{}]')
_END = {
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*"""(?!")"*'),
    "'''": re.compile(r".*?'''(?!')'*"),
}

RULE = "rule"


@dataclass(frozen=True)
class Place:
    """The lines of a key with its value, from the first up to the last, counted from 1."""

    first: int
    last: int


@dataclass
class _Table:
    line: int
    keys: dict[str, Place] = field(default_factory=dict)


class Lines:
    """The lines of each `[[rule]]` and of its keys, and of the keys above the first rule."""

    def __init__(self, source: str) -> None:
        self._top, self._rules = _Table(1), list[_Table]()
        table, parent = self._top, ""
        for place, text in _statements(source):
            if header := _HEADER.match(text):
                name = _plain(header[2])
                if header[1] == "[[" and name == RULE:
                    self._rules.append(_Table(place.first))
                    table, parent = self._rules[-1], ""
                elif self._rules and name.startswith(f"{RULE}."):
                    parent = name.removeprefix(f"{RULE}.").partition(".")[0]
                    table.keys.setdefault(parent, place)
                else:
                    table, parent = _Table(place.first), ""
                    self._top.keys.setdefault(name, place)
            elif key := _KEY.match(text):
                name = ".".join(filter(None, (parent, _plain(key[1]))))
                table.keys.setdefault(name.partition(".")[0], place)
                table.keys.setdefault(name, place)

    @property
    def in_tables(self) -> bool:
        """Whether rules stand below lines [[rule]], and in no list."""
        return bool(self._rules)

    def rule(self, number: int) -> int:
        """The line of a rule, counted from 0; where rules stand in no tables of their own, theirs.

        Lines count from 1.
        """
        if number < len(self._rules):
            return self._rules[number].line
        return self.top(RULE)

    def key(self, number: int, key: str) -> Place:
        """The lines of a key in a rule, or of one in a table of it, as "count.gte".

        Where it isn't seen, those of the table, or of the rule.
        """
        keys = self._rules[number].keys if number < len(self._rules) else {}
        line = self.rule(number)
        return keys.get(key) or keys.get(key.partition(".")[0]) or Place(line, line)

    def top(self, key: str) -> int:
        """The line of a key that stands in no rule; 1 where it isn't seen."""
        return self._top.keys.get(key, Place(1, 1)).first


def _statements(source: str) -> Iterator[tuple[Place, str]]:
    """Each key or header with its lines and the text of the first; a value may go over several."""
    start, head, depth, quote = 0, "", 0, ""
    for number, line in enumerate(source.split("\n"), 1):
        if not depth and not quote:
            start, head = number, line
        depth, quote = _after(line, depth, quote)
        if not depth and not quote and head.strip():
            yield Place(start, number), head


def _after(line: str, depth: int, quote: str) -> tuple[int, str]:
    """How many brackets and which long quote are open after a line."""
    at = 0
    while True:
        if quote:
            end = _END[quote].match(line, at)
            if end is None:
                return depth, quote
            at, quote = end.end(), ""
        mark = _MARK.search(line, at)
        if mark is None:
            return depth, ""
        at = mark.end()
        if mark[0] in _END:
            quote = mark[0]
        elif mark[0] in "[{":
            depth += 1
        elif mark[0] in "]}":
            depth -= 1


def _plain(name: str) -> str:
    """A table's name without quotes and spaces around its dots."""
    return ".".join(part.strip().strip("\"'") for part in name.split("."))
