"""Attention rollout: what flows from each token into each token through all layers."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from attnviz.figures.kind import FigureStyle, SentenceFigure
from attnviz.figures.matrix import matrix_figure, thinning_note
from attnviz.figures.views import SentenceView
from attnviz.figures.words import READ_MATRIX, quoted, two


def draw(view: SentenceView, style: FigureStyle) -> Figure:
    """Draw the rollout [query, key] with every token named."""
    return matrix_figure(
        view.rollout, view.labels, style, title=f"Attention rollout, sentence {view.id}"
    )


def caption(view: SentenceView) -> str:
    """The token that most flows from, and how alike the rows are."""
    content = np.array([not label.special for label in view.labels])
    rows = view.rollout[content] if content.any() else view.rollout
    mean = rows.mean(axis=0)
    key = int(mean.argmax())
    finding = (
        f"Through all layers, {two(float(mean[key]))} of what reaches a token comes from "
        f"{quoted(view.labels[key])} on average; an equal share is {two(1 / len(mean))}."
    )
    drift = ""
    if view.causal:
        drift = (
            "Causal models drift to their first tokens with depth, whatever the text"
            f" (rows differ from their mean by {two(_spread(rows))} on average)."
        )
    parts = (finding, drift, f"{READ_MATRIX}.", thinning_note(len(view.labels)))
    return " ".join(part for part in parts if part)


def _spread(rows: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> float:
    """The mean total-variation distance of rows [row, key] from their mean."""
    return float(0.5 * np.abs(rows - rows.mean(axis=0)).sum(axis=-1).mean())


FIGURE = SentenceFigure(
    name="rollout",
    title="Rollout",
    about="Attention rollout: what flows from each token into each through all layers.",
    formula="R_l = (mean_h A / 2 + I / 2) R_{l-1}, R_0 = I",
    source="Abnar & Zuidema 2020",
    draw=draw,
    caption=caption,
    order=40,
)
