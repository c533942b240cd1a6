"""The section about relations between words: on rows that are made up, and on a real model."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from attnviz.findings.findings import OF_FAMILY, findings
from attnviz.report import terminal, whole
from attnviz.report.formats import json_report, markdown
from attnviz.report.model import RelationRow, Report
from attnviz.report.sections import relations, roles
from tests.helpers import example, schemas
from tests.helpers.example import REVERSE, ROW
from tests.helpers.page import page

if TYPE_CHECKING:
    from attnviz.report.model import RoleInfo

pytestmark = pytest.mark.slow

COREFERENCE = replace(
    ROW,
    role="coreference",
    relation="coreference",
    direction="",
    baselines={"chance": 0.05, "fixed offset": 0.1, "nearest mention": 0.3, "same word": 0.4},
    against="same word",
    verdict="no",
)
UNKNOWN = RelationRow("dep:x", "x", "to the head", (), None, None, None, {}, "", "no", 0, 0, None)


def made(*rows: RelationRow, hostile: bool = False, causal: bool = False) -> Report:
    report = example.report(hostile=hostile, sentences=3)
    return replace(
        report,
        model=replace(report.model, causal=causal),
        relations=rows,
        special_mass=(0.05, 0.78),
    )


def told(report: Report) -> str:
    return markdown.write(report, ()).decode()


def test_a_row_knows_its_strongest_baseline_and_by_how_much_it_is_beaten() -> None:
    assert (COREFERENCE.baseline, UNKNOWN.baseline, UNKNOWN.margin) == (0.4, None, None)
    assert ROW.margin == pytest.approx(0.45)


def test_markdown_has_a_row_for_each_relation_and_direction() -> None:
    text = told(made(ROW, REVERSE, COREFERENCE, UNKNOWN))
    section = text[text.index(f"## {relations.TITLE}") :]
    rows = [line for line in section.splitlines() if line.startswith("|")][2:6]
    assert rows[0] == (
        "| nsubj | to the head | L1H3 | 0.66 [0.57, 0.74] | 0.21 fixed offset "
        "| 71 sentences, 114 events | 50% | supported |"
    )
    assert "| obj | from the head | L2H0, L0H5 |" in rows[1]
    assert "| 0.40 same word \\(fixed offset 0.10, nearest mention 0.30\\) |" in rows[2]
    assert rows[3] == "| x | to the head | – | – | – | 0 sentences, 0 events | – | no |"


def test_the_page_links_each_head_to_its_row() -> None:
    found = page(made(ROW, REVERSE))
    ids = {attrs.get("id") for _, attrs in found.tags}
    assert "relations" in ids
    links = [attrs["href"] for attrs in found.all("a")]
    assert "#relations" in links
    assert {"#L1H3", "#L2H0", "#L0H5"} <= set(links)
    assert "(heads put 5.0% to 78% of a word's attention there)" in found.text


def test_hostile_relations_stay_text() -> None:
    row = replace(ROW, relation=example.HOSTILE, role=f"dep:{example.HOSTILE}")
    report = made(row, hostile=True)
    assert not page(report).all("script")
    assert "<img" not in told(report)
    schemas.validate(read(report))


def test_the_words_fit_the_rows() -> None:
    def section(*rows: RelationRow, causal: bool = False) -> relations.Relations:
        found = relations.of(made(*rows, causal=causal))
        assert found is not None
        return found

    assert "In 1 row the halves choose different heads" in section(ROW, REVERSE).choice
    assert "different heads" not in section(ROW).choice
    assert "of two the weaker" in section(REVERSE).reading
    assert "of two the weaker" not in section(ROW).reading
    assert "those to the right" in section(ROW, causal=True).reading
    assert "last token" in section(ROW, causal=True).reading
    assert "their mean" in section(ROW).reading


def test_without_relations_there_is_no_section() -> None:
    report = example.report(sentences=3)
    assert relations.TITLE not in told(report)
    assert relations.TITLE not in page(report).text
    assert read(report)["relations"] == []
    assert read(report)["special_mass"] is None


def test_relations_of_a_part_stand_in_that_part() -> None:
    report = example.translation(sentences=3)
    encoder, *others = report.parts
    encoder = replace(encoder, relations=(ROW,), special_mass=(0.14, 0.14))
    report = replace(report, parts=(encoder, *others))
    schemas.validate(read(report))
    assert [row["attention"] for row in read(report)["relations"]] == ["encoder"]
    assert read(report)["parts"]["encoder"]["special_mass"] == [0.14, 0.14]
    found = page(report)
    assert {"id": "encoder-relations"} in found.all("section")
    assert "#encoder-L1H3" in {link["href"] for link in found.all("a")}
    assert "(heads put 14% of a word's attention there)" in found.text
    assert f"### {relations.TITLE}" in told(report)


def test_roles_between_words_are_counted_and_not_listed_among_those_that_no_head_has() -> None:
    report = made(ROW, REVERSE)
    bare = tuple(replace(one, heads=()) if one.name == ROW.role else one for one in report.roles)
    report = replace(report, roles=bare)
    titles = {role.title for role in roles.of(report).unmatched}
    assert "comma" in titles
    assert not any("nsubj" in title for title in titles)
    counted = "Of 2 roles between words, 1 has no head: see Relations between words."
    assert counted in told(report)
    assert counted in " ".join(page(report).text.split())


def test_the_method_names_all_relations_of_a_tree_once() -> None:
    report = made(ROW, REVERSE)
    names = [role.name for role in whole.roles(report)]
    assert names.count("dep:…") == 1
    assert not {ROW.role, REVERSE.role} & set(names)


def many(role: RoleInfo, number: int) -> tuple[RoleInfo, ...]:
    return tuple(
        replace(role, name=f"dep:r{at}", title=f"r{at}, to the head") for at in range(number)
    )


def test_a_terminal_shows_the_strongest_of_many_relations() -> None:
    report = example.report(sentences=3)
    subject = next(role for role in report.roles if role.name == ROW.role)
    roles = many(subject, 30)
    report = replace(
        report,
        roles=(*report.roles, *roles),
        heads=tuple(
            replace(
                head,
                roles={**head.roles, **{one.name: head.roles[ROW.role] for one in roles}},
            )
            for head in report.heads
        ),
        relations=tuple(replace(ROW, role=one.name) for one in roles),
    )
    console = Console(file=io.StringIO(), width=80)
    console.print(terminal.summary(report, "out/report.html"))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert text.count("to the head") == terminal.RELATIONS
    assert "And 26 more roles in the report." in text


def test_the_findings_name_the_strongest_of_many_relations() -> None:
    report = example.report(sentences=3)
    subject = next(role for role in report.roles if role.name == ROW.role)
    roles = many(replace(subject, coverage=1.0), 9)
    heads = tuple(
        replace(head, roles={one.name: head.roles[ROW.role] for one in roles})
        for head in report.heads
    )
    every = findings(heads, roles, None)
    told = [one.text for one in every]
    assert sum("to the head" in text for text in told if "more role" not in text) == 6
    assert sum("to the head" in one.text for one in every if one.first) == OF_FAMILY
    assert "3 more roles between words have heads: see the relations." in told


def read(report: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json_report.write(report, ()))
    return document


def test_a_real_model_has_a_row_for_each_role_between_words(annotated_report: Report) -> None:
    between = [role for role in annotated_report.roles if role.coverage is not None]
    assert {row.role for row in annotated_report.relations} == {one.name for one in between}
    assert {"det", "nsubj"} <= {row.relation for row in annotated_report.relations}
    pairs = [(row.relation, row.direction) for row in annotated_report.relations]
    assert len(set(pairs)) == len(pairs)
    assert all((name, "from the head") in pairs for name, way in pairs if way == "to the head")
    margins = [row.margin for row in annotated_report.relations if row.margin is not None]
    assert margins == sorted(margins, reverse=True)
    assert annotated_report.special_mass is not None
    assert 0.0 <= annotated_report.special_mass[0] < annotated_report.special_mass[1] <= 1.0


def test_a_head_that_both_halves_choose_has_the_score_it_has_as_a_role(
    annotated_report: Report,
) -> None:
    alone = [row for row in annotated_report.relations if len(row.heads) == 1]
    assert alone
    for row in alone:
        score = annotated_report.head(*row.heads[0]).roles[row.role]
        assert row.score == pytest.approx(score.score)
        assert row.baseline == pytest.approx(score.baseline)
        assert (row.events, row.sentences) == (score.events, score.sentences)
        assert row.verdict == score.verdict


def test_no_row_beats_the_best_head_of_its_role(annotated_report: Report) -> None:
    for row in annotated_report.relations:
        best = max(head.roles[row.role].score or 0.0 for head in annotated_report.heads)
        assert (row.score or 0.0) <= best + 1e-9


def test_a_real_report_fits_its_schema_and_shows_the_section(annotated_report: Report) -> None:
    schemas.validate(read(annotated_report))
    assert len(read(annotated_report)["relations"]) == len(annotated_report.relations)
    assert f"## {relations.TITLE}" in told(annotated_report)
    assert relations.TITLE in page(annotated_report, ()).text
