"""Weights that models hand over themselves: checked, made square, one layer at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef

from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.errors import InputError
from attnviz.models import hooks, probe
from attnviz.models.load import LoadedModel
from attnviz.models.run import observe
from tests.helpers import tiny

IDS = torch.randint(5, 60, (2, 9), generator=torch.Generator().manual_seed(1))


class Watcher(Observer):
    """Counts whose weights are still in memory while it is shown a layer's."""

    def __init__(self) -> None:
        self.held: list[Any] = []
        self.alive: list[int] = []
        self.layers: list[LayerAttention] = []

    def see(self, attention: LayerAttention) -> None:
        assert attention.known_weights is not None
        weakly: Any = StorageWeakRef
        self.held.append(weakly(attention.known_weights.untyped_storage()))
        self.alive.append(sum(not one.expired() for one in self.held))
        self.layers.append(replace(attention, known_weights=None))


@pytest.mark.parametrize("kind", ["deberta-v2", "mpnet", "gptj", "xlnet"])
def test_no_more_than_one_layers_weights_are_held(kind: str) -> None:
    watcher = Watcher()
    loaded = tiny.loaded(kind)
    observe(loaded, tiny.tokens(IDS, (9, 9)), [watcher])
    assert watcher.alive == [1, 1, 1]
    assert all(not module._forward_hooks for module in loaded.model.modules() if _ours(module))


def _ours(module: nn.Module) -> bool:
    return any("hooks" in hook.__module__ for hook in module._forward_hooks.values())


class Odd(nn.Module):
    """A model of one attention module that returns whatever it is told."""

    def __init__(self, weights: Tensor | None) -> None:
        super().__init__()
        self.first = Attention(weights)
        self.config: Any = tiny.config("bert")

    def forward(self, input_ids: Tensor, **_: Any) -> Any:
        return self.first(input_ids)


class Attention(nn.Module):
    def __init__(self, weights: Tensor | None) -> None:
        super().__init__()
        self.weights = weights

    def forward(self, input_ids: Tensor) -> tuple[Tensor, Tensor | None]:
        return input_ids, self.weights


def run(weights: Tensor | None, **site: Any) -> Watcher:
    """Nine tokens through an odd model."""
    model = Odd(weights)
    found = hooks.Site(model.first, "first", "", **site)
    watcher = Watcher()
    loaded: LoadedModel = replace(tiny.loaded("bert"), model=model, path="fallback", sites=(found,))
    observe(loaded, tiny.tokens(IDS[:1], (9,)), [watcher])
    return watcher


def test_rows_must_sum_to_one_over_the_visible_keys() -> None:
    even = torch.full((1, 2, 9, 9), 1 / 9)
    assert len(run(even).layers) == 1
    for wrong in (even * 1.1, torch.zeros(1, 2, 9, 9)):
        with pytest.raises(InputError, match="rows that don't sum to 1"):
            run(wrong)
    with pytest.raises(InputError, match="Layer 0 gives NaN or infinity: its weights"):
        run(even * float("nan"))
    # What is taken for causal must be: mass to the right is mass on nothing.
    with pytest.raises(InputError, match="rows that don't sum to 1"):
        run(even, causal=True)
    assert len(run(torch.eye(9).expand(1, 2, 9, 9).half()).layers) == 1


def test_weights_must_be_of_queries_and_keys() -> None:
    with pytest.raises(InputError, match=r"first returned .+ 1 x 2 x 9 x 5"):
        run(torch.full((1, 2, 9, 5), 0.2))


def test_no_weights_are_an_error_never_an_empty_report() -> None:
    with pytest.raises(InputError, match="returned no weights"):
        run(None)
    for kind in ("mamba", "fnet"):
        model = tiny.model(kind, "eager")
        seen = probe.by_hooks(model, {}, {"input_ids": IDS[:1, :8]})
        assert not seen.streams
        assert "no attention" in probe.nothing_seen(model).message


def test_weights_of_an_unknown_shape_are_refused_when_a_model_is_loaded() -> None:
    model = Odd(torch.full((1, 2, 8, 5), 0.2))
    with pytest.raises(InputError, match="first returns weights of 1 x 2 x 8 x 5"):
        probe.by_hooks(model, {}, {"input_ids": IDS[:1, :8]})


def test_funnel_leaves_out_the_layers_of_pooled_tokens_and_says_so() -> None:
    model = tiny.model("funnel", "eager")
    seen = probe.by_hooks(model, {}, {"input_ids": IDS[:1, :8]})
    assert [site.pooled for site in seen.sites] == [False, False, True, True, False]
    assert seen.notes == [
        "2 of 5 layers attend to pooled tokens and are left out; rollout passes them over."
    ]


@pytest.mark.parametrize(
    ("kind", "most"), [("gpt_neo", {9, 3}), ("longformer", {5}), ("gptj", {9}), ("roformer", {9})]
)
def test_windows_and_causal_masks_are_known(kind: str, most: set[int]) -> None:
    watcher = Watcher()
    observe(tiny.loaded(kind), tiny.tokens(IDS, (9, 8)), [watcher])
    assert {int(layer.counts.max()) for layer in watcher.layers} == most
    causal = kind.startswith("gpt")
    assert all(layer.mask.causal == causal for layer in watcher.layers)
    first = watcher.layers[0].counts[:, 0].numpy()
    if causal:
        np.testing.assert_array_equal(first[0], np.minimum(np.arange(9) + 1, first[0]))
