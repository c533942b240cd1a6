"""How all figures of one report look."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class FigureStyle:
    """How all figures of one report look.

    `scale`: "sqrt" draws the square root of a weight, the bar labelled in true weights; both
    scales are fixed to 0-1. `cmap` is a matplotlib map name whose zero is the paper. `fonts` are
    family names in order of preference; what is in `missing`, characters and clusters of them,
    has no font and is drawn as its code points. The `model` is named at the foot of every figure
    and in its files' metadata; "" leaves it out.
    """

    cmap: str = "Blues"
    scale: Literal["sqrt", "linear"] = "sqrt"
    dpi: int = 150
    fonts: tuple[str, ...] = ("DejaVu Sans",)
    missing: frozenset[str] = field(default=frozenset())
    model: str = ""
