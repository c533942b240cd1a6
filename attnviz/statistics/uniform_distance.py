"""How far a row would look if attention were even."""

from attnviz.statistics.statistic import Statistic

STATISTIC = Statistic(
    name="uniform_distance",
    title="distance if even",
    unit="tokens",
    about="The distance of even attention over the same keys, to compare `distance` with.",
    formula="sum_{j in V_i} |i - j| / |V_i|",
    source="Vig & Belinkov 2019",
    order=40,
    values=lambda attention, _: attention.uniform.distance,
)
