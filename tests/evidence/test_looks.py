"""What words look at, counted by hand: parts of speech and relations, beside a random word."""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnviz.attention.word_table import WordTable
from attnviz.evidence.looks import Looks, looks, special_mass, total_looks, totals
from attnviz.measurement.stream import LayerShape, StreamSums
from attnviz.text.aligned import word_tokens
from attnviz.text.types import Tokens
from tests.helpers.words import CAT, annotated


def table_of(texts: list[Tokens], best: list[list[int]], *, causal: bool = False) -> WordTable:
    words = tuple(word_tokens(one) for one in texts)
    starts = np.cumsum([0, *(len(one.tokens) for one in words)])
    return WordTable(words, starts, np.array(best, np.int32), np.full(len(best), 0.25), causal)


def looked(texts: list[Tokens], best: list[list[int]], *, causal: bool = False) -> Looks:
    return looks(table_of(texts, best, causal=causal), texts)


def rows(found: Looks, name: str, head: int = 0) -> dict[tuple[str, str], tuple[float, float]]:
    kinds = getattr(found, name)
    pairs = zip(kinds.counts[head].tolist(), kinds.base[head].tolist(), strict=True)
    return dict(zip(kinds.names, pairs, strict=True))


def test_parts_of_speech_stand_beside_those_of_the_other_words() -> None:
    # "the" and "cat" look at "sat", "sat" at "cat".
    found = looked([CAT], [[2, 2, 1]])
    assert (found.words.tolist(), found.units) == ([3], 3)
    # Each word sees the other two, so each tag is seen by two of three words, half of the time.
    assert rows(found, "parts_of_speech") == {
        ("", "DET"): (0.0, 1.0),
        ("", "NOUN"): (1.0, 1.0),
        ("", "VERB"): (2.0, 1.0),
    }


def test_relations_say_what_the_word_looked_at_is_to_the_one_that_looks() -> None:
    # "the" looks at neither, "cat" at its head, "sat" at its dependent.
    found = looked([CAT], [[2, 2, 1]])
    assert rows(found, "relations") == {
        ("its dependent", "det"): (0.0, 0.5),
        ("its dependent", "nsubj"): (1.0, 0.5),
        ("its head", "det"): (0.0, 0.5),
        ("its head", "nsubj"): (1.0, 0.5),
        ("neither", ""): (1.0, 1.0),
    }


def test_in_a_causal_model_only_words_to_the_left_count() -> None:
    # "the" sees no other word; "cat" only "the", its dependent; "sat" both.
    found = looked([CAT], [[-1, 0, 0]], causal=True)
    assert (found.words.tolist(), found.units) == ([2], 2)
    assert rows(found, "parts_of_speech") == {
        ("", "DET"): (2.0, 1.5),
        ("", "NOUN"): (0.0, 0.5),
        ("", "VERB"): (0.0, 0.0),
    }
    assert rows(found, "relations") == {
        ("its dependent", "det"): (1.0, 1.0),
        ("its dependent", "nsubj"): (0.0, 0.5),
        ("neither", ""): (1.0, 0.5),
    }


def test_a_word_that_looks_at_none_counts_nowhere() -> None:
    found = looked([CAT, CAT], [[-1] * 6, [-1, 0, -1, -1, -1, 1]])
    assert found.words.tolist() == [0, 2]
    assert not found.parts_of_speech.counts[0].any()
    assert not found.parts_of_speech.base[0].any()
    assert found.relations.counts[1].sum() == pytest.approx(2)
    assert found.relations.base[1].sum() == pytest.approx(2)


def test_places_are_those_of_the_word_s_own_sentence() -> None:
    first, second = looked([CAT], [[2, 2, 1]]), looked([CAT, CAT], [[2, 2, 1, 2, 2, 1]])
    np.testing.assert_allclose(second.relations.counts, 2 * first.relations.counts)
    np.testing.assert_allclose(second.parts_of_speech.base, 2 * first.parts_of_speech.base)


def test_a_unit_of_several_words_counts_in_part_for_each_tag() -> None:
    # One token covers "do" and "n't", at which the other two look.
    tokens = annotated(
        "we dont go",
        "0 1 2",
        forms=("we", "do", "n't", "go"),
        spans=((0, 2), (2, 6), (2, 6), (6, 8)),
        upos=("PRON", "AUX", "PART", "VERB"),
        heads=(-1,) * 4,
        relations=("",) * 4,
    )
    found = looked([tokens], [[1, -1, 1]])
    assert {tag: count for (_, tag), (count, _) in rows(found, "parts_of_speech").items()} == {
        "PRON": 0.0,
        "AUX": 1.0,
        "PART": 1.0,
        "VERB": 0.0,
    }


# The same with other tags and relations, so that names differ from text to text.
OLD = annotated(
    "the old cat",
    "0 1 2",
    upos=("DET", "ADJ", "NOUN"),
    heads=(2, 2, -1),
    relations=("det", "amod", "root"),
)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2)), min_size=1, max_size=8))
def test_parts_of_a_text_added_in_any_order_are_the_whole(parts: list[tuple[bool, int]]) -> None:
    def of(olds: list[bool]) -> StreamSums:
        best = [[place for _ in olds for place in row] for row in ([2, 2, 1], [1, 0, 0])]
        texts = [OLD if old else CAT for old in olds]
        heads = (LayerShape(0, 2, 1, 3, causal=False),)
        return StreamSums(totals=totals(table_of(texts, best), texts), layers=heads)

    by_part: dict[int, list[bool]] = {}
    for old, part in parts:
        by_part.setdefault(part, []).append(old)
    pieces = [of(olds) for olds in by_part.values()]
    whole = total_looks(of([old for old, _ in parts]))
    for sums in (reduce(add, pieces), reduce(add, pieces[::-1])):
        added = total_looks(sums)
        assert added is not None
        assert whole is not None
        assert special_mass(sums) == (0.25, 0.25)
        assert (added.words.tolist(), added.units) == (whole.words.tolist(), whole.units)
        for name in ("parts_of_speech", "relations"):
            own, other = getattr(added, name), getattr(whole, name)
            assert own.names == other.names
            np.testing.assert_allclose(own.counts, other.counts, atol=1e-8)
            np.testing.assert_allclose(own.base, other.base, atol=1e-8)


def test_of_a_text_without_words_nothing_is_known() -> None:
    assert total_looks(StreamSums()) is None
    assert special_mass(StreamSums()) is None
