"""How far a row looks."""

from attnviz.statistics.statistic import Statistic

STATISTIC = Statistic(
    name="distance",
    title="distance",
    unit="tokens",
    about="How many tokens away attention lands, on average.",
    formula="sum_j a_ij |i - j|",
    source="Vig & Belinkov 2019",
    order=30,
    values=lambda attention, _: attention.distance,
)
