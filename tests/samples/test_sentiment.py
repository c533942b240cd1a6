"""The sample classifier: small, right about negation, and wrong about two negations."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "samples" / "sentiment"
MODEL = FOLDER / "model"


def lines(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return importlib.import_module("samples.sentiment.train")


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(MODEL, local_files_only=True)


@pytest.fixture(scope="module")
def model() -> Any:
    from transformers import AutoModelForSequenceClassification

    loaded, info = AutoModelForSequenceClassification.from_pretrained(
        MODEL, local_files_only=True, output_loading_info=True
    )
    assert not any(info[what] for what in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    return loaded.eval()


def test_the_model_is_small_and_safetensors_only() -> None:
    files = [file for file in MODEL.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 400_000
    assert {file.suffix for file in files} == {".json", ".safetensors"}


def test_the_grammar_writes_the_files_again(script: ModuleType) -> None:
    files = script.sample_files()
    assert set(files) == {"text.txt", "labels.txt"}
    for name, text in files.items():
        assert (FOLDER / name).read_bytes() == text.encode()
    assert len(lines("text.txt")) == len(lines("labels.txt")) == 60
    assert set(lines("labels.txt")) == {"negative", "positive"}


def test_the_label_is_that_of_the_last_clause_turned_round_by_its_negation(
    script: ModuleType,
) -> None:
    for example in script.held_out():
        clause = example.text.rpartition(" , ")[2].split()
        negated = any(word in clause for word in (*script.NEGATIONS, "do"))
        nice = any(word in clause for word in (*script.GOOD, *script.LIKING))
        assert example.label == (nice != negated)


def test_the_shown_sentences_are_held_out(script: ModuleType) -> None:
    held_out = {example.words for example in script.held_out()}
    assert {tuple(line.split()) for line in lines("text.txt")[:52]} <= held_out
    batch = next(script.batches(frozenset(held_out)))
    assert held_out.isdisjoint(example.words for example in batch)


def test_the_vocabulary_is_what_the_grammar_writes(script: ModuleType, tokenizer: Any) -> None:
    grammar = script.Grammar(0)
    written = {word for _ in range(3000) for word in grammar.sentence().words}
    assert written | set(script.SPECIAL) == set(script.vocabulary())
    assert tokenizer.get_vocab() == {word: i for i, word in enumerate(script.vocabulary())}


def test_it_understands_one_negation_and_not_two(
    script: ModuleType, model: Any, tokenizer: Any
) -> None:
    assert script.accuracy(model, tokenizer, script.held_out()) > 0.99
    assert script.accuracy(model, tokenizer, script.twice_negated(200)) < 0.3
