"""The first screen: sentences with their evidence, the map of all heads, and a sentence to see."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attnviz.report import sections
from attnviz.report.head_profiles import Example, ShownToken
from attnviz.report.model import Finding, Report
from attnviz.report.sections import first_screen, head_map
from attnviz.text.types import TokenLabel
from tests.helpers import example
from tests.helpers.page import page


def shown(role: str, words: str, query: int, target: int) -> Example:
    """A sentence in which one token gives 0.9 to another."""
    tokens = tuple(
        ShownToken(at, TokenLabel(word), 0.9 if at == target else 0.02, at == query, at == target)
        for at, word in enumerate(words.split())
    )
    return Example(
        role, "most", 7, 0.8, 0.1, 5, 0.9, (query,), (target,), tokens, (), (), 0.0, between=False
    )


def with_examples(made: Report) -> Report:
    """The example, whose best heads of two roles have a sentence to show."""
    seen = {
        place: shown(role, "the dog saw the cat", 2, 1)
        for role in ("previous-token", "first-token")
        for place in [next(each for each in made.roles if each.name == role).heads[0]]
    }
    heads = (
        replace(head, examples=(seen[head.layer, head.head],))
        if (head.layer, head.head) in seen
        else head
        for head in made.heads
    )
    return replace(made, heads=tuple(heads))


def test_each_finding_leads_to_its_evidence() -> None:
    first = first_screen.of(example.report())
    told = [
        (each.about, each.evidence.text, each.evidence.anchor) for each in first.findings.findings
    ]
    assert told[:2] == [
        ("role", "from 90 sentences", "role-previous-token"),
        ("role", "from 90 sentences", "role-first-token"),
    ]
    assert told[-1] == ("overview", "all roles", "roles")


def test_a_sentence_shows_the_first_finding_the_query_boxed_and_the_target_underlined() -> None:
    first = first_screen.of(with_examples(example.report()))
    assert [seen.head.name for seen in first.seen] == ["L1H1"]  # a sink is no second example
    (seen,) = first.seen
    assert seen.says == "“saw” gives 0.90 of its attention to “dog”."
    assert [each.text for each in seen.tokens if each.query] == ["saw"]
    assert [each.text for each in seen.tokens if each.target] == ["dog"]
    made = page(with_examples(example.report()))
    assert "“saw” gives 0.90 of its attention to “dog”." in made.text


def test_the_map_has_a_cell_for_each_head_with_a_role_and_the_legend_counts_them() -> None:
    made = example.report()
    drawn = head_map.of(made)
    assert drawn is not None
    having = [head for head in made.heads if head.told]
    assert len(drawn.cells) == len(having)
    assert len(drawn.rows) == 6
    assert drawn.without == f"{72 - len(having)} show none of the roles"
    assert "First token (sink) 19" in [entry.text for entry in drawn.legend]
    assert {cell.anchor for cell in drawn.cells} == {head.anchor for head in having}
    tentative = [head.name for head in having if head.roles[head.told[0]].verdict == "tentative"]
    assert [cell.anchor for cell in drawn.cells if cell.edge] == tentative


@pytest.mark.parametrize(("layers", "lettered"), [(6, True), (96, False)])
def test_letters_stand_where_they_can_be_read(layers: int, lettered: bool) -> None:
    drawn = head_map.of(example.report(layers=layers))
    assert drawn is not None
    assert all(bool(cell.letter) == lettered for cell in drawn.cells)
    assert drawn.cell[1] >= head_map.LEAST
    assert bool(drawn.letters) == lettered


def test_each_letter_has_its_place_in_the_one_text_of_its_ink() -> None:
    made = example.report()
    wide_letters = [replace(role, letter="🐌") for role in made.roles[:1]]  # two units of UTF-16
    drawn = head_map.of(replace(made, roles=(*wide_letters, *made.roles[1:])))
    assert drawn is not None
    wide, high = drawn.cell
    placed = set()
    for letters in drawn.letters:
        x, y, at = letters.x.split(), letters.y.split(), 0
        for letter in letters.text:
            placed.add((letters.ink, float(x[at]), float(y[at]), letter))
            at += 2 if letter == "🐌" else 1
        assert at == len(x) == len(y)
    middles = {
        (cell.ink, cell.x + (wide - 1) / 2, cell.y + high / 2, cell.letter) for cell in drawn.cells
    }
    assert placed == middles
    assert "🐌" in {letter for *_, letter in placed}


def test_few_sentences_come_first_and_nothing_is_spared() -> None:
    made = example.report(sentences=2)
    heads = tuple(
        replace(head, roles={name: replace(of, verdict=None) for name, of in head.roles.items()})
        for head in made.heads
    )
    few = replace(made, heads=heads, roles=tuple(replace(role, heads=()) for role in made.roles))
    few = replace(few, findings=(Finding("overview", "Nothing much.", first=True),))
    (stream,) = sections.of(few).streams
    assert stream.few
    assert stream.spare is None
    text = page(few).text
    assert text.index("Sentence by sentence\n") < text.index("Maps\n")
    assert "entative" not in text[: text.index("How it was measured\n")]
    (many,) = sections.of(made).streams
    assert not many.few


def test_how_to_read_this_is_folded_near_the_top() -> None:
    made = page(example.report())
    assert {"class": "how", "id": "how"} in made.all("details")
    assert {"href": "#how"} in made.all("a")
