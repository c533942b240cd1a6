"""While a batch runs, nothing waits for the device: proved on one that can't answer.

On the device "meta" tensors have shapes and no numbers: whoever asks for one gets an error, as
`tolist`, `nonzero`, `.cpu()` and a condition on a tensor do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from transformers import masking_utils

from attnviz.attention.mask import Mask
from attnviz.attention.merge import Wording
from attnviz.attention.observer import Observer
from attnviz.models import run
from attnviz.observers import handover
from attnviz.observers.by_offset import OffsetKeeper
from attnviz.observers.layers import Surveyor
from attnviz.observers.positional import ProfileKeeper
from attnviz.observers.strips import StripKeeper
from attnviz.observers.sums import ScoreKeeper
from attnviz.observers.words import WordKeeper
from attnviz.text.merge import merged
from tests.helpers import grammar, tiny
from tests.helpers.planted import ROLES, STATISTICS

pytestmark = pytest.mark.slow

META = torch.device("meta")


def _observers(texts: Sequence[Any], *, words: bool = True) -> list[Observer]:
    return [
        ScoreKeeper(ROLES, STATISTICS, len(texts)),
        ProfileKeeper(max(map(len, texts))),
        OffsetKeeper(),
        StripKeeper(ROLES),
        Surveyor(),
        *([WordKeeper(texts)] if words else []),
    ]


def _texts() -> list[Any]:
    """Sentences of one length, as no batch of which needs a mask of its own."""
    texts = grammar.corpus(60, seed=1)
    lengths = [len(text) for text in texts]
    usual = max(set(lengths), key=lengths.count)
    return [text for text in texts if len(text) == usual][:4]


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tensors each batch hands over at its end, of zeros where there are no numbers."""
    batches: list[int] = []

    def fetched(tensors: list[Tensor]) -> list[Any]:
        if tensors:
            batches.append(len(tensors))
        dtypes = [torch.empty(0, dtype=tensor.dtype).numpy().dtype for tensor in tensors]
        return [np.zeros(t.shape, own) for t, own in zip(tensors, dtypes, strict=True)]

    monkeypatch.setattr(handover, "_fetched", fetched)
    monkeypatch.setattr("attnviz.models.finite.Checked.settle", lambda _: None)
    return batches


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_a_batch_asks_nothing_of_the_device(
    kind: str, handed_over: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # What transformers itself asks, before the first layer of a decoder.
    monkeypatch.setattr(masking_utils, "find_packed_sequence_indices", lambda _: None)
    loaded = tiny.loaded(kind)
    loaded = replace(loaded, model=loaded.model.to(META), device=META)
    texts = _texts()
    assert len(texts) > 1
    run.observe(loaded, texts, _observers(texts), kernel="tiles")
    assert handed_over


def test_nor_does_a_batch_in_words(handed_over: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """But for which words its first layer sees, as of any mask that isn't known beforehand."""
    monkeypatch.setattr(Mask, "_known", (False, False))
    loaded = tiny.loaded("bert")
    loaded = replace(loaded, model=loaded.model.to(META), device=META)
    texts = _texts()
    wording = Wording(merged(texts))
    of_words = _observers([each.tokens for each in wording.sentences], words=False)
    run.observe(loaded, texts, of_words, kernel="tiles", wording=wording)
    assert handed_over


def test_the_device_says_when_it_is_asked() -> None:
    """What the tests above rely on."""
    somewhere = torch.zeros(3, device=META)
    for ask in (Tensor.tolist, Tensor.nonzero, Tensor.cpu, Tensor.item, bool):
        with pytest.raises(RuntimeError):
            ask(somewhere[:1])
