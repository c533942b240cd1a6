"""What a head's rows would score if each were shuffled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.baselines.baseline import Baseline
from attnviz.roles.role import Role

if TYPE_CHECKING:
    from torch import Tensor

    from attnviz.attention.layer import LayerAttention


def _mass(role: Role, attention: LayerAttention, content: Tensor) -> Tensor:
    if role.shape is None or role.shape.permuted is None:
        raise TypeError(f"{role.name} does not say what shuffled rows score")
    return role.shape.permuted(attention, content)


BASELINE = Baseline(
    name="permuted",
    title="permuted positions",
    about="The head's own weights, each row's dealt out anew among the keys that it sees.",
    formula="as the role says: of the vertical strip, Bernstein's bound on the largest column",
    order=20,
    mass=_mass,
)
