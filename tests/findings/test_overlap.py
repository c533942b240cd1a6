"""Which roles of a head are one fact: targets compared on texts, scores of heads set by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnviz.evidence.judge import Judgement, Verdict
from attnviz.findings.overlap import Overlap, beside, overlap
from attnviz.measurement.stream import StreamSums
from attnviz.observers.target_hashes import totals
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
from attnviz.roles.dependency import ROLE as DEPENDENCY
from attnviz.roles.role import Role, expanded
from attnviz.text.types import Tokens
from tests.helpers.planted import sentence
from tests.helpers.words import annotated

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
    return of_sums(roles, summed(roles, [sentence(text) for text in texts]))


def summed(roles: Sequence[Role], texts: Sequence[Tokens]) -> StreamSums:
    return StreamSums(totals=totals(roles, texts, None))


def of_sums(roles: Sequence[Role], sums: StreamSums) -> Overlap:
    return overlap(roles, [judged(role, 0.5) for role in roles], sums)


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


def test_of_an_unmeasured_role_nothing_is_said() -> None:
    sums = summed([FIRST, CLS], [sentence("[CLS] a b [SEP]")])
    assert of_sums([FIRST, CLS], sums).same == {("first-token", "cls")}
    without = replace(judged(CLS, 0.5), events=np.array([0]))
    assert overlap([FIRST, CLS], [judged(FIRST, 0.5), without], sums).same == frozenset()


def test_roles_between_words_are_the_same_where_all_their_pairs_are() -> None:
    # "b" is the head of "a" twice; in the second text "c" has a head of another relation.
    first = annotated("a b", "0 1", heads=(1, -1), relations=("det", "root"))
    second = annotated("a b c", "0 1 2", heads=(1, -1, 1), relations=("det", "root", "obj"))
    known = [one.sentence.annotation for one in (first, second) if one.sentence.annotation]
    det, _, obj, _ = expanded([DEPENDENCY], known)
    twin = replace(det, name="twin")
    roles = [det, obj, twin]
    assert of_sums(roles, summed(roles, [first, second])).same == {("dep:det", "twin")}
    # A part of the text may know nothing of a relation: it has no pairs there.
    apart = summed([det, twin], [first]) + summed(roles, [second])
    assert of_sums(roles, apart).same == {("dep:det", "twin")}


def test_the_same_pairs_in_other_sentences_are_not_the_same() -> None:
    # Each relation is once from the first word to the second, in sentences of their own.
    first = annotated("a b", "0 1", heads=(1, -1), relations=("det", "root"))
    second = annotated("c d", "0 1", heads=(1, -1), relations=("obj", "root"))
    known = [one.sentence.annotation for one in (first, second) if one.sentence.annotation]
    roles = expanded([DEPENDENCY], known)
    assert of_sums(roles, summed(roles, [first, second])).same == frozenset()


TEXTS = [
    *("[CLS] a , b . [SEP]", "[CLS] a . [SEP]", "a [CLS] b", "[CLS] a ! [SEP]", "a b c ."),
    *("[CLS] [SEP]", "[CLS] c , d , [SEP]"),
]
EVERY = [FIRST, CLS, COMMA, WINDOW, BEFORE, MARKS, END]


@given(st.lists(st.tuples(st.sampled_from(TEXTS), st.integers(0, 3)), min_size=1, max_size=12))
def test_parts_of_a_text_added_in_any_order_are_the_whole(parts: list[tuple[str, int]]) -> None:
    by_part: dict[int, list[str]] = {}
    for text, part in parts:
        by_part.setdefault(part, []).append(text)
    pieces = [summed(EVERY, [sentence(text) for text in texts]) for texts in by_part.values()]
    whole = of_sums(EVERY, summed(EVERY, [sentence(text) for text, _ in parts]))
    for added in (reduce(add, pieces), reduce(add, pieces[::-1])):
        assert of_sums(EVERY, added).same == whole.same
        assert of_sums(EVERY, added).within == whole.within


def test_a_strip_s_share_is_that_of_its_mass() -> None:
    roles: list[Role] = [STRIP, COMMA]
    strips = {"strip|vertical-strip|": np.array([8]), "strip|vertical-strip|comma": np.array([6])}
    sums = summed(roles, [sentence("[CLS] a , b [SEP]")]) + StreamSums(totals=strips)
    shares = of_sums(roles, sums).strips
    np.testing.assert_allclose(shares["vertical-strip", "comma"], [0.75])
