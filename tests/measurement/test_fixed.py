"""Fixed-point sums: exact, and loud where they can't be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from attnviz.measurement.fixed import SumError, added, fixed, floats, scattered


def test_a_quarter_is_a_quarter_of_two_to_the_32() -> None:
    assert fixed(np.array([0.25, -1.5])).tolist() == [2**30, -3 * 2**31]
    assert floats(np.array([2**30])).tolist() == [0.25]


def test_steps_are_as_fine_as_asked_for() -> None:
    assert fixed(np.array([1.26]), bits=2).tolist() == [5]  # 1.25 in quarters
    assert floats(np.array([5]), bits=2).tolist() == [1.25]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(SumError, match="finite"):
        fixed(np.array([0.0, value]))


def test_what_is_too_large_is_refused() -> None:
    with pytest.raises(SumError, match="too large"):
        fixed(np.array([2.0**31]))
    half = np.array([2**62])
    with pytest.raises(SumError, match="too large"):
        added(half, half)
    with pytest.raises(SumError, match="too large"):
        scattered(np.array([2**62, 2**62]), np.array([0, 0]), 1)


def test_rows_are_added_where_they_belong() -> None:
    sums = np.array([[1, 10], [2, 20], [4, 40]])
    assert scattered(sums, np.array([1, 0, 1]), 2).tolist() == [[2, 20], [5, 50]]


@given(arrays(np.float64, 20, elements=st.floats(-1e6, 1e6)), st.permutations(range(20)))
def test_sums_do_not_depend_on_the_order(values: np.ndarray, order: list[int]) -> None:
    assert fixed(values).sum() == fixed(values[order]).sum()


@given(st.floats(-1e6, 1e6))
def test_a_number_comes_back_within_half_a_step(value: float) -> None:
    assert abs(floats(fixed(np.array([value])))[0] - value) <= 2.0**-33
