"""Which sentences and queries show a role: chosen from sums, and found in planted attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnviz.attention.batch import make
from attnviz.attention.request import join
from attnviz.attention.word_table import WordTable, right_words
from attnviz.evidence import arcs
from attnviz.findings.examples import HeadRoleSums, SentenceSums, best_first, example_sentences
from attnviz.observers.examples import ExampleKeeper
from attnviz.observers.shown import EACH, ExampleQuery, ExampleSentence, HeadRole, Shows
from attnviz.observers.tables import LayerSums, ScoreTable
from attnviz.roles.role import Role, expanded
from attnviz.roles.variants import RoleVariant
from attnviz.text.aligned import word_tokens
from attnviz.text.types import Tokens
from tests.helpers.planted import ROLES, Floats, layer, sentence
from tests.helpers.words import CAT, annotated

BY_NAME = {role.name: role for role in ROLES}
ENDS: tuple[Shows, ...] = ("most", "least")


def head_role(role: str, head: int = 0, variant: str = "") -> HeadRole:
    return HeadRole(0, head, RoleVariant(BY_NAME[role], variant))


def ask(of: HeadRole, shows: Shows = "most", *, place: int = 0) -> ExampleSentence:
    return ExampleSentence(of, place, shows, 0.5, 0.1, 4)


def found(
    asked: Sequence[ExampleSentence],
    texts: Sequence[Tokens],
    weights: Sequence[Floats],
    words: WordTable | None = None,
    *,
    causal: bool = False,
) -> list[ExampleQuery]:
    keeper = ExampleKeeper(asked, range(len(texts)), words)
    batch = make(texts, 0, torch.device("cpu"))
    request = keeper.ask(batch, range(len(texts)))
    keeper.begin(batch, range(len(texts)))
    keeper.see(replace(layer(weights, causal=causal), joined=join(batch, [request])))
    return keeper.queries


def test_the_best_head_of_each_role_comes_first() -> None:
    roles = [BY_NAME["self"], BY_NAME["next-token"], BY_NAME["fixed-offset"]]
    heads = [[(0, 0), (0, 1)], [(1, 0)], [(2, 0), (2, 1), (2, 2)]]
    players = [[(head, "+2" if at == 2 else "") for head in of] for at, of in enumerate(heads)]
    order = [
        (one.role.name, one.layer, one.head)
        for one in best_first(list(zip(roles, players, strict=True)), most=5)
    ]
    assert order == [
        ("self", 0, 0),
        ("next-token", 1, 0),
        ("fixed-offset", 2, 0),
        ("self", 0, 1),
        ("fixed-offset", 2, 1),
    ]


def test_sentences_are_chosen_by_score_less_chance() -> None:
    # Per event 0.9 - 0.5, 0.6 - 0.1, 0.6 - 0.1, 0.2 - 0.1, 0.3 - 0.1, and too few events.
    sums = SentenceSums(
        mass=np.array([3.6, 2.4, 2.4, 0.8, 1.2, 1.0]),
        chance=np.array([2.0, 0.4, 0.4, 0.4, 0.4, 0.0]),
        events=np.array([4.0, 4.0, 4.0, 4.0, 4.0, 1.0]),
    )
    chosen = example_sentences(head_role("self"), sums, [10] * 6)
    assert [(one.place, one.shows) for one in chosen] == [
        (1, "most"),
        (2, "most"),
        (3, "least"),
        (4, "least"),
    ]
    assert (chosen[0].score, chosen[0].chance, chosen[0].events) == (0.6, 0.1, 4)


def test_readable_sentences_are_preferred_where_there_are_enough() -> None:
    def places(lengths: list[int]) -> list[int]:
        sums = SentenceSums(np.arange(6.0), np.zeros(6), np.full(6, 5.0))
        return [one.place for one in example_sentences(head_role("self"), sums, lengths)]

    assert places([20, 20, 20, 20, 400, 400]) == [3, 2, 0, 1]
    assert places([20, 20, 20, 400, 400, 400]) == [5, 4, 0, 1]


def test_the_range_between_is_a_sentence_at_each_tenth() -> None:
    # Forty sentences, that of number n with the score n / 40; those of 12 to 20 are unreadable.
    sums = SentenceSums(np.arange(40.0) / 8, np.zeros(40), np.full(40, 5.0))
    lengths = [400 if 12 <= at <= 20 else 10 for at in range(40)]
    chosen = example_sentences(head_role("self"), sums, lengths, between=True)
    assert [(one.place, one.shows, one.tenth) for one in chosen] == [
        (39, "most", None),
        (38, "most", None),
        (35, "between", 9),  # nine tenths, 36 sentences, show it less; 35 and 36 are as near
        (31, "between", 8),
        (27, "between", 7),
        (23, "between", 6),
        (21, "between", 5),
        # None is near four tenths, for those there are unreadable.
        (11, "between", 3),
        (7, "between", 2),
        (3, "between", 1),
        (0, "least", None),
        (1, "least", None),
    ]
    few = SentenceSums(np.arange(19.0), np.zeros(19), np.full(19, 5.0))
    assert len(example_sentences(head_role("self"), few, [10] * 19, between=True)) == 4


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=12))
def test_no_sentence_is_both_ends_and_none_lacks_events(drawn: list[tuple[int, int]]) -> None:
    events, tenths = np.array(drawn, dtype=float).T
    sums = SentenceSums(events * tenths / 10, events * 0.1, events)
    chosen = example_sentences(head_role("self"), sums, [10] * len(drawn))
    places = [one.place for one in chosen]
    assert len(set(places)) == len(places) <= 2 * EACH
    assert all(events[one.place] > 0 for one in chosen)
    assert bool(chosen) == bool(events.any())
    most, least = ([one.score for one in chosen if one.shows == end] for end in ENDS)
    assert not least or min(most) >= max(least)


# "a" looks back with 0.2, "b" with 0.9, "c" with 0.4, each at itself with the rest.
BACK = sentence("[CLS] a b c")
ROWS = np.diag([1.0, 0.8, 0.1, 0.6]) + np.diag([0.2, 0.9, 0.4], k=-1)


def test_the_query_with_most_and_the_one_with_least_on_its_target() -> None:
    of = head_role("previous-token")
    most, least = found([ask(of), ask(of, "least")], [BACK], [ROWS[None]])
    assert (most.queries, most.target, least.queries, least.target) == ((2,), (1,), (1,), (0,))
    assert [most.mass, least.mass] == pytest.approx([0.9, 0.2])
    np.testing.assert_allclose(most.weights, [0.0, 0.9, 0.1, 0.0], atol=1e-6)
    assert [(places, round(weight, 3)) for places, weight in least.looked] == [
        ((1,), 0.8),
        ((0,), 0.2),
    ]


def test_a_sentence_between_shows_the_query_nearest_to_its_mean() -> None:
    (one,) = found([ask(head_role("previous-token"), "between")], [BACK], [ROWS[None]])
    assert one.queries == (3,)  # 0.4; the mean is 0.5


def test_only_keys_that_are_seen_count_as_a_target() -> None:
    # The next token is never seen, so that nobody is asked; the others see each other.
    asked = [ask(head_role("next-token")), ask(head_role("self"))]
    (only,) = found(asked, [BACK], [ROWS[None]], causal=True)
    assert only.sentence.head_role.role.name == "self"


def test_each_head_and_sentence_is_looked_up_in_a_padded_batch() -> None:
    short = sentence("[CLS] a b")
    other = np.stack([np.eye(3), np.roll(np.eye(3), -1, axis=0)])  # itself; the next, in a ring
    both = [np.stack([ROWS, ROWS]), other]
    asked = [
        ask(head_role("self", head=0), place=1),
        ask(head_role("next-token", head=1), place=1),
    ]
    one, two = found(asked, [BACK, short], both)
    assert (one.queries, len(one.weights)) == ((1,), 3)
    assert (two.queries, two.target) == ((1,), (2,))
    assert [one.mass, two.mass] == pytest.approx([1.0, 1.0])


def test_roles_of_shape_have_a_query_of_their_own() -> None:
    tokens = sentence("[CLS] a b c d e")
    rows = np.full((6, 6), 1 / 6)
    rows[2] = [0.5, 0.25, 0.25, 0.0, 0.0, 0.0]
    rows[3] = [0.02, 0.9, 0.02, 0.02, 0.02, 0.02]
    shapes = [ask(head_role(name), end) for name in ("sparse", "broad") for end in ENDS]
    sparse, not_sparse, broad, not_broad = found(shapes, [tokens], [rows[None]])
    assert (sparse.queries, sparse.target) == ((2,), ())
    assert sparse.mass == pytest.approx(1.0)
    assert not_sparse.mass == pytest.approx(0.5)
    assert broad.queries == (1,)
    assert broad.mass == pytest.approx(1.0)
    assert not_broad.queries == (3,)


def test_a_strip_is_the_key_that_all_queries_look_at() -> None:
    rows = np.full((4, 4), 0.1)
    rows[:, 2] = [0.7, 0.7, 0.7, 0.4]
    rows[3, 3] = 0.4
    of = head_role("vertical-strip")
    most, least = found([ask(of), ask(of, "least")], [BACK], [rows[None]])
    assert (most.target, least.target) == ((2,), (2,))
    assert (most.queries, least.queries) == ((1,), (3,))


def between(relation: str, texts: Sequence[Tokens]) -> Role:
    annotations = [one.sentence.annotation for one in texts if one.sentence.annotation]
    roles = expanded([BY_NAME["dep"]], annotations)
    return next(role for role in roles if role.name == relation)


def table(texts: Sequence[Tokens], best: list[list[int]], *, causal: bool = False) -> WordTable:
    words = tuple(word_tokens(one) for one in texts)
    starts = np.cumsum([0, *(len(one.tokens) for one in words)])
    return WordTable(words, starts, np.array(best, np.int32), np.zeros(len(best)), causal)


def test_words_show_the_right_word_and_the_one_looked_at() -> None:
    # "un do" is one word of two tokens; its head is "it", at which it looks with (0.1 + 0.5) / 2.
    tokens = annotated(
        "[CLS] un do it now",
        "- 0 0 1 2",
        heads=(1, -1, 1),
        relations=("nsubj", "root", "advmod"),
    )
    rows = np.full((5, 5), 0.2)
    rows[1], rows[2] = [0.3, 0.1, 0.2, 0.1, 0.3], [0.1, 0.1, 0.1, 0.5, 0.2]
    words = table([tokens], [[1, 0, 0]])
    role = between("dep:nsubj", [tokens])
    (one,) = found([ask(HeadRole(0, 0, RoleVariant(role)))], [tokens], [rows[None]], words)
    assert (one.queries, one.target) == ((1, 2), (3,))
    assert one.mass == pytest.approx(0.3)
    assert [places for places, _ in one.looked] == [(3,), (4,)]
    assert role.arcs is not None
    assert right_words(role.arcs, tokens, words, 0) == {0: frozenset({1})}


def test_sums_between_words_are_those_of_the_words_looked_at() -> None:
    texts, role = [CAT, CAT], between("dep:nsubj", [CAT])
    one_head = LayerSums(*[np.zeros((2, 1, 0))] * 6)
    words = table(texts, [[2, 2, 1, -1, 0, -1]])
    sums = HeadRoleSums(
        ScoreTable((), (), (0,), (one_head,)), arcs.collect([role], words, texts, {})
    )
    got = sums(HeadRole(0, 0, RoleVariant(role)))
    # "cat" looks at its head in the first sentence and not in the second; two words to choose from.
    np.testing.assert_allclose(got.mass, [1.0, 0.0])
    np.testing.assert_allclose(got.chance, [0.5, 0.5])
    np.testing.assert_allclose(got.events, [1.0, 1.0])


def test_a_sentence_shows_a_role_as_clearly_as_the_text_does_or_less() -> None:
    # Above chance by 0.5, 0.2, 0 and -0.1: of all together by 0.15 an event.
    sums = SentenceSums(
        np.array([6.0, 3.0, 1.0, 0.0]), np.ones(4), np.array([10.0, 10.0, 10.0, 10.0])
    )
    assert sums.showing.tolist() == [1.0, 1.0, 0.0, 0.0]
    weaker = SentenceSums(np.array([6.0, 1.5, 1.0]), np.ones(3), np.full(3, 10.0))
    assert weaker.showing.tolist() == [1.0, 0.273, 0.0]
    assert SentenceSums(np.zeros(2), np.ones(2), np.ones(2)).showing.tolist() == [0.0, 0.0]
