"""What is said of roles and means over several models, on courses made up by hand."""

from __future__ import annotations

from attnviz.comparison import course_findings
from attnviz.comparison.several import Course, CoursePoint

LABELS = ("one", "two", "three", "four")


def role(*points: tuple[float, bool], name: str = "induction") -> Course:
    supported = [sure for _, sure in points]
    return Course(
        "role",
        name,
        name,
        "",
        tuple(
            CoursePoint(score, score - 0.01, score + 0.01, (1, at), sure)
            for at, (score, sure) in enumerate(points)
        ),
        CoursePoint(points[-1][0] - points[0][0], None, None),
        supported.index(True) if any(supported) else None,
    )


def test_a_role_appears_in_the_first_model_that_has_it() -> None:
    course = role((0.1, False), (0.2, False), (0.6, True), (0.8, True))

    (said,) = course_findings.roles([course], LABELS)

    assert (said.kind, said.role, said.heads) == ("gained", "induction", ((1, 2),))
    assert said.text == (
        "Induction appears in three: L1H2 0.60 [0.59, 0.61], after 0.20 in two; it is L1H3 0.80 "
        "[0.79, 0.81] in four. It rises most from two to three, by 0.40."
    )


def test_a_role_is_lost_after_the_last_model_that_has_it() -> None:
    course = role((0.9, True), (0.7, True), (0.3, False), (0.2, False))

    (said,) = course_findings.roles([course], LABELS)

    assert (said.kind, said.heads) == ("lost", ((1, 1),))
    assert said.text == "Induction is lost after two: L1H1 0.70 [0.69, 0.71] there, 0.30 in three."


def test_scores_on_either_side_of_a_verdict_read_otherwise() -> None:
    course = role((0.1988, False), (0.2012, True), (0.21, True), (0.22, True))

    (said,) = course_findings.roles([course], LABELS)

    assert said.text.startswith(
        "Induction appears in two: L1H1 0.201 [0.191, 0.211], after 0.199 in one"
    )


def test_a_role_may_come_and_go_and_one_that_stays_is_not_told() -> None:
    comes = role((0.1, False), (0.9, True), (0.8, True), (0.2, False))
    stays = role((0.9, True), (0.2, False), (0.3, False), (0.8, True), name="self")

    (said,) = course_findings.roles([stays, comes], LABELS)

    assert said.text.endswith("No head has it after three.")


def test_the_role_that_changes_most_is_told_first() -> None:
    little = role((0.3, False), (0.3, False), (0.4, True), (0.5, True), name="self")
    much = role((0.1, False), (0.2, False), (0.6, True), (0.8, True))

    assert [each.role for each in course_findings.roles([little, much], LABELS)] == [
        "induction",
        "self",
    ]


def mean(first: float, last: float, low: float, high: float) -> Course:
    ends = [CoursePoint(value, value - 0.01, value + 0.01) for value in (first, last)]
    change = CoursePoint(last - first, low, high)
    return Course("statistic", "entropy", "entropy", "nats", (ends[0], ends[1]), change)


def test_a_mean_is_told_where_its_change_is_sure_and_seen() -> None:
    (said,) = course_findings.means([mean(2.5, 1.5, -1.1, -0.9)], LABELS)

    assert said.text == (
        "Mean entropy over all heads falls: it is 2.50 [2.49, 2.51] nats in one and 1.50 "
        "[1.49, 1.51] in four, −1.0 [−1.1, −0.9]."
    )
    assert not [*course_findings.means([mean(2.5, 2.4, -0.2, 0.1)], LABELS)]
    assert not [*course_findings.means([mean(2.5, 2.5001, 0.00005, 0.0002)], LABELS)]
