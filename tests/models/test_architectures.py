"""Every architecture shows its own attention, and is measured right.

Right is what the model gives in float64; how near float32 comes to it differs between models and
between processors, so eager float32 attention on the same machine is the measure.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from attnviz.attention.layer import LayerAttention
from attnviz.errors import InputError
from attnviz.models import tap
from attnviz.models.architectures import ARCHITECTURES, FALLBACK, REFUSED
from attnviz.models.run import observe
from tests.helpers import eager, exact, measure, tiny
from tests.helpers.measure import Recorder
from tests.helpers.rounding import Rounding
from tests.helpers.tables import Errors

pytestmark = [pytest.mark.slow, pytest.mark.architectures]

KINDS = [kind for members in ARCHITECTURES.values() for kind in members]
# The numbers of the layers with attention, where that is not all of them.
HYBRIDS = {
    "bamba": [1],
    "funnel": [0, 1, 4],
    "granitemoehybrid": [1],
    "jamba": [1],
    "lfm2": [1],
    "lfm2_moe": [1],
    "minimax": [1],
    "nemotron_h": [1],
    "olmo_hybrid": [1],
    "qwen3_5_text": [1],
    "qwen3_next": [1],
    "recurrent_gemma": [1],
    "zamba2": [1],
}

IDS = torch.randint(5, 60, (2, 9), generator=torch.Generator().manual_seed(1))
TARGETS = torch.randint(5, 60, (2, 6), generator=torch.Generator().manual_seed(2))
LENGTHS = {"padded": ((9, 7), (6, 5)), "full": ((9, 9), (6, 6))}
MASK = (torch.arange(9)[None] < torch.tensor([9, 6])[:, None]).long()


@pytest.mark.parametrize("kind", KINDS)
def test_attention_and_output_are_the_models_own(kind: str, errors: Errors) -> None:
    loaded, usual = tiny.loaded(kind), tiny.model(kind, tiny.usual(kind))
    reference, wide = tiny.model(kind, "eager"), tiny.model(kind, "eager")
    rounding = errors[kind] = Rounding()
    for sources, targets in LENGTHS.values():
        given = tiny.tokens(IDS, sources)
        asked = tiny.tokens(TARGETS, targets) if loaded.encoder_decoder else None
        recorders = [Recorder(stream) for stream in loaded.streams]
        outputs, cut = tiny.Outputs(loaded), tiny.Outputs(loaded)
        unread = [Recorder(stream) for stream in loaded.streams]
        observe(outputs.loaded, given, unread, targets=asked, to_the_end=True)
        # What is measured is so in runs that end with the last attention, where they can.
        observe(cut.loaded, given, recorders, targets=asked)
        assert (cut.found is None) == (loaded.path == "interface")

        inputs = outputs.asked
        own = eager.run(reference, inputs, output_attentions=True)
        right = exact.run(wide, inputs)
        eager_hidden = measure.hidden_errors(own, right, inputs)
        for other in (outputs.found, eager.run(usual, inputs)):
            rounding.add(measure.hidden_errors(other, right, inputs), eager_hidden)
        for recorder in recorders:
            expected = eager.attentions(right, recorder.stream, wide)
            by_eager = eager.attentions(own, recorder.stream, reference)
            numbers = HYBRIDS.get(kind, list(range(len(expected))))
            assert sorted(recorder.layers) == numbers, recorder.stream
            for number, weights, rounded in zip(numbers, expected, by_eager, strict=True):
                rounding.add(
                    measure.errors(recorder.layers[number], recorder.batch, weights),
                    measure.eager_errors(rounded, recorder.batch, weights),
                )
    rounding.check()


def test_every_kind_goes_the_way_that_is_told() -> None:
    assert set(KINDS) >= FALLBACK
    assert not set(KINDS) & set(REFUSED)
    assert len(KINDS) == len(set(KINDS))


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
    assert len({id(layer.mask) for layer in layers}) == (2 if kind == "gpt_oss" else 1)


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


def test_a_mask_may_be_one_row_for_all_queries() -> None:
    row = torch.tensor([[[[True, False]]]])
    assert attend(causal=False, mask=row) == [0.0, 0.0]


@pytest.mark.parametrize("kind", ["mamba", "bloom", "deberta-v2", "longformer"])
def test_attention_that_cannot_be_seen_is_an_error_never_an_empty_report(kind: str) -> None:
    with pytest.raises(InputError, match="no attention layer could be seen"):
        seen_by(kind, input_ids=IDS)
