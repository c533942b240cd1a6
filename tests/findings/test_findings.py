"""The first sentence of a report: small made measurements in which it is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attnviz.findings.findings import FIRST, findings, lead
from attnviz.registry import discover
from attnviz.report.model import Finding, HeadReport, RoleInfo, RoleScore, Verdict
from attnviz.roles.role import Role
from tests.helpers import example

KNOWN = {role.name: role for role in discover("attnviz.roles", "ROLE", Role)}


def role(name: str, *heads: tuple[int, int], same_as: str = "", judged: bool = True) -> RoleInfo:
    of = KNOWN[name]
    words = name, of.title, of.family, of.letter, of.about, of.formula, of.source
    return RoleInfo(
        *words,
        ("chance",),
        of.margin,
        heads if judged else (),
        seen=() if judged else heads,
        same_as=same_as,
        does=of.does,
        measures=of.measures,
    )


def score(value: float, verdict: Verdict = "supported", events: int = 500) -> RoleScore:
    low, high = (value - 0.02, value + 0.02) if verdict else (None, None)
    return RoleScore(value, 0.1, None, 0.1, "chance", low, high, None, events, 90, verdict)


def head(at: int, beside: dict[str, str] | None = None, **scores: RoleScore) -> HeadReport:
    """A head of layer 0; scores by the name of their role, `previous_token`."""
    named = {name.replace("_", "-"): of for name, of in scores.items()}
    seen = tuple(name for name, of in named.items() if of.verdict is None)
    return HeadReport(0, at, {}, named, seen=seen, beside=beside or {})


def first(made: tuple[Finding, ...]) -> list[str]:
    return [each.text for each in made if each.first]


RESTING = [head(at, first_token=score(0.5 + at / 100)) for at in range(6)]


def test_what_a_third_of_all_heads_do_leads_and_the_ordinary_is_one_line() -> None:
    heads = [*RESTING, head(6, comma=score(0.4)), head(7, sparse=score(0.9)), head(8), head(9)]
    roles = [
        role("comma", (0, 6)),
        role("first-token", *((0, at) for at in range(5, -1, -1))),
        role("cls", same_as="first-token"),
        role("sparse", (0, 7)),
    ]
    assert first(findings(heads, roles, None)) == [
        (
            "6 of 10 heads rest on the first token, which here is CLS; L0H5 most of all, with "
            "0.55 [0.53, 0.57] of its attention (0.10 if spread evenly)."
        ),
        "L0H6 looks at commas, with 0.40 [0.38, 0.42] of its attention (0.10 if spread evenly).",
        (
            "Of the other 3 heads 1 puts nearly all its attention on three tokens and 2 show none "
            "of the 4 roles looked for."
        ),
    ]


def test_heads_that_are_all_alike_are_counted_once() -> None:
    heads = [head(0, comma=score(0.4)), *(head(at) for at in range(1, 12))]
    roles = [role("comma", (0, 0)), role("cls")]
    (_, last) = first(findings(heads, roles, None))
    assert last == "The other 11 heads show none of the 2 roles looked for."


def test_the_specific_stands_before_the_general_and_the_strong_before_the_weak() -> None:
    heads = [
        head(0, previous_token=score(0.9)),
        head(1, comma=score(0.4)),
        head(2, duplicate_token=score(0.3)),
        head(3, induction=score(0.5)),
        *(head(at) for at in range(4, 12)),
    ]
    roles = [
        role("previous-token", (0, 0)),
        role("comma", (0, 1)),
        role("duplicate-token", (0, 2)),
        role("induction", (0, 3)),
    ]
    told = findings(heads, roles, None)
    assert [each.role for each in told if each.first] == [
        "induction", "duplicate-token", "previous-token", "comma", "",
    ]  # fmt: skip


def test_a_head_that_is_several_things_at_once_is_told_once() -> None:
    end = head(
        0,
        {"punctuation": "sentence-end", "vertical-strip": "sentence-end"},
        sentence_end=score(0.4),
        punctuation=score(0.45),
        vertical_strip=score(0.4),
    )
    roles = [role(name, (0, 0)) for name in ("sentence-end", "punctuation", "vertical-strip")]
    told = findings([end, *(head(at) for at in range(1, 12))], roles, None)
    assert [each.role for each in told] == ["sentence-end", ""]


def test_what_is_tentative_says_so_and_stands_last() -> None:
    heads = [head(0, comma=score(0.9, "tentative")), head(1, previous_token=score(0.5)), head(2)]
    heads += [head(at) for at in range(3, 12)]
    told = first(findings(heads, [role("comma", (0, 0)), role("previous-token", (0, 1))], None))
    assert told[0].startswith("L0H1 looks at the previous token")
    assert "Tentative: nothing in one half of the sentences." in told[1]


def test_few_sentences_show_what_was_seen_without_doubt_or_verdict() -> None:
    heads = [
        head(0, previous_token=score(0.9, None)),
        head(1, induction=score(0.9, None, events=1)),
        head(2, comma=score(0.15, None)),
        *(head(at, first_token=score(0.2, None)) for at in range(3, 6)),
        *(head(at) for at in range(6, 12)),
    ]
    roles = [
        role("previous-token", (0, 0), judged=False),
        role("induction", (0, 1), judged=False),
        role("comma", (0, 2), judged=False),
        role("first-token", (0, 3), (0, 4), (0, 5), judged=False),
    ]
    told = first(findings(heads, roles, None))
    # One event, and little above chance: such things are not said first.
    assert told[0] == (
        "L0H0 looks at the previous token, with 0.90 of its attention (0.10 if spread evenly)."
    )
    assert len(told) == 2
    assert "entative" not in " ".join(told)


@pytest.mark.parametrize("many", [72, 1024])
def test_where_nothing_tells_heads_apart_one_sentence_says_just_that(many: int) -> None:
    heads = [head(at, sparse=score(0.9 + 0.05 * (at % 2))) for at in range(many)]
    roles = [role("sparse", *((0, at) for at in range(many))), role("comma")]
    assert first(findings(heads, roles, None)) == [
        (
            f"Nothing tells the heads of this model apart: all {many:,} put nearly all their "
            "attention on three tokens (0.90 to 0.95 of its attention), and show no other role. "
            "A model with random weights looks like this."
        )
    ]
    none = findings([head(at) for at in range(many)], roles, None)
    assert first(none) == [
        (
            f"Nothing tells the heads of this model apart: all {many:,} show none of the 2 roles "
            "looked for. A model with random weights looks like this."
        )
    ]


def test_a_head_that_stands_out_is_told_where_all_others_are_alike() -> None:
    heads = [head(0, comma=score(0.5)), *(head(at, sparse=score(0.9)) for at in range(1, 40))]
    roles = [role("comma", (0, 0)), role("sparse", *((0, at) for at in range(1, 40)))]
    told = findings(heads, roles, None)
    assert not any(each.kind == "alike" for each in told)
    assert any(each.role == "comma" for each in told if each.first)


def test_three_to_six_sentences_stand_first_in_the_example() -> None:
    made = example.report()
    told = findings(made.heads, made.roles, made.similarity, made.induction)
    assert 3 <= len(first(told)) <= FIRST + 1
    assert [each.first for each in told] == sorted((each.first for each in told), reverse=True)


def test_the_parts_of_a_model_share_the_first_sentences() -> None:
    parts = example.translation().parts
    told = lead([replace(part, roles=part.roles) for part in parts])
    assert len(told) <= FIRST + 1
    assert {each.attention for each in told} == {"encoder", "decoder", "cross", ""}
