"""Pictures of rules that fail: the heads that decide, on the sentence."""

from __future__ import annotations

from collections.abc import Mapping

from attnviz.drawing import files
from attnviz.drawing.choose import choose
from attnviz.drawing.settings import DrawSettings
from attnviz.drawing.view import DrawingStyle
from attnviz.drawing.weights import Weights
from attnviz.rules.rule import Mass
from attnviz.rules.verdict import Measured

SUFFIXES = (".png", ".svg")


def drawn(
    weights: Weights, mass: Mass, decisive: Measured, looks: DrawingStyle
) -> Mapping[str, bytes]:
    """The matrix of the decisive head, mean or rollout, by suffix; what looks is marked in it."""
    name = decisive.name
    query = mass.source if isinstance(mass.source, str) else ""
    asking = query if query and len(weights.query_side.find_all(query)) == 1 else ""
    if name == "rollout":
        asked = DrawSettings(view="rollout", lens=mass.lens)
    elif name == "mean":
        asked = DrawSettings(mean="all", query=asking, lens=mass.lens)
    elif name.startswith("layer "):
        layer = int(name.removeprefix("layer "))
        asked = DrawSettings(layers=(layer,), mean="heads", query=asking, lens=mass.lens)
    else:
        asked = DrawSettings(heads=name, query=asking, lens=mass.lens)
    chosen = choose(weights, asked)
    return {suffix: files.contents(chosen, looks, suffix) for suffix in SUFFIXES}
