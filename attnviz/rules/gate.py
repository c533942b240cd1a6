"""`--fail-if "max first-token > 0.9"`: one number of a report, and when it is too much."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from attnviz.drawing.settings import head_name
from attnviz.errors import UsageError
from attnviz.report.model import Report
from attnviz.report.numbers import exact, number
from attnviz.rules import evidence, names
from attnviz.rules.evidence import Known

Over = Literal["max", "min", "mean", "count"]

_GATE = re.compile(r"\s*(\w+)\s+([\w:-]+)\s*(>=|<=|>|<)\s*(\S+)\s*")
_OVER: tuple[Over, ...] = ("max", "min", "mean", "count")
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_HINT = 'Write max, min, mean or count, a role or statistic, a sign and a number: "max gini > 0.9".'


@dataclass(frozen=True, slots=True)
class Gate:
    """What fails a report: a role's score or a statistic over heads, a sign, and a number.

    `over` is "max", "min" or "mean" of all heads, or the "count" of those that have a role beyond
    doubt.
    """

    over: Over
    name: str
    sign: str
    bound: float

    def __str__(self) -> str:
        return f"{self.over} {self.name} {self.sign} {exact(self.bound)}"

    def reason(self, report: Report) -> str:
        """Why the report fails, "" where it doesn't; UsageError where nothing was measured."""
        known = [(part, each) for part in report.every_part for each in _known(self.name, part)]
        there = [(part, each) for part, each in known if each.mean is not None]
        if not there:
            raise UsageError(
                f"{self.name} could not be measured on this text, so {self} can't be said.",
                "Leave out this --fail-if, or give a text that has it.",
            )
        measured, where = self._measured(there)
        if not _SIGNS[self.sign](measured, self.bound):
            return ""
        shown = exact(measured) if self.over == "count" else number(measured, 3, [self.bound])
        return f"{self.over} {self.name} is {shown}{where}: {self.sign} {exact(self.bound)}"

    def _measured(self, there: Sequence[tuple[Report, Known]]) -> tuple[float, str]:
        """The number, and the head that it is of."""
        means = [each.mean or 0.0 for _, each in there]
        if self.over == "count":
            return float(sum(each.verdict == "supported" for _, each in there)), ""
        if self.over == "mean":
            return sum(means) / len(means), ""
        measured = max(means) if self.over == "max" else min(means)
        part, place = [(part, each.place) for part, each in there][means.index(measured)]
        stream = f"{part.attention} " if part.attention else ""
        return measured, f" in {stream}{head_name(*place)}"


def read(text: str) -> Gate:
    """The gate that a text writes; UsageError for what is none, with the nearest name."""
    match = _GATE.fullmatch(text)
    if match is None:
        raise UsageError(f"--fail-if is {text!r}.", _HINT)
    over = next((each for each in _OVER if each == match[1]), None)
    try:
        bound = float(match[4])
    except ValueError:
        bound = float("nan")
    if over is None or bound != bound:
        raise UsageError(f"--fail-if is {text!r}.", _HINT)
    known = names.roles() if over == "count" else (*names.roles(), *names.statistics())
    if not names.is_one(match[2], known):
        near = difflib.get_close_matches(match[2], known, n=1)
        what = "role" if over == "count" else "role or statistic"
        raise UsageError(
            f"--fail-if: there is no {what} {match[2]!r}.",
            f"Did you mean {near[0]}?" if near else f"There are: {', '.join(known)}.",
        )
    return Gate(over, match[2], match[3], bound)


def _known(name: str, part: Report) -> Sequence[Known]:
    if name in names.statistics():
        return evidence.statistic(name, part)
    return evidence.role(name, part)[0]
