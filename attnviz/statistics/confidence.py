"""How much the favourite key of a row gets."""

from attnviz.statistics.statistic import Statistic

STATISTIC = Statistic(
    name="confidence",
    title="confidence",
    unit="mass",
    about="The largest weight of each row.",
    formula="max_j a_ij",
    source="Voita et al. 2019",
    order=50,
    values=lambda attention, _: attention.confidence,
)
