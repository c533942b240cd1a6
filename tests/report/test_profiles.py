"""The profile of each head: all its roles, how far it looks, at what words, and examples."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import attnviz
from attnviz.findings.heads import LONG
from attnviz.report.formats import html, json_report, markdown
from attnviz.report.head_profiles import Example, Kind, Looked, LooksAt, Offsets, ShownToken
from attnviz.report.model import HeadReport, Report
from attnviz.report.sections import examples as section
from attnviz.report.sections import head_profile
from attnviz.text.types import TokenLabel
from tests.conftest import SAMPLES
from tests.helpers import example, schemas
from tests.helpers.page import Page

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

HEAD = (1, 1)  # the example's best head of "previous token"
OFFSETS = Offsets(-2, (0.1, 0.5, 0.2), (0.2, 0.2, 0.2), (0.2, 0.4), (0.0, 0.0))
LOOKS = LooksAt(
    40,
    50,
    (Kind(20.0, 0.5, 0.2, "NOUN"),),
    (Kind(10.0, 0.25, 0.01, "nsubj", "its head"),),
    (Kind(12.0, 0.3, 0.05, "", "its head"), Kind(28.0, 0.7, 0.95, "", "neither")),
)


def shown(text: str, place: int, weight: float, **marks: bool) -> ShownToken:
    return ShownToken(place, TokenLabel(text), weight, **marks)


def instance(**known: Any) -> Example:
    """The query "sat" on "cat" with 0.9, after a gap "end"."""
    made = Example(
        role="previous-token",
        shows="most",
        sentence=3,
        score=0.8,
        chance=0.1,
        events=12,
        mass=0.9,
        queries=(2,),
        target=(1,),
        tokens=(
            shown("the", 0, 0.0),
            shown("cat", 1, 0.9, target=True),
            shown("sat", 2, 0.09, query=True),
            shown("end", 9, 0.0),
        ),
        asking=(),
        looked=(Looked((1,), (TokenLabel("cat"),), 0.9), Looked((2,), (TokenLabel("sat"),), 0.09)),
        hidden=0.01,
        between=False,
    )
    return replace(made, **known)


def with_profile(made: Report, *examples: Example) -> Report:
    heads = tuple(
        replace(head, offsets=OFFSETS, looks_at=LOOKS, examples=examples)
        if (head.layer, head.head) == HEAD
        else head
        for head in made.heads
    )
    return replace(made, heads=heads)


def profile(page: str, head: str) -> str:
    found = re.search(rf'<div id="{head}-profile">.*?</details>', page, re.DOTALL)
    assert found
    return found[0]


def test_all_roles_are_there_those_of_the_head_first_then_those_nearest_to_passing() -> None:
    made = example.report(sentences=3)
    head = made.head(*HEAD)
    titles = {role.name: role.title for role in made.roles}
    found = head_profile.of(made, head)
    assert found.roles is not None
    assert [row[0].text for row in found.roles.rows] == [titles[name] for name in head.found]
    others = " ".join(note.says for note in found.other_roles)
    assert all(titles[name] in others for name in set(head.roles) - {*head.found})
    missing = {
        role.title: role.margin - (head.roles[role.name].margin_low or 0.0)
        for role in made.roles
        if role.name in head.roles and role.name not in head.found
    }
    nearest = min(missing, key=lambda title: missing[title])
    assert found.other_roles[0].says.startswith(f": {nearest} ")


def test_a_head_without_a_role_says_so_and_names_what_comes_nearest() -> None:
    made = with_profile(example.report(sentences=3))
    head = next(head for head in made.heads if not head.found)
    said = Page(profile_page(made, head.name)).text
    assert f"It has none of the {len(head.roles)} roles measured." in said
    nearest = head_profile.of(made, head).other_roles[0]
    assert f"Nearest to passing{nearest.says}" in " ".join(said.split())


def profile_page(made: Report, head: str) -> str:
    return profile(html.write(made, ()).decode(), head).removesuffix("</details>")


def test_offsets_are_bars_with_their_numbers_against_the_tallest() -> None:
    made = with_profile(example.report(sentences=3))
    offsets = made.head(*HEAD).offsets
    assert offsets is not None
    bars = head_profile.bars(offsets)
    assert [(bar.label, bar.own, bar.uniform) for bar in bars] == [
        ("<−2", "20", "40"),
        ("−2", "10", "20"),
        ("−1", "50", "20"),
        ("0", "20", "20"),
    ]
    assert [bar.height for bar in bars] == [40, 20, 100, 40]


def test_what_words_look_at_stands_beside_what_they_would_at_random() -> None:
    made = with_profile(example.report(sentences=3))
    speech, relation = head_profile.of(made, made.head(*HEAD)).notes
    assert speech.says == ": NOUN 50% (at random 20%; 20 times)."
    assert "its head 30% (at random 5.0%; 12 times)" in relation.says
    assert "; its head by nsubj 25% (at random 1.0%; 10 times)" in relation.says


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ({}, "“sat” puts 0.90 on “cat”."),
        (
            {"target": (0,), "mass": 0.2},
            "“sat” puts 0.20 on “the”; it looks most at “cat” 0.90, then “sat” 0.090.",
        ),
        ({"target": ()}, "“sat” scores 0.90; it looks most at “cat” 0.90, then “sat” 0.090."),
        ({"between": True}, "“sat” looks most at “cat” 0.90, which is right, then “sat” 0.090."),
        (
            {"between": True, "target": (0,), "mass": 0.01},
            "“sat” looks most at “cat” 0.90, then “sat” 0.090; right is “the” 0.010.",
        ),
    ],
)
def test_an_example_says_what_its_query_does(known: dict[str, Any], says: str) -> None:
    one = instance(**known)
    tokens = tuple(replace(t, target=t.place in one.target) for t in one.tokens)
    made = with_profile(example.report(sentences=3), replace(one, tokens=tokens))
    ((told,),) = (role.ends for role in head_profile.of(made, made.head(*HEAD)).examples)
    assert told.says == f"sentence 3, 0.80 against chance 0.10 on 12 events. {says}"


def test_the_query_is_boxed_its_target_underlined_and_weights_are_shades() -> None:
    made = with_profile(example.report(sentences=3), instance())
    text = profile(html.write(made, ()).decode(), "L1H1")
    assert (
        '<p class="looks">the <u dir="auto" style="--w:0.95">cat</u> '
        '<mark dir="auto" style="--w:0.3">sat</mark> … end</p>'
    ) in text


def test_tokens_are_harmless_wherever_they_stand() -> None:
    hostile = TokenLabel(example.HOSTILE)
    one = instance()
    tokens = tuple(replace(token, label=hostile) for token in one.tokens)
    looked = tuple(replace(best, labels=(hostile,)) for best in one.looked)
    made = with_profile(
        example.report(sentences=3), replace(one, tokens=tokens, asking=tokens, looked=looked)
    )
    page = html.write(made, ()).decode()
    assert "<script" not in page.replace("&lt;", "<x")
    assert not re.search("[\x00\x1b\u202e]", page)
    assert Page(page).all("script") == []
    told = markdown.write(made, ()).decode()
    assert "<img" not in told
    assert "](javascript" not in told


def test_ids_are_unique_and_names_lead_to_profiles_that_exist() -> None:
    for made in (example.report(sentences=3), example.translation()):
        parts = tuple(with_profile(part, instance()) for part in made.parts)
        full = replace(made, parts=parts) if parts else with_profile(made, instance())
        page = Page(html.write(full, ()).decode())
        ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
        assert len(ids) == len(set(ids))
        links = {attrs["href"][1:] for attrs in page.all("a") if attrs["href"][:1] == "#"}
        assert links <= set(ids)
        assert sum(link.endswith("-profile") for link in links) == sum(
            len(part.heads) for part in full.every_part
        )


def test_profiles_are_closed_and_reports_without_any_say_nothing_of_them() -> None:
    made = example.report(sentences=3)
    full = Page(html.write(with_profile(made, instance()), ()).decode())
    closed = [one for one in full.all("details") if one.get("class") == "profile"]
    assert len(closed) == 72
    assert not any("open" in one for one in closed)
    assert "profile" not in {
        one.get("class") for one in Page(html.write(made, ()).decode()).all("details")
    }


def test_markdown_has_a_line_for_the_best_head_of_each_role() -> None:
    made = with_profile(
        example.report(sentences=3), instance(), instance(shows="least", mass=0.3, sentence=2)
    )
    found = section.of(made)
    assert found is not None
    (line,) = found.lines
    assert line == (
        "previous token, L1H1. "
        "Most: sentence 3, 0.80 against chance 0.10 on 12 events. “sat” puts 0.90 on “cat”. "
        "Least: sentence 2, 0.80 against chance 0.10 on 12 events. “sat” puts 0.30 on “cat”."
    )
    assert "## Examples" in markdown.write(made, ()).decode()
    assert "## Examples" not in markdown.write(example.report(sentences=3), ()).decode()


def test_the_whole_range_is_told_between_the_ends() -> None:
    tenths = [
        instance(shows="between", mass=tenth / 10, sentence=3, tenth=tenth) for tenth in (9, 5, 1)
    ]
    made = with_profile(example.report(sentences=3), instance(), *tenths, instance(shows="least"))
    (role,) = head_profile.of(made, made.head(*HEAD)).examples
    assert [each.shows for each in role.ends] == ["Shows most in", "Shows least in"]
    assert [each.shows for each in role.between] == [f"More than in {n} of 10:" for n in (9, 5, 1)]
    assert role.range == "The whole range: 3 sentences between, a tenth apart"
    assert role.range in html.write(made, ()).decode()
    found = section.of(made)
    assert found is not None
    assert [name for name in ("Most: ", "Half: ", "Least: ") if name in found.lines[0]] == [
        *("Most: ", "Half: ", "Least: "),
    ]
    assert "“sat” puts 0.50 on “cat”" in found.lines[0]


def test_json_has_places_and_fits_its_schema() -> None:
    made = with_profile(example.report(sentences=3), instance())
    told = json.loads(json_report.write(made, ()))
    schemas.validate(told)
    head = next(one for one in told["heads"] if (one["layer"], one["head"]) == HEAD)
    assert head["offsets"]["own"] == [0.1, 0.5, 0.2]
    assert head["looks_at"]["parts_of_speech"] == [
        {"name": "NOUN", "count": 20.0, "share": 0.5, "base": 0.2}
    ]
    (one,) = head["examples"]
    assert (one["query"], one["target"], one["keys"]) == ([2], [1], [0, 1, 2, 9])
    assert one["looked"][0] == {"keys": [1], "weight": 0.9}


def examples(made: Report) -> list[tuple[HeadReport, Example]]:
    return [(head, one) for head in made.heads for one in head.examples]


def test_a_real_model_s_examples_show_what_its_roles_are(annotated_report: Report) -> None:
    every = examples(annotated_report)
    assert {one.shows for _, one in every} == {"most", "between", "least"}
    for role in annotated_report.roles:
        for place in role.heads[:1]:
            head = annotated_report.head(*place)
            if role.name not in head.told:  # one fact with another role, which has the examples
                continue
            told = [one for one in head.examples if one.role == role.name]
            most = [one.score - one.chance for one in told if one.shows == "most"]
            least = [one.score - one.chance for one in told if one.shows == "least"]
            assert most
            assert not least or min(most) >= max(least)
    for head, one in every:
        assert one.role in head.found
        tokens = next(s for s in annotated_report.sentences if s.id == one.sentence).tokens
        assert len(one.tokens) == len(tokens) or len(tokens) > LONG
        total = sum(token.weight for token in one.tokens) + one.hidden
        assert total == pytest.approx(1.0, abs=1e-4)
        on_target = sum(token.weight for token in one.tokens if token.target)
        if one.target and len(one.tokens) == len(tokens):
            assert one.mass == pytest.approx(on_target, abs=1e-4)


def test_a_real_model_s_offsets_are_those_of_its_roles(annotated_report: Report) -> None:
    for head in annotated_report.heads:
        found = head.offsets
        assert found is not None
        assert sum(found.own) + found.before[0] + found.after[0] == pytest.approx(1.0, abs=1e-4)
        at = {found.first + k: share for k, share in enumerate(found.own)}
        score = head.roles["self"]
        assert at[0] == pytest.approx(score.score, abs=1e-4)


def test_a_real_report_holds_together(annotated_report: Report) -> None:
    assert all(head.looks_at and head.looks_at.words > 50 for head in annotated_report.heads)
    schemas.validate(json.loads(json_report.write(annotated_report, ())))
    assert (
        "Part of speech of the word looked at most"
        in Page(html.write(annotated_report, ()).decode()).text
    )


def test_in_cross_attention_targets_ask_and_sources_are_looked_at(tmp_path: Path) -> None:
    source, target = tmp_path / "source.txt", tmp_path / "target.txt"
    for path in (source, target):
        lines = (SAMPLES / "translation" / path.name).read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join(lines[:8]) + "\n", encoding="utf-8")
    made = attnviz.analyze(
        SAMPLES / "translation" / "model", source, targets=target, illustrate=0, resamples=100
    )
    cross = made.part("cross")
    told = examples(cross)
    assert told
    by_id = {sentence.id: sentence for sentence in cross.sentences}
    for head, one in told:
        assert head.offsets is None
        assert [token.place for token in one.asking if token.query] == list(one.queries)
        assert len(one.tokens) == len(by_id[one.sentence].keys)
        assert not any(token.query for token in one.tokens)
    assert all(not one.asking for _, one in examples(made.part("decoder")))
    page = Page(html.write(made, ()).decode())
    assert "Target" in page.text
