"""With a stand-in for spaCy, which isn't needed to test how it is used."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from attnviz.errors import ExitCode, InputError, UsageError
from attnviz.text.annotate import Parser, spacy_model
from attnviz.text.types import Annotation, Sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# Each word of a parse: the form, its place in the text, part of speech, head, relation.
Row = tuple[str, int, str, int, str]

PARSES: dict[str, list[Row]] = {
    "Dogs  bark. Go!": [
        ("Dogs", 0, "NOUN", 2, "nsubj"),
        (" ", 5, "SPACE", 0, "dep"),
        ("bark", 6, "VERB", 2, "ROOT"),
        (".", 10, "PUNCT", 2, "punct"),
        ("Go", 12, "VERB", 4, "ROOT"),
        ("!", 14, "PUNCT", 4, "punct"),
    ],
    "Seen.": [("Seen", 0, "VERB", 0, "ROOT"), (".", 4, "PUNCT", 0, "PUNCT")],
    "\ufffd": [("\ufffd", 0, "X", 0, "ROOT")],
    "Bare.": [("Bare", 0, "", 0, ""), (".", 4, "", 1, "")],
}


@dataclass
class Token:
    i: int
    text: str
    idx: int
    pos_: str
    dep_: str
    head: Any = None

    @property
    def is_space(self) -> bool:
        return self.text.isspace()


class FakeModel:
    max_length = 40

    def pipe(self, texts: Sequence[str]) -> Iterator[list[Token]]:
        for text in texts:
            rows = PARSES[text]
            tokens = [Token(i, row[0], row[1], row[2], row[4]) for i, row in enumerate(rows)]
            for token, row in zip(tokens, rows, strict=True):
                token.head = tokens[row[3]]
            yield tokens


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Put a spaCy in place that knows any model; the names of those it was asked for."""
    names: list[str] = []

    def load(name: str, **_: object) -> FakeModel:
        names.append(name)
        return FakeModel()

    put(monkeypatch, load)
    return names


def put(monkeypatch: pytest.MonkeyPatch, load: Callable[..., FakeModel]) -> None:
    monkeypatch.setitem(sys.modules, "spacy", SimpleNamespace(load=load, __version__="3.8.0"))


def test_a_sentence_gets_the_parse_and_stays_one_sentence(loaded: list[str]) -> None:
    (parsed,) = Parser("spacy").annotated([Sentence(1, "Dogs  bark. Go!", "a.txt", 3)])
    assert loaded == ["en_core_web_sm"]
    assert (parsed.id, parsed.text, parsed.source, parsed.line) == (
        1,
        "Dogs  bark. Go!",
        "a.txt",
        3,
    )
    assert parsed.annotation == Annotation(
        forms=("Dogs", "bark", ".", "Go", "!"),
        spans=((0, 4), (6, 10), (10, 11), (12, 14), (14, 15)),
        upos=("NOUN", "VERB", "PUNCT", "VERB", "PUNCT"),
        heads=(1, -1, 1, -1, 3),
        relations=("nsubj", "root", "punct", "root", "punct"),
    )


def test_what_is_annotated_is_left_alone(loaded: list[str]) -> None:
    known = Sentence(1, "Yes", annotation=Annotation(("Yes",), ((0, 3),), ("",), (-1,), ("",)))
    parser = Parser("spacy:de_core_news_sm")
    first, second = parser.annotated([known, Sentence(2, "Seen.")])
    assert first is known
    assert second.annotation is not None
    assert second.annotation.relations == ("root", "punct")
    assert loaded == ["de_core_news_sm"]
    assert parser.annotated([known]) == (known,)
    assert parser.annotated([]) == ()


@pytest.mark.usefixtures("loaded")
def test_the_texts_of_a_pair_are_parsed_apart() -> None:
    pair = Sentence(1, "Dogs  bark. Go! ‖ Seen.", pair=("Dogs  bark. Go!", "Seen."))
    (parsed,) = Parser("spacy").annotated([pair])
    assert parsed.annotation is not None
    assert parsed.annotation.forms[-2:] == ("Seen", ".")
    assert parsed.annotation.heads == (1, -1, 1, -1, 3, -1, 5)
    assert [parsed.text[start:end] for start, end in parsed.annotation.spans[-2:]] == ["Seen", "."]


@pytest.mark.usefixtures("loaded")
def test_a_lone_surrogate_keeps_its_place() -> None:
    (parsed,) = Parser("spacy").annotated([Sentence(1, "\ud800")])
    assert parsed.text == "\ud800"
    assert parsed.annotation is not None
    assert parsed.annotation.spans == ((0, 1),)


@pytest.mark.usefixtures("loaded")
def test_a_model_without_a_parser_is_refused() -> None:
    with pytest.raises(UsageError, match="The spaCy model bare doesn't parse"):
        Parser("spacy:bare").annotated([Sentence(1, "Bare.")])


@pytest.mark.usefixtures("loaded")
def test_a_sentence_may_be_too_long() -> None:
    with pytest.raises(InputError, match="Sentence 7 has 50 characters; spaCy parses up to 40"):
        Parser("spacy").annotated([Sentence(7, "x" * 50)])


def test_spacy_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(UsageError, match="only with spaCy") as caught:
        Parser("spacy").annotated([Sentence(1, "Seen.")])
    assert 'pip install "attnviz[syntax]"' in caught.value.hint
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (OSError("[E050]"), "There is no spaCy model xx_sm", "python -m spacy download xx_sm"),
        (ValueError("[E1] old"), "can't be loaded: [E1] old", "fits the installed spaCy 3.8.0"),
    ],
)
def test_a_model_may_be_missing_or_broken(
    monkeypatch: pytest.MonkeyPatch, error: Exception, message: str, hint: str
) -> None:
    def load(*_: object, **__: object) -> FakeModel:
        raise error

    put(monkeypatch, load)
    with pytest.raises(UsageError) as caught:
        Parser("spacy:xx_sm").annotated([Sentence(1, "Seen.")])
    assert message in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("spacy", "en_core_web_sm"),
        ("spacy:de_core_news_sm", "de_core_news_sm"),
        ("spacy:a:b", "a:b"),
    ],
)
def test_the_model_is_named_behind_a_colon(value: str, name: str) -> None:
    assert spacy_model(value) == name


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("spaCy:x", "Did you mean spacy:x? Give spacy"),
        ("stanza", "Give spacy"),
        ("spacy:", "Give spacy"),
        ("", "Give spacy"),
    ],
)
def test_other_values_are_refused(value: str, hint: str) -> None:
    with pytest.raises(UsageError, match="can't be annotated") as caught:
        Parser(value)
    assert caught.value.hint.startswith(hint)


def test_the_real_spacy_is_used_in_the_same_way() -> None:
    spacy = pytest.importorskip("spacy")
    if not spacy.util.is_package("en_core_web_sm"):
        pytest.skip("en_core_web_sm is not installed")
    (parsed,) = Parser("spacy").annotated([Sentence(1, "The dog saw a cat.")])
    assert parsed.annotation is not None
    assert parsed.annotation.spans == ((0, 3), (4, 7), (8, 11), (12, 13), (14, 17), (17, 18))
    assert parsed.annotation.heads == (1, 2, -1, 4, 2, 2)
    assert parsed.annotation.relations == ("det", "nsubj", "root", "det", "dobj", "punct")
