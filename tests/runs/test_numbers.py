"""Every number of every head equals the direct computation from full matrices in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from attnviz.models import load, names, run
from attnviz.observers.positional import ProfileKeeper
from attnviz.observers.rollout import FlowKeeper
from attnviz.observers.rows import RowKeeper
from attnviz.observers.sums import ScoreKeeper
from attnviz.observers.tables import ScoreTable
from attnviz.text.files import read
from attnviz.text.split import sentences
from attnviz.text.tokenize import tokenize_all
from attnviz.text.types import Tokens
from tests.helpers import eager, exact
from tests.helpers.direct import Direct, Floats, Words
from tests.helpers.measure import with_related
from tests.helpers.planted import ROLES, STATISTICS
from tests.helpers.rounding import Rounding

pytestmark = pytest.mark.slow

WITHIN = 1e-5
"""Between two batches of one run, both float32."""
CHANCE_WITHIN = 1e-6
"""Chance depends on the mask alone, and is a sum of fractions in float32."""
# SmolLM2 looks to the left only, its tokenizer adds no special tokens, and in the sample nothing
# follows the mark that ends a sentence.
NEVER = {
    "minilm": {"segment-block"},
    "smollm2": {
        *("next-token", "cls", "separator", "separator-self", "sentence-end", "segment-block"),
        *(f"fixed-offset +{k}" for k in range(2, 9)),
    },
}


def loaded_with(model: str, text: Path, every: int) -> tuple[load.LoadedModel, list[Tokens]]:
    loaded = load.load(names.resolve(model), device=torch.device("cpu"))
    found = sentences(read([text], None))[1 % every :: every]
    tokens = tokenize_all(found, loaded.tokenizer, loaded.limit)
    return loaded, with_related(loaded, tokens)


def streamed(loaded: load.LoadedModel, tokens: Sequence[Tokens]) -> ScoreTable:
    keeper = ScoreKeeper(ROLES, STATISTICS, len(tokens))
    run.observe(loaded, tokens, [keeper])
    return keeper.table()


Run = Callable[[Any, dict[str, Tensor]], Any]


def by_eager(model: Any, inputs: dict[str, Tensor]) -> Any:
    return eager.run(model, inputs, output_attentions=True)


def direct(loaded: load.LoadedModel, tokens: Sequence[Tokens], run: Run, *, causal: bool) -> Direct:
    sums = Direct(causal)
    loaded.model.set_attn_implementation("eager")
    for one in tokens:
        out = run(loaded.model, {"input_ids": torch.tensor([one.ids])})
        attention = torch.stack(out.attentions)[:, 0].double().numpy()
        sums.add(attention, Words(one.ids, one.kinds, one.surfaces, one.words, one.related))
    return sums


@pytest.mark.parametrize(
    ("model", "every"),
    [("minilm", 1), ("smollm2", 10), pytest.param("smollm2", 1, marks=pytest.mark.soak)],
)
def test_every_number_equals_the_direct_computation(
    model: str, every: int, quickstart: Path, request: pytest.FixtureRequest
) -> None:
    name = model if model == "minilm" else str(request.getfixturevalue(model))
    loaded, tokens = loaded_with(name, quickstart, every)
    table = streamed(loaded, tokens)
    causal = model == "smollm2"
    rounded = direct(loaded, tokens, by_eager, causal=causal)
    right = direct(loaded, tokens, exact.run, causal=causal)  # the model is float64 from here on
    rounding = Rounding()
    compare_roles(rounding, table, right, rounded, NEVER[model])
    compare_statistics(rounding, table, right, rounded)
    rounding.check()


def compare_roles(
    rounding: Rounding, table: ScoreTable, right: Direct, rounded: Direct, never: set[str]
) -> None:
    mass, chance, events = (table.over_heads(k).sum(0) for k in ("mass", "chance", "events"))
    for place, column in enumerate(table.columns):
        key = f"{column.role.name} {column.variant}".strip()
        expected, eager_sums = right.roles[key], rounded.roles[key]
        assert (events[:, place] == expected.events).all(), key
        assert (expected.events == 0) == (key in never), key
        if expected.events:
            score = expected.mass.ravel() / expected.events
            rounding.add(
                {key: off(mass[:, place] / expected.events, score)},
                {key: off(eager_sums.mass.ravel() / expected.events, score)},
            )
            np.testing.assert_allclose(
                chance[:, place], expected.chance, rtol=CHANCE_WITHIN, err_msg=key
            )


def compare_statistics(
    rounding: Rounding, table: ScoreTable, right: Direct, rounded: Direct
) -> None:
    values, counts = (table.over_heads(part).sum(0) for part in ("values", "counts"))
    for place, statistic in enumerate(table.statistics):
        name = statistic.name
        if name == "removed":
            assert not counts[:, place].any()
            continue
        expected, eager_sums = right.statistics[name], rounded.statistics[name]
        assert (counts[:, place] == expected.count).all(), name
        mean = np.ravel(expected.total) / expected.count
        scale = mean if "distance" in name else 1.0
        rounding.add(
            {name: off(values[:, place] / counts[:, place] / scale, mean / scale)},
            {name: off(np.ravel(eager_sums.total) / expected.count / scale, mean / scale)},
        )


def off(values: Floats, right: Floats) -> float:
    return float(np.abs(values - right).max())


def test_a_sentences_numbers_do_not_depend_on_its_batch(
    quickstart: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The model's own rounding is in these; planted attention agrees to 1e-6 (test_scores).
    loaded, tokens = loaded_with("minilm", quickstart, 4)

    def measured() -> tuple[ScoreTable, ProfileKeeper, RowKeeper, FlowKeeper]:
        scores = ScoreKeeper(ROLES, STATISTICS, len(tokens))
        profile = ProfileKeeper(max(map(len, tokens)))
        rows = RowKeeper(dict.fromkeys(range(len(tokens)), 5))
        flow = FlowKeeper(residual=True, matrices=True)
        run.observe(loaded, tokens, [scores, profile, rows, flow])
        return scores.table(), profile, rows, flow

    together = measured()
    monkeypatch.setattr(run, "CELLS", 1)
    alone = measured()
    for one, other in zip(together[0].layers, alone[0].layers, strict=True):
        aside = [place for place, _ in together[0].beside]
        for name in ("mass", "beside", "chance"):
            events = np.maximum(one.events[..., aside] if name == "beside" else one.events, 1)
            found, expected = (getattr(sums, name) / events for sums in (one, other))
            np.testing.assert_allclose(found, expected, atol=WITHIN, err_msg=name)
        np.testing.assert_array_equal(one.events, other.events)
        np.testing.assert_array_equal(one.counts, other.counts)
        count = np.maximum(one.counts, 1)
        np.testing.assert_allclose(
            one.values / count, other.values / count, rtol=WITHIN, atol=WITHIN
        )
    offsets, offsets_alone = (part[1].fit().arrays["by_offset"] for part in (together, alone))
    np.testing.assert_allclose(offsets, offsets_alone, atol=WITHIN)
    for place in range(len(tokens)):
        flow, flow_alone = together[3].flows[place], alone[3].flows[place]
        for name in ("rollout", "received", "entropy", "matrix"):
            found, expected = getattr(flow, name), getattr(flow_alone, name)
            np.testing.assert_allclose(found, expected, atol=WITHIN, err_msg=name)
        for kept, again in zip(together[2]._rows[place], alone[2]._rows[place], strict=True):
            np.testing.assert_allclose(kept, again, atol=WITHIN)
