"""Pairs of texts go into models as transformers would feed them, and blocks come out again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import attnviz
from attnviz.attention.batch import make
from attnviz.models import load, names
from attnviz.models.load import LoadedModel
from attnviz.models.run import observe
from attnviz.models.token_types import token_types
from attnviz.report.model import Report
from attnviz.text.split import sentences
from attnviz.text.tokenize import tokenize_all
from attnviz.text.types import Sentence, SourceFile, Tokens
from tests.conftest import SAMPLES
from tests.helpers import tiny
from tests.helpers.byte_tokenizer import tokenizer as bytes_tokenizer
from tests.helpers.models import write_tokenizer

pytestmark = pytest.mark.slow

PAIRS = SAMPLES / "pairs.tsv"
TEXT = "A man sleeps.\tNobody, it seems, is awake.\nRain.\tIt will be dry and unbelievably warm."


def pairs(text: str = TEXT) -> tuple[Sentence, ...]:
    return sentences([SourceFile("pairs.tsv", "", text)], "pair")


def hidden(loaded: LoadedModel, tokens: list[Tokens]) -> torch.Tensor:
    """The last hidden states of a run, [batch, token, width]."""
    kept: list[torch.Tensor] = []
    with torch.inference_mode():
        hook = loaded.model.register_forward_hook(
            lambda _, __, output: kept.append(output.last_hidden_state)
        )
        observe(loaded, tokens, [], to_the_end=True)
        hook.remove()
    assert len(kept) == 1
    return kept[0]


@pytest.fixture(scope="module")
def minilm() -> LoadedModel:
    return load.load(names.resolve("minilm"), device=torch.device("cpu"))


def test_hidden_states_are_those_of_the_plain_call(minilm: LoadedModel) -> None:
    assert minilm.attentions == 6
    given = pairs()
    tokens = list(tokenize_all(given, minilm.tokenizer, minilm.limit))
    firsts, seconds = zip(*(one.pair for one in given if one.pair), strict=True)
    for place in (0, 1):
        inputs = minilm.tokenizer(firsts[place], seconds[place], return_tensors="pt")
        assert inputs["token_type_ids"].any()
        with torch.inference_mode():
            expected = minilm.model(**inputs).last_hidden_state
        found = hidden(minilm, [tokens[place]])
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
        # ... which without the types would be others.
        without = hidden(minilm, [replace(tokens[place], types=())])
        assert (without - expected).abs().max() > 0.05


def test_padded_pairs_have_their_types(minilm: LoadedModel) -> None:
    tokens = tokenize_all(pairs("a b\tc\nd\te"), minilm.tokenizer, None)
    batch = make(tokens, minilm.pad, torch.device("cpu"))
    assert token_types(minilm.model, batch)["token_type_ids"].tolist() == [
        [0, 0, 0, 0, 1, 1],
        [0, 0, 0, 1, 1, 0],
    ]


@pytest.mark.parametrize("kind", ["distilbert", "roberta", "llama", "t5"])
def test_models_that_take_no_types_get_none(kind: str) -> None:
    loaded = tiny.loaded(kind)
    if kind == "roberta":
        loaded.model.config.type_vocab_size = 1  # as those that can be had
    tokens = replace(tiny.tokens(torch.arange(5, 11)[None], (6,))[0], types=(0, 0, 0, 1, 1, 1))
    assert token_types(loaded.model, make([tokens], 0, torch.device("cpu"))) == {}


@pytest.mark.parametrize("kind", ["bert", "electra", "albert", "xlnet", "deberta-v2", "rembert"])
def test_models_that_take_types_get_them(kind: str) -> None:
    loaded = tiny.loaded(kind)
    one = tiny.tokens(torch.arange(5, 11)[None], (6,))[0]
    typed = replace(one, types=(0, 0, 0, 1, 1, 1))
    batch = make([typed], 0, torch.device("cpu"))
    assert token_types(loaded.model, batch)["token_type_ids"].tolist() == [[0, 0, 0, 1, 1, 1]]
    assert token_types(loaded.model, make([one], 0, torch.device("cpu"))) == {}
    assert hidden(loaded, [typed]).shape[:2] == (1, 6)


def bert(folder: Path, *, blocks: bool, spread: float = 0.02) -> Path:
    """A small BERT with random weights; with `blocks` L1H1 looks at tokens of its own type."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=40,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        initializer_range=spread,
    )
    model = BertModel(config)
    if blocks:
        # The type is written into the first two dimensions, which survive the residual stream.
        with torch.no_grad():
            types = torch.zeros(2, 32)
            types[:, :2] = torch.tensor([[0.5, -0.5], [-0.5, 0.5]])
            model.embeddings.token_type_embeddings.weight.copy_(types)
            attention: Any = model.encoder.get_submodule("layer.1.attention.self")
            for projection in (attention.query, attention.key):
                projection.weight[16:] = 0.0
                projection.weight[16, :2] = torch.tensor([1.0, -1.0])
    model.save_pretrained(folder)
    write_tokenizer(folder)
    # As BERT's own: tokenizers of no known class make no types.
    settings = folder / "tokenizer_config.json"
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    known = json.loads(settings.read_text())
    settings.write_text(json.dumps(known | {"model_input_names": inputs}))
    return folder


def analysed(model: Path | str) -> Report:
    return attnviz.analyze(model, PAIRS, split="pair", illustrate=0, resamples=300)


def test_a_head_that_reads_the_types_is_a_block(tmp_path: Path) -> None:
    found = analysed(bert(tmp_path, blocks=True))
    scores = {head.name: head.roles["segment-block"] for head in found.heads}
    assert {name: score.verdict for name, score in scores.items()} == {
        "L0H0": "no", "L0H1": "no", "L1H0": "no", "L1H1": "supported",
    }  # fmt: skip
    block = scores["L1H1"]
    assert block.sentences == 76
    assert (block.score or 0.0) > 0.7
    assert (block.baseline or 1.0) < 0.5


@pytest.mark.parametrize("spread", [0.02, 0.2], ids=["as transformers makes it", "lively"])
def test_a_random_bert_has_no_block(tmp_path: Path, spread: float) -> None:
    found = analysed(bert(tmp_path, blocks=False, spread=spread))
    verdicts = [head.roles["segment-block"].verdict for head in found.heads]
    assert verdicts == ["no"] * 4


def test_minilm_on_the_sample() -> None:
    found = analysed("minilm")
    scores = {head.name: head.roles["segment-block"] for head in found.heads}
    assert {score.sentences for score in scores.values()} == {76}
    # It was trained on single texts. L1H4 looks most at its own one, by less than the margin.
    best = max(scores, key=lambda name: scores[name].margin_low or -1.0)
    assert (best, scores[best].verdict) == ("L1H4", "no")
    assert 0.03 < (scores[best].margin_low or 0.0) < 0.1
    # What looks at the token before, which is mostly of its own text, does it by position.
    previous = scores["L0H2"]
    assert (previous.score or 0.0) > 0.85
    assert previous.against == "other segment"
    assert previous.baseline == pytest.approx(previous.score, abs=0.02)


def test_decoders_have_segments_too() -> None:
    loaded = replace(tiny.loaded("gpt2"), tokenizer=bytes_tokenizer())
    tokens = tokenize_all(pairs("the cat\tthe mat"), loaded.tokenizer, None)
    assert {*tokens[0].segments} == {0, 1}
    assert hidden(loaded, list(tokens)).shape[1] == len(tokens[0])
