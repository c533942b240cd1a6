from __future__ import annotations

import math

import pytest

from attnviz.report import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.8312, "0.83"),
        (0.0412, "0.041"),
        (2.3456, "2.3"),
        (12.34, "12"),
        (1234, "1,200"),
        (1.0, "1.0"),
        (0.996, "1.00"),
        (-0.125, "−0.12"),
        (0, "0.00"),
        (0.00012, "0.00012"),
        (0.00004, "<0.0001"),
        (-0.00004, ">−0.0001"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_numbers_have_two_significant_digits(value: float | None, text: str) -> None:
    assert numbers.number(value) == text


@pytest.mark.parametrize(
    ("mean", "low", "high", "text"),
    [
        (0.8312, 0.7912, 0.8634, "0.83 [0.79, 0.86]"),
        (0.041, 0.0377, 0.0449, "0.041 [0.038, 0.045]"),
        (0.1, 0.094, 0.107, "0.10 [0.09, 0.11]"),
        (12.3, 11.4, 13.6, "12 [11, 14]"),
        (1.0, 0.98, 1.0, "1.00 [0.98, 1.00]"),  # one decimal more, else it would look empty
        (2.31, 2.28, 2.33, "2.31 [2.28, 2.33]"),
        (0.83, 0.828, 0.833, "0.83 [0.83, 0.83]"),
        (0.5, 0.5, 0.5, "0.50 [0.50, 0.50]"),  # it is empty
        (0.01, -0.002, 0.02, "0.010 [−0.002, 0.020]"),
        (0.01, -0.0001, 0.02, "0.010 [0.000, 0.020]"),  # no minus before zero
        (0.83, None, None, "0.83"),
        (None, None, None, "–"),
        (0.83, math.nan, 0.9, "0.83"),
    ],
)
def test_an_interval_has_the_decimals_of_its_mean(
    mean: float | None, low: float | None, high: float | None, text: str
) -> None:
    assert numbers.estimate(mean, low, high) == text


def test_numbers_that_stand_side_by_side_are_told_apart() -> None:
    least = numbers.telling(0.3988, 0.4012)
    assert numbers.estimate(0.3988, 0.38, 0.41, least=least) == "0.399 [0.380, 0.410]"
    assert numbers.estimate(0.4012, 0.38, 0.42, least=least) == "0.401 [0.380, 0.420]"
    assert numbers.middle(0.3988, 0.38, 0.41, least=least) == "0.399"
    assert numbers.interval(0.3988, 0.38, 0.41, least=least) == "[0.380, 0.410]"
    assert numbers.telling(12.0, 40.0) == numbers.telling(0.4, 0.4) == 0
    assert numbers.telling(None, 0.4) == numbers.telling(math.nan, 0.4) == 0
    assert (numbers.telling(0.4, 0.4000001), numbers.telling(0.4, 0.4000001, 4)) == (7, 4)


def test_decimal_points_stand_in_line() -> None:
    padded = numbers.aligned(["0.83", "12", "0.041", "–"])
    assert padded == [
        "0.83\u2007",
        "12\u2008\u2007\u2007\u2007",
        "0.041",
        "–\u2008\u2007\u2007\u2007",
    ]
    assert numbers.aligned(["1", "12"]) == ["1", "12"]
    assert numbers.aligned([]) == []


def test_counts_have_separators_and_nouns_agree() -> None:
    assert numbers.count(12034) == "12,034"
    assert numbers.evidence(94, 1203) == "94 sentences, 1,203 events"
    assert numbers.evidence(1, 1) == "1 sentence, 1 event"
    assert numbers.counted(0, "match", "matches") == "0 matches"


def test_other_numbers() -> None:
    assert numbers.percent(0.834) == "83%"
    assert numbers.exact(0.05) == "0.05"
    assert numbers.exact(-0.5) == "−0.5"
    assert [numbers.magnitude(n) for n in (70, 135_000_000, 22_713_216, 7_241_732_096)] == [
        "70",
        "140 million",
        "23 million",
        "7.2 billion",
    ]


def test_what_misses_a_bound_by_little_does_not_look_as_if_it_met_it() -> None:
    assert numbers.estimate(0.99871, 0.99822, 0.99912) == "1.00 [1.00, 1.00]"
    assert numbers.estimate(0.99871, 0.99822, 0.99912, [0.99999]) == "0.999 [0.998, 0.999]"
    assert numbers.estimate(0.99871, 0.99822, 0.99912, [0.99875]) == "0.9987 [0.9982, 0.9991]"
    assert numbers.estimate(0.83, 0.79, 0.86, [0.99]) == "0.83 [0.79, 0.86]"
    assert numbers.number(0.49996, 3, [0.5]) == "0.49996"
    assert numbers.number(0.5, 3, [0.5]) == "0.500"
    assert numbers.number(0.00002, 3, [0.00003]) == "0.0000200"
    assert numbers.exact(0.9999999) == "0.9999999"


def test_what_changed_has_the_digits_that_show_it() -> None:
    assert numbers.change(1.5012, 1.511) == ("1.5012", "1.5110")
    assert numbers.change(1.541, 0.7412) == ("1.54", "0.74")
    assert numbers.change(0.83, 0.0021) == ("0.83", "0.0021")
    assert numbers.change(12.3, 1234.0) == ("12", "1,200")
    assert numbers.change(0.5, 0.5, 3) == ("0.500", "0.500")
    assert numbers.change(None, 0.5) == (numbers.NOTHING, "0.50")
