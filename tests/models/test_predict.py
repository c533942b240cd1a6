"""What models say: the numbers of a plain run, and what their heads read them off."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from attnviz.models import load, names
from attnviz.models.load import LoadedModel
from attnviz.models.outcome import Answer, Outcome
from attnviz.models.predict import Predictor
from attnviz.text.tokenize import tokenize_all
from attnviz.text.types import Sentence, Tokens
from tests.conftest import SAMPLES
from tests.helpers.models import copied, write_model

pytestmark = pytest.mark.slow

NAMES = {0: "bad", 1: "fine", 2: "good"}
LABELS: dict[str, Any] = {"id2label": NAMES, "label2id": {name: at for at, name in NAMES.items()}}
ONE_KEY = {"num_key_value_heads": 1, "pad_token_id": 0}


def ready(folder: Path, **options: Any) -> LoadedModel:
    device = torch.device("cpu")
    return load.load(names.resolve(str(folder)), device=device, predicts=True, **options)


def _parsed(loaded: LoadedModel, text: str) -> Tokens:
    return tokenize_all([Sentence(1, text)], loaded.tokenizer, None, reading="parse")[0]


@dataclass(frozen=True)
class Plain:
    """What the checkpoint's own class gives by itself, with eager attention."""

    probabilities: Any
    attentions: list[Any]


def plain(folder: Path, auto: str, tokens: Tokens) -> Plain:
    import transformers

    model = getattr(transformers, auto).from_pretrained(folder, attn_implementation="eager").eval()
    with torch.inference_mode():
        out = model(torch.tensor([tokens.ids]), output_attentions=True)
    return Plain(
        out.logits[0].double().softmax(-1).numpy(), [each[0].numpy() for each in out.attentions]
    )


def check_looks(answer: Answer, rows: list[int], attentions: list[Any]) -> None:
    """What is looked at is the mean over heads, and over rows, of what eager attention gives."""
    assert list(answer.read) == rows
    assert list(answer.looks) == list(range(len(attentions)))
    for layer, weights in answer.looks.items():
        assert np.allclose(weights, attentions[layer][:, rows].mean((0, 1)), atol=1e-5)


def said(folder: Path, text: str) -> tuple[LoadedModel, Tokens, Outcome]:
    loaded = ready(folder)
    tokens = _parsed(loaded, text)
    outcome = Predictor(loaded)(tokens)
    assert outcome is not None
    return loaded, tokens, outcome


# Labels of texts ---------------------------------------------------------------------------------

READ: dict[str, tuple[dict[str, Any], str]] = {
    "bert": ({}, "first"),
    "distilbert": ({"dim": 16, "hidden_dim": 32, "n_layers": 2, "n_heads": 2}, "first"),
    "deberta-v2": ({}, "first"),  # attends in code of its own
    "llama": (ONE_KEY, "last"),
    "modernbert": ({"classifier_pooling": "mean", "pad_token_id": 0}, "all"),
}


@pytest.mark.parametrize("kind", READ)
def test_a_label_is_read_off_the_tokens_that_its_probability_depends_on(
    tmp_path: Path, kind: str
) -> None:
    sizes, which = READ[kind]
    folder = write_model(tmp_path / "m", kind, head="ForSequenceClassification", **LABELS, **sizes)
    loaded, tokens, outcome = said(folder, "the dog saw a cat .")
    expected = plain(folder, "AutoModelForSequenceClassification", tokens)
    every = list(range(len(tokens)))
    (answer,) = outcome.answers
    assert outcome.kind == "label"
    assert answer.place is None
    found = dict(answer.choices)
    assert set(found) == {"bad", "fine", "good"}
    for number, name in NAMES.items():
        assert found[name] == pytest.approx(expected.probabilities[number], abs=1e-5)
    assert [share for _, share in answer.choices] == sorted(found.values(), reverse=True)
    check_looks(
        answer, {"first": [0], "last": every[-1:], "all": every}[which], expected.attentions
    )
    assert loaded.task is not None
    assert loaded.task.text_labels == ("bad", "fine", "good")


def test_labels_that_may_apply_together_have_each_a_probability(tmp_path: Path) -> None:
    several = LABELS | {"problem_type": "multi_label_classification"}
    folder = write_model(tmp_path / "m", head="ForSequenceClassification", **several)
    loaded, tokens, outcome = said(folder, "the dog saw a cat .")
    assert loaded.task is not None
    with torch.inference_mode():
        logits = loaded.task.model(torch.tensor([tokens.ids])).logits[0]
    assert outcome.kind == "labels"
    assert sorted(share for _, share in outcome.answers[0].choices) == pytest.approx(
        sorted(logits.sigmoid().tolist()), abs=1e-5
    )
    assert loaded.task.text_labels == ()


# Words -------------------------------------------------------------------------------------------


def test_the_likeliest_words_behind_each_mask(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", head="ForMaskedLM")
    loaded, tokens, outcome = said(folder, "the [MASK] sat on a [MASK] .")
    expected = plain(folder, "AutoModelForMaskedLM", tokens)
    assert outcome.kind == "masked-words"
    assert [answer.place for answer in outcome.answers] == [2, 6]
    pieces = loaded.tokenizer.get_vocab()
    for answer in outcome.answers:
        place = answer.place or 0
        best = np.sort(expected.probabilities[place])[::-1][:5]
        assert [share for _, share in answer.choices] == pytest.approx(best, abs=1e-5)
        for word, share in answer.choices:
            known = expected.probabilities[place][pieces[word]]
            assert share == pytest.approx(known, abs=1e-5)
        check_looks(answer, [place], expected.attentions)


def test_a_text_without_masks_gets_no_words(tmp_path: Path) -> None:
    loaded = ready(write_model(tmp_path / "m", head="ForMaskedLM"))
    assert Predictor(loaded)(_parsed(loaded, "the cat sat .")) is None


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_the_next_token_follows_what_the_text_itself_has(tmp_path: Path, kind: str) -> None:
    sizes = {"llama": ONE_KEY, "gpt2": {"n_layer": 2, "n_head": 2, "n_embd": 16}}[kind]
    folder = write_model(tmp_path / "m", kind, head="ForCausalLM", **sizes)
    _, tokens, outcome = said(folder, "the cat sat on")
    # This tokenizer closes a text with [SEP], after which nothing is to come.
    last = len(tokens) - 2
    assert tokens.kinds[-1] == "sep"
    expected = plain(folder, "AutoModelForCausalLM", tokens)
    (answer,) = outcome.answers
    best = np.sort(expected.probabilities[last])[::-1][:5]
    assert [share for _, share in answer.choices] == pytest.approx(best, abs=1e-5)
    check_looks(answer, [last], expected.attentions)


def test_a_label_for_each_word_stands_at_its_first_token(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", head="ForTokenClassification", **LABELS)
    _, tokens, outcome = said(folder, "the cats sat .")
    assert [tokens.pieces[answer.place or 0] for answer in outcome.answers] == [
        *("the", "cat", "sat", "."),
    ]
    expected = plain(folder, "AutoModelForTokenClassification", tokens)
    for answer in outcome.answers:
        place = answer.place or 0
        assert answer.choices[0][1] == pytest.approx(expected.probabilities[place].max(), abs=1e-5)
        check_looks(answer, [place], expected.attentions)


def test_smollm2_goes_on_as_a_plain_run_does(smollm2: Path, tmp_path: Path) -> None:
    """Its head is its table of embeddings, so that the bare model's files hold all of it."""
    folder = tmp_path / "m"
    folder.mkdir()
    for file in smollm2.iterdir():
        if file.name != "config.json":
            (folder / file.name).symlink_to(file)
    config = (smollm2 / "config.json").read_text()
    (folder / "config.json").write_text(config.replace("LlamaModel", "LlamaForCausalLM"))
    loaded, tokens, outcome = said(folder, "The capital of France is")
    (answer,) = outcome.answers
    expected = plain(folder, "AutoModelForCausalLM", tokens)
    last = len(tokens) - 1
    best = expected.probabilities[last].argsort()[::-1][:5]
    assert [share for _, share in answer.choices] == pytest.approx(
        expected.probabilities[last][best], abs=1e-5
    )
    words = [loaded.tokenizer.decode([number]) for number in best]
    assert [text for text, _ in answer.choices] == words
    assert words[0] == " Paris"
    check_looks(answer, [last], expected.attentions)


# Models that say nothing -------------------------------------------------------------------------


def test_a_head_that_was_never_trained_says_nothing(tmp_path: Path) -> None:
    bare = write_model(tmp_path / "bare")
    named = copied(bare, tmp_path / "m", architectures=["BertForSequenceClassification"])
    assert ready(named).task is None
    assert ready(bare).task is None


@pytest.mark.parametrize("part", ["classifier.bias", "bert.pooler.dense.weight"])
def test_a_head_of_which_a_part_is_missing_says_nothing(tmp_path: Path, part: str) -> None:
    folder = write_model(tmp_path / "m", head="ForSequenceClassification", **LABELS)
    tensors = load_file(folder / "model.safetensors")
    del tensors[part]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    loaded = ready(folder)
    assert loaded.task is None
    assert loaded.architecture == "BertModel"


def test_a_head_of_another_size_says_nothing(tmp_path: Path) -> None:
    whole = write_model(tmp_path / "whole", head="ForSequenceClassification", **LABELS)
    other = {"id2label": {"0": "bad", "1": "good"}, "label2id": {"bad": 0, "good": 1}}
    assert ready(copied(whole, tmp_path / "m", **other)).task is None


def test_one_number_for_a_text_is_no_probability(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", head="ForSequenceClassification", num_labels=1)
    assert ready(folder).task is None


def test_a_model_that_attends_otherwise_with_its_head_says_nothing(tmp_path: Path) -> None:
    folder = write_model(
        tmp_path / "m", "longformer", head="ForSequenceClassification", attention_window=4, **LABELS
    )
    assert ready(folder).task is None


@pytest.mark.parametrize("model", ["minilm", str(SAMPLES / "translation" / "model")])
def test_models_without_a_task(model: str) -> None:
    assert load.load(names.resolve(model), device=torch.device("cpu"), predicts=True).task is None
