"""Cross-attention: queries and keys are different tokens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from attnviz.figures import head, layers, mosaic, received, rollout
from attnviz.figures.gallery import draw_all, tasks
from attnviz.figures.matrix import block_of, cell_grid, cell_weights
from attnviz.figures.render import render
from attnviz.figures.scale import colormap, pool
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import SentenceView
from attnviz.text.types import TokenLabel
from tests.helpers.pictured import cross, decode, model, sentence

Written = list[tuple[str, float, float]]


def plain(queries: str, keys: str) -> SentenceView:
    """Cross-attention between letters."""
    view = cross(len(queries), len(keys))
    return replace(
        view,
        labels=tuple(TokenLabel(letter) for letter in queries),
        key_labels=tuple(TokenLabel(letter) for letter in keys),
    )


def test_columns_are_the_queries_unless_keys_are_named() -> None:
    view = sentence(3)

    assert view.keys == view.labels
    assert cross(3, 5).keys == cross(3, 5).key_labels


def test_rows_are_labelled_by_queries_and_columns_by_keys(written: Written) -> None:
    view = plain("ABCD", "pqrstu")

    head.draw(view, view.heads[0], FigureStyle())

    rows = [text for text, _, _ in sorted(written, key=lambda one: one[2]) if text in {*"ABCD"}]
    columns = [
        text for text, _, _ in sorted(written, key=lambda one: one[1]) if text in {*"pqrstu"}
    ]
    assert rows == list("ABCD")
    assert columns == list("pqrstu")


def test_the_pixel_of_a_weight_is_in_its_query_s_row_and_its_key_s_column() -> None:
    view = plain("ABCD", "pqrstuv")
    weights = np.zeros((4, 7))
    weights[2, 5], weights[1, 1] = 0.49, 0.0625
    drawn = replace(view.heads[0], roles=(), attention=weights)

    figure = head.draw(view, drawn, FigureStyle())

    pixels = decode(render(figure, FigureStyle(), path="x", title="x", caption="x.").png)[:, :380]
    strong, weak = (
        np.argwhere((pixels == colormap("Blues")(place, bytes=True)[:3]).all(axis=-1))
        for place in (0.7, 0.25)
    )
    side = np.ptp(weak[:, 0]) + 1
    assert np.median(strong, axis=0) - np.median(weak, axis=0) == pytest.approx(
        [side, 4 * side], abs=1
    )


@pytest.mark.parametrize(("queries", "keys"), [(1, 130), (300, 200), (20, 8192), (129, 128)])
def test_one_block_serves_both_axes(queries: int, keys: int) -> None:
    layout = cell_grid(Sheet(FigureStyle()), queries, keys)

    assert layout.block == block_of(queries, keys) == -(-max(queries, keys) // 128)
    assert (layout.rows, layout.columns) == (-(-queries // layout.block), -(-keys // layout.block))
    assert max(layout.rows, layout.columns) <= 128


def test_a_pooled_row_sums_to_one_and_may_be_given_whole_or_pooled() -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(200), size=300)

    cells = cell_weights(weights, 300, 200)

    assert cells.shape == (100, 67)
    assert cells.sum(axis=1) == pytest.approx(np.ones(100))
    assert np.array_equal(cells, cell_weights(pool(weights, 3), 300, 200))


def test_captions_name_keys_and_the_stack() -> None:
    view = plain("AB", "pqrs")
    fixed = np.broadcast_to(np.array([0.1, 0.1, 0.7, 0.1]), (2, 3, 2, 4))
    view = replace(view, attention=fixed, layer_means=fixed[:, 0], received=fixed[0, 0, 0])

    assert "all to “r”" in mosaic.caption(view)
    assert layers.caption(view).startswith("“r” draws most attention: 0.70")
    assert received.caption(view).startswith("Most attention goes to “r” (0.70)")
    assert "an equal share would be 0.25" in received.caption(view)
    for picture in draw_all(None, [view]):
        assert picture.title.endswith(", cross-attention")


def test_titles_say_which_stack(written: Written) -> None:
    mosaic.draw(cross(30, 40, heads=12), FigureStyle())

    assert written[0][0] == "All 2 × 12 heads, cross-attention, sentence 7"


def test_without_a_rollout_there_is_no_figure_of_it() -> None:
    view = cross(3, 4)

    assert "rollout" not in [task.figure for task in tasks(None, [view])]
    assert "rollout" in [task.figure for task in tasks(None, [sentence(3)])]
    with pytest.raises(TypeError, match="no rollout"):
        rollout.caption(view)


def test_stacks_of_one_sentence_have_their_own_files() -> None:
    stacks = ("encoder", "decoder", "cross")
    maps = [replace(model(), stream=stack) for stack in stacks]
    views = [replace(sentence(3), stream=stack) for stack in stacks]

    paths = [task.path for task in tasks(maps, views)]

    assert len(set(paths)) == len(paths)
    assert {"figures/cross/roles", "figures/decoder/s007/mosaic"} <= set(paths)
