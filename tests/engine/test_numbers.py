"""Every number of every head equals the direct computation from `output_attentions=True`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from attnviz.evidence.scores import ScoreKeeper, ScoreTable
from attnviz.models import load, names, run
from attnviz.registry import discover
from attnviz.roles.role import Role
from attnviz.statistics.statistic import Statistic
from attnviz.text.files import read
from attnviz.text.split import sentences
from attnviz.text.tokenize import tokenize_all
from tests.engine.direct import Direct, Words

WITHIN = 1e-5


def streamed(model: str, text: Path) -> tuple[ScoreTable, load.LoadedModel, list]:
    loaded = load.load(names.resolve(model), device=torch.device("cpu"))
    tokens = tokenize_all(sentences(read([text], None)), loaded.tokenizer, loaded.limit)
    keeper = ScoreKeeper(
        discover("attnviz.roles", "ROLE", Role),
        discover("attnviz.statistics", "STATISTIC", Statistic),
        len(tokens),
    )
    run.observe(loaded, tokens, [keeper])
    return keeper.table(), loaded, list(tokens)


def direct(loaded: load.LoadedModel, tokens: list, *, causal: bool) -> Direct:
    found = Direct(causal)
    loaded.model.set_attn_implementation("eager")
    for one in tokens:
        with torch.no_grad():
            out = loaded.model(input_ids=torch.tensor([one.ids]), output_attentions=True)
        attention = torch.stack(out.attentions)[:, 0].double().numpy()
        found.add(attention, Words(one.ids, one.kinds, one.surfaces))
    return found


@pytest.mark.parametrize("model", ["minilm", "smollm2"])
def test_every_number_equals_the_direct_computation(
    model: str, quickstart: Path, request: pytest.FixtureRequest
) -> None:
    name = model if model == "minilm" else str(request.getfixturevalue(model))
    table, loaded, tokens = streamed(name, quickstart)
    reference = direct(loaded, tokens, causal=model == "smollm2")
    arrays = {
        k: table.over_heads(k).sum(0) for k in ("mass", "chance", "events", "values", "counts")
    }
    compared = 0
    for place, column in enumerate(table.columns):
        key = f"{column.role.name} {column.variant}".strip()
        expected = reference.roles[key]
        events = arrays["events"][:, place]
        assert (events == expected.events).all(), key
        if expected.events:
            score = arrays["mass"][:, place] / events
            chance = arrays["chance"][:, place] / events
            np.testing.assert_allclose(
                score, np.ravel(expected.mass) / expected.events, atol=WITHIN, rtol=0, err_msg=key
            )
            np.testing.assert_allclose(
                chance, expected.chance / expected.events, atol=WITHIN, rtol=0, err_msg=key
            )
            compared += 1
    for place, statistic in enumerate(table.statistics):
        if statistic.name == "removed":
            assert not arrays["counts"][:, place].any()
            continue
        total, count = reference.statistics[statistic.name]
        mean = arrays["values"][:, place] / arrays["counts"][:, place]
        relative = "distance" in statistic.name
        np.testing.assert_allclose(
            mean,
            np.ravel(total) / count,
            atol=0 if relative else WITHIN,
            rtol=WITHIN if relative else 0,
            err_msg=statistic.name,
        )
    assert compared >= (24 if model == "smollm2" else 30) - 10
