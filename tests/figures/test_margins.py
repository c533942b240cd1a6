"""Around maps of layers and heads: shared keys, windows, layers without attention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from attnviz.figures import entropy, layers, mosaic, roles, similarity
from attnviz.figures.margins import draw_brackets, map_margins, margin_note
from attnviz.figures.render import render
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import ModelView
from tests.helpers.pictured import decode, hybrid, model, sentence

Written = list[tuple[str, float, float]]
SHARE = "Heads under one bracket share keys."


def everywhere(layers: int, heads: int) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    return np.zeros((layers, heads), dtype=bool)


@pytest.mark.parametrize(("heads", "keys", "group"), [(9, 3, 3), (32, 8, 4), (64, 1, 64)])
def test_heads_that_share_keys_stand_in_groups(heads: int, keys: int, group: int) -> None:
    around = map_margins(everywhere(3, heads), dict.fromkeys(range(3), keys), {})

    assert around.group == group
    assert margin_note(around) == SHARE


@given(st.integers(1, 6), st.integers(1, 64))
def test_where_each_head_has_its_own_keys_nothing_is_said(count: int, heads: int) -> None:
    around = map_margins(everywhere(count, heads), dict.fromkeys(range(count), heads), {})

    assert around.group == 1
    assert margin_note(around) == ""


def test_where_layers_differ_small_print_says_which_share() -> None:
    around = map_margins(everywhere(5, 8), {0: 4, 1: 4, 2: 2, 4: 4}, {})

    assert around.group == 1
    assert margin_note(around) == (
        "Neighbouring heads share keys: 2 at a time in layers 0–1 and 4 and 4 at a time in layer 2."
    )


def test_layers_with_fewer_heads_still_stand_under_the_brackets() -> None:
    absent = everywhere(3, 8)
    absent[1] = True
    absent[2, 4:] = True

    around = map_margins(absent, {0: 4, 2: 2}, {})

    assert around.group == 2
    assert around.gaps == [1]
    assert around.missing.sum() == 4
    assert "layers without attention to show and heads that don’t exist" in margin_note(around)


def test_a_bracket_spans_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[list[list[float]]] = []
    monkeypatch.setattr(Sheet, "lines", lambda _, segments, *__: drawn.extend(segments.tolist()))

    draw_brackets(Sheet(FigureStyle()), [0, 10, 20, 30, 40, 50], [9, 19, 29, 39, 49, 59], 3, 5.0)

    level = [(left[0], right[0]) for left, right in drawn if left[1] == right[1]]
    assert len(level) == 2
    assert 0 <= level[0][0] < level[0][1] <= 29 < 30 <= level[1][0] < level[1][1] <= 59


@pytest.mark.parametrize("draw", [roles.draw, entropy.draw])
def test_maps_tell_of_groups_windows_and_gaps(
    draw: Callable[[ModelView, FigureStyle], Figure], written: Written
) -> None:
    draw(hybrid()[0], FigureStyle())

    print_ = " ".join(text for text, _, _ in written)
    assert SHARE in print_
    assert "w128: these layers see a window of 128 tokens." in print_
    assert "Crossed out: layers without attention to show." in print_
    assert [text for text, _, _ in written].count(" w128") == 1


def test_figures_of_sentences_tell_of_them_too(written: Written) -> None:
    _, view = hybrid()
    mosaic.draw(view, FigureStyle())
    assert {" w128"} <= {text for text, _, _ in written}
    assert any(SHARE in text for text, _, _ in written)
    written.clear()

    layers.draw(view, FigureStyle())

    texts = [text for text, _, _ in written]
    assert " w128" in texts
    assert not any("bracket" in text for text in texts)
    assert any("Crossed out: layers without attention" in text for text in texts)


def test_ordinary_models_have_no_small_print_in_their_maps(written: Written) -> None:
    entropy.draw(model(), FigureStyle())
    mosaic.draw(sentence(5), FigureStyle())

    assert not any(mark in text for text, _, _ in written for mark in ("share", "Crossed", " w"))


def test_a_layer_without_attention_is_paper_with_a_line_and_not_zero() -> None:
    view = hybrid()[0]
    entropies = np.asarray(view.statistics["entropy"], dtype=np.float64)
    zeros = {"entropy": np.where(np.isnan(entropies), 0.0, entropies)}
    style = FigureStyle()

    gap, zero = (
        decode(render(entropy.draw(one, style), style, path="x", title="x", caption="x.").png)
        for one in (view, replace(view, statistics=zeros))
    )

    line = (180, 180, 180)
    assert (gap == line).all(axis=-1).sum() > 10 + (zero == line).all(axis=-1).sum()


def test_heads_keep_their_names_where_layers_have_no_attention() -> None:
    view = hybrid()[0]
    present = np.ones((18, 18)) - np.eye(18)
    present[6, 17] = present[17, 6] = 0.1
    whole = np.full((24, 24), np.nan)
    kept = [*range(6), *range(12, 24)]
    whole[np.ix_(kept, kept)] = present

    for values in (present, whole):
        caption = similarity.caption(replace(view, dissimilarity=values, groups=()))
        assert "the most alike are L2H0 and L3H5 (0.10)" in caption
