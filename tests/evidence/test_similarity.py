"""How alike heads are, by hand and by property."""

from __future__ import annotations

from dataclasses import replace
from math import log, sqrt

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnviz.attention import batch as batches
from attnviz.evidence import similarity
from attnviz.evidence.similarity import REDUNDANT, Likeness
from attnviz.findings.drawn_sentences import choose, clear
from attnviz.observers.rows import RowKeeper, divergences, sample
from attnviz.text.types import Tokens
from tests.helpers.planted import Floats, Head, at_offset, corpus, even, layer, see, sentence, show


def likeness(
    heads: list[Head], sentences: list[Tokens], *, causal: bool = False, cells: int = 2**14
) -> Likeness:
    keeper = RowKeeper(sample(sentences, len(heads)))
    show(sentences, heads, [keeper], causal=causal, cells=cells)
    compared = keeper.compared(sentences)
    assert compared is not None
    return similarity.likeness(compared, 200, 0)


def test_divergence_by_hand() -> None:
    # One query, two keys: sure of the first, sure of the second, and even.
    rows = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]], [[0.5, 0.5]]])
    # H(3/4, 1/4) - H(1/2, 1/2) / 2
    near = -0.75 * log(0.75) - 0.25 * log(0.25) - log(2) / 2
    expected = [[0, log(2), near], [log(2), 0, near], [near, near, 0]]
    np.testing.assert_allclose(divergences(rows), expected, atol=1e-6)


def test_divergence_adds_up_over_queries() -> None:
    rows = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]])
    assert divergences(rows)[0, 1] == pytest.approx(log(2), abs=1e-6)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 8), st.integers(0, 1000))
def test_divergence_is_a_bounded_symmetric_dissimilarity(
    heads: int, queries: int, keys: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.full(keys, 0.2), size=(heads, queries)).astype(np.float32)
    found = divergences(torch.from_numpy(rows))
    np.testing.assert_array_equal(found, found.T)
    assert not np.diag(found).any()
    assert (found >= 0).all()
    assert (found <= queries * log(2) + 1e-5).all()


def test_identical_heads_are_redundant_and_stand_side_by_side() -> None:
    found = likeness([at_offset(-1), even, at_offset(-1), at_offset(2), even], corpus(20))
    assert found.groups == ((0, 2), (1, 4))
    assert sorted(found.order) == [0, 1, 2, 3, 4]
    places = [found.order.index(head) for head in range(5)]
    assert abs(places[0] - places[2]) == abs(places[1] - places[4]) == 1
    assert found.apart[0, 2] == found.apart[1, 4] == 0
    # Heads with no key in common: sqrt(ln 2). Rows at the edge of a sentence look elsewhere.
    assert found.apart[0, 3] == pytest.approx(sqrt(log(2)), abs=0.05)


def beside_the_first(share: float) -> Head:
    """A head with the weights (1 - share, share) on the first two tokens."""

    def weights(tokens: Tokens) -> Floats:
        rows = np.zeros((len(tokens), len(tokens)))
        rows[:, 0], rows[:, 1] = 1 - share, share
        return rows

    return weights


def entropy(*weights: float) -> float:
    return -sum(a * log(a) for a in weights if a)


def test_nearly_alike_heads_are_as_far_apart_as_by_hand() -> None:
    # The mean of (1, 0) and (0.9, 0.1) is (0.95, 0.05).
    expected = entropy(0.95, 0.05) - entropy(0.9, 0.1) / 2
    found = likeness([beside_the_first(0.0), beside_the_first(0.1)], corpus(20))
    assert found.apart[0, 1] == pytest.approx(sqrt(expected), abs=1e-4)
    assert sqrt(expected) > REDUNDANT
    assert found.groups == ()


def test_in_a_group_every_head_is_like_every_other() -> None:
    found = likeness([beside_the_first(share) for share in (0.0, 0.06, 0.12)], corpus(20))
    # 0 is near 1 and 1 near 2, but 0 is not near 2.
    assert found.apart[0, 1] < REDUNDANT
    assert found.apart[1, 2] < found.apart[0, 1]
    assert found.apart[0, 2] > REDUNDANT
    assert found.groups == ((1, 2),)


def test_heads_that_are_alike_but_for_one_sentence_are_not_surely_redundant() -> None:
    sentences = corpus(40)
    odd = sentences[0].sentence.digest

    def nearly(tokens: Tokens) -> Floats:
        return beside_the_first(float(tokens.sentence.digest == odd))(tokens)

    found = likeness([beside_the_first(0.0), nearly], sentences)
    # Near sqrt(ln 2 / 40) = 0.13, but a resample may hold that sentence three times.
    assert 0.1 < found.apart[0, 1] < REDUNDANT
    assert found.groups == ()


def test_few_sentences_make_no_groups() -> None:
    assert likeness([even, even], corpus(19)).groups == ()
    assert likeness([even, even], corpus(20)).groups == ((0, 1),)


def test_the_batches_make_no_difference() -> None:
    heads = [at_offset(-1, 0.7), even, at_offset(2, 0.3)]
    one, other = (likeness(heads, corpus(12), cells=cells) for cells in (1, 2**14))
    np.testing.assert_allclose(one.apart, other.apart, atol=1e-6)
    assert (one.rows, one.order, one.groups) == (other.rows, other.order, other.groups)


def test_rows_that_see_one_key_are_not_compared() -> None:
    sentences = [sentence(f"one two{k} three") for k in range(6)]
    found = likeness([at_offset(-1), at_offset(0)], sentences, causal=True)
    assert found.rows == 12
    assert found.apart[0, 1] == pytest.approx(sqrt(log(2)), abs=1e-3)
    keeper = RowKeeper(sample([sentence("one")], 1))
    show([sentence("one")], [even], [keeper])
    assert keeper.compared([]) is None


def test_what_a_sink_takes_is_a_place_where_heads_can_differ() -> None:
    # Both heads are even over two keys; the second's sink takes half of each row.
    given = sentence("one two")
    keeper = RowKeeper({0: 2})
    sinks = torch.tensor([-1e30, log(2)])
    shown = replace(layer([np.full((2, 2, 2), 0.5)]), bias=None, sinks=sinks)
    see([shown], [keeper], batches.make([given], 0, torch.device("cpu")), [0])
    compared = keeper.compared([given])
    assert compared is not None
    found = similarity.likeness(compared, 10, 0)
    assert found is not None
    # p = (1/2, 1/2, 0), q = (1/4, 1/4, 1/2): the mean is (3/8, 3/8, 1/4).
    mean = -2 * 3 / 8 * log(3 / 8) - log(1 / 4) / 4
    assert found.apart[0, 1] ** 2 == pytest.approx(mean - (log(2) + 1.5 * log(2)) / 2, abs=1e-6)


def test_the_sample_is_bounded_however_long_the_sentences_and_many_the_heads() -> None:
    short = corpus(200)
    assert set(sample(short, 4)) == set(range(200))  # little work: all rows of all sentences
    assert all(rows == short[place].kinds.count("") for place, rows in sample(short, 4).items())
    long = [sentence(" ".join(f"w{k}" for k in range(2000)) + f" {n}") for n in range(30)]
    assert sorted(sample(long, 1000).values()) == [1] * 24
    some = sample(short, 72)
    assert 24 <= len(some) < 200
    assert sample(short[::-1], 72) == {199 - place: rows for place, rows in some.items()}


def kept_rows(text: Tokens, wanted: int) -> list[int]:
    """The places of the queries of a sentence whose rows are kept."""
    keeper = RowKeeper({0: wanted})
    batch = batches.make([text], 0, torch.device("cpu"))
    see([layer([np.eye(len(text))[None]])], [keeper], batch, [0])
    places: list[int] = keeper._rows[0][0][0].argmax(-1).tolist()
    return places


def test_kept_rows_are_spread_over_the_sentence_from_a_place_by_its_hash() -> None:
    text = sentence(" ".join(f"w{k}" for k in range(12)))
    first = text.sentence.digest % 12 % 3
    assert kept_rows(text, 4) == [first, first + 3, first + 6, first + 9]
    # A row each of many sentences is not always the first, where a causal model sees two keys.
    alone = [kept_rows(sentence(" ".join(f"{k}w{n}" for n in range(12))), 1) for k in range(40)]
    assert len({place for places in alone for place in places}) > 6
    assert np.mean(alone) == pytest.approx(5.5, abs=1.5)


def test_too_few_rows_make_no_group() -> None:
    texts = [sentence(f"a{k} b c") for k in range(6)]
    keeper = RowKeeper(dict.fromkeys(range(6), 1))
    show(texts, [even, even], [keeper])
    compared = keeper.compared(texts)
    assert compared is not None
    likeness = similarity.likeness(compared, 200, 0)
    assert likeness is not None
    assert (likeness.rows, likeness.groups) == (6, ())
    assert likeness.apart[0, 1] == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    ("lengths", "showing", "wanted", "chosen"),
    [
        # The second shows two roles, the first then nothing new, the third the third role.
        ([10, 10, 10], [[1, 0, 0], [1, 1, 0], [0, 0, 1]], 2, (1, 2)),
        # Where a role shows more clearly; of equals the first.
        ([10, 10, 10], [[0.4, 0, 0], [0.9, 0, 0], [0.9, 0, 0]], 1, (1,)),
        # Readable ones before long ones and before very short ones.
        ([100, 10, 3], [[1, 1, 1], [0, 0, 0], [1, 1, 1]], 1, (1,)),
        # If too few are readable, the shortest of the others.
        ([100, 200, 10], [[1, 0, 0], [1, 1, 1], [0, 0, 0]], 2, (0, 2)),
        # No more than there are, and in text order.
        ([10, 10], [[0, 0, 0], [1, 1, 1]], 5, (0, 1)),
        ([10], [[1, 1, 1]], 0, ()),
    ],
)
def test_which_sentences_are_drawn(
    lengths: list[int], showing: list[list[float]], wanted: int, chosen: tuple[int, ...]
) -> None:
    assert choose(lengths, np.array(showing, dtype=float), wanted) == chosen


def test_a_head_is_drawn_where_any_of_its_roles_shows_or_where_it_shows_most() -> None:
    assert clear(np.array([[0.2, 0.0], [0.1, 0.5], [1.0, 0.0]])).tolist() == [False, True, True]
    assert clear(np.array([[0.2], [0.1], [0.0]])).tolist() == [True, False, False]


def test_without_roles_the_first_readable_sentences_are_drawn() -> None:
    assert choose([10, 50, 10, 10], np.zeros((4, 0)), 2) == (0, 2)
