"""What holds of numbers and intervals."""

import math

import pytest

from attnviz.rules.bounds import Bounds


@pytest.mark.parametrize(
    ("bounds", "inside", "outside", "said"),
    [
        (Bounds(gt=0.2), 0.21, 0.2, "> 0.2"),
        (Bounds(gte=0.2), 0.2, 0.19, "≥ 0.2"),
        (Bounds(lt=0.2), 0.19, 0.2, "< 0.2"),
        (Bounds(lte=0.2), 0.2, 0.21, "≤ 0.2"),
        (Bounds(eq=3), 3.0, 4.0, "= 3"),
        (Bounds(within=(0.2, 0.4)), 0.4, 0.41, "in [0.2, 0.4]"),
        (Bounds(approx=0.3, abs=0.05), 0.34, 0.36, "≈ 0.3 ± 0.05"),
        (Bounds(approx=0.3, rel=0.5), 0.44, 0.46, "≈ 0.3 ± 50%"),
        (Bounds(approx=0.3, rel=0.1, abs=0.05), 0.34, 0.36, "≈ 0.3 ± 0.05 or 10%"),
        (Bounds(gt=0.1, lt=0.3), 0.2, 0.3, "> 0.1 and < 0.3"),
    ],
)
def test_bounds(bounds: Bounds, inside: float, outside: float, said: str) -> None:
    assert bounds.hold(inside, inside)
    assert not bounds.hold(outside, outside)
    assert bounds.slack(inside) >= 0 >= bounds.slack(outside)
    assert str(bounds) == said
    assert bounds
    assert bounds.possible


def test_an_interval_holds_whole() -> None:
    assert Bounds(gte=0.4).hold(0.4, 0.6)
    assert not Bounds(gte=0.4).hold(0.39, 0.6)
    assert Bounds(lt=0.7).hold(0.4, 0.6)
    assert not Bounds(lt=0.6).hold(0.4, 0.6)


def test_no_bounds_hold_of_everything() -> None:
    assert not Bounds()
    assert Bounds().hold(-math.inf, math.inf)


@pytest.mark.parametrize(
    "bounds", [Bounds(gt=0.5, lt=0.5), Bounds(gte=0.5, lte=0.4), Bounds(within=(0.4, 0.2))]
)
def test_bounds_that_no_number_meets(bounds: Bounds) -> None:
    assert not bounds.possible


def test_a_single_number_may_be_met() -> None:
    assert Bounds(gte=0.5, lte=0.5).possible
