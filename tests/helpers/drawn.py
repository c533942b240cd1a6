"""Small drawings of made-up weights, and what their pictures hold."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
import zlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from attnviz.drawing import flow
from attnviz.drawing.drawing import Drawing, FlowEnds, Panel
from attnviz.drawing.picture_file import picture
from attnviz.drawing.registry import views
from attnviz.drawing.view import DrawingStyle
from attnviz.figures.views import Floats
from attnviz.text.types import TokenLabel

SVG = "{http://www.w3.org/2000/svg}"


def labels(text: str) -> tuple[TokenLabel, ...]:
    """A token a word; `[...]` is special, `##` goes on with a word."""
    return tuple(
        TokenLabel(word, special=word[0] == "[", piece=word.startswith("##"))
        for word in text.split()
    )


def drawing(text: str, *weights: ArrayLike, **more: object) -> Drawing:
    """Heads L0H0, L0H1, ... of one sentence, with these weights [query, key]."""
    tokens = labels(text)
    panels = tuple(
        Panel(f"L0H{head}", np.asarray(each, dtype=np.float64), 0, head)
        for head, each in enumerate(weights)
    )
    fields: dict[str, object] = {"queries": tokens, "keys": tokens} | more
    return Drawing(model="a-model", panels=panels, **fields)  # type: ignore[arg-type]


def random(queries: int, keys: int | None = None, seed: int = 0) -> Floats:
    """Weights of which each row sums to 1, [query, key]."""
    generator = np.random.default_rng(seed)
    return generator.dirichlet(np.full(keys or queries, 0.3), size=queries)


def words(count: int) -> str:
    """A text of so many tokens."""
    return " ".join(f"t{place}" for place in range(count))


def as_flow(view: str, drawn: Drawing) -> Drawing:
    """For the view flow: each matrix a layer, whose rollout runs to the query, or the last token.

    For any other view the drawing as it is.
    """
    if view != "flow" or drawn.flow:
        return drawn
    layers = flow.mixings(np.stack([panel.weights for panel in drawn.panels]), residual=True)
    target = drawn.query or (len(drawn.queries) - 1,)
    run = flow.rollout(layers, target)
    panels = tuple(
        replace(panel, weights=edges, name=f"layer {at}", layer=at, head=None)
        for at, (panel, edges) in enumerate(zip(drawn.panels, run.edges, strict=True))
    )
    ends = FlowEnds(target, tuple(run.inputs.tolist()), run.total)
    return replace(drawn, panels=panels, flow=ends, query=())


def svg(view: str, drawn: Drawing, style: DrawingStyle | None = None) -> ET.Element:
    """The picture of a view as SVG."""
    drawn = as_flow(view, drawn)
    return ET.fromstring(picture(views()[view], drawn, style or DrawingStyle(), ".svg"))


@dataclass(frozen=True)
class Written:
    """A text of a picture and its size in points."""

    text: str
    size: float


def written(root: ET.Element) -> list[Written]:
    """The texts of an SVG."""
    found = root.iter(f"{SVG}text")
    return [Written(each.text or "", float(each.attrib["font-size"][:-2])) for each in found]


def says(root: ET.Element) -> str:
    """All texts of an SVG, in their order."""
    return " ".join(each.text for each in written(root))


def streams(pdf: bytes) -> bytes:
    """All streams of a PDF, inflated."""
    parts = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, flags=re.DOTALL)
    inflated = []
    for part in parts:
        try:
            inflated.append(zlib.decompress(part))
        except zlib.error:
            inflated.append(part)
    return b"\n".join(inflated)
