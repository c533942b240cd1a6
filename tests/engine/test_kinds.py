"""What parts of speech alone explain, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.attention.words import WordTable
from attnviz.evidence.kinds import Kinds
from attnviz.text.aligned import Words
from attnviz.text.types import Annotation

# a cat saw the old dog: determiners look at their noun, the verb at its subject.
UPOS = ("DET", "NOUN", "VERB", "DET", "ADJ", "NOUN")
DET_0, CAT, SAW, DET_1, OLD, DOG = range(6)
ADJ, DET, NOUN, VERB = range(4)


def kinds(sentences: int = 1, *, causal: bool = False, upos: tuple[str, ...] = UPOS) -> Kinds:
    """The same sentence several times."""
    many = len(upos)
    known = Annotation(("",) * many, ((0, 0),) * many, upos, (-1,) * many, ("",) * many)
    words = Words(tuple((at,) for at in range(many)), tuple(range(many)))
    starts = np.arange(sentences + 1) * many
    best = np.zeros((1, many * sentences), np.int32)
    table = WordTable((words,) * sentences, starts, best, np.zeros(1), causal)
    return Kinds(table, [known] * sentences)


def test_how_many_others_of_each_kind_a_word_sees() -> None:
    assert kinds().seen[DET_0].tolist() == [1, 1, 2, 1]
    assert kinds().seen[CAT].tolist() == [1, 2, 1, 1]
    assert kinds(causal=True).seen[DET_0].tolist() == [0, 0, 0, 0]
    assert kinds(causal=True).seen[DOG].tolist() == [1, 2, 1, 1]
    assert kinds(2, causal=True).seen[6 + SAW].tolist() == [0, 1, 1, 0], "sentences are apart"


def arcs(*pairs: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Queries and their right words by kind, for the same arcs in two sentences of two halves."""
    numbered = {"ADJ": ADJ, "DET": DET, "NOUN": NOUN, "VERB": VERB}
    right = np.zeros((2 * len(pairs), 4))
    for place, (_, key) in enumerate(pairs * 2):
        right[place, numbered[UPOS[key]]] = 1
    queries = np.array([query + at * 6 for at in range(2) for query, _ in pairs])
    return queries, right


def test_a_word_of_the_likeliest_kind_is_taken_at_random() -> None:
    queries, right = arcs((DET_0, CAT), (DET_1, DOG))
    found = kinds(2).expect(queries, right, np.array([0, 0, 1, 1]))
    np.testing.assert_allclose(found, 0.5)  # one of two nouns


def test_each_kind_of_word_has_its_own() -> None:
    # The verb's subject is one of two nouns; the adjective's head, too, but the determiners' is
    # taken for the verb, so that only one word fits.
    queries, right = arcs((SAW, CAT), (OLD, DOG), (DET_0, SAW), (DET_1, SAW))
    found = kinds(2).expect(queries, right, np.repeat([0, 1], 4))
    np.testing.assert_allclose(found, [[0.5, 0.5, 1.0, 1.0] * 2] * 2)


def test_each_half_says_what_is_likeliest() -> None:
    # One half's determiners look at nouns, of which there are two, the other's at the verb.
    queries = np.array([DET_0, 6 + DET_0])
    right = np.array([[0, 0, 1, 0], [0, 0, 0, 1]])
    found = kinds(2).expect(queries, right, np.array([0, 1]))
    np.testing.assert_allclose(found, [[0.5, 0.0], [0.0, 1.0]])


def test_a_half_without_queries_leaves_the_choice_to_the_other() -> None:
    queries = np.array([DET_0, 6 + DET_0])
    right = np.array([[0, 0, 1, 0], [0, 0, 1, 0]])
    found = kinds(2).expect(queries, right, np.array([0, 0]))
    np.testing.assert_allclose(found, 0.5)


def test_a_kind_that_a_half_lacks_takes_the_rates_of_all() -> None:
    queries = np.array([DET_0, 6 + OLD])
    right = np.array([[0, 0, 1, 0], [0, 0, 1, 0]])
    np.testing.assert_allclose(kinds(2).expect(queries, right, np.array([0, 1])), 0.5)


@pytest.mark.parametrize("causal", [False, True])
def test_without_parts_of_speech_it_is_chance(causal: bool) -> None:
    queries, right = np.array([CAT, 6 + CAT]), np.ones((2, 1))
    found = kinds(2, causal=causal, upos=("",) * 6).expect(queries, right, np.array([0, 1]))
    np.testing.assert_allclose(found, 1.0 if causal else 0.2)
