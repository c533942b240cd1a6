"""The numbers of a drawing are those of the model's own matrices, and of a report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import attnviz
from attnviz.drawing.choose import choose
from attnviz.drawing.settings import DrawSettings
from attnviz.models.load import LoadedModel
from tests.helpers import eager
from tests.helpers.models import loaded

pytestmark = pytest.mark.slow

TEXT = "The animal didn't cross the street because it was too tired."
WITHIN = 1e-5

Floats = np.ndarray[Any, np.dtype[np.float64]]


def close(found: Any, right: Any) -> None:
    np.testing.assert_allclose(found, right, atol=WITHIN)


@pytest.fixture(scope="module", params=["minilm", "smollm2"])
def model(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    return name if name == "minilm" else str(request.getfixturevalue(name))


@pytest.fixture(scope="module")
def by_eager(model: str) -> tuple[LoadedModel, Floats, list[str]]:
    """The matrices [layer, head, query, key] that the model hands over itself, and its tokens."""
    plain = loaded(model)
    ids = plain.tokenizer(TEXT)["input_ids"]
    plain.model.set_attn_implementation("eager")
    out = eager.run(plain.model, {"input_ids": torch.tensor([ids])}, output_attentions=True)
    pieces = plain.tokenizer.convert_ids_to_tokens(ids)
    return plain, np.stack(eager.attentions(out, "", plain.model))[:, 0], pieces


@pytest.fixture(scope="module")
def found(model: str) -> Any:
    return attnviz.weights(model, TEXT)


def test_every_weight(found: Any, by_eager: Any) -> None:
    _, right, pieces = by_eager
    assert found.weights.shape == right.shape
    close(found.weights, right)
    assert len(found.tokens) == len(pieces)


def test_how_much_it_gives_animal_in_every_head(found: Any, by_eager: Any) -> None:
    _, right, pieces = by_eager
    bare = [piece.lstrip("Ġ") for piece in pieces]
    of_heads = {each.name: each.mass for each in found.mass("it", "animal")}
    assert len(of_heads) == right.shape[0] * right.shape[1]
    for (layer, head), mass in np.ndenumerate(right[:, :, bare.index("it"), bare.index("animal")]):
        assert of_heads[f"L{layer}H{head}"] == pytest.approx(mass, abs=WITHIN)


def test_the_mean_of_all_heads_and_of_each_layer(found: Any, by_eager: Any) -> None:
    _, right, _ = by_eager
    [panel] = choose(found, DrawSettings(mean="all")).drawing.panels
    close(panel.weights, right.mean((0, 1)))
    layers = choose(found, DrawSettings(mean="heads")).drawing.panels
    stacked = np.stack([panel.weights for panel in layers])
    close(stacked, right.mean(1))


def test_rollout(found: Any, by_eager: Any) -> None:
    _, right, _ = by_eager
    flow = np.eye(right.shape[-1])
    for layer in right.mean(1):
        flow = (0.5 * layer + 0.5 * np.eye(len(layer))) @ flow
    close(found.rollout, flow)


@pytest.mark.parametrize("words", [False, True])
def test_a_report_draws_the_same(words: bool) -> None:
    text = "The unbelievable aardvarks didn't eat."
    report = attnviz.analyze("minilm", [text], words=words, illustrate=1, resamples=100)
    [view] = report.illustrations
    found = attnviz.weights("minilm", text, words=words)
    close(found.weights, view.attention)
    close(found.rollout, view.rollout)
    assert found.tokens == tuple(map(str, view.labels))


@pytest.mark.parametrize("pieces", ["mean", "last"])
def test_words_give_words_the_same_merged_before_or_after(pieces: str) -> None:
    text = "The unbelievable aardvarks didn't eat discombobulated aardvarks."
    before = attnviz.weights("minilm", text, words=True, pieces=pieces)
    after = attnviz.weights("minilm", text, pieces=pieces)
    assert before.words == after.words
    assert len(before.tokens) < len(after.tokens)
    for query, key in (("unbelievable", "aardvarks#2"), ("didn't", "discombobulated")):
        first = {each.name: each.mass for each in before.mass(query, key)}
        second = {each.name: each.mass for each in after.mass(query, key)}
        assert first == pytest.approx(second, abs=1e-6)
