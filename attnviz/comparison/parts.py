"""The parts of a comparison's page, each a table, figures or both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from attnviz.comparison.course_findings import signed
from attnviz.comparison.findings import NAMED, also, leading, pair_name
from attnviz.comparison.page import Part
from attnviz.comparison.records import (
    SCORE,
    Comparison,
    HeadDifference,
    HeadMatch,
    RoleChange,
    RoleHead,
)
from attnviz.comparison.several import Comparisons, Course, CoursePoint
from attnviz.comparison.views import SEEN
from attnviz.evidence.rules import PROBE
from attnviz.figures.captions import head_name
from attnviz.figures.palette import FAMILIES, INK
from attnviz.figures.picture import Picture
from attnviz.report import cells
from attnviz.report.cells import Chip, Column, RoleCell, Table, chip, heading
from attnviz.report.model import RoleInfo
from attnviz.report.numbers import NOTHING, count, number
from attnviz.shape import Attention

ROWS = 40
"""Differences that the table has; compare.json has all."""

SHOWN = 3
"""Heads of a role that are named."""

WORDS = {
    "lost": "lost",
    "moved": "moved",
    "gained": "new",
    "both": "in both",
    "unclear": "unclear",
    "kept": "kept",
}
"""What becomes of a role, in the order of the table."""

ROLES_SAY = (
    "Roles that some head has beyond doubt, before ({}) or after ({}). Kept: a head that had it "
    "still has it; moved: heads surely lost it and others surely gained it; unclear: verdicts "
    "differ, but that scores do is not certain."
)
IN_BOTH_SAYS = " In both: heads have it in either, and have no counterparts."


COUNTERPARTS_SAY = "How unlike: 0 is the same in every sentence, 1.4 two heads at random."
BOUND_SAYS = (
    " Counterparts are at most {} apart. So close are 1 in 20 different heads of one model, of "
    "either, that are matched with each other in the same way: what is no closer may be alike by "
    "chance, and is not compared."
)

Titles = Callable[[HeadDifference], str]
"""The role or statistic of a difference, in words."""


def of(comparisons: Comparisons, pictures: Sequence[Picture]) -> Iterator[Part]:
    """Every part that has something to show, in the order of the page."""
    if len(comparisons.sides) > 2:
        yield _over_models(comparisons, pictures)
    drawn = tuple(picture for picture in pictures if name_of(picture).startswith("difference-"))
    if drawn:
        says = (
            f"Roles with certain differences of {SEEN:g} or more, the largest first, and how even "
            "attention is."
        )
        yield Part("maps", "Maps of differences", says, pictures=drawn)
    yield _roles(comparisons)
    yield _differences(comparisons)
    if comparisons.steps:
        yield _steps(comparisons)
    if any(course.kind != "role" for course in comparisons.courses):
        yield _means(comparisons)
    whole = comparisons.whole
    if whole.unmatched or whole.unmatched_after or _moved(whole):
        yield _matches(comparisons.whole)


def first(comparisons: Comparisons, pictures: Sequence[Picture]) -> tuple[Picture, ...]:
    """The figures that stand first: when roles appear, of two models their maps of roles."""
    wanted = "roles-over-models" if len(comparisons.sides) > 2 else "roles"
    return tuple(picture for picture in pictures if name_of(picture) == wanted)


def name_of(picture: Picture) -> str:
    """The name of its files, without folder and suffix."""
    return picture.path.rpartition("/")[2]


def info_of(comparisons: Comparisons, stream: str, role: str) -> RoleInfo | None:
    """A role as the last model that has it tells of it; None for what is no role."""
    parts = [
        part
        for report in reversed(comparisons.reports)
        for part in report.every_part
        if part.attention == stream
    ]
    return next((info for part in parts for info in part.roles if info.name == role), None)


def _over_models(comparisons: Comparisons, pictures: Sequence[Picture]) -> Part:
    already = first(comparisons, pictures)
    names = ("roles", "roles-over-models", "entropy-over-models", "divergence-over-models")
    drawn = tuple(
        picture for picture in pictures if name_of(picture) in names and picture not in already
    )
    roles = [course for course in comparisons.courses if course.kind == "role"]
    return Part(
        "over-models",
        "Over the models",
        "When roles appear and how strong their best heads become; how spread attention is, and "
        "how alike the heads of a layer are. Models stand equally far apart, in the order given.",
        _courses(comparisons, roles) if roles else None,
        pictures=drawn,
        otherwise="No head of any model has a role beyond doubt.",
    )


def _courses(comparisons: Comparisons, roles: Sequence[Course]) -> Table:
    labels = [side.label for side in comparisons.sides]
    firsts = [labels[course.first] if course.first is not None else NOTHING for course in roles]
    return Table(
        [
            Column("Role", "role", [_role(comparisons, course) for course in roles]),
            cells.texts("First beyond doubt in", "text", firsts),
            Column(labels[0], "interval", _ends(roles, 0, -1)),
            Column(labels[-1], "interval", _ends(roles, -1, 0)),
            Column("Difference", "number", cells.padded([_plain(course) for course in roles])),
        ]
    )


def _plain(course: Course) -> str:
    value = course.change.value
    return f"+{number(value)}" if value and value > 0 else number(value)


def _role(comparisons: Comparisons, of_what: Course | RoleChange) -> RoleCell:
    """A role with its mark."""
    stream = of_what.attention
    name = of_what.name if isinstance(of_what, Course) else of_what.role
    info = info_of(comparisons, stream, name)
    mark = mark_of(comparisons, stream, name) or Chip("?", FAMILIES["none"], INK, name)
    if info is not None:
        return RoleCell(heading(info.title), mark, stream)
    return RoleCell("Induction on random tokens" if name == PROBE else name, mark, stream)


def mark_of(comparisons: Comparisons, stream: str, role: str) -> Chip | None:
    """A role's mark; induction on random tokens, no role of the text, has induction's."""
    info = info_of(comparisons, stream, "induction" if role == PROBE else role)
    return chip(info) if info else None


def _ends(courses: Sequence[Course], at: int, other: int) -> list[cells.Interval]:
    """One end of each course, with the digits that tell it from the other end."""
    points = [course.points[at] for course in courses]
    return cells.intervals(
        [_bounds(point) for point in points], [course.points[other].value for course in courses]
    )


def _bounds(point: CoursePoint) -> cells.Bounds:
    return point.value, point.low, point.high


def _roles(comparisons: Comparisons) -> Part:
    whole, changes = comparisons.whole, comparisons.whole.changes
    says = ROLES_SAY.format(whole.before.label, whole.after.label)
    says += IN_BOTH_SAYS if any(change.kind == "both" for change in changes) else ""
    once = [change for change in changes if not change.same_as]
    ordered = sorted(once, key=lambda change: [*WORDS].index(change.kind))
    titles = _known(comparisons)
    table = Table(
        [
            Column("Role", "role", [_role(comparisons, each) for each in ordered]),
            cells.texts("Became", "text", [_became(each, whole) for each in ordered]),
            cells.texts("Before", "text", [_heads(each.before, titles) for each in ordered]),
            cells.texts("After", "text", [_heads(each.after, titles) for each in ordered]),
        ]
    )
    return Part(
        "roles",
        "Roles",
        says,
        table if ordered else None,
        otherwise="No head has a role beyond doubt, before or after.",
    )


def _became(change: RoleChange, whole: Comparison) -> str:
    """In a word; of models whose heads have no counterparts, in which of them the role is."""
    if change.closest is not None and change.kind in ("lost", "gained"):
        return f"in {(whole.before if change.before else whole.after).label} only"
    return WORDS[change.kind]


def _heads(heads: Sequence[RoleHead], titles: Mapping[str, str]) -> str:
    told = [
        f"{head_name(*each.place)} {number(each.score)}{also(each, titles)}"
        for each in leading(heads)[:SHOWN]
    ]
    more = f" and {count(len(heads) - SHOWN)} more" if len(heads) > SHOWN else ""
    return ", ".join(told) + more if told else NOTHING


def _differences(comparisons: Comparisons) -> Part:
    sure = comparisons.whole.certain
    shown = sure[:ROWS]
    titles = _titles(comparisons)
    intervals = cells.differences([(each.difference, each.low, each.high) for each in shown])
    before, after = cells.changes([(each.before, each.after) for each in shown])
    table = Table(
        [
            cells.texts("Head", "name", [_pair(each) for each in shown]),
            cells.texts("Of what", "text", [_measure(titles, each) for each in shown]),
            Column("Before", "number", before),
            Column("After", "number", after),
            Column("Difference", "score", intervals),
        ]
    )
    more = f"{count(len(sure) - ROWS)} more are in compare.json." if len(sure) > ROWS else ""
    none = "No difference of any head is certain."
    if not comparisons.whole.matches:
        none = "No head has a counterpart in the other model, so none is compared."
    return Part(
        "heads",
        "Heads that differ",
        f"Certain differences from {comparisons.whole.before.label} to "
        f"{comparisons.whole.after.label}, the largest first, nats and tokens in proportion to "
        "the numbers.",
        table if shown else None,
        more,
        otherwise=none,
    )


def _pair(each: HeadDifference) -> str:
    return pair_name(each.attention, each.head, each.head_after)


def _measure(titles: Titles, each: HeadDifference) -> str:
    return titles(each) + (f", {each.unit}" if each.unit in ("nats", "tokens") else "")


def _known(comparisons: Comparisons) -> dict[str, str]:
    """Roles and statistics in words, by their names."""
    parts = [part for report in comparisons.reports for part in report.every_part]
    known = {info.name: info.title for part in parts for info in part.roles}
    return known | {info.name: info.title for part in parts for info in part.statistics}


def _titles(comparisons: Comparisons) -> Titles:
    known = _known(comparisons)

    def title(each: HeadDifference) -> str:
        name = each.role if each.measure == SCORE else each.measure
        return known.get(name, name)

    return title


def _steps(comparisons: Comparisons) -> Part:
    """What differs from each model to the next."""
    titles = _titles(comparisons)
    sure = [step.certain for step in comparisons.steps]
    heads = [len({(each.attention, each.head) for each in step}) for step in sure]
    table = Table(
        [
            cells.texts("From", "name", [step.before.label for step in comparisons.steps]),
            cells.texts("To", "name", [step.after.label for step in comparisons.steps]),
            Column("Heads that differ", "number", cells.padded([count(many) for many in heads])),
            cells.texts("Most", "text", [_most(step, titles) for step in sure]),
            cells.texts(
                "Roles", "text", [_changed(comparisons, step) for step in comparisons.steps]
            ),
        ]
    )
    return Part("steps", "From model to model", "Certain differences from each to the next.", table)


def _most(sure: Sequence[HeadDifference], titles: Titles) -> str:
    if not sure:
        return NOTHING
    largest = sure[0]
    value = signed(CoursePoint(largest.difference, largest.low, largest.high))
    return f"{_pair(largest)} {_measure(titles, largest)} {value}"


def _changed(comparisons: Comparisons, step: Comparison) -> str:
    told = [
        f"{change.attention} {_role(comparisons, change).text} {WORDS[change.kind]}".lstrip()
        for change in step.changes
        if change.kind in ("lost", "moved", "gained") and not change.same_as
    ]
    return ", ".join(told) or NOTHING


def _means(comparisons: Comparisons) -> Part:
    """Means over all heads, first and last."""
    means = [course for course in comparisons.courses if course.kind != "role"]
    changes = [_bounds(course.change) for course in means]
    labels = comparisons.whole.before.label, comparisons.whole.after.label
    names = [
        f"{course.attention} {course.title}".lstrip() + (f", {course.unit}" if course.unit else "")
        for course in means
    ]
    table = Table(
        [
            cells.texts("Mean over heads", "name", map(heading, names)),
            Column(labels[0], "interval", _ends(means, 0, -1)),
            Column(labels[1], "interval", _ends(means, -1, 0)),
            Column("Difference", "interval", cells.differences(changes)),
        ]
    )
    return Part(
        "means",
        "All heads together",
        "Means over all heads; the divergence is that of every two heads of a layer, 0 where all "
        "have collapsed into one.",
        table,
    )


def _moved(whole: Comparison) -> list[HeadMatch]:
    """Heads that are compared with heads of another number."""
    return [match for match in whole.matches if match.before != match.after]


def _matches(whole: Comparison) -> Part:
    """Heads that are compared with one of another number, and those without a counterpart."""
    moved = _moved(whole)
    rows = moved[:ROWS]
    table = Table(
        [
            cells.texts(
                "Before", "name", [_named_head(each.attention, each.before) for each in rows]
            ),
            cells.texts(
                "After", "name", [_named_head(each.attention, each.after) for each in rows]
            ),
            Column("How unlike", "number", cells.column(each.distance for each in rows)),
        ]
    )
    more = f"{count(len(moved) - ROWS)} more are in compare.json." if len(moved) > ROWS else ""
    sides = (whole.before.label, whole.unmatched), (whole.after.label, whole.unmatched_after)
    for label, alone in sides:
        if alone:
            more += f" Without a counterpart, in {label}: {_heads_named(alone)}."
    return Part(
        "counterparts",
        "Heads and their counterparts",
        COUNTERPARTS_SAY + _bounds_say(whole.bounds),
        table if rows else None,
        more.strip(),
    )


def _bounds_say(bounds: Mapping[Attention, float]) -> str:
    """How alike counterparts have to be, where heads are matched by likeness."""
    if not bounds:
        return ""
    least = [
        f"{number(bound)} {f'({name})' if name else ''}".strip() for name, bound in bounds.items()
    ]
    return BOUND_SAYS.format(", ".join(least))


def _heads_named(heads: Sequence[tuple[str, tuple[int, int]]]) -> str:
    names = [_named_head(*each) for each in heads[:NAMED]]
    rest = len(heads) - NAMED
    return ", ".join([*names, f"{count(rest)} more"] if rest > 0 else names)


def _named_head(attention: str, place: tuple[int, int]) -> str:
    return f"{attention} {head_name(*place)}".lstrip()
