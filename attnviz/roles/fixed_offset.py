"""A token that looks a fixed number of places away."""

from attnviz.roles.masks import offsets
from attnviz.roles.role import ChosenRole

_REACH = 8

ROLE = ChosenRole(
    name="fixed-offset",
    title="fixed offset",
    family="position",
    letter="O",
    order=40,
    does="looks a fixed number of tokens away",
    about="Each token looks the same number of places away, at least two and at most eight.",
    formula="S_i = {i + k}, the best k of ±2 … ±8, chosen on one half and scored on the other",
    source="Voita et al. 2019 (positional heads); Vig & Belinkov 2019",
    margin=0.3,
    needs="sentences long enough for an offset of two",
    candidates={f"{k:+d}": offsets(k) for k in range(-_REACH, _REACH + 1) if abs(k) > 1},
)
