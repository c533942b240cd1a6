"""A statistic that needs more of a layer than its weights gets it on every path, or isn't measured.

The one used here is not part of the package: it is added as one new file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import attnviz
import attnviz.statistics
from attnviz.attention.kernels import has_fused
from attnviz.attention.merge import Wording
from attnviz.attention.request import Kernel
from attnviz.models.architectures import FALLBACK
from attnviz.models.run import observe
from attnviz.observers.sums import ScoreKeeper
from attnviz.registry import discover
from attnviz.statistics.statistic import Statistic
from attnviz.text.merge import Merged, last_looks
from tests.helpers import eager, tiny
from tests.helpers.merged import SOURCES, by_hand
from tests.helpers.models import write_model
from tests.helpers.planted import sentence

pytestmark = pytest.mark.slow

KERNELS: tuple[Kernel, ...] = ("dense", "tiles", *(("fused",) if has_fused() else ()))
Floats = NDArray[np.float64]

FILE = '''
"""How spread out is what a row moves: weights times the norms of the values."""

import torch

from attnviz.attention.formulas import row_entropy, spread_to_heads
from attnviz.statistics.statistic import Statistic


def _values(attention, content):
    norms = spread_to_heads(attention.value.float().norm(dim=-1), attention.heads)
    rows = []
    for part in attention.tiles():
        moved = part.weights * norms[:, :, None]
        rows.append(row_entropy(moved / moved.sum(-1, keepdim=True)))
    return torch.cat(rows, -1)


STATISTIC = Statistic(
    name="moved_entropy",
    title="entropy of what is moved",
    unit="nats",
    about="How spread out attention is when each key counts by the length of its value.",
    formula="-sum_j p_ij ln p_ij, p_ij in proportion to a_ij |v_j|",
    source="Kobayashi et al. 2020",
    order=15,
    values=_values,
    needs=frozenset({"value"}),
)
'''


@pytest.fixture
def statistic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Statistic]:
    """The statistic, found by the registry in a folder beside the package's own."""
    (tmp_path / "moved_entropy.py").write_text(FILE)
    folders = [*attnviz.statistics.__path__, str(tmp_path)]
    monkeypatch.setattr(attnviz.statistics, "__path__", folders)
    every = discover("attnviz.statistics", "STATISTIC", Statistic)
    yield next(each for each in every if each.name == "moved_entropy")
    del sys.modules["attnviz.statistics.moved_entropy"]


def by_loop(weights: Floats, values: Floats) -> Floats:
    """The sum over queries, [head]; from weights [head, query, key], values [head, key, width]."""
    heads, queries, keys = weights.shape
    total = np.zeros(heads)
    for head in range(heads):
        norms = [float(np.sqrt((values[head, key] ** 2).sum())) for key in range(keys)]
        for query in range(queries):
            moved = [weights[head, query, key] * norms[key] for key in range(keys)]
            for share in (one / sum(moved) for one in moved):
                total[head] -= share * np.log(share) if share > 0 else 0.0
    return total


# Where the values come from in the model's own code, and how they are laid out there.
VALUES = {
    "bert": ".value",
    "llama": ".v_proj",
    "gemma2": ".v_proj",
    "mpnet": ".attn.v",
    "gptj": ".v_proj",
    "bloom": ".query_key_value",
}
IDS = torch.randint(5, 60, (2, 9), generator=torch.Generator().manual_seed(1))
LENGTHS = tuple(sum(map(len, groups)) for groups in SOURCES)
TOKENS = tiny.tokens(IDS, LENGTHS)


def reference(kind: str, asked: dict[str, Any]) -> list[tuple[Floats, Floats]]:
    """Of each layer weights [batch, head, query, key] and values [batch, head, key, width]."""
    model, returned = tiny.model(kind, "eager"), list[torch.Tensor]()
    for name, module in model.named_modules():
        if name.endswith(VALUES[kind]):
            module.register_forward_hook(lambda _, __, output: returned.append(output))
    weights = eager.attentions(eager.run(model, asked, output_attentions=True), "", model)
    heads = weights[0].shape[1]
    found = []
    for matrix, output in zip(weights, returned, strict=True):
        batch, keys, wide = output.shape
        if kind == "bloom":
            value = output.view(batch, keys, heads, 3, -1)[:, :, :, 2]
        else:
            key_heads = 2 if kind in ("llama", "gemma2") else heads
            value = output.view(batch, keys, key_heads, wide // key_heads)
            value = value.repeat_interleave(heads // key_heads, 2)
        found.append((matrix, value.transpose(1, 2).double().numpy()))
    return found


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("words", [False, True])
@pytest.mark.parametrize("kind", VALUES)
def test_it_is_exact_on_every_path(
    statistic: Statistic, kind: str, words: bool, kernel: Kernel
) -> None:
    if kind in FALLBACK and kernel == "fused":
        pytest.skip("weights that a model hands over go to the tiles")
    texts = [sentence(" ".join("abcdefghij"[: len(groups)])) for groups in SOURCES]
    wording = Wording([Merged(*both) for both in zip(texts, SOURCES, strict=True)])
    keeper, outputs = ScoreKeeper([], [statistic], 2), tiny.Outputs(tiny.loaded(kind))
    observe(outputs.loaded, TOKENS, [keeper], kernel=kernel, wording=wording if words else None)
    layers = keeper.table().layers
    assert len(layers) == len(reference(kind, outputs.asked))
    for sums, (weights, values) in zip(layers, reference(kind, outputs.asked), strict=True):
        for row, (groups, size) in enumerate(zip(SOURCES, LENGTHS, strict=True)):
            own, value = weights[row, :, :size, :size], values[row, :, :size]
            if words:
                last = last_looks("auto", causal=kind in ("llama", "gemma2", "gptj", "bloom"))
                own = by_hand(own, groups, groups, last=last)
                value = np.stack([value[:, list(group)].mean(1) for group in groups], 1)
            np.testing.assert_allclose(sums.values[row, :, 0], by_loop(own, value), rtol=1e-4)
            assert (sums.counts[row, :, 0] == len(own[0])).all()


@pytest.mark.parametrize("kind", ["xlnet", "codegen"])
def test_where_values_cannot_be_told_it_is_not_measured(statistic: Statistic, kind: str) -> None:
    keeper = ScoreKeeper([], [statistic], 2)
    observe(tiny.loaded(kind), TOKENS, [keeper])
    for sums in keeper.table().layers:
        assert not sums.counts.any()
        assert not sums.values.any()


def test_of_a_text_of_one_token_nobody_can_tell_what_was_mixed(statistic: Statistic) -> None:
    keeper = ScoreKeeper([], [statistic], 1)
    observe(tiny.loaded("mpnet"), tiny.tokens(IDS[:1], (1,)), [keeper])
    assert not any(sums.counts.any() for sums in keeper.table().layers)


@pytest.mark.parametrize("more", [{}, {"words": True}, {"kernel": "tiles"}, {"kernel": "dense"}])
def test_it_comes_through_to_the_report(
    statistic: Statistic, more: dict[str, Any], tmp_path: Path
) -> None:
    assert statistic.name == "moved_entropy"
    text = ["The dog sat on the mat.", "A cat saw the bird.", "Then it ran.", "A red dog sat."]
    text += ["The bird saw a tree.", "It was blue and red."]
    model = write_model(tmp_path / "model")
    report = attnviz.analyze(model, text, illustrate=0, resamples=100, **more)
    assert len(report.heads) == 4
    for head in report.heads:
        found = head.statistics["moved_entropy"]
        assert found.low is not None
        assert found.mean is not None
        assert found.high is not None
        assert found.low <= found.mean <= found.high
        # Values of a fresh model are all about as long, so that it is nearly the plain entropy.
        assert found.mean == pytest.approx(head.statistics["entropy"].mean, rel=0.2)


def test_an_unknown_need_is_an_error_where_it_is_stated() -> None:
    unknown: Any = frozenset({"valeu"})
    with pytest.raises(ValueError, match="wrong needs valeu of a layer; what can be asked for"):
        Statistic(
            name="wrong",
            title="",
            unit="",
            about="",
            formula="",
            source="",
            order=0,
            values=lambda *_: None,
            needs=unknown,
        )
