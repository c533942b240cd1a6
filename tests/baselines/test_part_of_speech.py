"""What parts of speech alone explain, worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from attnviz.attention.word_table import WordTable
from attnviz.baselines.baseline import Array
from attnviz.baselines.gold import Coverage, Gold, WordText
from attnviz.baselines.part_of_speech import expected, learned
from attnviz.measurement.pilot import Fit
from attnviz.text.aligned import Words
from attnviz.text.types import Annotation
from tests.helpers.planted import sentence

# a cat saw the old dog: determiners look at their noun, the verb at its subject.
UPOS = ("DET", "NOUN", "VERB", "DET", "ADJ", "NOUN")
NAMES = ("ADJ", "DET", "NOUN", "VERB")
DET_0, CAT, SAW, DET_1, OLD, DOG = range(6)

Arc = tuple[int, int, int]
"""Of a sentence, from a word to a word."""


def text(
    half: Sequence[int], *, causal: bool = False, upos: Sequence[Sequence[str]] = (UPOS,)
) -> WordText:
    """The same sentence several times, in the given halves; of the last `upos` all that follow."""
    tags = [tuple(upos[min(at, len(upos) - 1)]) for at in range(len(half))]
    known = [Annotation(("",) * 6, ((0, 0),) * 6, of, (-1,) * 6, ("",) * 6) for of in tags]
    words = Words(tuple((at,) for at in range(6)), tuple(range(6)))
    starts = np.arange(len(half) + 1) * 6
    best = np.zeros((1, 6 * len(half)), np.int32)
    table = WordTable((words,) * len(half), starts, best, np.zeros(1), causal)
    found = WordText(table, [sentence("a") for _ in half])
    found.annotations, found.half = [*known], np.array(half)
    return found


def gold(of: WordText, *arcs: Arc) -> Gold:
    """Arcs in the order of the words that look, one a word."""
    units, keys = np.array([[6 * at + query, key] for at, query, key in sorted(arcs)]).T
    return Gold(of, units, keys, units, np.arange(len(units)), Coverage(len(arcs), len(arcs)))


def fitted(arcs: Gold) -> Fit:
    return learned({"role": arcs})


def explained(arcs: Gold, fit: Fit | None = None) -> Array:
    """How often a word of the likeliest part of speech is right, [half that chooses, query]."""
    return np.array([*expected("role", arcs, fit or fitted(arcs)).values()])


def both(*arcs: tuple[int, int]) -> list[Arc]:
    """The same arcs in two sentences."""
    return [(at, *arc) for at in (0, 1) for arc in arcs]


def test_how_many_others_of_each_part_of_speech_a_word_sees() -> None:
    seen = text([0]).tagged(NAMES)[1]
    assert seen[DET_0].tolist() == [1, 1, 2, 1, 0]
    assert seen[CAT].tolist() == [1, 2, 1, 1, 0]
    causal = text([0], causal=True).tagged(NAMES)[1]
    assert causal[DET_0].tolist() == [0, 0, 0, 0, 0]
    assert causal[DOG].tolist() == [1, 2, 1, 1, 0]
    two = text([0, 1], causal=True).tagged(NAMES)[1]
    assert two[6 + SAW].tolist() == [0, 1, 1, 0, 0], "sentences are apart"
    # Those that are not among the names are counted together, behind them.
    assert text([0]).tagged(("NOUN",))[1][DET_0].tolist() == [2, 3]


def test_a_word_of_the_likeliest_part_of_speech_is_taken_at_random() -> None:
    found = explained(gold(text([0, 1]), *both((DET_0, CAT), (DET_1, DOG))))
    np.testing.assert_allclose(found, 0.5)  # one of two nouns


def test_each_part_of_speech_that_looks_has_its_own() -> None:
    # The verb's subject is one of two nouns; the adjective's head, too, but the determiners' is
    # taken for the verb, so that only one word fits.
    arcs = both((DET_0, SAW), (SAW, CAT), (DET_1, SAW), (OLD, DOG))
    found = explained(gold(text([0, 1]), *arcs))
    np.testing.assert_allclose(found, [[1.0, 0.5, 1.0, 0.5] * 2] * 2)


def test_each_half_says_what_is_likeliest() -> None:
    # One half's determiners look at nouns, of which there are two, the other's at the verb.
    found = explained(gold(text([0, 1]), (0, DET_0, CAT), (1, DET_0, SAW)))
    np.testing.assert_allclose(found, [[0.5, 0.0], [0.0, 1.0]])


def test_a_half_without_queries_leaves_the_choice_to_the_other() -> None:
    found = explained(gold(text([0, 0]), *both((DET_0, CAT))))
    np.testing.assert_allclose(found, 0.5)


def test_a_part_of_speech_that_a_half_lacks_takes_the_rates_of_all() -> None:
    found = explained(gold(text([0, 1]), (0, DET_0, CAT), (1, OLD, CAT)))
    np.testing.assert_allclose(found, 0.5)


@pytest.mark.parametrize("causal", [False, True])
def test_without_parts_of_speech_it_is_chance(causal: bool) -> None:
    found = explained(gold(text([0, 1], causal=causal, upos=[("",) * 6]), *both((CAT, DET_0))))
    np.testing.assert_allclose(found, 1.0 if causal else 0.2)


def test_what_a_pilot_taught_is_held_against_other_sentences() -> None:
    # The pilot's determiners look at nouns; here they look at the verb, and adverbs at nouns, of
    # which the pilot knows nothing but what is likeliest of all.
    pilot = fitted(gold(text([0, 1]), *both((DET_0, CAT), (DET_1, DOG))))
    assert pilot.names == NAMES
    other = text([0], upos=[("DET", "NOUN", "VERB", "ADV", "ADJ", "NOUN")])
    found = explained(gold(other, (0, DET_0, SAW), (0, DET_1, DOG)), pilot)
    np.testing.assert_allclose(found, [[0.0, 0.5]] * 2)


def test_of_a_relation_that_the_pilot_lacks_nothing_is_known() -> None:
    assert expected("role", gold(text([0]), (0, DET_0, CAT)), Fit({}, NAMES)) == {}
