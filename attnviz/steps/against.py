"""Checking against an earlier measurement: what changed, as verdicts like those on rules."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from attnviz.comparison.findings import said
from attnviz.comparison.records import Comparison, HeadDifference, HeadMatch, RoleChange
from attnviz.drawing.settings import head_name
from attnviz.errors import UsageError
from attnviz.figures.style import FigureStyle
from attnviz.measurement.measurement import Measurement
from attnviz.report.numbers import change as change_of
from attnviz.report.numbers import counted, estimate, exact
from attnviz.rules.show import changed
from attnviz.rules.verdict import DIGITS, Measured, Status, Verdict
from attnviz.settings import Settings
from attnviz.steps.changed_pictures import Pictures, Subject, with_pictures
from attnviz.steps.compare import as_measured, compare
from attnviz.steps.judge import judge
from attnviz.text.types import SourceFile

MARGIN = 0.1
"""By more than this a head must not change: of shares of attention as it is, of nats and tokens in
proportion to the larger number."""

ROLE, HEADS = "role kept", "heads as before"
"""What the verdicts are called, before the role or layer."""

_TOLD = 3
_STATUSES: dict[str, Status] = {
    "kept": "passed",
    "both": "passed",
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
        self,
        now: Measurement,
        settings: Settings,
        draw: Sequence[str] = (),
        style: FigureStyle | None = None,
    ) -> tuple[list[Verdict], Sequence[str], Pictures]:
        """What became of the roles, and of every number of the heads, paired by sentence; warnings.

        `draw` is the command that shows a head; with a `style` what fails or warns has a picture.
        UsageError where the two can't be compared.
        """
        _check_shapes(self.measurement, now)
        then = as_measured(self.measurement, settings)
        reports = judge(self.measurement, then), judge(now, then)
        compared = compare(
            self.measurement, now, then, paired=True, labels=("before", "now"), reports=reports
        )
        told = list(_told(compared, self.margin, draw))
        every = [verdict for verdict, _ in told]
        pictures: Pictures = {}
        if style is not None:
            subjects = [subject for _, subject in told]
            every, pictures = with_pictures(every, subjects, compared, reports, style)
        return every, compared.warnings, pictures


def _check_shapes(before: Measurement, now: Measurement) -> None:
    """Raises UsageError where the two have not the same heads, which could not be told apart."""
    for name in before.streams.keys() & now.streams.keys():
        shapes = [
            f"{counted(len(sums.layers), 'layer')} and {counted(len(sums.heads), 'head')}"
            for sums in (before.streams[name], now.streams[name])
        ]
        if before.streams[name].heads != now.streams[name].heads:
            raise UsageError(
                f"The earlier measurement is of {shapes[0]}, and the model has {shapes[1]}.",
                "attnviz compare sets models of different shapes side by side.",
            )


def verdicts(compared: Comparison, margin: float, draw: Sequence[str] = ()) -> list[Verdict]:
    """A verdict on each role that a head had, then one on the heads of each layer.

    A role that is lost fails, one that moved to other heads warns. A layer fails where a score or
    statistic of a head surely changed by more than `margin`; "surely" holds for all at once. So it
    does where its heads changed places, each the counterpart of one of another number.
    """
    return [verdict for verdict, _ in _told(compared, margin, draw)]


def _told(
    compared: Comparison, margin: float, draw: Sequence[str]
) -> Iterator[tuple[Verdict, Subject]]:
    """The verdicts, each with the role or statistic that it is about."""
    for change in compared.changes:
        if change.before:
            yield _of_role(change, compared, draw), (change.attention, change.role)
    elsewhere: dict[tuple[str, int], list[HeadMatch]] = {}
    for match in compared.matches:
        if match.before != match.after:
            elsewhere.setdefault((match.attention, match.before[0]), []).append(match)
    layers: dict[tuple[str, int], list[HeadDifference]] = {}
    for each in compared.told:
        layers.setdefault((each.attention, each.head[0]), []).append(each)
    for attention, layer in sorted(layers, key=lambda key: compared.streams.index(key[0])):
        moved = elsewhere.get((attention, layer), [])
        several = layers[attention, layer]
        most = max(several, key=lambda each: (each.sure_change, each.change))
        if moved:  # what shows it is by place, for counterparts are alike
            shares = [each for each in several if not each.is_relative]
            now = {(each.head_after, each.role, each.measure): each.after for each in shares}
            most = max(shares or several, key=lambda each: _by_place(each, now))
        yield (
            _of_layer(layer, several, moved, margin, draw),
            (most.attention, most.role or most.measure),
        )


def _by_place(
    each: HeadDifference, now: Mapping[tuple[tuple[int, int], str, str], float | None]
) -> float:
    """By how much a number differs from that of the head that now has its place."""
    return abs((now.get((each.head, each.role, each.measure)) or 0.0) - (each.before or 0.0))


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
    status, reason = _STATUSES[change.kind], said(change, {})
    had, has = (tuple(head.place for head in side) for side in (change.before, change.after))
    shown = (*change.left[:1], *change.joined[:1]) if change.kind == "moved" else had
    if change.kind == "kept" and not {*had} & {*has}:
        # Compare says that it is kept, by the counterparts of heads that changed places.
        status, shown = "warned", (*had[:1], *has[:1])
        reason = f"{reason} Heads of the layer changed places."
    return Verdict(
        rule=ROLE,
        case=f"{change.attention} {change.role}".lstrip(),
        status=status,
        asked=f"some head has the role {change.role}, as before",
        measured=measured[0] if measured else None,
        closest=tuple(measured[:_TOLD]),
        reason="" if status == "passed" else reason,
        command="" if status in ("passed", "skipped") else _draw(draw, change.attention, shown),
    )


def _of_layer(
    layer: int,
    several: Sequence[HeadDifference],
    moved: Sequence[HeadMatch],
    margin: float,
    draw: Sequence[str],
) -> Verdict:
    """The verdict on the heads of a layer, each by what surely changed most in it."""
    attention = several[0].attention
    known = [each for each in several if each.certain is not None]
    known.sort(key=lambda each: (-each.sure_change, -each.change))
    by_head = {each.head: each for each in reversed(known)}
    heads = sorted(by_head.values(), key=known.index)
    worse = [each for each in heads if each.sure_change > margin]
    reason = ""
    if not known:
        reason = several[0].reason
    elif worse:
        reason = _reason(worse, len(heads))
    elif many := sum(bool(each.certain) for each in heads):
        reason = f"{counted(many, 'head')} surely changed, by less"
    places = [each.head_after for each in worse]
    status: Status = "failed" if worse else "passed" if known else "skipped"
    if moved:
        status, places = "failed", [*places, *(match.after for match in moved)]
        reason = "; ".join(filter(None, [_changed_places(moved), reason]))
    return Verdict(
        rule=HEADS,
        case=f"{attention} layer {layer}".lstrip(),
        status=status,
        asked=f"no score or statistic of a head changes by more than {exact(margin)} "
        f"({exact(100 * margin)}% of nats and tokens)",
        measured=_measured(heads[0]) if heads else None,
        closest=tuple(map(_measured, heads[:_TOLD])),
        reason=reason,
        command=_draw(draw, attention, places) if status == "failed" else "",
    )


def _changed_places(moved: Sequence[HeadMatch]) -> str:
    """Which heads are now where others were."""
    told = [f"{head_name(*each.before)} is {head_name(*each.after)} now" for each in moved]
    more = " ..." if told[_TOLD:] else ""
    return f"{counted(len(told), 'head')} changed places: {', '.join(told[:_TOLD])}{more}"


def _reason(worse: Sequence[HeadDifference], many: int) -> str:
    """Which heads changed, and the first from what to what."""
    first = worse[0]
    much = estimate(first.difference, first.low, first.high)
    before, after = change_of(first.before, first.after, DIGITS)
    unit = f" {first.unit}" if first.is_relative else ""
    name = f"{head_name(*first.head)}'s {first.role or first.measure}"
    changed = f"{name} changed by {much}, from {before} to {after}{unit}"
    if not worse[1:]:
        return changed
    others = ", ".join(head_name(*each.head) for each in worse[1:])
    return f"{changed}; so did, of {counted(many, 'head')}, {others}"


def _measured(each: HeadDifference) -> Measured:
    name = f"{_name(each.attention, each.head)} {each.role or each.measure}"
    unit = each.unit if each.is_relative else ""
    return Measured(name, each.difference or 0.0, each.low, each.high, change=True, unit=unit)


def _name(attention: str, place: tuple[int, int]) -> str:
    return f"{attention} {head_name(*place)}".lstrip()


def _draw(draw: Sequence[str], attention: str, places: Sequence[tuple[int, int]]) -> str:
    """The command that shows some heads."""
    if not draw or not places:
        return ""
    stream = ["--stream", attention] if attention else []
    heads = ",".join(head_name(*place) for place in places[:_TOLD])
    return shlex.join([*draw, "--heads", heads, *stream])
