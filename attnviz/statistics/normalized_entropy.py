"""Entropy as a share of what it could be."""

from attnviz.statistics.statistic import Statistic

STATISTIC = Statistic(
    name="normalized_entropy",
    title="normalised entropy",
    unit="share of ln|V_i|",
    about="Entropy divided by its greatest value: 1 is even attention. Needs |V_i| > 1.",
    formula="H_i / ln|V_i|",
    source="Clark et al. 2019",
    order=20,
    values=lambda attention, _: attention.evenness,
)
