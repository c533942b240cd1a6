"""Attention rollout: what flows from each token into each token through all layers."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from attnviz.figures.captions import READ_MATRIX, location, quoted, two
from attnviz.figures.figure import WHOLE, ReportFigure
from attnviz.figures.matrix import block_of, matrix_figure, thinning_note
from attnviz.figures.scale import shares
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import SentenceView


def _matrix(view: SentenceView) -> NDArray[np.float64]:
    """The rollout [query, key]; TypeError where there is none."""
    if view.rollout is None:
        raise TypeError("This sentence has no rollout.")
    return np.asarray(view.rollout, dtype=np.float64)


def draw(view: SentenceView, style: FigureStyle) -> Figure:
    """Draw the rollout [query, key] with every token named."""
    title = f"Attention rollout, {location(view.id, view.stream)}"
    return matrix_figure(_matrix(view), view.labels, view.keys, style, title=title)


def caption(view: SentenceView) -> str:
    """The token that most flows from, and how alike the rows are."""
    rows, block = _matrix(view), 1  # [query, key]
    content = np.array([not label.special for label in view.labels])
    if len(rows) < len(content):
        block = block_of(len(content), len(view.keys))
        rows = np.asarray(shares(rows, len(view.keys), block), dtype=np.float64)
    elif content.any():
        rows = rows[content]
    mean = rows.mean(axis=0)
    key = int(mean.argmax())
    source = quoted(view.keys[key * block])
    finding = (
        f"Through all layers, {two(float(mean[key]))} of what reaches a token comes from "
        f"{source if block == 1 else f'the {block} tokens that begin with {source}'} on "
        f"average; an equal share is {two(block / len(view.keys))}."
    )
    drift = ""
    if view.causal:
        drift = (
            "Causal models drift to their first tokens with depth, whatever the text"
            f" (rows differ from their mean by {two(_spread(rows))} on average)."
        )
    parts = (finding, drift, f"{READ_MATRIX}.", thinning_note(len(view.labels)))
    return " ".join(part for part in parts if part)


def _spread(rows: NDArray[np.float64]) -> float:
    """The mean total-variation distance of rows [row, key] from their mean."""
    return float(0.5 * np.abs(rows - rows.mean(axis=0)).sum(axis=-1).mean())


FIGURE = ReportFigure(
    view=SentenceView,
    name="rollout",
    title="Rollout",
    about="Attention rollout: what flows from each token into each through all layers.",
    formula="R_l = (mean_h A / 2 + I / 2) R_{l-1}, R_0 = I",
    source="Abnar & Zuidema 2020",
    draw=draw,
    caption=caption,
    subjects=lambda view: () if view.rollout is None else WHOLE,
    order=40,
)
