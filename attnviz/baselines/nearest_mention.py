"""The nearest mention before, whatever it is of."""

from __future__ import annotations

from attnviz.baselines.baseline import Baseline
from attnviz.baselines.mentions import nearest

BASELINE = Baseline(
    name="nearest mention",
    title="nearest mention",
    about="From the head word of each mention to that of the nearest mention before it.",
    formula="share of words whose right word that is",
    order=90,
    arcs=nearest(lambda annotation, head: ""),  # noqa: ARG005 - all are alike
)
