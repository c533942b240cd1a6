"""Chooses what is shown: heads, a mean of heads or rollout, through a lens, all queries or some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from attnviz.drawing import chosen_flow
from attnviz.drawing.drawing import Drawing, Floats, FlowEnds, Panel
from attnviz.drawing.lens import content_only
from attnviz.drawing.settings import DrawSettings, HeadPlace, Mean, head_name
from attnviz.drawing.side import Places, Side
from attnviz.drawing.weights import Weights
from attnviz.errors import UsageError

ROLLOUT = "rollout"
FLOW = "flow"

_EVERY = "all layers"
_NAMED = 3
"""So many heads or layers of a mean are named; of more, how many there are."""

_LABELLED = 4
"""So few matrices are drawn with their tokens unless another view is asked for."""


@dataclass(frozen=True)
class Chosen:
    """A drawing, the name of its view, and where its queries and keys stand in the sentence."""

    drawing: Drawing
    view: str
    queries: Places
    keys: Places


def choose(weights: Weights, settings: DrawSettings) -> Chosen:
    """What the settings ask to see of a sentence.

    UsageError where it isn't there: a head, a word, the rollout of cross-attention.
    """
    if settings.view == FLOW:
        return _flow(weights, settings)
    query = weights.query_side.find(settings.query) if settings.query else ()
    if settings.view == ROLLOUT:
        panels = [_rollout(weights, settings)]
    elif settings.mean == "none":
        panels = [
            Panel(weights.names[at], weights.matrices[at], *weights.places[at])
            for at in _heads(weights, settings)
        ]
    else:
        panels = _means(weights, _heads(weights, settings), settings.mean)
    queries, keys = weights.query_side, weights.key_side
    if settings.lens == "content":
        queries.refuse_special(query)
        panels = [_content(panel, queries, keys) for panel in panels]
        query = tuple(queries.content.index(place) for place in query)
        queries, keys = queries.picked(queries.content), keys.picked(keys.content)
    drawing = Drawing(
        model=weights.model,
        queries=queries.labels,
        keys=keys.labels,
        panels=tuple(panels),
        query=query,
        lens=settings.lens,
        stream=weights.stream,
        causal=weights.causal,
    )
    view = settings.view or ("matrix" if len(panels) <= _LABELLED else "mosaic")
    return Chosen(drawing, view, queries.places, keys.places)


def _flow(weights: Weights, settings: DrawSettings) -> Chosen:
    """The edges of a flow; the lens hides those of special tokens, and makes up for nothing."""
    panels, ends = chosen_flow.panels(weights, settings)
    side = weights.query_side
    if settings.lens == "content":
        side.refuse_special((*ends.target, *(ends.source if settings.key else ())))
        panels = [_hidden(panel, side, ends.total) for panel in panels]
        ends = _on_content(ends, side)
        side = side.picked(side.content)
    drawing = Drawing(
        model=weights.model,
        queries=side.labels,
        keys=side.labels,
        panels=tuple(panels),
        lens=settings.lens,
        stream=weights.stream,
        causal=weights.causal,
        flow=ends,
    )
    return Chosen(drawing, settings.view, side.places, side.places)


def _hidden(panel: Panel, side: Side, total: float) -> Panel:
    """The edges between content tokens, and the share of the flow that the others have."""
    left = panel.weights[np.ix_(side.content, side.content)]
    removed = 1.0 - float(left.sum()) / total if total > 0 else 0.0
    return replace(panel, weights=left, removed=max(removed, 0.0))


def _on_content(ends: FlowEnds, side: Side) -> FlowEnds:
    new = {old: place for place, old in enumerate(side.content)}
    return replace(
        ends,
        target=tuple(new[old] for old in ends.target),
        inputs=tuple(ends.inputs[old] for old in side.content),
        source=tuple(new[old] for old in ends.source if old in new),
    )


def _heads(weights: Weights, settings: DrawSettings) -> Sequence[int]:
    """Places in `matrices` of the heads that were asked for."""
    if settings.places:
        return [weights.index(place) for place in settings.places]
    for layer in settings.layers:
        if layer not in weights.layers:
            weights.index((layer, 0))  # raises
    layers = settings.layers or weights.layers
    return [at for at, (layer, _) in enumerate(weights.places) if layer in layers]


def _rollout(weights: Weights, settings: DrawSettings) -> Panel:
    if settings.heads or settings.layers or settings.mean != "none":
        raise UsageError(
            "Rollout goes through all heads of all layers.",
            "Leave out --heads, --layers and --mean.",
        )
    if weights.rollout is None:
        raise UsageError(
            "Cross-attention has no rollout: its queries and keys are different tokens.",
            "Use --stream encoder or --stream decoder.",
        )
    return Panel(ROLLOUT, weights.rollout)


def _means(weights: Weights, chosen: Sequence[int], mean: Mean) -> list[Panel]:
    """The mean over the heads of each layer, over each number of head, or over all that is chosen.

    A mean of some of the heads says of which.
    """
    groups: dict[tuple[int | None, int | None], list[int]] = {}
    for at in chosen:
        place = weights.places[at]
        group = place[0] if mean == "heads" else None, place[1] if mean == "layers" else None
        groups.setdefault(group, []).append(at)
    panels = []
    for (layer, head), members in groups.items():
        places = [weights.places[at] for at in members]
        name = _of_heads(places, weights.model_heads, mean)
        if head is not None:
            name = f"head {head} of {_of_layers(places, weights.model_heads)}"
        panels.append(Panel(name, _mean(weights.matrices, members), layer, head))
    return panels


def _of_heads(places: Sequence[HeadPlace], model_heads: Mapping[int, int], mean: Mean) -> str:
    """What a mean of these heads is called: "layer 5", "all heads", "mean of L5H7, L2H0"."""
    layers = [layer for layer, _ in places]
    if any(layers.count(layer) < model_heads[layer] for layer in set(layers)):
        if len(places) > _NAMED:
            return f"mean of {len(places)} heads"
        return f"mean of {', '.join(head_name(*place) for place in places)}"
    if mean == "heads":
        return f"layer {layers[0]}"
    name = _of_layers(places, model_heads)
    return "all heads" if name == _EVERY else name


def _of_layers(places: Sequence[HeadPlace], model_heads: Mapping[int, int]) -> str:
    layers = list(dict.fromkeys(layer for layer, _ in places))
    if len(layers) == len(model_heads):
        return _EVERY
    if len(layers) > _NAMED:
        return f"{len(layers)} layers"
    return f"layer{'s' * (len(layers) > 1)} {', '.join(map(str, layers))}"


def _mean(matrices: Floats, members: Sequence[int]) -> Floats:
    total = np.zeros(matrices.shape[1:])
    for at in members:
        total += matrices[at]
    mean: Floats = total / len(members)
    return mean


def _content(panel: Panel, queries: Side, keys: Side) -> Panel:
    """The panel without special tokens, and the mean share of attention that they had."""
    rows, columns = list(queries.content), list(keys.content)
    scaled, removed = content_only(panel.weights, keys)
    return replace(
        panel,
        weights=scaled[np.ix_(rows, columns)],
        removed=float(removed[rows].mean()),
    )
