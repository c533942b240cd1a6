"""Heads that look at rare words or at related ones are found, and what only resembles them isn't.

Answers worked out by hand: the ids say which word is rarest, made-up embeddings what is related.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor

from attnviz.models.load import LoadedModel
from attnviz.models.related import FEWEST, MOST, NEAR
from attnviz.roles import masks, rare_token, related_words
from attnviz.roles.rare_token import ROLE as RARE
from attnviz.text.types import Annotation, Tokens
from tests.helpers.measure import with_related
from tests.helpers.planted import Floats, at_offset, corpus, even, measure, on_target, sentence

pytestmark = pytest.mark.slow


def pieces(text: str, order: str) -> Tokens:
    """Words between spaces, cut into tokens at "+"; ids as in `order`, from common to rare."""
    words = [word.split("+") for word in text.split()]
    found = sentence(" ".join(piece for word in words for piece in word))
    numbers = [None if word == ["[CLS]"] else n for n, word in enumerate(words) for _ in word]
    ids = tuple(order.split().index(piece) for piece in found.pieces)
    return replace(found, ids=ids, words=tuple(numbers))


def rare(tokens: Tokens) -> tuple[list[str], list[int]]:
    """The tokens of the rarest word, and the places of the queries."""
    target = rare_token.ROLE.target(tokens)
    hit = target.part((0, len(tokens)), (0, len(tokens)))
    keys, queries = (np.flatnonzero(hit.any(axis)).tolist() for axis in (0, 1))
    return [tokens.pieces[place] for place in keys], queries


def test_the_rarest_word_is_the_one_of_the_highest_id() -> None:
    #                 0    1   2   3  4   5    6   7
    tokens = pieces("[CLS] the owl sat by the zebra .", "[CLS] . the by sat owl zebra")
    # To the right of the second "the" there is no word but the zebra to compare with.
    assert rare(tokens) == (["zebra"], [1, 2, 3, 4, 7])


def test_a_word_of_several_pieces_is_rarer() -> None:
    tokens = pieces("un+well the owl sat by the zebra", "un well . the by sat owl zebra")
    # "the" and "owl" have no two tokens of other words to their left.
    assert rare(tokens) == (["un", "well"], [4, 5, 6, 7])


def test_marks_numbers_and_what_is_said_twice_are_not_the_rarest() -> None:
    tokens = pieces("the cat saw zebra 1999 ! zebra owl so", "the so saw cat owl zebra 1999 !")
    assert rare(tokens)[0] == ["owl"]


@pytest.mark.parametrize("text", ["", "[CLS]", "! ?", "zebra", "zebra zebra", "[CLS] zebra !"])
def test_without_a_word_to_compare_with_nothing_is_measured(text: str) -> None:
    tokens = pieces(text, "[CLS] ! ? zebra")
    assert rare(tokens) == ([], [])
    assert not _pairs(rare_token.ROLE.matched, tokens)


def _pairs(target: Callable[[Tokens], Any] | None, tokens: Tokens) -> list[tuple[int, int]]:
    assert target is not None
    return [(query, key) for query, key in target(tokens).pairs.tolist()]


def test_the_match_of_a_rare_word_is_as_long_and_on_the_same_side() -> None:
    #               0  1    2   3   4   5  6   7    8
    text, order = "un+well the owl so+on by zebra ant", "the by owl zebra ant so on un well"
    found = _pairs(RARE.matched, pieces(text, order))
    by_query = {query: [key for q, key in found if q == query] for query, _ in found}
    # Of the words to the left but "un+well" only "so+on" has two pieces; before it, any two tokens.
    assert by_query == {4: [2, 3], 5: [2, 3], 6: [4, 5], 7: [4, 5], 8: [4, 5]}


def test_matches_are_other_words_seen_by_the_same_queries() -> None:
    for tokens in corpus(50):
        keys = RARE.target(tokens).part((0, len(tokens)), (0, len(tokens)))
        pairs = _pairs(RARE.matched, tokens)
        assert [query for query, _ in pairs] == np.flatnonzero(keys.any(1)).tolist()
        (rarest,) = np.flatnonzero(keys.any(0)).tolist()
        for query, key in pairs:
            assert key not in {query, rarest}
            assert (key < query) == (rarest < query)
            assert masks.lettered(tokens)[key]


def on_words(tokens: Tokens) -> Floats:
    """A head that looks at every word alike, and at no mark."""
    there = masks.lettered(tokens)
    return np.tile(there / there.sum(), (len(tokens), 1))


def sparse_words(count: int) -> list[Tokens]:
    """Sentences of five words anywhere among twenty marks."""
    rng = np.random.default_rng(3)
    found = []
    for number in range(count):
        words = ["!", "?", ";", ":"] * 5
        for k in range(5):
            words.insert(int(rng.integers(len(words))), f"w{number}x{k}")
        found.append(sentence(" ".join(words)))
    return found


@pytest.mark.parametrize("causal", [False, True])
def test_a_head_on_rare_words_is_found(*, causal: bool) -> None:
    heads = [on_target("rare-token", 0.5, causal=causal), even, at_offset(-2, 0.9), on_words]
    judged = measure(corpus(100), heads, causal=causal).judgements["rare-token"]
    assert judged.verdicts == ("supported", "no", "no", "no")
    assert judged.score[0] == pytest.approx(0.5, abs=0.05)


def test_a_head_on_words_is_no_head_on_rare_words() -> None:
    judged = measure(sparse_words(100), [on_words]).judgements["rare-token"]
    # A fifth on each word: much more than chance, 1 / 25, and no more than on any other word.
    assert judged.score[0] == pytest.approx(0.2)
    assert judged.chance[0] == pytest.approx(0.04)
    assert judged.baseline[0] == pytest.approx(0.2)
    assert judged.against == ("matched",)
    assert judged.verdicts == ("no",)


def embedded(vectors: Tensor) -> LoadedModel:
    """A model of which only the input embeddings are known."""
    embeddings = SimpleNamespace(weight=vectors)
    model = SimpleNamespace(get_input_embeddings=lambda: embeddings)
    return cast("LoadedModel", SimpleNamespace(model=model))


WORDS = [f"w{k}" for k in range(50)]


def close(*pairs: tuple[int, int]) -> LoadedModel:
    """Words at right angles to each other, but that the second of each pair is as the first."""
    vectors = torch.eye(len(WORDS) + 1)
    for one, other in pairs:
        vectors[other] = vectors[one]
    return embedded(vectors)


def text(words: Sequence[str]) -> Tokens:
    return pieces(" ".join(words), " ".join([*WORDS, "the"]))


def test_words_of_close_embeddings_are_related() -> None:
    (found,) = with_related(close((1, 12)), [text(WORDS[:20])])
    assert found.related == ((1, 12), (12, 1))
    (query, after), (other, before) = found.unrelated
    assert (query, other) == (1, 12)
    assert after in set(range(1 + NEAR + 1, 20)) - {12}
    assert before in set(range(12 - NEAR)) - {1}


def test_neighbours_are_not_related() -> None:
    (found,) = with_related(close((1, 3)), [text(WORDS[:20])])
    assert found.related == ()
    (found,) = with_related(close((1, 4)), [text(WORDS[:20])])
    assert found.related == ((1, 4), (4, 1))


def test_neither_copies_nor_the_most_frequent_words_are_related() -> None:
    # "the" makes up 15 of 38 words, with the words said twice it is more than half.
    tokens = text([*WORDS[:20], *["the"] * 15, "w1", "w2", "w3"])
    (found,) = with_related(close((1, 12), (7, 50)), [tokens])
    assert found.related == ((1, 12), (12, 1), (12, 35), (35, 12))


def test_words_that_the_vocabulary_lacks_are_related_to_none() -> None:
    tokens = text(WORDS[:20])
    labels = [replace(label, unknown=at == 12) for at, label in enumerate(tokens.labels)]
    (found,) = with_related(close((1, 12)), [replace(tokens, labels=tuple(labels))])
    assert found.related == ()


def test_parts_of_speech_say_what_a_content_word_is() -> None:
    tokens = text(WORDS[:20])
    ends = np.cumsum([len(word) + 1 for word in WORDS[:20]]).tolist()
    spans = tuple((end - len(word) - 1, end - 1) for word, end in zip(WORDS, ends, strict=False))

    def related(part: str) -> tuple[tuple[int, int], ...]:
        upos = ("NOUN",) * 12 + (part,) + ("NOUN",) * 7
        known = Annotation(tuple(WORDS[:20]), spans, upos, (-1,) * 20, ("",) * 20)
        annotated = replace(
            tokens, spans=spans, sentence=replace(tokens.sentence, annotation=known)
        )
        return with_related(close((1, 12)), [annotated])[0].related

    assert related("VERB") == ((1, 12), (12, 1))
    assert related("") == ((1, 12), (12, 1))
    assert related("DET") == ()


def test_the_closest_words_count() -> None:
    # The first word is the weighted sum of ten others; the two of the least weight fall out.
    vectors = torch.eye(len(WORDS))
    others = list(range(4, 44, 4))
    vectors[0] = sum(weight * vectors[k] for weight, k in enumerate(others, 1))
    (found,) = with_related(embedded(vectors), [text(WORDS)])
    assert sorted(key for query, key in found.related if query == 0) == others[-MOST:]
    assert [query for query, key in found.related if key == 0] == others
    assert len(set(found.unrelated)) == len(found.related) == len(found.unrelated)


def test_with_few_words_or_no_embeddings_nothing_is_related() -> None:
    few, enough = text(WORDS[: FEWEST - 1]), text(WORDS[:FEWEST])
    assert with_related(close((1, 12)), [few])[0].related == ()
    assert with_related(close((1, 12)), [enough])[0].related
    none = cast("LoadedModel", SimpleNamespace(model=SimpleNamespace()))
    assert with_related(none, [enough]) == [enough]


def test_the_words_of_all_texts_together_set_the_threshold() -> None:
    found = with_related(close((1, 12)), [text(WORDS[:14]), text(WORDS[14:30])])
    assert [one.related for one in found] == [((1, 12), (12, 1)), ()]


def related_corpus(count: int) -> list[Tokens]:
    """Sentences in which two words are related to each other, each matched with another one."""
    found = []
    for tokens in corpus(count):
        rng = np.random.default_rng(tokens.sentence.digest)
        words = masks.lettered(tokens).nonzero()[0]
        one, inner, other, outer = np.sort(rng.choice(words, 4, replace=False)).tolist()
        related, unrelated = ((one, inner), (other, inner)), ((one, other), (other, one))
        if rng.random() < 0.5:
            related, unrelated = ((inner, other), (other, one)), ((inner, outer), (other, inner))
        found.append(replace(tokens, related=related, unrelated=unrelated))
    return found


@pytest.mark.parametrize("causal", [False, True])
def test_a_head_on_related_words_is_found(*, causal: bool) -> None:
    heads = [on_target("related-words", 0.5, causal=causal), even, at_offset(-2, 0.9), on_words]
    found = measure(related_corpus(150), heads, causal=causal)
    judged = found.judgements["related-words"]
    assert judged.verdicts == ("supported", "no", "no", "no")
    assert judged.score[0] == pytest.approx(0.5, abs=0.05)
    assert "rare-token" not in found.found(0)
    assert set(related_words.ROLE.baselines) == {"matched", "profile"}


def test_unless_a_model_says_what_is_related_nothing_is_measured() -> None:
    judged = measure(corpus(60), [even]).judgements["related-words"]
    assert judged.events[0] == 0
    assert judged.verdicts == (None,)
