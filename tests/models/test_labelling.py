"""Labels of many texts at a time are those of one at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from attnviz.models import load, names
from attnviz.models.labelling import labelled
from attnviz.models.predict import Predictor
from attnviz.text.tokenize import tokenize
from attnviz.text.types import Sentence
from tests.conftest import SAMPLES
from tests.helpers.models import loaded as bare
from tests.helpers.models import write_model

pytestmark = pytest.mark.slow


def labels(model: Path, texts: list[str]) -> tuple[list[str], list[str]]:
    """Of many together, and one by one."""
    import torch

    resolved = names.resolve(str(model))
    loaded = load.load(resolved, device=torch.device("cpu"), predicts=True)
    tokens = [
        tokenize(Sentence(number, text), loaded.tokenizer, loaded.limit)
        for number, text in enumerate(texts, 1)
    ]
    predictor = Predictor(loaded)
    alone = [outcome.answers[0].choices[0][0] for of in tokens if (outcome := predictor(of))]
    return labelled(loaded, tokens), alone


def test_of_a_classifier() -> None:
    texts = (SAMPLES / "sentiment" / "text.txt").read_text(encoding="utf-8").splitlines()
    right = (SAMPLES / "sentiment" / "labels.txt").read_text(encoding="utf-8").split()
    said, alone = labels(SAMPLES / "sentiment" / "model", texts)
    assert said == alone
    assert 0 < sum(one != other for one, other in zip(said, right, strict=True)) < 20


def test_of_a_decoder_that_reads_the_last_token_and_has_none_to_pad_with(tmp_path: Path) -> None:
    model = write_model(
        tmp_path / "gpt", "gpt2", head="ForSequenceClassification", n_layer=2, n_head=2, n_embd=16
    )
    texts = ["the dog sat", "a cat ran", "it saw the red bird", "then the dog ran by a tree"]
    said, alone = labels(model, texts)
    assert said == alone
    assert len(said) == 4


def test_a_model_without_labels_says_nothing(tiny: Path) -> None:
    with pytest.raises(ValueError, match="gives texts no label"):
        labelled(bare(tiny), [])
