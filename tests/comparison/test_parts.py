"""Parts of a comparison's page, of comparisons made up by hand."""

from __future__ import annotations

from dataclasses import replace

from attnviz.comparison import parts, sections
from attnviz.comparison.findings import said
from attnviz.comparison.formats import markdown
from attnviz.comparison.page import Part
from attnviz.comparison.records import (
    Comparison,
    ComparisonFinding,
    HeadMatch,
    RoleChange,
    RoleHead,
)
from attnviz.comparison.several import Comparisons
from attnviz.evidence.rules import PROBE
from attnviz.report.cells import Text
from tests.comparison.test_changes import HAS, ROLE, comparison, difference, report
from tests.comparison.test_course_findings import mean

SAME_HEAD = HeadMatch((0, 0), (0, 0), 0.0, "number")


def compared(
    whole: Comparison, *steps: Comparison, findings: tuple[ComparisonFinding, ...] = ()
) -> Comparisons:
    """As many models as the steps have ends; each has head L0H0 with the role."""
    sides = (whole.before, *(step.after for step in steps or (whole,)))
    reports = (report({0: HAS}),) * len(sides)
    return Comparisons(
        sides=sides,
        comparisons=(whole, *steps),
        courses=(),
        findings=findings,
        reports=reports,
    )


def part(name: str, of: Comparisons) -> Part:
    return next(each for each in parts.of(of, ()) if each.name == name)


def test_heads_without_counterparts_are_not_said_to_be_alike() -> None:
    alone = part("heads", compared(comparison(bounds={"": 0.2})))
    assert alone.otherwise == "No head has a counterpart in the other model, so none is compared."
    matched = part("heads", compared(comparison(matches=[SAME_HEAD])))
    assert matched.otherwise == "No difference of any head is certain."


def test_numbers_show_how_heads_differ() -> None:
    little = replace(difference(0, -0.0036), before=0.5034, after=0.4998, low=-0.0037, high=-0.0034)
    table = part("heads", compared(comparison(differences=[little], matches=[SAME_HEAD]))).table
    assert table
    assert [cell.text for cell in table.rows[0]][2:] == [
        "0.5034",
        "0.4998",
        "−0.0036 [−0.0037, −0.0034]",
    ]


def test_a_difference_that_is_certain_never_reads_as_none() -> None:
    tiny = replace(difference(0, 0.00003), before=0.5, after=0.50003, low=0.00001, high=0.00004)
    course = mean(1.9261, 1.92607, -0.00004, 0.00001)
    made = replace(compared(comparison(differences=[tiny], matches=[SAME_HEAD])), courses=(course,))
    heads, means = part("heads", made).table, part("means", made).table
    assert heads
    assert means
    assert heads.rows[0][4].text == "+0.00003 [0.00001, 0.00004]"
    assert means.rows[0][3].text == "0.0000 [0.0000, 0.0000]"  # 0 is within it.
    sure = replace(made, courses=(mean(1.9261, 1.92607, -0.00004, -0.00001),))
    table = part("means", sure).table
    assert table
    assert table.rows[0][3].text == "−0.00003 [−0.00004, −0.00001]"


def test_a_role_is_told_with_its_attention_in_markdown_too() -> None:
    head = (RoleHead((0, 0), 0.9, 0.8, 0.95),)
    cross = RoleChange("alignment", "kept", head, head, attention="cross")
    text = markdown.write(compared(comparison([cross], matches=[SAME_HEAD]))).decode()
    assert "| alignment, cross | kept | L0H0 0.90 | L0H0 0.90 |" in text


def test_a_head_is_told_by_the_role_that_leads_there() -> None:
    leads, other = RoleHead((0, 1), 0.22, 0.2, 0.24), RoleHead((0, 0), 0.32, 0.3, 0.34, ROLE)
    kept = RoleChange("vertical-strip", "kept", (other, leads), (other,))
    table = part("roles", compared(comparison([kept], matches=[SAME_HEAD]))).table
    assert table
    assert [cell.text for cell in table.rows[0]][2:] == [
        "L0H1 0.22, L0H0 0.32 (as previous token)",
        "L0H0 0.32 (as previous token)",
    ]
    titles = {ROLE: "previous token", "vertical-strip": "vertical strip"}
    assert said(kept, titles) == (
        "The role vertical strip is kept: before, L0H1 with 0.22 [0.20, 0.24], and 1 more head; "
        "after, L0H0 with 0.32 [0.30, 0.34] (as previous token)."
    )


def test_what_one_model_lacks_reads_otherwise_than_what_the_other_has() -> None:
    only = RoleChange(
        ROLE, "lost", (RoleHead((0, 0), 0.4012, 0.38, 0.42),), (),
        closest=RoleHead((0, 3), 0.3988, 0.38, 0.41),
    )  # fmt: skip
    assert said(only, {ROLE: "previous token"}, ("a", "b")) == (
        "The role previous token is in a only: L0H0 with 0.401 [0.380, 0.420]. In b no head has "
        "it; L0H3 comes closest, with 0.399 [0.380, 0.410]."
    )


def test_what_is_one_fact_is_told_once_from_model_to_model() -> None:
    head = RoleHead((0, 0), 0.8, 0.7, 0.9)
    new = RoleChange(ROLE, "gained", (), (head,))
    step = comparison([new, replace(new, role="local-window", same_as=ROLE)], matches=[SAME_HEAD])
    table = part("steps", compared(step, step, step)).table
    assert table
    assert [*table.columns[-1].cells] == [Text("Previous token new")] * 2


def test_induction_on_random_tokens_has_the_mark_of_induction() -> None:
    found = ComparisonFinding("gained", "The role induction on random tokens is new.", PROBE)
    made = compared(comparison(), findings=(found,))
    (info,) = made.reports[0].roles
    induction = replace(info, name="induction", family="copy", letter="I")
    made = replace(made, reports=tuple(replace(one, roles=(induction,)) for one in made.reports))
    (says,) = sections.of(made).findings
    assert says.chip
    assert says.chip.letter == "I"
