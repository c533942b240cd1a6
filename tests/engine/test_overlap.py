"""Which roles of a head are one fact: targets compared on texts, scores of heads set by hand."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.evidence.judge import Judgement, Verdict
from attnviz.evidence.overlap import Overlap, beside, overlap
from attnviz.roles import (
    cls,
    comma,
    first_token,
    local_window,
    previous_token,
    punctuation,
    sentence_end,
    vertical_strip,
)
from attnviz.roles.role import Role
from attnviz.text.types import Tokens
from tests.engine.planted import sentence

CLS, FIRST, COMMA = cls.ROLE, first_token.ROLE, comma.ROLE
WINDOW, BEFORE = local_window.ROLE, previous_token.ROLE
MARKS, END, STRIP = punctuation.ROLE, sentence_end.ROLE, vertical_strip.ROLE


def judged(role: Role, score: float, verdict: Verdict = "supported") -> Judgement:
    """A role of one head."""
    one = np.array([score])
    return Judgement(
        role=role,
        score=one,
        chance=np.array([0.1]),
        lift=one,
        baseline=one * 0,
        against=("chance",),
        low=one,
        high=one,
        margin_low=one,
        events=np.array([100]),
        sentences=np.array([60]),
        verdicts=(verdict,),
        variants=("",),
        on_target=one * np.nan,
    )


def compared(roles: list[Role], *texts: str) -> Overlap:
    sentences: list[Tokens] = [sentence(text) for text in texts]
    return overlap(roles, [judged(role, 0.5) for role in roles], sentences, None, {})


def test_first_token_and_cls_are_the_same_where_cls_is_first() -> None:
    encoder = compared([FIRST, CLS], "[CLS] a b [SEP]", "[CLS] c [SEP]")
    assert encoder.same == {("first-token", "cls")}
    assert compared([FIRST, CLS], "[CLS] a b [SEP]", "a [CLS] b").same == frozenset()


def test_all_marks_may_end_sentences_and_lie_within_punctuation_else() -> None:
    roles: list[Role] = [MARKS, END, COMMA]
    assert compared(roles[:2], "[CLS] a b . [SEP]", "[CLS] a ! [SEP]").same == {
        ("punctuation", "sentence-end")
    }
    found = compared(roles, "[CLS] a , b . [SEP]", "[CLS] a . [SEP]")
    assert found.same == frozenset()
    assert found.within == {("sentence-end", "punctuation"), ("comma", "punctuation")}


def test_the_token_before_lies_within_the_window() -> None:
    assert compared([BEFORE, WINDOW], "a b c").within == {("previous-token", "local-window")}


@pytest.mark.parametrize(
    ("narrow", "wide", "told"),
    [(0.31, 0.40, {"punctuation": "sentence-end"}), (0.2, 0.4, {}), (0.0, 0.4, {})],
)
def test_the_narrow_role_leads_where_it_takes_most_of_the_attention(
    narrow: float, wide: float, told: dict[str, str]
) -> None:
    found = compared([MARKS, END], "[CLS] a , b . [SEP]")
    assert beside(found, [judged(MARKS, wide), judged(END, narrow)], 0) == told


def test_a_strip_on_the_full_stop_is_told_with_the_sentence_end_and_all_three_once() -> None:
    within = frozenset({("sentence-end", "punctuation")})
    shares = {
        ("vertical-strip", "sentence-end"): np.array([0.9]),
        ("vertical-strip", "punctuation"): np.array([0.95]),
    }
    roles = [judged(MARKS, 0.4), judged(END, 0.31), judged(STRIP, 0.32)]
    found = beside(Overlap(frozenset(), within, shares), roles, 0)
    assert found == {"punctuation": "sentence-end", "vertical-strip": "sentence-end"}


def test_what_leads_has_no_weaker_verdict_and_is_told_of_the_head() -> None:
    found = compared([MARKS, END], "[CLS] a , b . [SEP]")
    assert beside(found, [judged(MARKS, 0.4), judged(END, 0.31, "tentative")], 0) == {}
    assert beside(found, [judged(MARKS, 0.4), judged(END, 0.31, "no")], 0) == {}
    seen = [judged(MARKS, 0.4, None), judged(END, 0.31, None)]
    assert beside(found, seen, 0) == {"punctuation": "sentence-end"}
    same = Overlap(frozenset({("first-token", "cls")}), frozenset(), {})
    both = [judged(FIRST, 0.5), judged(CLS, 0.5)]
    assert beside(same, both, 0) == {"cls": "first-token"}
    # A margin that was set may leave the head with the second alone.
    assert beside(same, [judged(FIRST, 0.5, "no"), judged(CLS, 0.5)], 0) == {}
