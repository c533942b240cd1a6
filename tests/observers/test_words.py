"""What words look at, worked out by hand, and how that makes a score between words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attnviz.attention.batch import make
from attnviz.attention.request import join
from attnviz.attention.word_table import WordTable
from attnviz.baselines.fixed_offset import OFFSETS
from attnviz.baselines.gold import Coverage
from attnviz.evidence import arcs
from attnviz.evidence.gather import RoleSums, best_of_both, choose
from attnviz.observers.words import WordKeeper
from attnviz.roles.coreference import ROLE as COREFERENCE
from attnviz.roles.dependency import ROLE as DEPENDENCY
from attnviz.roles.role import Role, expanded, reported
from attnviz.text.types import Annotation, Mention, Tokens
from tests.helpers import grammar
from tests.helpers.planted import Floats, layer
from tests.helpers.words import SPLIT, annotated, planted, role


def watched(texts: list[Tokens], weights: list[Floats], *, causal: bool = False) -> WordTable:
    """What the words of sentences look at, given the attention [head, query, key] of one layer."""
    keeper = WordKeeper(texts)
    batch = make(texts, 0, torch.device("cpu"))
    request = keeper.ask(batch, range(len(texts)))
    keeper.begin(batch, range(len(texts)))
    keeper.see(replace(layer(weights, causal=causal), joined=join(batch, [request])))
    return keeper.table()


ROWS = np.array(
    [
        [1.0, 0.0, 0.0, 0.0, 0.0],
        [0.2, 0.2, 0.2, 0.3, 0.1],
        [0.5, 0.2, 0.1, 0.1, 0.1],
        [0.1, 0.2, 0.3, 0.0, 0.4],
        [0.2, 0.2, 0.2, 0.2, 0.2],
    ]
)


def test_a_split_word_is_the_sum_over_its_tokens_as_a_key_and_their_mean_as_a_query() -> None:
    table = watched([SPLIT], [ROWS[None]])
    np.testing.assert_array_equal(table.best, [[1, 0]])
    # Off content: "undo" (0.3 + 0.6) / 2, "it" 0.5.
    np.testing.assert_allclose(table.left, [(0.45 + 0.5) / 2], rtol=1e-6)


def test_the_other_word_with_the_most_counts_whichever_token_has_the_largest_weight() -> None:
    three = annotated("[CLS] re made them now [SEP]", "- 0 0 1 2 -")
    rows = np.zeros((6, 6))
    rows[3] = [
        0.0,
        0.3,
        0.3,
        0.0,
        0.4,
        0.0,
    ]  # "now" is the largest token
    rows[4] = rows[1] = rows[2] = rows[0] = rows[5] = [0.0, 0.1, 0.1, 0.6, 0.1, 0.1]
    np.testing.assert_array_equal(watched([three], [rows[None]]).best, [[1, 0, 1]])


@pytest.mark.parametrize(("on_content", "looks"), [(0.09, -1), (0.11, 1)])
def test_a_word_that_puts_nearly_all_on_special_tokens_abstains(
    on_content: float, looks: int
) -> None:
    two = annotated("[CLS] we go [SEP]", "- 0 1 -")
    row = np.array([1 - on_content, 0.0, on_content, 0.0])
    assert watched([two], [np.array([[row] * 4])]).best[0, 0] == looks


def test_in_a_causal_model_the_last_token_speaks_for_its_word() -> None:
    rows = np.array([[1.0, 0, 0, 0], [0.2, 0.8, 0, 0], [0.7, 0.2, 0.1, 0], [0.1, 0.6, 0.2, 0.1]])
    two = annotated("we un do it", "0 1 1 2")
    table = watched([two], [rows[None]], causal=True)
    assert table.causal
    # "we" sees nothing but itself; "undo" by its last token "we"; "it" "undo" with 0.8.
    np.testing.assert_array_equal(table.best, [[-1, 0, 1]])


def gathered(
    roles: Sequence[Role], table: WordTable, texts: list[Tokens]
) -> tuple[list[RoleSums], dict[str, Coverage]]:
    """The sums of roles with all choices made, and how much of the text they cover."""
    columns = arcs.collect(roles, table, texts, arcs.learn(roles, table, texts))
    half = np.array([one.sentence.half for one in texts])
    coverage = {one.role.name: one.coverage for one in columns if one.coverage}
    return choose(columns, half), coverage


def test_the_score_counts_right_words_and_rules_are_scored_on_the_same() -> None:
    # "a b c": a -> b (det), c -> b (det): head 1 for both; b is the root.
    tree = {"heads": (1, -1, 1), "relations": ("det", "root", "det")}
    texts = [annotated("a b c", "0 1 2", **tree)] * 12
    found = role("dep:det", texts)
    table = planted([[1, 0, 0]] * 12, texts)
    (sums,), coverage = gathered([found], table, texts)
    assert coverage["dep:det"] == Coverage(24, 24)
    everyone = np.ones((1, 12))
    assert sums.score.pooled(everyone)[0, 0] == 0.5  # a is right, c is wrong
    assert sums.score.events.sum() == 24
    assert sums.baselines["chance"].pooled(everyone)[0, 0] == 0.5  # one of two other words
    # All sentences are one text and so in one half, which chooses alone: -1 or 1, once in two.
    assert sums.baselines["fixed offset"].pooled(everyone)[0, 0] == 0.5
    reverse, _ = gathered([role("dep:det:reverse", texts)], table, texts)
    assert reverse[0].score.pooled(everyone)[0, 0] == 1.0  # b looks at a, one of its two
    assert reverse[0].baselines["chance"].pooled(everyone)[0, 0] == 1.0  # both others are right


def test_the_best_offset_is_the_better_of_those_that_the_halves_choose() -> None:
    texts = grammar.corpus(80, seed=1)
    halves = np.array([one.sentence.half for one in texts])
    found = role("dep:nsubj", texts)
    words = [len(one.sentence.annotation.forms) for one in texts if one.sentence.annotation]
    table = planted([[-1] * count for count in words], texts)
    (sums,), _ = gathered([found], table, texts)
    apart = [[head - dependent for head, dependent in grammar.arcs(one, "nsubj")] for one in texts]

    def hits(offset: int, rows: np.ndarray) -> int:
        return sum(distances.count(offset) for distances in np.array(apart, object)[rows])

    everyone = np.ones(80, np.bool_)
    chosen = [max(OFFSETS, key=lambda k: hits(k, halves == half)) for half in (0, 1)]
    best = max(hits(k, everyone) for k in chosen)
    offset = sums.baselines["fixed offset"].pooled(np.ones((1, 80)))[0, 0]
    assert offset == pytest.approx(best / sum(map(len, apart)))


HALVES = np.array([0, 0, 0, 1, 1, 1])


@pytest.mark.parametrize(
    ("first", "second", "best"),
    [
        # Candidates a, b, c; hits in either half. Each chooses another: the better on both counts.
        ((3, 2, 0), (0, 2, 4), 2),
        # The first half has a and b alike, and takes the one that the other half bears out.
        ((2, 2, 0), (0, 3, 2), 1),
        # A half without a hit leaves the choice to the other.
        ((0, 0, 0), (1, 4, 2), 1),
        ((1, 4, 2), (0, 0, 0), 1),
    ],
)
def test_a_rare_relation_is_held_against_the_better_choice_of_both_halves(
    first: tuple[int, ...], second: tuple[int, ...], best: int
) -> None:
    hits = np.zeros((6, 3))
    hits[0], hits[3] = first, second
    assert best_of_both(hits, HALVES) == best


@given(st.lists(st.lists(st.integers(0, 2), min_size=4, max_size=4), min_size=2, max_size=12))
def test_the_baseline_is_never_below_either_halves_choice_scored_on_the_other(
    rows: list[list[int]],
) -> None:
    hits = np.array(rows, np.float64)
    half = np.arange(len(hits)) % 2
    crossed = sum(hits[half == side, hits[half != side].sum(0).argmax()].sum() for side in (0, 1))
    chosen = hits[:, best_of_both(hits, half)].sum()
    alone = [hits[half == side].sum(0) for side in (0, 1)]
    unique = all((one == one.max()).sum() == 1 for one in alone)
    assert chosen <= hits.sum(0).max()
    if unique:  # then both choices are known, and neither is better on all sentences
        assert chosen == max(hits[:, one.argmax()].sum() for one in alone)
        assert 2 * chosen >= crossed


def test_what_a_word_puts_on_the_right_ones_is_summed_over_their_tokens() -> None:
    # [CLS] un do it [SEP], "undo" and "it" two mentions of one entity: "it" puts 0.2 + 0.3 on it.
    mentions = (Mention("e", 0, 1, 0), Mention("e", 1, 2, 1))
    known = SPLIT.sentence.annotation
    assert known is not None
    one = replace(
        SPLIT,
        sentence=replace(SPLIT.sentence, annotation=replace(known, mentions=mentions)),
    )
    keeper = WordKeeper([one] * 3, arcs=COREFERENCE.arcs)
    batch = make([one] * 3, 0, torch.device("cpu"))
    request = keeper.ask(batch, range(3))
    keeper.begin(batch, range(3))
    keeper.see(replace(layer([ROWS[None]] * 3), joined=join(batch, [request])))
    table = keeper.table()
    np.testing.assert_allclose(table.mass_on(np.array([1, 0]), np.array([0, 1])), [[0.5, 0.0]])
    (sums,), _ = gathered([COREFERENCE], table, [one] * 3)
    assert sums.on_target is not None
    assert sums.on_target.sum() == pytest.approx(3 * 0.5)


def test_a_causal_model_is_asked_only_for_words_to_the_left() -> None:
    tree = {"heads": (1, -1, 1), "relations": ("det", "root", "det")}
    texts = [annotated("a b c", "0 1 2", **tree)] * 12
    found = role("dep:det", texts)
    (sums,), coverage = gathered([found], planted([[-1, 0, 1]] * 12, texts, causal=True), texts)
    assert coverage["dep:det"].share == 0.5
    assert sums.score.events.sum() == 12
    assert sums.score.pooled(np.ones((1, 12)))[0, 0] == 1.0  # c looks at b
    assert sums.baselines["chance"].pooled(np.ones((1, 12)))[0, 0] == 0.5  # a or b


def test_coreference_asks_for_an_earlier_mention_and_is_held_against_two_rules() -> None:
    # Ann saw Eve ; Eve saw her: "her" is Ann, the nearest mention before it is the second Eve.
    mentions = tuple(
        Mention(entity, place, place + 1, place)
        for entity, place in [("ann", 0), ("eve", 2), ("eve", 3), ("ann", 5)]
    )
    texts = [annotated("Ann saw Eve Eve saw her", "0 1 2 3 4 5", mentions=mentions)] * 10
    (sums,), _ = gathered([COREFERENCE], planted([[-1, -1, -1, 2, -1, 0]] * 10, texts), texts)
    everyone = np.ones((1, 10))
    pooled = {name: one.pooled(everyone)[0, 0] for name, one in sums.baselines.items()}
    assert sums.score.pooled(everyone)[0, 0] == 1.0  # Eve at Eve, her at Ann
    assert sums.score.events.sum() == 20
    assert pooled["nearest mention"] == 0.5
    assert pooled["same word"] == 0.5
    assert pooled["chance"] == pytest.approx(0.2)


def test_words_that_one_token_stands_for_are_no_arc() -> None:
    glued = annotated("dont go", "0 1", heads=(1, -1), relations=("aux", "root"))
    annotation = Annotation(
        forms=("do", "nt", "go"),
        spans=((0, 2), (2, 4), (4, 6)),
        upos=("",) * 3,
        heads=(2, 0, -1),
        relations=("aux", "advmod", "root"),
    )
    one = replace(glued, sentence=replace(glued.sentence, annotation=annotation))
    role_of = DEPENDENCY.members([annotation] * 20)
    table = planted([[1, 0]] * 20, [one] * 20)
    sums, coverage = gathered(role_of, table, [one] * 20)
    assert coverage["dep:advmod"] == Coverage(0, 20)
    assert coverage["dep:aux"].share == 1.0
    assert {found.role.name for found in sums} == {
        "dep:advmod",
        "dep:advmod:reverse",
        "dep:aux",
        "dep:aux:reverse",
    }


def test_a_text_without_annotation_leaves_the_family_in_place() -> None:
    assert expanded([DEPENDENCY], []) == [DEPENDENCY]
    assert reported([COREFERENCE, DEPENDENCY], [COREFERENCE, DEPENDENCY], {}) == [
        COREFERENCE,
        DEPENDENCY,
    ]


def test_every_relation_is_measured_and_those_of_twenty_pairs_are_reported() -> None:
    tree = {"heads": (1, -1, 1), "relations": ("det", "root", "obj")}
    known = annotated("a b c", "0 1 2", **tree).sentence.annotation
    assert known is not None
    every = expanded([DEPENDENCY, COREFERENCE], [known])
    assert [one.name for one in every] == [
        *("dep:det", "dep:det:reverse", "dep:obj", "dep:obj:reverse"),
        "coreference",
    ]
    counts = {"dep:det": 20, "dep:det:reverse": 20, "dep:obj": 19, "dep:obj:reverse": 19}

    def told(arcs_of: dict[str, int]) -> list[str]:
        return [one.name for one in reported([DEPENDENCY, COREFERENCE], every, arcs_of)]

    assert told(counts) == ["dep:det", "dep:det:reverse", "coreference"]
    # Two parts of a text have it together.
    assert told({name: 2 * count for name, count in counts.items()})[2:4] == [
        "dep:obj",
        "dep:obj:reverse",
    ]
    assert told({}) == ["dep", "coreference"], "the family stands for what is missing"


def test_what_a_relation_is_called_is_in_its_fields() -> None:
    tree = {"heads": (1, -1), "relations": ("nsubj", "root")}
    known = annotated("a b", "0 1", **tree).sentence.annotation
    assert known is not None
    to_head, from_head = expanded([DEPENDENCY], [known])
    assert (to_head.family_name, to_head.relation, to_head.direction) == (
        *("dep", "nsubj"),
        "to the head",
    )
    assert (from_head.relation, from_head.direction) == ("nsubj", "from the head")
    assert COREFERENCE.direction == COREFERENCE.relation == ""
    assert DEPENDENCY.includes("dep:nsubj:reverse")
    assert not any(DEPENDENCY.includes(name) for name in ("dep", "dep:", "dep:x:", "depth:x", ""))


def test_sums_of_units_lead_to_the_same_choices_as_those_of_sentences() -> None:
    # Units of four sentences that are in one half; the best offset and part of speech are chosen
    # from their sums as from those of sentences.
    texts = grammar.corpus(80, seed=2)
    found = role("dep:nsubj", texts)
    words = [len(one.sentence.annotation.forms) for one in texts if one.sentence.annotation]
    table = planted([[-1] * count for count in words], texts)
    [columns] = arcs.collect([found], table, texts, arcs.learn([found], table, texts))
    assert {name: [*choices] for name, choices in columns.choices.items()} == {
        "fixed offset": [f"{k:+d}" for k in OFFSETS],
        "part of speech": ["first half", "second half"],
    }
    half = np.array([one.sentence.half for one in texts])
    order = np.argsort(half, kind="stable")
    of = np.zeros((80, 80))
    for side in (0, 1):
        places = order[half[order] == side]
        for at, place in enumerate(places.tolist()):
            of[places[at // 4 * 4], place] = 1.0
    there = of.any(1)
    units = columns.changed(lambda rows: of[there] @ rows)
    (by_sentence,), (by_unit,) = choose([columns], half), choose([units], half[there])
    for name, sums in by_sentence.baselines.items():
        assert by_unit.baselines[name].mass.sum() == pytest.approx(sums.mass.sum()), name
    assert by_unit.sentences.sum() == by_sentence.sentences.sum()
