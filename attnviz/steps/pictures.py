"""Pictures of rules that fail: the heads that decide, on the sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from attnviz.drawing import files
from attnviz.drawing.choose import choose
from attnviz.drawing.settings import DrawSettings
from attnviz.drawing.view import DrawingStyle
from attnviz.drawing.weights import Weights
from attnviz.rules.rule import Chosen

SUFFIXES = (".png", ".svg")


def drawn(
    weights: Weights, shown: DrawSettings, source: Chosen | None, looks: DrawingStyle
) -> Mapping[str, bytes]:
    """The matrix of the decisive head, mean or rollout, by suffix; of a single word its rows."""
    if isinstance(source, str) and not shown.view and len(weights.query_side.find_all(source)) == 1:
        shown = replace(shown, query=source)
    chosen = choose(weights, shown)
    return {suffix: files.contents(chosen, looks, suffix) for suffix in SUFFIXES}
