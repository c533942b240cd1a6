"""Warnings in the order of what they concern."""

from __future__ import annotations

from dataclasses import replace

from attnviz.comparison.warned import WITHOUT, share, warnings
from tests.helpers import example

UNKNOWN = "1,356 of 2,363 content tokens are unknown to the model's vocabulary (57.4%)."
CUT = "Cut to the model's limit of 48 tokens: 2 sentences (28, 100), 6 tokens lost."
VERSIONS = "Measured with different versions of attnviz, 0.1.0 and 0.2.0."


def test_the_share_that_a_warning_concerns() -> None:
    assert round(share(UNKNOWN, 120), 3) == 0.574
    assert share(CUT, 120) == 2 / 120
    assert share("Only 3 sentences: too few for intervals.", 3) == 1.0
    assert share(VERSIONS, 120) == WITHOUT


def test_what_concerns_most_comes_first_and_each_once() -> None:
    made = example.report(sentences=1)
    made = replace(made, input=replace(made.input, sentences=120))
    first, other = replace(made, warnings=(CUT,)), replace(made, warnings=(CUT, UNKNOWN))
    assert warnings([VERSIONS, VERSIONS], [first, other], ["a", "b"]) == (
        f"b: {UNKNOWN}",
        VERSIONS,
        CUT,
    )
