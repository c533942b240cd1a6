"""How spread out a row is."""

from attnviz.statistics.statistic import Statistic

STATISTIC = Statistic(
    name="entropy",
    title="entropy",
    unit="nats",
    about="How spread out attention is: 0 on one key, ln|V_i| when even over the visible keys.",
    formula="H_i = -sum_j a_ij ln a_ij",
    source="Clark et al. 2019",
    order=10,
    values=lambda attention, _: attention.entropy,
)
