"""Measurements add: any order and grouping give the same bytes, and the empty one is zero."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnviz.errors import InputError
from attnviz.measurement import codec
from attnviz.measurement.fixed import fixed
from attnviz.measurement.stream import LayerShape, StreamSums
from attnviz.measurement.sums import Column, FixedSums
from attnviz.measurement.units import MOST, Units

SCORE = Column("previous-token", "", "score")
LAYER = LayerShape(0, 2, 1, 5, causal=True)


def measured(seed: int, sentences: int, names: tuple[str, ...] = (SCORE.name,)) -> StreamSums:
    """Random sums of some sentences, two heads; few different hashes, so that units come again."""
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 3 * MOST, sentences, dtype=np.uint64).tolist()
    units, rows = Units.of(hashes, hashes)
    columns = {}
    for name in names:
        events = np.broadcast_to(rng.integers(0, 9, (sentences, 1)) * 1.0, (sentences, 2))
        columns[name] = FixedSums.of(rng.random((sentences, 2)), events, rows, len(units))
    totals = {"by offset": fixed(rng.random((2, 3)))}
    return StreamSums(units, columns, totals, (replace(LAYER, widest=seed + 1),), seed + 2)


def test_one_unit_in_two_measurements_is_one_unit() -> None:
    units, rows = Units.of([8], [8])
    one = StreamSums(units, {SCORE.name: FixedSums.of(*_row(0.5, 2.0), rows, 1)}, {}, (LAYER,), 5)
    both = one + one
    assert both.column(SCORE).mass.tolist() == [[1.0, 1.0]]
    assert both.column(SCORE).events.tolist() == [[4.0]]  # stored once for both heads
    assert both.units.sentences.tolist() == [2]


def _row(mass: float, events: float) -> tuple[np.ndarray, np.ndarray]:
    return np.full((1, 2), mass), np.broadcast_to(np.full((1, 1), events), (1, 2))


def test_a_column_that_one_lacks_is_zero_there() -> None:
    one, other = measured(0, 3), measured(1, 4, ("dep:nsubj||score",))
    both = one + other
    assert both.column(SCORE).mass.sum() == one.column(SCORE).mass.sum()
    assert set(both.columns) == {SCORE.name, "dep:nsubj||score"}


def test_a_window_shows_once_a_sentence_is_longer() -> None:
    one = StreamSums(layers=(LAYER,), longest=5)
    assert one.window(LAYER) is None
    longer = one + StreamSums(layers=(LAYER,), longest=9)
    assert longer.window(longer.layers[0]) == 5


def test_models_that_differ_do_not_add() -> None:
    with pytest.raises(ValueError, match="other heads"):
        measured(0, 3) + StreamSums(layers=(replace(LAYER, heads=4),))


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from([0, 1, 5, 400, 900]), min_size=2, max_size=5),
    st.randoms(use_true_random=False),
)
def test_any_order_and_grouping_gives_the_same_bytes(sizes: list[int], random: Random) -> None:
    parts = [measured(seed, size) for seed, size in enumerate(sizes)]
    whole = codec.write(_left(parts))
    random.shuffle(parts)
    assert codec.write(_left(parts)) == whole
    cut = random.randrange(1, len(parts))
    assert codec.write(_left(parts[:cut]) + _left(parts[cut:])) == whole


def _left(parts: list[StreamSums]) -> StreamSums:
    total = StreamSums()
    for part in parts:
        total = total + part
    return total


@given(st.integers(0, 50), st.sampled_from([0, 1, 30, 1500]))
@settings(max_examples=20)
def test_the_empty_measurement_is_zero(seed: int, sentences: int) -> None:
    part = measured(seed, sentences)
    assert codec.write(part + StreamSums()) == codec.write(part)
    assert codec.write(StreamSums() + part) == codec.write(part)


@given(st.integers(0, 50), st.sampled_from([0, 1, 30, 1500]))
@settings(max_examples=20)
def test_loading_gives_back_what_was_saved(seed: int, sentences: int) -> None:
    saved = codec.write(measured(seed, sentences))
    assert codec.write(codec.read(saved, StreamSums)) == saved


def test_what_is_no_measurement_is_refused() -> None:
    with pytest.raises(InputError, match="no measurement"):
        codec.read(b"not a measurement", StreamSums)
    saved = codec.write(measured(0, 3))
    other = saved.replace(b"attnviz.measurement/1", b"attnviz.measurement/9")
    with pytest.raises(InputError, match="measurement/9"):
        codec.read(other, StreamSums)
    with pytest.raises(InputError, match="damaged"):
        codec.read(saved[:-8], StreamSums)
    with pytest.raises(InputError, match="was changed"):
        codec.read(saved.replace(b"longest", b"lengths"), StreamSums)
    with pytest.raises(InputError, match="LayerShape"):
        codec.read(codec.write(LAYER), StreamSums)


def test_groups_keep_every_sum() -> None:
    one, other = measured(3, 700), measured(4, 900)
    both = one + other
    assert both.units.grouped
    sums = [stream.column(SCORE).numerator.sum() for stream in (one, other, both)]
    assert sums[2] == sums[0] + sums[1]


def test_some_units_are_selected_with_their_sums() -> None:
    part = measured(3, 50)
    half = np.flatnonzero(part.units.half == 0)
    chosen = part.selected(half)
    assert (chosen.units.half == 0).all()
    assert np.array_equal(chosen.column(SCORE).mass, part.column(SCORE).mass[half])
