"""The sample translation model: small, right, and aligned the way its grammar says."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from samples.translation.grammar import Grammar

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "samples" / "translation"
MODEL = FOLDER / "model"
MEGABYTE = 10**6


def lines(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return importlib.import_module("samples.translation.train")


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(MODEL, local_files_only=True)


@pytest.fixture(scope="module")
def model() -> Any:
    from transformers import AutoModelForSeq2SeqLM

    return AutoModelForSeq2SeqLM.from_pretrained(
        MODEL, local_files_only=True, attn_implementation="eager"
    ).eval()


def test_the_model_is_small_and_safetensors_only() -> None:
    files = [file for file in MODEL.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 2 * MEGABYTE
    assert {file.suffix for file in files} == {".json", ".safetensors"}


def test_the_weights_are_all_there(model: Any) -> None:
    import torch
    from transformers import AutoModel, AutoModelForSeq2SeqLM

    _, info = AutoModelForSeq2SeqLM.from_pretrained(
        MODEL, local_files_only=True, output_loading_info=True
    )
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    assert not info["mismatched_keys"]
    # Marian's sinusoids are never saved. The bare model calls them missing, but computes them.
    bare = AutoModel.from_pretrained(MODEL, local_files_only=True).state_dict()
    full = model.model.state_dict()
    assert bare.keys() == full.keys()
    assert all(torch.equal(bare[key], full[key]) for key in full)


def test_the_tokenizer_is_fast_and_has_one_token_a_word(tokenizer: Any) -> None:
    assert tokenizer.is_fast
    encoded = tokenizer("The old CAT sees zzz.", return_offsets_mapping=True)
    tokens = tokenizer.convert_ids_to_tokens(encoded["input_ids"])
    assert tokens == ["the", "old", "cat", "sees", "<unk>", ".", "</s>"]
    assert encoded["offset_mapping"][2] == (8, 11)
    for line in lines("source.txt") + lines("target.txt"):
        words = line.split()
        assert tokenizer.convert_ids_to_tokens(tokenizer(line)["input_ids"]) == [*words, "</s>"]
        assert "<unk>" not in words


def test_every_sentence_is_translated_exactly(
    script: ModuleType, model: Any, tokenizer: Any
) -> None:
    assert script.translate(model, tokenizer, lines("source.txt")) == lines("target.txt")


def test_each_target_word_is_aligned_once() -> None:
    sources, targets = lines("source.txt"), lines("target.txt")
    assert len(set(sources)) == len(sources) == 120
    for source, target, alignment in zip(sources, targets, lines("alignment.txt"), strict=True):
        links = [link.split("-") for link in alignment.split()]
        aligned = [int(index) for index, _ in links]
        assert sorted(int(index) for _, index in links) == list(range(len(target.split())))
        assert all(0 <= index < len(source.split()) for index in aligned)
        assert len(set(aligned)) == len(aligned)
        assert 4 <= len(source.split()) <= 14


def test_the_grammar_writes_the_files_again(script: ModuleType) -> None:
    files = script.sample_files()
    assert set(files) == {"source.txt", "target.txt", "alignment.txt"}
    for name, text in files.items():
        assert (FOLDER / name).read_bytes() == text.encode()


def test_the_shown_sentences_are_held_out(script: ModuleType) -> None:
    held_out = {pair.source for pair in script.held_out()}
    assert {tuple(line.split()) for line in lines("source.txt")} <= held_out
    batch = next(script.batches(frozenset(held_out)))
    assert held_out.isdisjoint(pair.source for pair in batch)


def test_the_vocabulary_is_what_the_grammar_writes(script: ModuleType, tokenizer: Any) -> None:
    grammar = Grammar(0)
    pairs = [grammar.sentence() for _ in range(5000)]
    source = {word for pair in pairs for word in pair.source}
    target = {word for pair in pairs for word in pair.target}
    assert source & target == {"."}
    assert source | target <= set(script.vocabulary())
    assert tokenizer.get_vocab() == {word: i for i, word in enumerate(script.vocabulary())}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_writes_the_same_sentences(seed: int) -> None:
    one, other = Grammar(seed), Grammar(seed)
    assert [one.sentence() for _ in range(50)] == [other.sentence() for _ in range(50)]


def test_a_head_looks_at_the_aligned_word_where_it_is_predicted(
    script: ModuleType, model: Any, tokenizer: Any
) -> None:
    table = script.alignment_table(model, tokenizer, script.held_out(120))
    predicts = {name: scores[0] for name, scores in table.items()}
    inputs = {name: scores[1] for name, scores in table.items() if name != "diagonal"}
    assert max(predicts.values()) > 0.9
    assert predicts["diagonal"] < 0.6
    assert max(inputs.values()) < predicts["diagonal"]
