"""What observers measure on a device is what they measure on the host."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from attnviz.observers import handover
from attnviz.observers.by_offset import OffsetKeeper
from attnviz.observers.handover import Handover
from attnviz.observers.layers import Surveyor
from attnviz.observers.positional import ProfileKeeper
from attnviz.observers.strips import StripKeeper
from attnviz.observers.sums import ScoreKeeper
from attnviz.observers.words import WordKeeper
from tests.helpers import grammar
from tests.helpers.planted import ROLES, STATISTICS, at_offset, even, on_target, show


def test_numbers_on_the_host_are_used_at_once() -> None:
    used: list[object] = []
    Handover().add(lambda *arrays: used.extend(arrays), torch.ones(2), np.zeros(1))
    assert [np.asarray(array).tolist() for array in used] == [[1.0, 1.0], [0.0]]


def test_numbers_on_a_device_are_used_in_their_order_when_the_batch_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(handover, "is_away", lambda part: isinstance(part, Tensor))
    used: list[list[float]] = []
    waiting, shared = Handover(), torch.tensor([[1.0], [2.0]])
    for number in range(3):
        count = torch.tensor([number])
        waiting.add(
            lambda *arrays: used.append([array.tolist() for array in arrays]),
            *(shared, count, np.array([number])),
        )
    assert not used
    waiting.settle()
    assert used == [[[[1.0], [2.0]], [number], [number]] for number in range(3)]
    waiting.settle()
    assert len(used) == 3


def test_every_observer_keeps_the_same_from_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = grammar.corpus(12, seed=1)

    def kept() -> list[Any]:
        scores = ScoreKeeper(ROLES, STATISTICS, len(texts))
        profile = ProfileKeeper(max(map(len, texts)))
        offsets, strips, layers = OffsetKeeper(), StripKeeper(ROLES), Surveyor()
        words = WordKeeper(texts)
        heads = [at_offset(-1), even, on_target("punctuation")]
        show(texts, heads, [scores, profile, offsets, strips, layers, words])
        table, of_words = scores.table(), words.table()
        return [
            *(table.over_heads(name) for name in ("mass", "beside", "chance", "events")),
            *(table.over_heads(name) for name in ("values", "counts")),
            *profile.fit().arrays.values(),
            *offsets.totals().values(),
            *strips.totals().values(),
            np.array([(shape.heads, shape.widest) for shape in layers.shapes()]),
            *(of_words.best, of_words.left),
        ]

    on_host = kept()
    monkeypatch.setattr(handover, "is_away", lambda part: isinstance(part, Tensor))
    for host, device in zip(on_host, kept(), strict=True):
        if host.dtype.kind == "f":
            np.testing.assert_allclose(device, host, rtol=1e-6, atol=1e-6)
        else:
            np.testing.assert_array_equal(device, host)
