"""What is written over and under a drawing: what it is of, and what the lens took away."""

from __future__ import annotations

from collections import Counter

from attnviz.drawing.drawing import Drawing, FlowEnds
from attnviz.figures.captions import listing, plural, quoted, titled, two

_NAMED = 3


def title(drawing: Drawing) -> str:
    """`L5H7`, `L5H7, from “it”`; of several matrices what they are, and how many.

    Of a flow where it begins and ends.
    """
    panels = drawing.panels
    if drawing.flow:
        return titled(_of_flow(drawing, drawing.flow), drawing.stream)
    which = panels[0].name if len(panels) == 1 else several(drawing)
    source = from_queries(drawing)
    return titled(f"{which}, {source}" if source else which, drawing.stream)


def _of_flow(drawing: Drawing, flow: FlowEnds) -> str:
    """`Flow to “it” through 6 layers`, `Maximum flow from “animal” to “it” through 6 layers`."""
    source, target = (
        listing([quoted(drawing.queries[place]) for place in places])
        for places in (flow.source, flow.target)
    )
    which = "Maximum flow" if flow.maximum else "Flow"
    way = f"from {source} to {target}" if flow.source else f"to {target}"
    return f"{which} {way} through {plural(len(drawing.panels), 'layer')}"


def kind(drawing: Drawing) -> str:
    """What each panel is: "head", "layer" (the mean of its heads) or "matrix"."""
    panels = drawing.panels
    if all(panel.head is not None for panel in panels):
        return "head"
    return "layer" if all(panel.layer is not None for panel in panels) else "matrix"


def several(drawing: Drawing) -> str:
    """`72 heads`, `6 layers, means of heads`, `12 heads, means of layers`, `2 matrices`."""
    which, count = kind(drawing), len(drawing.panels)
    if which == "matrix":
        return f"{count} matrices"
    of_layers = which == "head" and any(panel.layer is None for panel in drawing.panels)
    means = {"layer": ", means of heads"}.get(which, ", means of layers" if of_layers else "")
    return f"{plural(count, which)}{means}"


def from_queries(drawing: Drawing) -> str:
    """`from “it”`, `from “did” and “n’t”`; "" where no query was asked for."""
    if not drawing.query:
        return ""
    counts = Counter(quoted(drawing.queries[place]) for place in drawing.query)
    if len(counts) > _NAMED:
        return f"from {len(drawing.query)} tokens"
    names = [name if n == 1 else f"{name} ({n} times)" for name, n in counts.items()]
    return f"from {listing(names)}"


def lens_note(drawing: Drawing) -> str:
    """`Without special tokens, which took 0.62.`; "" where the lens shows all."""
    if drawing.lens == "all":
        return ""
    removed = [panel.removed for panel in drawing.panels]
    if drawing.flow:
        share = two(sum(removed) / len(removed))
        return f"Without special tokens, through which {share} of the flow runs, mean over layers."
    if len(removed) == 1:
        took = two(removed[0])
    elif len(removed) <= _NAMED:
        took = listing([f"{two(panel.removed)} in {panel.name}" for panel in drawing.panels])
    else:
        mean = sum(removed) / len(removed)
        took = f"{two(min(removed))} to {two(max(removed))}, {two(mean)} on average"
    return f"Without special tokens, which took {took}."


def left_out(count: int, step: int, what: str = "token") -> str:
    """How many of `count` labels are not written when each `step`-th is; "" when all are."""
    hidden = count - len(range(0, count, step))
    if not hidden:
        return ""
    ordinal = {2: "2nd", 3: "3rd"}.get(step, f"{step}th")
    where = ", with its place from 0" if what == "token" else ""
    return f"Every {ordinal} {what} is labelled{where}; {plural(hidden, 'label')} left out."
