"""A measurement as bytes: whatever changes in them is noticed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnviz.errors import InputError
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.source import FileInfo, InputInfo, ModelInfo, Source
from attnviz.measurement.stream import StreamSums
from attnviz.measurement.sums import FixedSums
from attnviz.measurement.units import Units

MODEL = ModelInfo("tiny", "", "BertModel", 2, 2, 2, 1000, "float32", causal=False)
UNITS = Units(np.array([3, 8], np.uint64), np.array([1, 2]), np.array([5, 9], np.uint64))
WHOLE = Measurement(
    source=Source("0", MODEL, {"words": False, "seed": 0}),
    input=InputInfo((FileInfo("a", "0" * 64, 3),), "line", 3, 40),
    streams={
        "": StreamSums(
            units=UNITS, columns={"self||score": FixedSums(*np.ones((2, 2, 4), np.int64))}
        )
    },
    warnings=("Cut.",),
)
SAVED = WHOLE.to_bytes()


def test_it_comes_back() -> None:
    assert Measurement.from_bytes(memoryview(SAVED)).to_bytes() == SAVED


@given(place=st.integers(0, len(SAVED) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused(place: int, bit: int) -> None:
    damaged = bytearray(SAVED)
    damaged[place] ^= 1 << bit
    with pytest.raises(InputError):
        Measurement.from_bytes(damaged)


@given(st.integers(0, len(SAVED) - 1))
def test_a_part_of_it_is_refused(size: int) -> None:
    with pytest.raises(InputError):
        Measurement.from_bytes(SAVED[:size])


@given(st.binary(max_size=64))
def test_other_bytes_are_refused(other: bytes) -> None:
    with pytest.raises(InputError):
        Measurement.from_bytes(other)


def test_a_changed_number_is_refused() -> None:
    """A digit for a digit: still JSON, still of the right types."""
    changed = SAVED.replace(b'\\"tokens\\":40', b'\\"tokens\\":41')
    assert changed != SAVED
    with pytest.raises(InputError, match="damaged, or was changed"):
        Measurement.from_bytes(changed)
