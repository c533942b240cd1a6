"""How sentences go through a model: batches, what the model is asked, and what can go wrong."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attnviz.attention.batch import Batch, by_length, make
from attnviz.attention.formulas import row_entropy
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.shelf import Shelf
from attnviz.errors import InputError
from attnviz.models import heap, tap
from attnviz.models.load import LoadedModel
from attnviz.models.run import observe
from attnviz.observers.matrices import MatrixKeeper, blocks
from tests.helpers import tiny
from tests.helpers.planted import layer, sentence


@given(st.lists(st.integers(1, 60), max_size=40), st.integers(1, 5000))
def test_batches_take_every_sentence_once_within_the_budget(lengths: list[int], cells: int) -> None:
    batches = by_length(lengths, cells)
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        sizes = [lengths[place] for place in batch]
        assert len(sizes) == 1 or len(sizes) * max(sizes) ** 2 <= cells
        assert max(sizes) - min(sizes) <= max(2, min(sizes) // 8)


def test_a_batch_is_padded_on_the_right_and_knows_its_content() -> None:
    batch = make([sentence("[CLS] one"), sentence("two")], 7, torch.device("cpu"))
    assert batch.ids[1, 1] == 7
    assert batch.mask.tolist() == [[1, 1], [1, 0]]
    assert batch.content.tolist() == [[False, True], [True, False]]
    assert batch.length == 2


class Diary(Observer):
    """Writes down what it is shown."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        self.lines.append(f"begin {places} {batch.length}")

    def see(self, attention: LayerAttention) -> None:
        self.lines.append(f"layer {attention.layer}")

    def end(self) -> None:
        self.lines.append("end")


def loaded(model: Any) -> LoadedModel:
    tokenizer = SimpleNamespace(pad_token_id=None)
    return tiny.bare(model, "tiny", tokenizer=tokenizer, heads=12, key_value_heads=2)


def small(text: str, ids: list[int]) -> Any:
    """A sentence with ids that a tiny model knows."""
    return replace(sentence(text), ids=tuple(ids))


def test_observers_see_each_batch_layer_by_layer_and_no_cache_is_kept() -> None:
    model, asked = tiny.model("llama", tap.install()), []

    def forward(**inputs: Any) -> Any:
        out = model(**inputs)
        asked.append((inputs["attention_mask"], out.past_key_values))
        return out

    recorder: Any = forward
    recorder.config = model.config
    diary, done = Diary(), list[int]()
    sentences = [small("a b c", [4, 5, 6]), small("d e", [7, 8]), small("f", [9] * 1)]
    sentences.append(small("a b c d e f g h", list(range(4, 12))))
    observe(loaded(recorder), sentences, [diary], done.append)

    layers = ["layer 0", "layer 1", "layer 2", "end"]
    assert diary.lines == ["begin [2, 1, 0] 3", *layers, "begin [3] 8", *layers]
    assert done == [3, 1]
    (padded, first_cache), (whole, second_cache) = asked
    assert padded.tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    assert whole is first_cache is second_cache is None


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 99 bytes"),
    ],
)
def test_too_little_memory_is_an_error_with_a_way_out(error: Exception) -> None:
    def forward(**_: Any) -> None:
        raise error

    failing: Any = forward
    failing.config = SimpleNamespace()
    with pytest.raises(InputError, match="3 tokens") as caught:
        observe(loaded(failing), [small("a b c", [4, 5, 6])], [])
    assert "--split" in caught.value.hint


def test_other_errors_of_a_model_are_told_as_they_are() -> None:
    def forward(**_: Any) -> None:
        raise RuntimeError("shapes")

    failing: Any = forward
    failing.config = SimpleNamespace()
    with pytest.raises(InputError, match="stops while it reads: RuntimeError: shapes"):
        observe(loaded(failing), [small("a", [4])], [])


def test_a_bug_of_ours_below_a_model_is_no_fault_of_the_model() -> None:
    broken: Any = "no weights"

    def forward(**_: Any) -> None:
        row_entropy(broken)

    failing: Any = forward
    failing.config = SimpleNamespace()
    with pytest.raises(AttributeError):
        observe(loaded(failing), [small("a", [4])], [])


def test_a_long_sentence_is_drawn_in_blocks() -> None:
    weights = np.array([[[1, 0, 0], [0.5, 0.5, 0], [0, 0.25, 0.75]]])
    # Blocks of two: (1 + 0 + 0.5 + 0.5) / 4, (0 + 0) / 2, (0 + 0.25) / 2, 0.75
    pooled = blocks(torch.from_numpy(weights), 2)
    np.testing.assert_allclose(pooled, [[[0.5, 0], [0.125, 0.75]]])

    given = [sentence("a b c"), sentence("d e")]
    keeper = MatrixKeeper({(4, 1), (4, 9)}, most=2)
    keeper.begin(make(given, 0, torch.device("cpu")), [10, 20])
    heads = np.concatenate([weights, np.eye(3)[None]])
    keeper.see(layer([heads, np.full((2, 2, 2), 0.5)], number=4))
    assert keeper.drawn[10].block == 2
    np.testing.assert_allclose(keeper.drawn[10].layers[4][0], pooled[0], atol=1e-7)
    np.testing.assert_allclose(keeper.drawn[10].heads[4, 1], blocks(torch.eye(3)[None], 2)[0])
    assert set(keeper.drawn[10].heads) == {(4, 1)}
    assert keeper.drawn[20].block == 1
    assert keeper.drawn[20].layers[4].shape == (2, 2, 2)


def test_memory_is_given_back_each_time_a_run_has_grown_by_so_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Layer by layer: two until what a layer needs is there, growth by as much as is allowed, and
    # by a byte more; then the same again, from where it stands by then.
    start, left = 500 * 2**20, 510 * 2**20
    most, more = start + heap.SLACK, left + heap.SLACK + 1
    readings = iter([0, start, most, most + 1, 0, left, more])
    trimmed: list[int] = []
    process = SimpleNamespace(memory_info=lambda: SimpleNamespace(rss=next(readings)))
    monkeypatch.setattr("psutil.Process", lambda: process)
    monkeypatch.setattr(heap, "_of_glibc", lambda _: trimmed.append)
    run = heap.Heap()
    counts = []
    for _ in range(7):
        run.passed()
        counts.append(len(trimmed))
    assert counts == [0, 0, 0, 1, 1, 1, 2]
    assert next(readings, None) is None


GROWN_BY_WHAT_WAS_FREED = """
import sys
import numpy as np
import psutil
from attnviz.models import heap
if sys.argv[1] == "keep":
    heap.keep()
before = psutil.Process().memory_info().rss
arrays = [np.ones(2**21) for _ in range(4)]
del arrays
print((psutil.Process().memory_info().rss - before) // 2**20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc is asked to keep memory")
def test_what_is_freed_is_kept_only_where_it_is_asked_for() -> None:
    def grown(how: str) -> int:
        command = [sys.executable, "-c", GROWN_BY_WHAT_WAS_FREED, how]
        return int(subprocess.run(command, check=True, capture_output=True).stdout)

    # Four arrays of 16 MiB.
    assert grown("keep") >= 60
    assert grown("free") <= 20


def test_a_shelf_hands_out_zeros_that_never_overlap() -> None:
    shelf = Shelf()
    shapes = [(3, 5), (2**13,), (40, 500), (1,), (2**21,)]
    arrays = [shelf.zeros(shape) for shape in shapes]
    for number, array in enumerate(arrays):
        assert not array.any()
        array[:] = number + 1
    assert [array.shape for array in arrays] == shapes
    assert all((array == number + 1).all() for number, array in enumerate(arrays))
