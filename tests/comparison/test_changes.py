"""Roles that are kept, moved, lost or gained, from verdicts and certain differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import pytest

from attnviz.comparison.changes import induction_change, role_changes
from attnviz.comparison.findings import findings, said
from attnviz.comparison.records import (
    Comparison,
    HeadDifference,
    HeadMatch,
    RoleChange,
    Side,
)
from attnviz.measurement.probed import InductionHead, InductionReport, ProbeScore
from attnviz.measurement.source import InputInfo, ModelInfo
from attnviz.report.given import Options
from attnviz.report.model import HeadReport, Report, RoleInfo
from attnviz.report.scores import RoleScore, Verdict
from attnviz.shape import Attention

MODEL = ModelInfo("m", "", "", 1, 4, 4, 1, "float32", False)
ROLE = "previous-token"
Scores = Mapping[int, tuple[float, Verdict]]
"""The score and verdict of heads of layer 0, by number."""


def report(
    scores: Scores, *, same_as: str = "", induction: InductionReport | None = None
) -> Report:
    heads = tuple(
        HeadReport(
            0,
            head,
            {},
            {
                ROLE: RoleScore(
                    score, 0, 0, 0, "chance", score - 0.05, score + 0.05, 0, 200, 60, verdict
                )
            },
        )
        for head, (score, verdict) in scores.items()
    )
    has = sorted(
        (head for head in heads if head.found), key=lambda head: -(head.roles[ROLE].score or 0)
    )
    places = tuple((head.layer, head.head) for head in has)
    info = RoleInfo(ROLE, "previous token", "", "", "", "", "", (), 0.1, places, same_as=same_as)
    return Report(
        "", MODEL, InputInfo(), Options(), (info,), (), heads, (), None, (), (), induction=induction
    )


def difference(
    head: int, much: float, *, certain: bool = True, after: int | None = None
) -> HeadDifference:
    place = (0, head), (0, head if after is None else after)
    ends = (much - 0.01, much + 0.01) * 2
    return HeadDifference(
        *place, ROLE, "score", "", 0.5, 0.5 + much, much, *ends, certain, "", 9, 9
    )


def changed(
    before: Scores,
    after: Scores,
    *differences: HeadDifference,
    order: Mapping[int, int] | None = None,
) -> RoleChange | None:
    """What became of the role; heads keep their numbers but for `order`."""
    places = {head: head for head in before} | dict(order or {})
    matches = [HeadMatch((0, mine), (0, other), 0.0, "number") for mine, other in places.items()]
    told = role_changes(report(before), report(after), matches, differences)
    return told[0] if told else None


def comparison(
    changes: Sequence[RoleChange] = (),
    differences: Sequence[HeadDifference] = (),
    matches: Sequence[HeadMatch] = (),
    bounds: Mapping[Attention, float] | None = None,
) -> Comparison:
    """Of models a and b, b with one head more."""
    sides = [Side(name, "", MODEL, InputInfo()) for name in ("a", "b")]
    return Comparison(
        before=sides[0],
        after=sides[1],
        paired=True,
        units=(9, 9),
        shared=9,
        grouped=False,
        streams=("",),
        matches=tuple(matches),
        unmatched=(),
        unmatched_after=(("", (0, 9)),) if bounds else (),
        bounds=bounds or {},
        differences=tuple(differences),
        changes=tuple(changes),
        findings=(),
    )


HAS: tuple[float, Verdict] = (0.8, "supported")
NOT: tuple[float, Verdict] = (0.1, "no")


@pytest.mark.parametrize(
    ("before", "after", "differences", "kind", "left", "joined"),
    [
        ([HAS, NOT], [HAS, NOT], (), "kept", (), ()),
        ([HAS, HAS], [HAS, NOT], (difference(1, -0.7),), "kept", ((0, 1),), ()),
        (
            [HAS, NOT],
            [NOT, HAS],
            (difference(0, -0.7), difference(1, 0.7)),
            "moved",
            ((0, 0),),
            ((0, 1),),
        ),
        ([HAS, NOT], [NOT, NOT], (difference(0, -0.7),), "lost", ((0, 0),), ()),
        ([NOT, NOT], [HAS, NOT], (difference(0, 0.7),), "gained", (), ((0, 0),)),
        ([HAS, NOT], [NOT, NOT], (difference(0, -0.02, certain=False),), "unclear", (), ()),
        ([HAS, NOT], [NOT, HAS], (difference(0, -0.7),), "unclear", ((0, 0),), ()),
        ([HAS, NOT], [(0.3, "tentative"), NOT], (difference(0, -0.5),), "unclear", ((0, 0),), ()),
        ([HAS, NOT], [(0.3, None), NOT], (), "unclear", (), ()),
    ],
)
def test_what_became_of_a_role(
    before: list[tuple[float, Verdict]],
    after: list[tuple[float, Verdict]],
    differences: tuple[HeadDifference, ...],
    kind: str,
    left: tuple[tuple[int, int], ...],
    joined: tuple[tuple[int, int], ...],
) -> None:
    told = changed(dict(enumerate(before)), dict(enumerate(after)), *differences)
    assert told
    assert (told.kind, told.left, told.joined) == (kind, left, joined)
    assert bool(told.reason) == (kind == "unclear")


def test_a_change_is_of_its_stream_and_told_by_itself() -> None:
    before, after = report({0: HAS}), report({0: HAS})
    [change] = role_changes(before, after, [], [], "cross")
    assert (change.attention, change.same_as) == ("cross", "")


def test_a_role_that_nobody_has_is_not_told() -> None:
    assert changed({0: NOT}, {0: NOT}) is None


def test_heads_that_were_permuted_kept_their_role() -> None:
    told = changed({0: HAS, 1: NOT}, {0: NOT, 1: HAS}, order={0: 1, 1: 0})
    assert told
    assert told.kind == "kept"
    assert [head.place for head in told.after] == [(0, 1)]


def test_a_role_that_is_one_fact_with_another_on_both_sides_is_told_by_that() -> None:
    same, own = report({0: HAS}, same_as="cls"), report({0: HAS})
    matches = [HeadMatch((0, 0), (0, 0), 0.0, "number")]
    assert role_changes(same, same, matches, []) == []
    assert len(role_changes(same, own, matches, [])) == 1


def test_induction_on_random_tokens() -> None:
    def probed(score: float, verdict: Literal["supported", "no"]) -> Report:
        estimate = ProbeScore(score, score - 0.1, score + 0.1, 0.02)
        head = InductionHead(0, 0, estimate, 0.02, "chance", score - 0.15, None, verdict)
        return report({0: NOT}, induction=InductionReport(10, 25, 4, 750, 0.1, (head,)))

    matches = [HeadMatch((0, 0), (0, 0), 0.0, "number")]
    grown = induction_change(probed(0.05, "no"), probed(0.8, "supported"), matches)
    assert grown
    assert (grown.kind, grown.joined) == ("gained", ((0, 0),))
    unsure = induction_change(probed(0.2, "no"), probed(0.3, "supported"), matches)
    assert unsure
    assert unsure.kind == "unclear"
    assert induction_change(probed(0.05, "no"), probed(0.05, "no"), matches) is None
    lost = induction_change(probed(0.8, "supported"), report({0: NOT}), matches)
    assert lost
    assert "could not be measured" in lost.reason


def test_what_changed_is_said_with_its_numbers() -> None:
    moved = changed({0: HAS, 1: NOT}, {0: NOT, 1: HAS}, difference(0, -0.7), difference(1, 0.7))
    lost = changed({0: HAS}, {0: NOT}, difference(0, -0.7))
    assert moved
    assert lost
    titles = {ROLE: "previous token"}
    assert said(moved, titles) == "The role previous token moved from L0H0 to L0H1."
    assert said(lost, titles) == (
        "The role previous token is lost: before, L0H0 with 0.80 [0.75, 0.85], and after, no head "
        "has it."
    )
    sure = [difference(1, 0.2), difference(0, -0.7), difference(2, 0.01, certain=False)]
    told = findings(comparison([lost], sure), titles)
    assert [each.kind for each in told] == ["lost", "overview", "head", "head"]
    assert [each.text for each in told[1:]] == [
        "2 of 3 heads surely differ in at least one of 1 roles and statistics.",
        "L0H0: previous token −0.20, before 0.50: −0.70 [−0.71, −0.69].",
        "L0H1: previous token 0.70, before 0.50: +0.20 [0.19, 0.21].",
    ]


@pytest.mark.parametrize(
    ("before", "after", "best", "kind"),
    [
        (HAS, NOT, difference(0, -0.7), "lost"),
        (NOT, HAS, difference(0, 0.7), "gained"),
        (HAS, HAS, difference(0, 0.0, certain=False), "both"),
        (HAS, NOT, difference(0, -0.02, certain=False), "unclear"),
    ],
)
def test_without_a_counterpart_a_head_is_held_against_the_best_of_the_other_model(
    before: tuple[float, Verdict], after: tuple[float, Verdict], best: HeadDifference, kind: str
) -> None:
    (told,) = role_changes(report({0: before}), report({0: after}), [], [], best={ROLE: best})
    assert told.kind == kind
    closest = {"lost": 0.1, "gained": 0.1, "unclear": 0.1}.get(kind)
    assert (told.closest and told.closest.score) == closest


def test_of_models_whose_heads_are_no_counterparts_it_is_told_which_has_a_role() -> None:
    (only,) = role_changes(
        report({0: NOT}), report({0: HAS}), [], [], best={ROLE: difference(0, 0.7)}
    )
    (both,) = role_changes(
        report({0: HAS}), report({0: HAS}), [], [], best={ROLE: difference(0, 0.0)}
    )
    told = findings(comparison([only, both], bounds={"": 0.3}), {ROLE: "previous token"})
    assert [each.kind for each in told] == ["gained", "both", "unmatched"]
    assert told[0].text == (
        "The role previous token is in b only: L0H0 with 0.80 [0.75, 0.85]. In a no head has it; "
        "L0H0 comes closest, with 0.10 [0.05, 0.15]."
    )
    assert told[1].text == (
        "In both models heads have the role previous token (L0H0 0.80 and L0H0 0.80)."
    )
    assert told[2].text == (
        "None of 0 heads of a has a counterpart among 1 head of b, and only counterparts are "
        "compared one by one. They are at most 0.30 unlike (0 is the same, 1.4 two at random): 19 "
        "in 20 heads are farther from the most similar of their own model."
    )


def test_how_much_more_evidence_would_tell() -> None:
    # Bounds 0.01 wide on nine sentences: a difference of 0.005 takes four times as many.
    close = changed({0: HAS}, {0: NOT}, difference(0, -0.005, certain=False))
    assert close
    assert close.reason.endswith("it would take about 36 sentences, not 9")
    closer = changed({0: HAS}, {0: NOT}, difference(0, -0.0001, certain=False))
    assert closer
    assert closer.reason.endswith("9 sentences are by far not enough to tell")
    tentative = changed({0: HAS}, {0: (0.3, "tentative")}, difference(0, -0.5))
    assert tentative
    assert tentative.reason.startswith("after, L0H0 may have it, with nothing in one half")


def test_a_role_of_the_same_heads_and_of_one_fact_is_told_beside_the_other() -> None:
    def with_local_window(of: Report) -> Report:
        info = replace(of.roles[0], name="local-window", title="local window")
        heads = [
            replace(
                head,
                roles={**head.roles, "local-window": head.roles[ROLE]},
                beside={"local-window": ROLE} if head.found else {},
            )
            for head in of.heads
        ]
        return replace(of, roles=(of.roles[0], info), heads=tuple(heads))

    before, after = (with_local_window(report({0: score})) for score in (HAS, NOT))
    matches = [HeadMatch((0, 0), (0, 0), 0.0, "number")]
    lost = [difference(0, -0.7), replace(difference(0, -0.7), role="local-window")]
    told = role_changes(before, after, matches, lost)
    assert [(each.role, each.kind, each.same_as) for each in told] == [
        (ROLE, "lost", ""),
        ("local-window", "lost", ROLE),
    ]
    titles = {ROLE: "previous token", "local-window": "local window"}
    (sentence,) = findings(comparison(told), titles)
    assert sentence.text.startswith("The role previous token (also local window) is lost: before")
