"""What the figures of a comparison are drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from attnviz.comparison.course_findings import ENTROPY
from attnviz.comparison.courses import DIVERGENCE
from attnviz.comparison.records import Comparison, HeadDifference
from attnviz.comparison.several import Comparisons, Course, CoursePoint
from attnviz.figures.compared_views import (
    ComparedView,
    CourseLine,
    CourseView,
    DifferenceView,
    Point,
    SideBySide,
)
from attnviz.figures.layout import round_ticks
from attnviz.figures.side_by_side import MOST
from attnviz.figures.views import Floats, RoleMark
from attnviz.findings.views import model_view
from attnviz.report.cells import heading
from attnviz.report.model import HeadReport, Report
from attnviz.report.numbers import estimate

ALWAYS = "normalized_entropy"
"""The statistic whose difference is always drawn: a share, as scores are."""

ROLES = 6
"""Roles whose differences are drawn, those with the largest certain ones."""

LINES = 8
"""Roles that are drawn over several models, those that change most."""

LEAST = 0.1
"""The scale of differences ends there at least, so that noise looks like noise."""

SEEN = 0.01
"""Roles whose differences are all smaller have no map: there would be nothing to see."""


def views(comparisons: Comparisons) -> list[ComparedView]:
    """Every figure's view, stream by stream, in the order of the page."""
    every: list[ComparedView] = []
    for stream in comparisons.whole.streams:
        every.append(side_by_side(comparisons, stream))
        if len(comparisons.sides) > 2:
            every += _courses(comparisons, stream)
        every += _differences(comparisons, stream)
    return every


def side_by_side(comparisons: Comparisons, stream: str) -> SideBySide:
    """The maps of roles of all models, or of `MOST` of them, evenly chosen."""
    count = len(comparisons.sides)
    chosen = sorted({round(at) for at in np.linspace(0, count - 1, min(count, MOST))})
    return SideBySide(
        tuple(model_view(comparisons.reports[at].part(stream)) for at in chosen),
        tuple(comparisons.sides[at].label for at in chosen),
        stream,
    )


def short(labels: Sequence[str]) -> tuple[str, ...]:
    """Labels without what all of them begin with, up to the last place where a word may end."""
    shared = 0
    while all(len(label) > shared + 1 for label in labels):
        if len({label[: shared + 1] for label in labels}) > 1:
            break
        shared += 1
    while shared and labels[0][shared - 1] not in "-_/@. ":
        shared -= 1
    return tuple(label[shared:] for label in labels)


# --- Over several models -------------------------------------------------------------------------


def _courses(comparisons: Comparisons, stream: str) -> Iterator[CourseView]:
    labels = [side.label for side in comparisons.sides]
    courses = [course for course in comparisons.courses if course.attention == stream]
    roles = [course for course in courses if course.kind == "role"]
    between = f"from {labels[0]} to {labels[-1]}"
    if roles:
        shown = sorted(roles, key=lambda each: -_range(each))[:LINES]
        lines = tuple(_role_line(comparisons, course) for course in shown)
        yield CourseView(
            "roles-over-models",
            f"Roles {between}",
            "score of the head that has the most of a role",
            short(labels),
            lines,
            _top(lines, 1.0),
            _says_of_roles(shown, labels, len(roles)),
            stream,
        )
    for course in courses:
        if course.name in (ENTROPY, DIVERGENCE):
            yield _mean_view(course, labels, between, stream)


def _mean_view(course: Course, labels: Sequence[str], between: str, stream: str) -> CourseView:
    entropy = course.name == ENTROPY
    line = CourseLine("entropy" if entropy else "divergence", tuple(map(_point, course.points)))
    first, last = course.points[0], course.points[-1]
    says = (
        f"{heading(line.name)} is {estimate(first.value, first.low, first.high)} {course.unit} in "
        f"{labels[0]} and {estimate(last.value, last.low, last.high)} in {labels[-1]}. "
    )
    says += (
        "Low: heads look at few tokens; high: their attention is spread over many."
        if entropy
        else "0: all heads of a layer are one; the more, the less alike they are."
    )
    return CourseView(
        f"{line.name}-over-models",
        f"{'Entropy' if entropy else 'How unlike the heads of a layer are,'} {between}",
        f"mean over {'all heads' if entropy else 'every two heads of a layer'}, in {course.unit}",
        short(labels),
        (line,),
        _top((line,), np.inf),
        says,
        stream,
    )


def _says_of_roles(shown: Sequence[Course], labels: Sequence[str], every: int) -> str:
    appearing = [f"{course.title} in {labels[course.first]}" for course in shown if course.first]
    if appearing:
        says = f"First beyond doubt: {', '.join(appearing)}."
    else:
        says = f"Every role drawn is there in {labels[0]} already."
    more = f" Drawn are the {len(shown)} roles of {every} that change most." * (every > len(shown))
    return says + " Each point is the head that has the most of the role in that model." + more


def _role_line(comparisons: Comparisons, course: Course) -> CourseLine:
    infos = [
        role
        for report in comparisons.reports
        for role in report.part(course.attention).roles
        if role.name == course.name
    ]
    info = infos[0]
    return CourseLine(
        info.title,
        tuple(map(_point, course.points)),
        RoleMark(info.name, info.title, info.family, info.letter, 1.0, supported=True),
        tuple(bool(point.supported) for point in course.points),
        course.first,
    )


def _point(point: CoursePoint) -> Point:
    value, low, high = (
        np.nan if number is None else number for number in (point.value, point.low, point.high)
    )
    return value, low, high


def _range(course: Course) -> float:
    values = [point.value for point in course.points if point.value is not None]
    return max(values) - min(values)


def _top(lines: Sequence[CourseLine], most: float) -> float:
    values = [max(value, high) for line in lines for value, _, high in line.points]
    known = [value for value in values if np.isfinite(value)]
    return min(max(known, default=1.0), most)


# --- Differences ---------------------------------------------------------------------------------


def _differences(comparisons: Comparisons, stream: str) -> Iterator[DifferenceView]:
    """Those of the roles that change most, and of normalised entropy."""
    if not any(match.attention == stream for match in comparisons.whole.matches):
        return  # no head has a counterpart that it could differ from
    drawn = _drawn(comparisons, stream)
    every = [each for named in comparisons.whole.streams for each in _shown(comparisons, named)]
    reach = round_ticks(max([LEAST, *(abs(each.difference or 0.0) for each in every)]))[1]
    before, after = (
        comparisons.reports[at].part(stream) for at in (0, len(comparisons.reports) - 1)
    )
    for name in drawn:
        yield difference(comparisons.whole, (before, after), name, reach)


def difference(
    whole: Comparison, parts: tuple[Report, Report], name: str, reach: float | None = None
) -> DifferenceView:
    """A role's scores, or a statistic's means, before and after, and by how much heads differ.

    `parts` are of one stream. Without `reach` the scales fit what there is.
    """
    before, after = parts
    stream = before.attention
    first, last = _map(before, name), _map(after, name)
    apart, certain = np.full(first.shape, np.nan), np.zeros(first.shape, dtype=bool)
    own_scale = reach is None
    for each in whole.differences:
        if each.attention == stream and _name(each) == name and each.difference is not None:
            apart[each.head] = each.difference
            certain[each.head] = bool(each.certain)
    top = 1.0
    if reach is None:
        reach = round_ticks(float(np.nanmax(np.abs(apart), initial=LEAST)))[1]
        most = max(float(np.nanmax(of, initial=0.0)) for of in (first, last))
        top = max(1.0, round_ticks(most)[1])
    titles = _titles(before) | _titles(after)
    return DifferenceView(
        name,
        heading(titles.get(name, name)),
        (whole.before.label, whole.after.label),
        first,
        last,
        apart,
        certain,
        top,
        reach,
        any(match.before != match.after for match in whole.matches),
        stream,
        own_scale,
    )


def _shown(comparisons: Comparisons, stream: str) -> list[HeadDifference]:
    names = _drawn(comparisons, stream)
    return [
        each
        for each in comparisons.whole.differences
        if each.attention == stream and _name(each) in names and each.certain
    ]


def _drawn(comparisons: Comparisons, stream: str) -> list[str]:
    """The names of what is drawn: roles by their largest certain difference, then the statistic."""
    last = comparisons.reports[-1].part(stream)
    once = {role.name for role in last.roles if not role.same_as}  # each fact once
    largest = dict.fromkeys(once, 0.0)
    for each in comparisons.whole.certain:
        if each.attention == stream and each.role in once:
            largest[each.role] = max(largest[each.role], each.change)
    seen = [name for name, change in largest.items() if change >= SEEN]
    roles = sorted(seen, key=lambda name: (-largest[name], name))[:ROLES]
    measured = comparisons.reports[0].part(stream).statistics
    return [*roles, *(each.name for each in measured if each.name == ALWAYS)]


def _name(difference: HeadDifference) -> str:
    return difference.role or difference.measure


def _titles(part: Report) -> dict[str, str]:
    titles = {statistic.name: statistic.title for statistic in part.statistics}
    return titles | {role.name: role.title for role in part.roles}


def _map(part: Report, name: str) -> Floats:
    """A role's scores, or a statistic's means [layer, head]; NaN for a head that doesn't exist."""
    layers = 1 + max(head.layer for head in part.heads)
    values = np.full((layers, 1 + max(head.head for head in part.heads)), np.nan)
    for head in part.heads:
        value = _value(head, name)
        values[head.layer, head.head] = np.nan if value is None else value
    return values


def _value(head: HeadReport, name: str) -> float | None:
    if name in head.roles:
        return head.roles[name].score
    return head.statistics[name].mean if name in head.statistics else None
