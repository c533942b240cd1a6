"""Attention rollout as a heatmap, on a scale of its own: its weights are small and even."""

from __future__ import annotations

from dataclasses import replace

from matplotlib.figure import Figure

from attnviz.drawing.drawing import Drawing
from attnviz.drawing.view import DrawingStyle, View
from attnviz.drawing.views import matrix


def draw(drawing: Drawing, style: DrawingStyle) -> Figure:
    """Draw rollout, its colours from 0 to its largest weight."""
    return matrix.draw(drawing, replace(style, scale="own"))


VIEW = View(
    name="rollout",
    title="Rollout",
    about="What flows from each token into each through all layers, on a scale of its own.",
    draw=draw,
    order=50,
)
