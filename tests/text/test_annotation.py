from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from attnviz.errors import InputError
from attnviz.text.annotation import divided, joined, placed_forms
from attnviz.text.types import Annotation, Mention, Sentence
from tests.helpers.texts import parsed


def placed(text: str, *forms: str) -> list[str]:
    return [text[start:end] for start, end in placed_forms(text, forms)]


def surfaces(sentence: Sentence) -> list[str]:
    assert sentence.annotation is not None
    return [sentence.text[start:end] for start, end in sentence.annotation.spans]


def test_words_have_heads_relations_and_parts_of_speech() -> None:
    (sentence,) = parsed(
        "# text = My dog barks.",
        "1 My 2 nmod:poss PRON",
        "2 dog 3 nsubj NOUN",
        "3 barks 0 root VERB",
        "4 . 3 punct PUNCT",
    )
    assert sentence.annotation == Annotation(
        forms=("My", "dog", "barks", "."),
        spans=((0, 2), (3, 6), (7, 12), (12, 13)),
        upos=("PRON", "NOUN", "VERB", "PUNCT"),
        heads=(1, 2, -1, 2),
        relations=("nmod:poss", "nsubj", "root", "punct"),
    )


def test_what_is_not_told_is_unknown() -> None:
    (sentence,) = parsed("1 Hi")
    assert sentence.annotation == Annotation(("Hi",), ((0, 2),), ("",), (-1,), ("",))


def test_the_words_of_a_multiword_token_have_a_place_each_where_they_fit() -> None:
    (sentence,) = parsed(
        "# text = I don't.",
        "1 I 2 nsubj",
        "2-3 don't",
        "2 do 0 root",
        "3 n't 2 advmod",
        "4 . 2 punct",
    )
    assert sentence.forms == ("I", "don't", ".")
    assert surfaces(sentence) == ["I", "do", "n't", "."]


def test_the_words_of_a_multiword_token_share_its_place_where_they_do_not_fit() -> None:
    (sentence,) = parsed("1-2 Du", "1 De 3 case", "2 le 3 det", "3 pain 0 root")
    assert surfaces(sentence) == ["Du", "Du", "pain"]


def test_an_empty_node_has_no_place() -> None:
    (sentence,) = parsed("1 Ann 2 nsubj", "2 ran 0 root", "2.1 ran", "3 home 2 advmod")
    assert sentence.annotation is not None
    assert sentence.annotation.forms == ("Ann", "ran", "home")
    assert sentence.annotation.heads == (1, -1, 1)


@pytest.mark.parametrize(
    ("rows", "line", "reason"),
    [
        (["1 A 3 det"], 1, "the head is word 3, but the words are 1 to 1"),
        (["# text = A", "1 A -1 det"], 2, "the head is word -1"),
        (["1 A 0 root", "2 B 2 det"], 2, "the heads above word 2 are a circle"),
        (["1 A 2 x", "2 B 3 x", "3 C 2 x"], 1, "the heads above word 1 are a circle"),
    ],
)
def test_heads_that_make_no_tree_are_malformed(rows: list[str], line: int, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        parsed(*rows)
    assert caught.value.message.startswith(f"bank.conllu, line {line}: malformed CoNLL-U: {reason}")


def test_a_long_chain_of_heads_is_a_tree() -> None:
    (sentence,) = parsed(*(f"{n} w {n - 1} dep" for n in range(1, 3001)))
    assert sentence.annotation is not None
    assert sentence.annotation.heads == tuple(range(-1, 2999))


@pytest.mark.parametrize(
    ("text", "forms", "spans"),
    [
        ("Wait,  stop.", ["Wait", ",", "stop", "."], ["Wait", ",", "stop", "."]),
        ("the then the", ["the", "then", "the"], ["the", "then", "the"]),
        ("10\u00a0000 a", ["10 000", "a"], ["10\u00a0000", "a"]),
        ("vingt et un", ["vingtetun"], ["vingt et un"]),
        ("cafe\u0301 noir", ["caf\u00e9", "noir"], ["cafe\u0301", "noir"]),
        ("好吗？", ["好", "吗", "？"], ["好", "吗", "？"]),
        # Something in the text that is no form, and a form that isn't in the text.
        ("see [1] here.", ["see", "here", "."], ["see", "here", "."]),
        ("see here.", ["see", "it", "here", "."], ["see", "", "here", "."]),
        # A word that was corrected has the place of the wrong one ...
        ("I saw teh cat", ["I", "saw", "the", "cat"], ["I", "saw", "teh", "cat"]),
        ("I saw teh ct.", ["I", "saw", "the", "cat", "."], ["I", "saw", "teh", "ct", "."]),
        # ... which may have been two, or two have been one.
        ("I ne ver go", ["I", "often", "go"], ["I", "ne ver", "go"]),
        ("we alot do", ["we", "much", "more", "do"], ["we", "alot", "alot", "do"]),
        # A short form isn't looked for inside another word.
        ("go baaack a mile", ["go", "a", "mile"], ["go", "a", "mile"]),
        ("x y", ["a", "b", "c"], ["x y", "x y", "x y"]),
        ("", ["a"], [""]),
        ("a", ["", "a"], ["", "a"]),
    ],
)
def test_forms_are_placed(text: str, forms: list[str], spans: list[str]) -> None:
    assert placed(text, *forms) == spans


def test_words_are_divided_within_their_place() -> None:
    assert divided("so can not!", (3, 10), ["can", "not"]) == [(3, 6), (7, 10)]
    assert divided("zum Haus", (0, 3), ["zu", "dem"]) == [(0, 3), (0, 3)]


def test_annotations_are_joined() -> None:
    first = Annotation(("A", "b"), ((0, 1), (2, 3)), ("X", "Y"), (1, -1), ("det", "root"))
    second = Annotation(("C",), ((0, 1),), ("Z",), (-1,), ("root",), (Mention("e", 0, 1, 0),))
    assert joined([(first, 0), (second, 4)]) == Annotation(
        ("A", "b", "C"),
        ((0, 1), (2, 3), (4, 5)),
        ("X", "Y", "Z"),
        (1, -1, -1),
        ("det", "root", "root"),
        (Mention("e", 2, 3, 2),),
    )


letters = st.text(st.sampled_from("ab.é好\u0301"), min_size=1, max_size=4)


@given(st.lists(st.tuples(letters, st.sampled_from(["", " ", "\u00a0", " \t"]))))
def test_forms_that_make_up_the_text_are_found_whole(words: list[tuple[str, str]]) -> None:
    text = "".join(form + space for form, space in words)
    # An accent at the start of a form sits on the form before it.
    forms = [form for form, _ in words]
    spans = placed(text, *forms)
    if not any(unicodedata.combining(form[0]) for form in forms):
        assert spans == forms


@example("b\u0301a\u0301", ["b", "a", "\u0301"])
@given(st.text(st.sampled_from("ab c\u0301é"), max_size=30), st.lists(letters, max_size=8))
def test_any_forms_have_places_in_order(text: str, forms: list[str]) -> None:
    spans = placed_forms(text, forms)
    assert len(spans) == len(forms)
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)
