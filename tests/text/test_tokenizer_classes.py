"""Every class of tokenizer, saved and loaded as models are, tells where its tokens stand."""

from __future__ import annotations

import unicodedata
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import regex
import transformers

from attnviz.errors import InputError
from attnviz.models.names import ModelName
from attnviz.models.tokenizers import load_tokenizer
from attnviz.text.pairs import joined, second_start
from attnviz.text.tokenize import (
    continued,
    picked,
    tokenize,
    tokenize_all,
    tokenize_targets,
)
from attnviz.text.types import Sentence, Tokens
from attnviz.text.word_numbers import word_spans
from tests.helpers.tokenizer_classes import OF_ARCHITECTURES, OF_CHECKPOINTS
from tests.helpers.tokenizer_makers import m2m

LINES = (
    "The café isn't “open” today – naïve?",
    "I like 🍕 and 👍🏽!",
    "猫は日本語が好き。 你好",
    "two  spaces, Und ein VÖGEL",
    " leading ½ … ﬁn",
    "cafe\u0301 में ที่ 각",
    "\u0301a",
    "MKTAYIAKQR",
    "$5.00 & x<y [z] a_b-c #d @e ~",
)
LEFT_OUT = {
    "CanineTokenizer": "its 1,114,112 characters take 20 seconds to load, and CANINE is refused",
    "BertJapaneseTokenizer, Sudachi": "its dictionary is a package of 70 MB",
    "BertJapaneseTokenizer, Juman++": "runs a program that pip doesn't install",
    "MistralCommonBackend": "never taken: the tokenizer.json is asked for instead",
}
CLASSES = {**OF_ARCHITECTURES, **OF_CHECKPOINTS}


def loaded(name: str, folder: Path) -> Any:
    tokenizer_class = CLASSES[name]
    for package in tokenizer_class.needs:
        if find_spec(package) is None:
            pytest.skip(f"{name} needs {package}, which is not installed")
    model = tokenizer_class.save(folder)
    return load_tokenizer(ModelName(name, "folder", str(model)), tokenizer_class.kind, {})


def check_places(tokens: Tokens, message: str) -> None:
    """The tokens stand in order, on whole characters, cover all letters, and read as spelled."""
    text = tokens.sentence.text
    edges = {match.start() for match in regex.finditer(r"\X", text)} | {len(text)}
    content = [place for place, kind in enumerate(tokens.kinds) if not kind]
    spans = [tokens.spans[place] for place in content]
    for start, end in spans:
        assert 0 <= start <= end <= len(text), message
        assert start == end or {start, end} <= edges, message
    for before, after in pairwise(spans):
        assert before[0] <= after[0], message
        assert before[1] <= after[1], message
        shared = text[after[0] : before[1]]
        assert len(regex.findall(r"\X", shared)) <= 1, message
    covered = {place for start, end in spans for place in range(start, end)}
    letters = {place for place, each in enumerate(text) if each.isalnum()}
    assert letters <= covered, message
    for place in content:
        spelled, surface = _letters(tokens.pieces[place]), _form(tokens.surfaces[place])
        assert spelled is None or spelled in surface, message


def _form(text: str) -> str:
    return regex.sub(r"\p{Mn}", "", unicodedata.normalize("NFKD", text)).casefold()


def _letters(piece: str) -> str | None:
    """The letters that a piece spells; None if it has other signs, or may spell a byte."""
    bare = regex.sub(r"^(##|[▁Ġ]+)|(@@|</w>)$", "", piece)
    return bare.casefold() if regex.fullmatch("[a-zA-Z]{3,}", bare) else None


# MyT5's leaves a file open until it is collected, as transformers wrote it.
@pytest.mark.filterwarnings("ignore:.*unclosed file:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize("name", CLASSES)
def test_tokens_stand_where_they_are_read(name: str, tmp_path: Path) -> None:
    tokenizer = loaded(name, tmp_path)
    assert isinstance(
        tokenizer, getattr(transformers, CLASSES[name].becomes or name.partition(",")[0])
    )
    sentences = [Sentence(place, line) for place, line in enumerate(LINES)]
    for tokens in tokenize_all(sentences, tokenizer, None):
        message = f"{tokens.sentence.text!r}: {[*zip(tokens.pieces, tokens.surfaces, strict=True)]}"
        assert tokens.ids == tuple(tokenizer(tokens.sentence.text)["input_ids"]), message
        check_places(tokens, message)


@pytest.mark.parametrize("name", LEFT_OUT)
def test_left_out(name: str) -> None:
    pytest.skip(f"{name}: {LEFT_OUT[name]}")


@pytest.mark.parametrize("name", ["ProphetNetTokenizer", "CTRLTokenizer", "ByT5Tokenizer"])
def test_pairs(name: str, tmp_path: Path) -> None:
    tokenizer = loaded(name, tmp_path)
    pair = ("The café is open", "\u0301and so is the mat")
    (tokens,) = tokenize_all([Sentence(1, joined(pair), pair=pair)], tokenizer, None)
    message = f"{[*zip(tokens.pieces, tokens.surfaces, tokens.segments, strict=True)]}"
    first = [place for place, segment in enumerate(tokens.segments) if segment == 0]
    second = [place for place, segment in enumerate(tokens.segments) if segment == 1]
    assert max(tokens.spans[place][1] for place in first) == len(pair[0]), message
    assert min(tokens.spans[place][0] for place in second) >= second_start(pair), message
    last = [tokens.surfaces[place].strip() for place in second][-3:]
    assert "".join(last).endswith("mat"), message


@pytest.mark.parametrize("name", ["MarianTokenizer", "M2M100Tokenizer", "PLBartTokenizer"])
def test_targets(name: str, tmp_path: Path) -> None:
    tokenizer = loaded(name, tmp_path)
    line = "Der Hund, der heute lief 🍕 nicht"
    (tokens,) = tokenize_targets([Sentence(1, line)], tokenizer, None, 0)
    assert tokens.kinds[0] == "bos"
    written = "".join(
        surface for surface, kind in zip(tokens.surfaces, tokens.kinds, strict=True) if not kind
    )
    assert written == line


@pytest.mark.parametrize("name", ["CTRLTokenizer", "ByT5Tokenizer", "MarianTokenizer"])
def test_what_a_model_writes(name: str, tmp_path: Path) -> None:
    tokenizer = loaded(name, tmp_path)
    before = tokenize(Sentence(1, "the"), tokenizer, None)
    before = picked(before, slice(0, before.kinds.count("")))
    ids = tokenizer(" leading cat!", add_special_tokens=False)["input_ids"]
    # Where each ends is of no use: `lo@@` is longer than what it comes to, once more follows.
    longer = continued(before, tokenizer, ids, " leading cat!", [13] * len(ids))
    assert longer.generated == len(before)
    assert "".join(longer.surfaces[len(before) :]).replace(" ", "") == "leadingcat!"
    assert [word.text for word in word_spans(longer)] == ["the", "leading", "cat", "!"]


def test_targets_in_no_language(tmp_path: Path) -> None:
    pytest.importorskip("sentencepiece")
    tokenizer = m2m(tmp_path)
    with pytest.raises(InputError, match="which language the targets are in") as caught:
        tokenize_targets([Sentence(1, "Der Hund")], tokenizer, None, 0)
    assert "tgt_lang" in caught.value.hint
    assert "".join(tokenize(Sentence(1, "Der Hund"), tokenizer, None).surfaces) == "Der Hund"
