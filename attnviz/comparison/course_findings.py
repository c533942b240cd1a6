"""What happens over several models, in plain sentences: roles that appear or are lost, means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from attnviz.comparison.courses import DIVERGENCE
from attnviz.comparison.records import Comparison, ComparisonFinding
from attnviz.comparison.several import Course, CoursePoint
from attnviz.figures.captions import head_name
from attnviz.report.cells import heading
from attnviz.report.numbers import MINUS, estimate, middle, number, telling

ENTROPY = "entropy"

SMALL = 0.02
"""Where nothing differs by more, it is said that all is small."""


def roles(courses: Sequence[Course], labels: Sequence[str]) -> Iterator[ComparisonFinding]:
    """When roles appear and when they are lost, those that change most first."""
    of_roles = [course for course in courses if course.kind == "role"]
    for course in sorted(of_roles, key=lambda each: -_range(each)):
        supported = [bool(point.supported) for point in course.points]
        if supported[0] and supported[-1]:
            continue
        first = supported.index(True)
        last = len(supported) - 1 - supported[::-1].index(True)
        text = _appears(course, labels, first) if first else _lost(course, labels, last)
        if first and not supported[-1]:
            text += f" No head has it after {labels[last]}."
        place = course.points[first if first else last].head
        yield ComparisonFinding(
            "gained" if first else "lost",
            text,
            role=course.name,
            heads=(place,) if place else (),
            attention=course.attention,
        )


def _range(course: Course) -> float:
    values = [point.value for point in course.points if point.value is not None]
    return max(values) - min(values)


def _appears(course: Course, labels: Sequence[str], first: int) -> str:
    points, end = course.points, len(labels) - 1
    before = points[first - 1]
    text = f"{_title(course)} appears in {labels[first]}: {_at(points[first], before)}"
    text += f", after {_number(before, points[first])} in {labels[first - 1]}"
    if first < end:
        text += f"; it is {_at(points[end])} in {labels[end]}"
    return f"{text}.{_most(course, labels)}"


def _lost(course: Course, labels: Sequence[str], last: int) -> str:
    held, after = course.points[last], course.points[last + 1]
    text = f"{_title(course)} is lost after {labels[last]}: {_at(held, after)} there"
    return f"{text}, {_number(after, held)} in {labels[last + 1]}."


def _most(course: Course, labels: Sequence[str]) -> str:
    """Between which two models it rises most, of more than two."""
    rises = [
        (after.value - before.value, at)
        for at, (before, after) in enumerate(pairwise(course.points))
        if before.value is not None and after.value is not None
    ]
    if len(rises) < 2:
        return ""
    rise, at = max(rises)
    return f" It rises most from {labels[at]} to {labels[at + 1]}, by {number(rise)}."


def _title(course: Course) -> str:
    stream = f"{course.attention} " if course.attention else ""
    return heading(f"{stream}{course.title}")


def _at(point: CoursePoint, beside: CoursePoint | None = None) -> str:
    """A head and its score, told from that of the model `beside` it."""
    head = f"{head_name(*point.head)} " if point.head else ""
    least = 0 if beside is None else telling(point.value, beside.value)
    return head + estimate(point.value, point.low, point.high, least=least)


def _number(point: CoursePoint, beside: CoursePoint) -> str:
    return middle(point.value, point.low, point.high, least=telling(point.value, beside.value))


def means(courses: Sequence[Course], labels: Sequence[str]) -> Iterator[ComparisonFinding]:
    """How entropy and the likeness of heads change from first to last, if surely and visibly."""
    for course in courses:
        seen = number(course.points[0].value) != number(course.points[-1].value)
        if course.name in (ENTROPY, DIVERGENCE) and course.moves and seen:
            yield ComparisonFinding("mean", _mean(course, labels), attention=course.attention)


def small(whole: Comparison) -> Iterator[ComparisonFinding]:
    """That what surely differs, differs by little: rounding of another number format, say."""
    of_roles = max((each.change for each in whole.certain if each.role), default=0.0)
    of_statistics = max((each.change for each in whole.certain if not each.role), default=0.0)
    if whole.certain and max(of_roles, of_statistics) < SMALL:
        yield ComparisonFinding(
            "overview",
            f"All of these differences are small: at most {number(of_roles)} in the score of a "
            f"role, and {number(of_statistics)} in a statistic, nats and tokens as a share of it.",
        )


def _mean(course: Course, labels: Sequence[str]) -> str:
    first, last, change = course.points[0], course.points[-1], course.change
    more = (change.value or 0.0) > 0
    stream = f" ({course.attention})" if course.attention else ""
    if course.name == DIVERGENCE:
        says = (
            f"The heads of a layer are {'less' if more else 'more'} alike{stream}: they diverge by"
        )
    else:
        says = f"Mean entropy over all heads {'rises' if more else 'falls'}{stream}: it is"
    return (
        f"{says} {estimate(first.value, first.low, first.high)} {course.unit} in {labels[0]} and "
        f"{estimate(last.value, last.low, last.high)} in {labels[-1]}, {signed(change)}."
    )


def signed(change: CoursePoint) -> str:
    """A difference with its sign and interval: +0.31 [0.25, 0.36]."""
    text = estimate(change.value, change.low, change.high)
    return text if text.startswith(MINUS) or not change.value else f"+{text}"
