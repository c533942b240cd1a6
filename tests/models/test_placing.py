"""A model that is spread over devices is measured as it is on one."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import transformers
from torch import nn
from transformers.integrations import accelerate as placed

import attnviz
from attnviz.attention.layer import LayerAttention
from attnviz.attention.request import JoinedRequest
from attnviz.corpus import scan
from attnviz.errors import InputError, UsageError
from attnviz.models import explain, names, placing, tap
from attnviz.models.load import LoadedModel, load
from attnviz.models.placing import Placing
from attnviz.settings import Settings
from tests.helpers.models import write_model
from tests.helpers.tool import Tool

pytestmark = pytest.mark.slow

TEXTS = [
    "the cat sat on the mat . the cat ran",
    "a dog saw a bird and then it ran",
    "it was red , and the tree was blue",
]


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Says that so many bytes of memory are free for weights: the rest of them stays on disk."""

    def free(size: int) -> None:
        monkeypatch.setattr(placed, "get_max_memory", lambda *_: {"cpu": size})

    return free


def _spread(folder: Path) -> LoadedModel:
    return load(names.resolve(str(folder)), device=torch.device("cpu"), spread=True)


@pytest.mark.parametrize("kind", ["bert", "llama", "gpt2"])
def test_offloaded_layers_are_measured_to_the_same_byte(
    kind: str, tmp_path: Path, little_memory: Callable[[int], None]
) -> None:
    folder = write_model(tmp_path / kind, kind)
    on_cpu = attnviz.measure(str(folder), TEXTS)
    little_memory(4_000)
    offloaded = [each.is_meta for each in _spread(folder).model.parameters()]
    assert sum(offloaded) > len(offloaded) / 2
    assert attnviz.measure(str(folder), TEXTS, device_map="auto").to_bytes() == on_cpu.to_bytes()


def test_what_is_offloaded_is_read_where_its_numbers_are_needed(
    tmp_path: Path, little_memory: Callable[[int], None]
) -> None:
    folder = write_model(tmp_path / "llama", "llama")
    whole = load(names.resolve(str(folder)), device=torch.device("cpu"))
    little_memory(1)
    model = _spread(folder).model
    assert model.embed_tokens.weight.is_meta
    table = placing.weight(model.embed_tokens)
    assert table is not None
    assert torch.equal(table, whole.model.embed_tokens.weight)
    assert model.embed_tokens.weight.is_meta


def test_layers_on_another_device_are_measured_where_the_batch_lies() -> None:
    seen: list[LayerAttention] = []
    content = torch.ones(1, 5, dtype=torch.bool, device="meta")
    query, sinks, mask = torch.rand(1, 2, 5, 8), torch.rand(2), torch.ones(1, 1, 5, 5).bool()
    with tap.listening(seen.append, {"": JoinedRequest(content, content)}, attentions=1):
        tap._attend(nn.Identity(), query, query, query, None, s_aux=sinks, position_bias=mask)
    (layer,) = seen
    parts = (layer.query, layer.key, layer.sinks, layer.bias, layer.mask.first)
    assert {part.device for part in parts if part is not None} == {torch.device("meta")}


def test_copies_of_a_mask_are_known_as_one() -> None:
    # On its way to another device each layer's mask is a copy of its own.
    ear = tap._Ear(print)
    mask = torch.ones(1, 1, 5, 5).tril().bool()
    known = ear.mask(mask, torch.Size((5, 5)), torch.device("cpu"), causal=True)
    assert ear._equal(mask.clone(), torch.Size((5, 5)), causal=True) is known
    assert ear._equal(~mask, torch.Size((5, 5)), causal=True) is None
    assert ear._equal(mask.clone(), torch.Size((5, 5)), causal=False) is None


def test_workers_of_a_cluster_spread_their_models_themselves() -> None:
    alone = scan._reads_alone(Settings(device_map="auto"))
    assert (alone.device, alone.device_map) == ("cpu", "none")
    with pytest.raises(UsageError, match="--device-map auto"):
        scan._reads_alone(Settings(device="cpu", device_map="auto"))


def test_weights_that_are_on_disk_in_no_file_are_named() -> None:
    offloaded = importlib.import_module("accelerate.utils").OffloadedWeightsLoader
    with pytest.raises(KeyError) as caught:
        offloaded({"norm.weight": torch.ones(1)})["lm_head.weight"]
    known = explain.stopped("m stops", caught.value)
    assert known is not None
    assert "accelerate left lm_head.weight on disk, and doesn't find it there" in known.message
    assert "Leave out --device-map" in known.hint


def test_two_places_are_refused(tool: Tool) -> None:
    with pytest.raises(UsageError, match="--device-map auto") as caught:
        Placing.of("cpu", "auto")
    assert "Leave out one of them" in caught.value.hint
    assert tool("draw", "minilm", "a b", "--device", "cpu", "--device-map", "auto").code == 2


def test_without_accelerate_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InputError, match="extra `large`") as caught:
        Placing.of("auto", "auto")
    assert caught.value.hint == 'Run: pip install "attnviz[large]"'


def test_a_model_that_does_not_say_what_belongs_together_is_refused(
    tmp_path: Path, little_memory: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_model(tmp_path / "llama", "llama")
    little_memory(4_000)
    monkeypatch.setattr(transformers.LlamaPreTrainedModel, "_no_split_modules", [])
    with pytest.raises(InputError, match="can't be spread over devices: LlamaModel") as caught:
        _spread(folder)
    assert "Leave out --device-map" in caught.value.hint
