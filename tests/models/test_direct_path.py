"""The way from a head to the logits, in models of random weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.request import Request
from attnviz.evidence.prefix_matching import judge_induction
from attnviz.models import heads, tap
from attnviz.models.direct_path import direct_path
from attnviz.models.load import LoadedModel
from attnviz.models.repeated import draws
from attnviz.models.run import observe
from attnviz.observers.repeats import InductionKeeper
from tests.helpers import tiny
from tests.helpers.repeated import KNOWN, encoder, tokenizer

pytestmark = pytest.mark.slow


def decoder(kind: str, *, tied: bool = True) -> LoadedModel:
    """A tiny model with its head and norms that are not 1."""
    config = tiny.config(kind)
    config.tie_word_embeddings = tied
    make: Any = heads.auto_class(config).from_config
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        whole = make(config, attn_implementation=tap.install()).eval()
        for parameter in whole.parameters():
            if parameter.dim() == 1:
                parameter.data.add_(0.3 * torch.randn_like(parameter))
    bare = replace(tiny.loaded(kind), tokenizer=tokenizer(ends=False), limit=64)
    return replace(bare, model=heads.without(whole), generator=whole)


# kind -> the module whose output is what all heads of layer 1 write, and the final norm
WRITES = {
    "gpt2": ("h.1.attn.c_proj", "ln_f"),
    "gpt_neox": ("layers.1.attention.dense", "final_layer_norm"),
    "gemma": ("layers.1.self_attn.o_proj", "norm"),
    "llama": ("layers.1.self_attn.o_proj", "norm"),
    "opt": ("decoder.layers.1.self_attn.out_proj", "decoder.final_layer_norm"),
    "phi": ("layers.1.self_attn.dense", "final_layernorm"),
    "qwen3": ("layers.1.self_attn.o_proj", "norm"),
}


class Mixed(Observer):
    """Keeps what layer 1 mixes."""

    def ask(self, *_: object) -> Request:
        return Request(needs=frozenset({"mixed"}))

    def see(self, attention: LayerAttention) -> None:
        if attention.layer == 1:
            self.found = attention.mixed


@pytest.mark.parametrize("kind", WRITES)
def test_what_all_heads_do_to_the_logits_is_what_their_layer_does(kind: str) -> None:
    loaded = decoder(kind)
    found = draws(loaded, 0)
    assert found is not None
    path = direct_path(loaded, found[0])
    assert path is not None
    assert sorted(path.outputs) == [0, 1, 2]
    where, last = WRITES[kind]
    projection, norm = loaded.model.get_submodule(where), loaded.model.get_submodule(last)
    outputs: list[Tensor] = []
    hook = projection.register_forward_hook(lambda _, __, output: outputs.append(output))
    mixed = Mixed()
    observe(loaded, found[:1], [mixed], to_the_end=True)
    hook.remove()

    ids = torch.arange(KNOWN)[None]
    by_head = path.logits(1, mixed.found, ids)
    assert by_head is not None
    assert by_head.shape == (1, 4, len(found[0]), KNOWN)
    with torch.inference_mode():
        wrote = outputs[0] - (0.0 if projection.bias is None else projection.bias)
        # Half the difference leaves out what norm and head add; what is left is up to a factor.
        read = loaded.generator.get_output_embeddings()
        logits = read(norm(wrote)) - read(norm(-wrote))
        logits = torch.nn.functional.normalize(logits - logits.mean(-1, keepdim=True), dim=-1)
        whole = torch.nn.functional.normalize(by_head.sum(1), dim=-1)
    assert (whole - logits).abs().max() < 1e-4


def test_without_its_head_a_tied_model_has_one_and_another_has_none() -> None:
    for tied in (True, False):
        loaded = decoder("llama", tied=tied)
        found = draws(loaded, 0)
        assert found is not None
        assert direct_path(loaded, found[0]) is not None
        assert (direct_path(replace(loaded, generator=None), found[0]) is not None) == tied


def test_an_encoder_and_attention_that_comes_as_weights_have_no_way_to_the_logits() -> None:
    found = draws(replace(encoder(), limit=64), 0)
    assert found is not None
    assert direct_path(encoder(), found[0]) is None
    bloom = replace(tiny.loaded("bloom"), tokenizer=tokenizer(ends=False))
    assert bloom.path == "fallback"
    assert direct_path(bloom, found[0]) is None
    keeper = InductionKeeper(found)
    observe(bloom, found, [keeper])
    assert len(judge_induction(keeper.table(), 100).heads) == 12
