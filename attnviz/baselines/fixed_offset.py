"""The best rule of the form "the word so many places away"."""

from __future__ import annotations

from collections.abc import Mapping

from attnviz.baselines.baseline import Array, Baseline
from attnviz.baselines.gold import Gold
from attnviz.measurement.pilot import Fit

OFFSETS = tuple(k for k in range(-10, 11) if k)
"""Fixed offsets, in words, of which the best is the baseline."""


def _choices(role: str, gold: Gold, fit: Fit | None) -> Mapping[str, Array]:  # noqa: ARG001 - needs none
    return {f"{k:+d}": gold.by_query((gold.apart == k)[None])[0] for k in OFFSETS}


BASELINE = Baseline(
    name="fixed offset",
    title="fixed offset",
    about="The word so many places away: the better of the offsets that either half chooses.",
    formula="share of words whose right word is k away, the best k of ±1 … ±10 words",
    order=70,
    choices=_choices,
)
