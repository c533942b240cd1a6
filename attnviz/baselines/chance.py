"""What even attention puts on a target; between words, a word at random."""

from attnviz.baselines.baseline import Baseline

BASELINE = Baseline(
    name="chance",
    title="uniform attention",
    about="The same weight on every visible key; between words, a word at random.",
    formula="sum over i and over S_i of 1 / |V_i|",
    order=10,
)
