"""Small views to draw, made up of plain arrays."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from attnviz.figures.compared_views import (
    ComparedView,
    CourseLine,
    CourseView,
    DifferenceView,
    SideBySide,
)
from attnviz.figures.fonts import fitted
from attnviz.figures.scale import Pixels, pool
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import (
    POOLED,
    HeadView,
    ModelView,
    RoleMark,
    RoleTarget,
    SentenceView,
    Window,
)
from attnviz.text.types import TokenLabel

HOSTILE = (
    "</script>",
    "[/INST]",
    "$x^$",
    "<U+0007>",
    "\x07",
    "😀",
    "السلام",
    "注意",
    "-->",
    "&amp;",
    "W" * 80,
    "%s {0}",
    "👩‍👩‍👧",
    "𓀀",
)
PREVIOUS = RoleMark("previous-token", "Previous token", "position", "P", 0.8, supported=True)
TENTATIVE = RoleMark("dep:nsubj:reverse", "Subject <b>", "syntax", "J", 0.3, supported=False)


def labels(count: int) -> tuple[TokenLabel, ...]:
    """`count` labels, a special one at both ends, hostile ones between."""
    inner = [
        TokenLabel(HOSTILE[index % len(HOSTILE)], space=index % 2 == 0, piece=index % 5 == 1)
        for index in range(count - 2)
    ]
    ends = TokenLabel("[CLS]", special=True), TokenLabel("[SEP]", special=True)
    return (ends[0], *inner, ends[1])[:count]


def drawn_head(
    place: tuple[int, int],
    weights: NDArray[np.float64],
    mark: RoleMark = PREVIOUS,
    mass: float | None = 0.83,
    cells: tuple[tuple[int, int], ...] = (),
) -> HeadView:
    """A head with one role, its chance 0.041; without `mass` there is no target."""
    target = RoleTarget(mark, cells, mass, None if mass is None else 0.041)
    return HeadView((target,), *place, weights)


def sentence(count: int, layers: int = 2, heads: int = 3, *, causal: bool = False) -> SentenceView:
    """A sentence of `count` tokens with random attention and two drawn heads."""
    generator = np.random.default_rng(count)
    weights = generator.dirichlet(np.full(count, 0.2), size=(layers, heads, count))
    if causal:
        weights = np.tril(weights) + 1e-9
        weights /= weights.sum(axis=-1, keepdims=True)
    block = -(-count // POOLED)
    previous = tuple((query, query - 1) for query in range(1, count))
    drawn = (
        drawn_head((0, heads // 2), weights[0, heads // 2], cells=previous),
        drawn_head((layers - 1, heads - 1), weights[-1, -1], TENTATIVE, None),
    )
    return SentenceView(
        id=7,
        labels=labels(count),
        attention=pool(weights, block),
        layer_means=pool(weights.mean(axis=1), block),
        rollout=weights[0].mean(axis=0),
        received=weights.mean(axis=(0, 1, 2)),
        heads=drawn,
        causal=causal,
        block=block,
    )


def model(layers: int = 2, heads: int = 3) -> ModelView:
    """A model where every second head has a role."""
    generator = np.random.default_rng(1)
    count = layers * heads
    distances = generator.uniform(0.1, 0.8, size=(count, count))
    distances = np.triu(distances, 1) + np.triu(distances, 1).T
    marks: tuple[tuple[RoleMark, ...], ...] = ((PREVIOUS, TENTATIVE), (), (TENTATIVE,))
    statistics = {
        name: generator.uniform(0.0, top, size=(layers, heads))
        for name, top in (("entropy", 3.0), ("distance", 12.0), ("confidence", 1.0))
    }
    return ModelView(
        model="some/model <b>",
        statistics=statistics,
        roles=tuple(
            tuple(marks[(layer + head) % 3] for head in range(heads)) for layer in range(layers)
        ),
        dissimilarity=distances,
        order=tuple(reversed(range(count))),
        groups=((0, 1),) if count > 1 else (),
    )


def cross(queries: int, keys: int, layers: int = 2, heads: int = 3) -> SentenceView:
    """Cross-attention from `queries` tokens to `keys` others, each head's weights random."""
    generator = np.random.default_rng(queries)
    weights = generator.dirichlet(np.full(keys, 0.2), size=(layers, heads, queries))
    block = -(-max(queries, keys) // POOLED)
    drawn = drawn_head((0, 1), weights[0, 1], cells=((0, keys - 1),))
    return replace(
        sentence(queries, layers, heads),
        key_labels=tuple(TokenLabel(f"k{index}") for index in range(keys)),
        attention=pool(weights, block),
        layer_means=pool(weights.mean(axis=1), block),
        rollout=None,
        received=weights.mean(axis=(0, 1, 2)),
        heads=(drawn,),
        block=block,
        stream="cross",
    )


def window(queries: tuple[int, int], keys: tuple[int, int], weight: float = 0.0) -> Window:
    """A window where every query gives `weight` to each key that is shown."""
    return Window(queries, keys, np.full((queries[1] - queries[0], keys[1] - keys[0]), weight))


def long(count: int, *windows: Window) -> SentenceView:
    """A long sentence, all of it in blocks, whose single head has `windows`.

    Each query gives half of its attention to the first token, the rest to all alike.
    """
    block = -(-count // POOLED)
    cells = -(-count // block)
    even = np.full((cells, cells), 0.5 / count)
    even[:, 0] += 0.5 / block
    received = np.full(count, 0.5 / count)
    received[0] += 0.5
    previous = tuple((query, query - 1) for query in range(1, count))
    return SentenceView(
        id=7,
        labels=tuple(TokenLabel(f"t{index}", space=True) for index in range(count)),
        attention=np.broadcast_to(even, (2, 3, cells, cells)),
        layer_means=np.broadcast_to(even, (2, cells, cells)),
        rollout=even,
        received=received,
        heads=(replace(drawn_head((0, 1), even, cells=previous), windows=windows),),
        causal=False,
        block=block,
    )


def hybrid() -> tuple[ModelView, SentenceView]:
    """A model of 4 layers, 6 heads on 2 key heads, no attention in layer 1, a window in 2."""
    view, drawn = model(4, 6), sentence(12, 4, 6, causal=True)
    statistics = {name: values.copy() for name, values in view.statistics.items()}
    attention, means = drawn.attention.copy(), drawn.layer_means.copy()
    for values in (attention, means, *statistics.values()):
        values[1] = np.nan
    roles = tuple(row if layer != 1 else ((),) * 6 for layer, row in enumerate(view.roles))
    shared, windows = {0: 2, 2: 2, 3: 2}, {2: 128}
    maps = replace(view, statistics=statistics, roles=roles, key_heads=shared, windows=windows)
    drawn = replace(drawn, attention=attention, layer_means=means, heads=())
    return maps, replace(drawn, key_heads=shared, windows=windows)


def compared(models: int = 3, layers: int = 2, heads: int = 3) -> list[ComparedView]:
    """Models side by side, numbers over them, and the differences of a role, one head missing."""
    generator = np.random.default_rng(2)
    names = tuple(f"step {HOSTILE[at % len(HOSTILE)]} {at}" for at in range(models))
    rising = tuple((at / models, at / models - 0.01, at / models + 0.01) for at in range(models))
    supported = tuple(at > models // 2 for at in range(models))
    first = supported.index(True) if any(supported) else None
    before, after = generator.uniform(0.0, 1.0, size=(2, layers, heads))
    difference = after - before
    difference[-1, -1] = np.nan
    unknown = (np.nan,) * 3
    return [
        SideBySide((model(layers, heads),) * models, names),
        CourseView(
            "roles-over-models",
            "Roles over models",
            "score",
            names,
            (
                CourseLine("Previous token", rising, PREVIOUS, supported, first),
                CourseLine("Subject <b>", (unknown, *rising[1:]), TENTATIVE, supported, first),
                CourseLine("a mean", rising),
            ),
            1.0,
            "All rise. A line for each.",
        ),
        DifferenceView(
            "dep:nsubj",
            "Subject <b>",
            (names[0], names[-1]),
            before,
            after,
            difference,
            np.nan_to_num(np.abs(difference)) > 0.3,
            1.0,
            1.0,
            moved=True,
        ),
    ]


def only(weights: NDArray[np.float64]) -> SentenceView:
    """A sentence of plain letters whose single head has exactly these weights."""
    count = len(weights)
    plain = tuple(TokenLabel(chr(ord("a") + index)) for index in range(count))
    head = drawn_head((0, 0), weights, PREVIOUS, None)
    view = sentence(count, 1, 1)
    stacked = weights[None, None]
    return replace(view, labels=plain, attention=stacked, rollout=weights, heads=(head,))


def style_for(*texts: str) -> FigureStyle:
    """The default style with fonts for `texts` and everything hostile."""
    return fitted(FigureStyle(), (*texts, *HOSTILE))


def decode(png: bytes) -> Pixels:
    """The pixels [row, column, 3] of a PNG."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
