"""The tables that observers fill: plain arrays, for those who know no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnviz.roles.variants import RoleVariant
from attnviz.statistics.statistic import Statistic

Array = NDArray[np.float64]

LayerArray = NDArray[Any]
"""What one layer gives, as it is measured; tables add it up as `Array`."""


@dataclass(frozen=True)
class LayerSums:
    """Sums of one layer, each array [sentence, head, column or statistic].

    `mass`, `chance` and `events` have a column for each of `variants_of(roles)`, `beside` one for
    each baseline that is measured beside one of them; `chance` and `events` have one head, for they
    depend on the layer's mask alone. `values` over `counts` is a statistic's mean.
    """

    mass: LayerArray
    beside: LayerArray
    chance: LayerArray
    events: LayerArray
    values: LayerArray
    counts: LayerArray


@dataclass(frozen=True)
class ScoreTable:
    """The sums of a whole run: `layers[i]` for the i-th layer that ran, numbered `numbers[i]`.

    `beside` are the columns of the sums of that name: the place of a column, and a baseline's name.
    """

    columns: tuple[RoleVariant, ...]
    statistics: tuple[Statistic, ...]
    numbers: tuple[int, ...]
    layers: tuple[LayerSums, ...]
    beside: tuple[tuple[int, str], ...] = ()

    @property
    def heads(self) -> tuple[tuple[int, int], ...]:
        """(layer, head) of every head, in the order of all arrays over heads."""
        return tuple(
            (number, head)
            for number, sums in zip(self.numbers, self.layers, strict=True)
            for head in range(sums.mass.shape[1])
        )

    def place(self, role: str, variant: str = "") -> int:
        """The column of a role, or of its candidate `variant`; the role's first by default."""
        for place, column in enumerate(self.columns):
            if column.role.name == role and (not variant or column.variant == variant):
                return place
        raise KeyError(role)

    def place_beside(self, baseline: str, role: str, variant: str = "") -> int:
        """The place of a role's baseline, or of its candidate's, among the sums `beside`."""
        return self.beside.index((self.place(role, variant), baseline))

    def over_heads(self, name: str) -> Array:
        """The array `name` of all layers, [sentence, head of the whole model, column]."""
        parts = (
            np.broadcast_to(
                getattr(sums, name), (*sums.mass.shape[:2], getattr(sums, name).shape[2])
            )
            for sums in self.layers
        )
        return np.concatenate(list(parts), axis=1)


@dataclass(frozen=True)
class ProbeSums:
    """Sums of some heads over the queries of each draw of repeated random tokens.

    `masses` and `events` [draw, head, target], the targets being what followed earlier copies, the
    copies, and the token before; `chance` [draw, head] is uniform attention's mass on the first.
    `hits` and `raised` [draw, head] are numerator and denominator of x, see
    `attnviz.evidence.prefix_matching.Induction`. `lifted` counts the queries whose attended token
    is lifted, `random` those expected of a token at random, and `moved` all of them.
    """

    masses: Array
    events: Array
    chance: Array
    hits: Array
    raised: Array
    lifted: Array
    random: Array
    moved: Array

    @property
    def heads(self) -> int:
        """Number of heads."""
        return int(self.masses.shape[1])


@dataclass(frozen=True)
class ProbeTable:
    """The sums of a whole run over draws of repeated random tokens, for `heads`, (layer, head).

    `digests` [draw] are the draws' hashes; `chance_share` is the share of a query's attention that
    is on copies of a token of the draw at random.
    """

    heads: tuple[tuple[int, int], ...]
    sums: ProbeSums
    digests: tuple[int, ...]
    chance_share: float
