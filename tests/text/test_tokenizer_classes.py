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

from attnviz.models.names import ModelName
from attnviz.models.tokenizers import load_tokenizer
from attnviz.text.tokenize import tokenize_all
from attnviz.text.types import Sentence, Tokens
from tests.text.tokenizer_classes import OF_ARCHITECTURES, OF_CHECKPOINTS

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
CLASSES = {**OF_ARCHITECTURES, **OF_CHECKPOINTS}


def loaded(name: str, folder: Path) -> Any:
    made = CLASSES[name]
    for package in made.needs:
        if find_spec(package) is None:
            pytest.skip(f"{name} needs {package}, which is not installed")
    model = made.save(folder)
    return load_tokenizer(ModelName(name, "folder", str(model)), made.kind, {})


def check_places(tokens: Tokens, told: str) -> None:
    """The tokens stand in order, on whole characters, cover all letters, and read as spelled."""
    text = tokens.sentence.text
    edges = {match.start() for match in regex.finditer(r"\X", text)} | {len(text)}
    content = [place for place, kind in enumerate(tokens.kinds) if not kind]
    spans = [tokens.spans[place] for place in content]
    for start, end in spans:
        assert 0 <= start <= end <= len(text), told
        assert start == end or {start, end} <= edges, told
    for before, after in pairwise(spans):
        assert before[0] <= after[0], told
        assert before[1] <= after[1], told
        shared = text[after[0] : before[1]]
        assert len(regex.findall(r"\X", shared)) <= 1, told
    covered = {place for start, end in spans for place in range(start, end)}
    letters = {place for place, each in enumerate(text) if each.isalnum()}
    assert letters <= covered, told
    for place in content:
        spelled, surface = _letters(tokens.pieces[place]), _form(tokens.surfaces[place])
        assert spelled is None or spelled in surface, told


def _form(text: str) -> str:
    return regex.sub(r"\p{Mn}", "", unicodedata.normalize("NFKD", text)).casefold()


def _letters(piece: str) -> str | None:
    """The letters that a piece spells; None if it has other signs, or may spell a byte."""
    bare = regex.sub(r"^(##|[▁Ġ]+)|(@@|</w>)$", "", piece)
    return bare.casefold() if regex.fullmatch("[a-zA-Z]{3,}", bare) else None


@pytest.mark.parametrize("name", CLASSES)
def test_tokens_stand_where_they_are_read(name: str, tmp_path: Path) -> None:
    tokenizer = loaded(name, tmp_path)
    assert isinstance(
        tokenizer, getattr(transformers, CLASSES[name].becomes or name.partition(",")[0])
    )
    sentences = [Sentence(place, line) for place, line in enumerate(LINES)]
    for tokens in tokenize_all(sentences, tokenizer, None):
        told = f"{tokens.sentence.text!r}: {[*zip(tokens.pieces, tokens.surfaces, strict=True)]}"
        assert tokens.ids == tuple(tokenizer(tokens.sentence.text)["input_ids"]), told
        check_places(tokens, told)
