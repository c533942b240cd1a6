"""Where the course of a run can be changed: heads taken out, gradients, hidden states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.models.run import observe
from attnviz.models.seam import Seam
from tests.helpers import eager, tiny

pytestmark = pytest.mark.slow

IDS = torch.randint(5, 60, (2, 9), generator=torch.Generator().manual_seed(1))
SOURCES, TARGETS = tiny.tokens(IDS, (9, 8)), tiny.tokens(IDS[:, 2:], (5, 7))
NAMES = {"": "hidden_states", "encoder": "encoder_hidden_states"}
NAMES["decoder"] = "decoder_hidden_states"
States = dict[str, tuple[Tensor, ...]]


class Entropies(Observer):
    """Keeps a number of every layer, and sees to it that it is one."""

    def __init__(self, stream: str = "") -> None:
        self.stream = stream
        self.layers: list[Tensor] = []

    def see(self, attention: LayerAttention) -> None:
        assert not attention.query.requires_grad
        assert not attention.entropy.requires_grad
        self.layers.append(attention.entropy)


def run(kind: str, **more: Any) -> tuple[States, list[Tensor], dict[str, Any]]:
    """The hidden states, the entropies of the first stream, and what the model was asked."""
    states: States = {}
    loaded = tiny.loaded(kind)
    observer, outputs = Entropies(loaded.streams[0]), Overheard(loaded)
    targets = TARGETS if loaded.encoder_decoder else None
    seam = Seam(hidden_states=states.__setitem__, **more)
    observe(outputs.loaded, SOURCES, [observer], targets=targets, seam=seam)
    return states, observer.layers, outputs.asked


class Overheard(tiny.Outputs):
    """Hands the model's outputs on, as a run needs them here."""

    @property
    def loaded(self) -> Any:
        from dataclasses import replace

        def forward(**inputs: Any) -> Any:
            flags = ("output_attentions", "output_hidden_states")
            self.asked = {name: asked for name, asked in inputs.items() if name not in flags}
            return self.of.model(**inputs)

        overheard: Any = forward
        overheard.config = self.of.model.config
        return replace(self.of, model=overheard)


def without_head(layer: LayerAttention, mixed: Tensor) -> Tensor:
    """Head 2 of layer 1 hands on nothing."""
    if layer.layer != 1:
        return mixed
    kept = torch.ones(mixed.shape[1])
    kept[2] = 0.0
    return mixed * kept[:, None, None]


@pytest.mark.parametrize(
    ("kind", "output"), [("llama", "layers.1.self_attn.o_proj"), ("gemma2", "")]
)
def test_a_head_that_is_taken_out_changes_all_that_follows(kind: str, output: str) -> None:
    whole, entropies, asked = run(kind)
    states, found, _ = run(kind, intervene=without_head)
    model = tiny.model(kind, "eager")
    projection = model.get_submodule(output or "layers.1.self_attn.o_proj")
    width = projection.weight.shape[1] // 4
    with torch.no_grad():
        projection.weight[:, 2 * width : 3 * width] = 0.0
    expected = eager.run(model, asked, output_hidden_states=True).hidden_states
    for number, (got, wanted) in enumerate(zip(states[""], expected, strict=True)):
        torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)
        changed = not torch.allclose(got, whole[""][number], atol=1e-3)
        assert changed == (number >= 2), "states after layer 1 and later ones"
    # The head itself is seen as it would have been.
    for number in (0, 1):
        assert torch.equal(found[number], entropies[number])
    assert not torch.allclose(found[2], entropies[2], atol=1e-4)


@pytest.mark.parametrize("implementation", ["eager", "sdpa"])
@pytest.mark.parametrize("kind", ["bert", "llama", "gemma2", "gpt_oss", "t5", "mpnet"])
def test_gradients_are_those_of_the_models_own_attention(kind: str, implementation: str) -> None:
    if implementation == "sdpa" and kind in ("gemma2", "gpt_oss", "t5", "mpnet"):
        pytest.skip("not this model's own")
    states, entropies, asked = run(kind, gradients=True)
    model = tiny.model(kind, implementation)
    out = model(**asked, output_hidden_states=True)
    for stream, own in states.items():
        first, last = own[0], own[-1]
        expected = out[NAMES[stream]]
        shape = torch.linspace(-1, 1, last.numel()).view(last.shape)
        (got,) = torch.autograd.grad((last * shape).sum(), first, retain_graph=True)
        (wanted,) = torch.autograd.grad(
            (expected[-1] * shape).sum(), expected[0], retain_graph=True
        )
        assert wanted.abs().max() > 1e-3
        torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-4 * float(wanted.abs().max()))
    # What observers see is what they see of any run.
    for with_gradients, plain in zip(entropies, run(kind)[1], strict=True):
        torch.testing.assert_close(with_gradients, plain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["bert", "llama", "bart", "mpnet"])
def test_hidden_states_are_the_models_own(kind: str) -> None:
    states, _, asked = run(kind)
    out = eager.run(tiny.model(kind, "eager"), asked, output_hidden_states=True)
    assert set(states) == ({"encoder", "decoder"} if kind == "bart" else {""})
    for stream, own in states.items():
        for got, wanted in zip(own, out[NAMES[stream]], strict=True):
            torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-4)


def test_nothing_can_come_between_where_a_model_attends_in_its_own_code() -> None:
    keep: Callable[[LayerAttention, Tensor], Tensor] = lambda _, mixed: mixed  # noqa: E731
    with pytest.raises(ValueError, match="mpnet attends in its own code"):
        run("mpnet", intervene=keep)
