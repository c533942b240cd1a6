"""Chooses the flow that is drawn: to which token, from which input, of which kind."""

from __future__ import annotations

import numpy as np

from attnviz.drawing import flow
from attnviz.drawing.drawing import FlowEnds, Panel
from attnviz.drawing.settings import DrawSettings
from attnviz.drawing.weights import Weights
from attnviz.errors import UsageError


def panels(weights: Weights, settings: DrawSettings) -> tuple[list[Panel], FlowEnds]:
    """What the edges of each layer carry, the lowest first.

    UsageError where there is no chain of layers, where heads were left out, and for a maximum flow
    of a long sentence.
    """
    _check(weights, settings)
    side = weights.query_side
    special = [label.special for label in side.labels]
    target = side.find(settings.query) if settings.query else (flow.ends_at(special, side.texts),)
    source = side.find(settings.key) if settings.key else ()
    into = target[-1:] if weights.last else target
    layers = flow.mixings(_means(weights), residual=weights.residual)
    maximum = settings.flow == "maximum"
    run = (flow.maximum if maximum else flow.rollout)(layers, into, source)
    ends = FlowEnds(target, tuple(run.inputs.tolist()), run.total, run.source, maximum=maximum)
    return [
        Panel(f"layer {layer}", edges, layer)
        for layer, edges in zip(weights.layers, run.edges, strict=True)
    ], ends


def _check(weights: Weights, settings: DrawSettings) -> None:
    if weights.rollout is None:
        raise UsageError(
            "Cross-attention has no flow: its queries and keys are different tokens.",
            "Use --stream encoder or --stream decoder.",
        )
    kept = len(weights.places) == sum(weights.model_heads.values())
    if settings.heads or settings.layers or settings.mean != "none" or not kept:
        raise UsageError(
            "Flow goes through all heads of all layers.", "Leave out --heads, --layers and --mean."
        )
    count = len(weights.query_side)
    if settings.flow == "maximum" and count > flow.LONGEST:
        raise UsageError(
            f"Maximum flow is for sentences of up to {flow.LONGEST} tokens, and this has {count}.",
            "Take a shorter sentence or --words, or leave out --flow.",
        )


def _means(weights: Weights) -> flow.Doubles:
    """The mean over the heads of each layer, [layer, query, key]."""
    of = np.array([layer for layer, _ in weights.places])
    return np.stack(
        [weights.matrices[of == layer].mean(0, dtype=np.float64) for layer in weights.layers]
    )
