"""Checking against an earlier measurement: what changed, as verdicts like those on rules."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from attnviz.comparison.findings import said
from attnviz.comparison.records import Comparison, HeadDifference, RoleChange
from attnviz.drawing.settings import head_name
from attnviz.measurement.measurement import Measurement
from attnviz.report.numbers import counted, estimate, exact, number
from attnviz.rules.show import changed
from attnviz.rules.verdict import DIGITS, Measured, Status, Verdict
from attnviz.settings import Settings
from attnviz.steps.compare import as_measured, compare
from attnviz.text.types import SourceFile

MARGIN = 0.1
"""By more than this a head must not change: of shares of attention as it is, of nats and tokens in
proportion to the larger number."""

ROLE, CHANGE = "role kept", "change"
"""What the verdicts are called, before the role or statistic."""

_TOLD = 3
_STATUSES: dict[str, Status] = {
    "kept": "passed",
    "moved": "warned",
    "lost": "failed",
    "unclear": "skipped",
}


@dataclass(frozen=True)
class Earlier:
    """An earlier measurement and how to repeat it: the files of its text, and what a decoder reads.

    `name` is its folder, `path` that of its first file; no head may surely change by more than
    `margin`.
    """

    name: str
    measurement: Measurement
    files: Sequence[SourceFile] = ()
    target: SourceFile | None = None
    path: str = ""
    margin: float = MARGIN

    def settings(self, settings: Settings) -> Settings:
        """The settings with those that shaped the sums, so that the same is measured again."""
        return as_measured(self.measurement, settings)

    def draw(self, model: str, settings: Settings) -> tuple[str, ...]:
        """The command that shows heads of a model on the text, once they are named."""
        if not self.path:
            return ()
        target = ("--target", self.target.name) if self.target else ()
        return ("attnviz", "draw", model, self.path, *target, *changed(self.settings(settings)))

    def verdicts(
        self, now: Measurement, settings: Settings, draw: Sequence[str] = ()
    ) -> tuple[list[Verdict], Sequence[str]]:
        """What became of the roles, and of every number of the heads, paired by sentence; warnings.

        `draw` is the command that shows a head. UsageError where the two can't be compared.
        """
        compared = compare(self.measurement, now, settings, paired=True, matching="number")
        return verdicts(compared, self.margin, draw), compared.warnings


def verdicts(compared: Comparison, margin: float, draw: Sequence[str] = ()) -> list[Verdict]:
    """A verdict on each role that a head had, then one on each role's score and statistic.

    A role that is lost fails, one that moved to other heads warns. A head whose number surely
    changed by more than `margin` fails; "surely" holds for all heads and numbers at once.
    """
    told = [_of_role(change, compared, draw) for change in compared.changes if change.before]
    groups: dict[tuple[str, bool, str], list[HeadDifference]] = {}
    for each in compared.differences:
        key = each.attention, not each.role, each.role or each.measure
        groups.setdefault(key, []).append(each)
    told += [_of_measure(several, margin, draw) for several in groups.values()]
    return told


def _of_role(change: RoleChange, compared: Comparison, draw: Sequence[str]) -> Verdict:
    heads = change.after or ()
    measured = [
        Measured(_name(change.attention, head.place), head.score or 0.0, head.low, head.high)
        for head in heads
    ]
    if not heads:
        # Nobody has it: what those have of it now that had it.
        measured = [
            Measured(_name(each.attention, each.head_after), each.after, None, None)
            for place in [head.place for head in change.before]
            for each in compared.differences
            if (each.attention, each.head, each.role) == (change.attention, place, change.role)
            and each.after is not None
        ]
    status = _STATUSES[change.kind]
    shown = change.left or tuple(head.place for head in change.before)
    return Verdict(
        rule=ROLE,
        case=f"{change.attention} {change.role}".lstrip(),
        status=status,
        asked=f"some head has the role {change.role}, as before",
        measured=measured[0] if measured else None,
        closest=tuple(measured[:_TOLD]),
        reason="" if status == "passed" else said(change, {}),
        command="" if status in ("passed", "skipped") else _draw(draw, change.attention, shown),
    )


def _of_measure(several: Sequence[HeadDifference], margin: float, draw: Sequence[str]) -> Verdict:
    """The verdict on one number of all heads, those first that surely changed most."""
    first = several[0]
    known = [each for each in several if each.certain is not None]
    known.sort(key=lambda each: (-each.sure_change, -each.change))
    worse = [each for each in known if each.sure_change > margin]
    told = first.role or first.measure
    relative = f"{exact(100 * margin)}%" if first.is_relative else exact(margin)
    reason = ""
    if not known:
        reason = first.reason
    elif worse:
        reason = _reason(worse)
    elif many := sum(bool(each.certain) for each in known):
        reason = f"{counted(many, 'head')} surely changed, by less"
    status: Status = "failed" if worse else "passed" if known else "skipped"
    places = [each.head_after for each in worse]
    return Verdict(
        rule=CHANGE,
        case=f"{first.attention} {told}".lstrip(),
        status=status,
        asked=f"no head's {told} changes by more than {relative}",
        measured=_measured(known[0]) if known else None,
        closest=tuple(map(_measured, known[:_TOLD])),
        reason=reason,
        command=_draw(draw, first.attention, places) if worse else "",
    )


def _reason(worse: Sequence[HeadDifference]) -> str:
    """Which heads changed, and the first from what to what."""
    first = worse[0]
    name = _name(first.attention, first.head)
    much = estimate(first.difference, first.low, first.high)
    before, after = (number(of, DIGITS) for of in (first.before, first.after))
    unit = f" {first.unit}" if first.is_relative else ""
    others = ", ".join(head_name(*each.head) for each in worse[1:])
    more = f"; so did {others}" if others else ""
    return f"{name} changed by {much}, from {before} to {after}{unit}{more}"


def _measured(each: HeadDifference) -> Measured:
    name = _name(each.attention, each.head)
    return Measured(name, each.difference or 0.0, each.low, each.high)


def _name(attention: str, place: tuple[int, int]) -> str:
    return f"{attention} {head_name(*place)}".lstrip()


def _draw(draw: Sequence[str], attention: str, places: Sequence[tuple[int, int]]) -> str:
    """The command that shows some heads."""
    if not draw or not places:
        return ""
    stream = ["--stream", attention] if attention else []
    heads = ",".join(head_name(*place) for place in places[:_TOLD])
    return shlex.join([*draw, "--heads", heads, *stream])
