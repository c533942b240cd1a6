"""Through the tap, every architecture shows the attention that eager attention returns."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from attnviz.attention.layer import LayerAttention
from attnviz.errors import InputError
from attnviz.models import tap
from attnviz.models.kinds import ARCHITECTURES
from tests.engine import tiny

WITHIN = 1e-5
KINDS = [kind for members in ARCHITECTURES.values() for kind in members]
# Layers with attention, where that is not all of them.
HYBRIDS = {"jamba": [1], "lfm2": [1], "nemotron_h": [1]}

IDS = torch.randint(4, 60, (2, 9), generator=torch.Generator().manual_seed(1))
LENGTHS = (9, 6)
MASK = (torch.arange(9)[None] < torch.tensor(LENGTHS)[:, None]).long()


def through_tap(model: Any, **inputs: Any) -> tuple[dict[int, Tensor], Tensor]:
    """Each layer's weights by its number, and the last hidden state."""
    seen: dict[int, Tensor] = {}

    def listen(attention: LayerAttention) -> None:
        assert attention.layer not in seen
        seen[attention.layer] = attention.weights

    # A run keeps no keys and values for a next token either.
    options = {"use_cache": False} if getattr(model.config, "use_cache", None) else {}
    with torch.inference_mode(), tap.listening(listen):
        return seen, model(**inputs, **options).last_hidden_state


def outright(model: Any, **inputs: Any) -> tuple[list[Tensor], Tensor]:
    """Each layer's weights as the model returns them, and the last hidden state."""
    with torch.inference_mode():
        out = model(**inputs, output_attentions=True)
    return [one for one in out.attentions or () if one is not None], out.last_hidden_state


def greatest(found: Tensor, expected: Tensor, lengths: tuple[int, ...]) -> float:
    """The greatest difference outside the padding."""
    return max(
        float((found[row] - expected[row])[..., :length, :].abs().max())
        for row, length in enumerate(lengths)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_attention_and_output_are_the_models_own(
    kind: str, errors: dict[str, tuple[float, float]]
) -> None:
    name = tap.install()
    eager, tapped, plain = (tiny.model(kind, how) for how in ("eager", name, tiny.usual(kind)))
    inputs: list[dict[str, Tensor]] = [
        {"input_ids": IDS, "attention_mask": MASK},
        {"input_ids": IDS},
    ]
    of_attention, of_hidden, layers = [], [], []
    for given in inputs:
        lengths = LENGTHS if "attention_mask" in given else (9, 9)
        seen, hidden = through_tap(tapped, **given)
        expected, eager_hidden = outright(eager, **given)
        with torch.inference_mode():
            usual_hidden = plain(**given).last_hidden_state
        layers.append(sorted(seen))
        assert len(seen) == len(expected)
        of_attention += [
            greatest(seen[layer], weights, lengths)
            for layer, weights in zip(sorted(seen), expected, strict=True)
        ]
        of_hidden += [
            greatest(hidden, other, lengths) / max(1.0, float(other.abs().max()))
            for other in (eager_hidden, usual_hidden)
        ]

    errors[kind] = max(of_attention), max(of_hidden)
    assert all(
        found == HYBRIDS.get(kind, list(range(tapped.config.num_hidden_layers))) for found in layers
    )
    assert max(of_attention) < WITHIN
    assert max(of_hidden) < WITHIN


def seen_by(kind: str, **inputs: Tensor) -> list[LayerAttention]:
    """Every layer that a tiny model shows."""
    found: list[LayerAttention] = []
    with torch.inference_mode(), tap.listening(found.append):
        tiny.model(kind, tap.install())(**inputs)
    return found


def test_the_tiny_models_have_what_shapes_the_scores() -> None:
    """Otherwise the errors above would be small for want of anything to get wrong."""
    assert all(layer.sinks is not None for layer in seen_by("gpt_oss", input_ids=IDS))
    assert all(layer.softcap == 0.5 for layer in seen_by("gemma2", input_ids=IDS))
    assert all(layer.key.shape[1] == 2 for layer in seen_by("llama", input_ids=IDS))
    for kind in ("gpt_oss", "gemma2", "gemma3_text", "modernbert", "cohere2", "olmo3", "smollm3"):
        counts = {int(layer.counts.max()) for layer in seen_by(kind, input_ids=IDS)}
        assert counts in ({3, 9}, {5, 9}), kind
    for kind in ("mistral", "mixtral", "phi3", "starcoder2"):
        assert {int(layer.counts.max()) for layer in seen_by(kind, input_ids=IDS)} == {3}, kind


@pytest.mark.parametrize("kind", ["bert", "llama", "gpt_oss"])
def test_layers_with_one_mask_share_one_tensor(kind: str) -> None:
    layers = seen_by(kind, input_ids=IDS, attention_mask=MASK)
    assert len({id(layer.visible) for layer in layers}) == (2 if kind == "gpt_oss" else 1)


def attend(*, causal: bool, mask: Tensor | None = None) -> list[float]:
    """The tap called as a layer calls it: two tokens of even scores and the values 0 and 1."""
    module = torch.nn.Module()
    module.is_causal = causal  # type: ignore[assignment]
    query = torch.zeros(1, 1, 2, 1)
    mixed, _ = tap._attend(module, query, query, torch.tensor([[[[0.0], [1.0]]]]), mask)
    return [float(value) for value in mixed.flatten()]


def test_layers_without_a_mask_may_differ_in_direction() -> None:
    shown: list[LayerAttention] = []
    with tap.listening(shown.append):
        mixed = [attend(causal=causal) for causal in (True, False, True)]
    assert mixed == [[0.0, 0.5], [0.5, 0.5], [0.0, 0.5]]
    assert [layer.layer for layer in shown] == [0, 1, 2]
    assert [layer.counts.flatten().tolist() for layer in shown] == [[1, 2], [2, 2], [1, 2]]


def test_nobody_need_listen() -> None:
    assert attend(causal=False) == [0.5, 0.5]


@pytest.mark.parametrize("hidden", [-torch.inf, torch.finfo(torch.float32).min])
def test_a_mask_may_be_boolean_or_added_to_the_scores(hidden: float) -> None:
    added = torch.tensor([[[[0.0, hidden], [0.0, 0.0]]]])
    assert attend(causal=False, mask=added) == attend(causal=False, mask=added == 0) == [0.0, 0.5]
    # The mask is the whole truth where there is one, and may be wider than the keys.
    wide = torch.tensor([[[[True, True, False], [True, True, False]]]])
    assert attend(causal=True, mask=wide) == [0.5, 0.5]


@pytest.mark.parametrize("kind", ["mamba", "bloom", "deberta-v2", "longformer"])
def test_attention_that_cannot_be_seen_is_an_error_never_an_empty_report(kind: str) -> None:
    with pytest.raises(InputError, match="no attention layer could be seen"):
        seen_by(kind, input_ids=IDS)
