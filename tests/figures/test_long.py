"""Long texts: maps of blocks, windows of words, and what is left out."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnviz.figures import head, layers, mosaic, received, rollout
from attnviz.figures.gallery import perform, tasks
from attnviz.figures.outlines import Outline
from attnviz.figures.received import stretches
from attnviz.figures.sheet import Sheet
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import POOLED, SentenceView
from attnviz.figures.windows import omitted
from tests.helpers.pictured import long, sentence, window

pytestmark = pytest.mark.slow

Written = list[tuple[str, float, float]]


def draw_head(view: SentenceView) -> None:
    head.draw(view, view.heads[0], FigureStyle())


def test_windows_name_every_token_and_the_rest_is_elsewhere(written: Written) -> None:
    draw_head(long(700, window((300, 320), (290, 330))))

    texts = [text for text, _, _ in written]
    assert "queries 300–319, keys 290–329" in texts
    assert texts.count("t300") == 2
    assert texts.count("t325") == 1
    assert texts.count("t289") == 0
    assert "elsewhere" in texts
    assert "all 700 tokens" in texts


def test_each_window_has_a_letter_on_the_map_and_one_at_its_head(written: Written) -> None:
    draw_head(long(8192, *(window((first, first + 9), (0, 9)) for first in (0, 20, 8000))))

    letters = [text for text, _, _ in written if text in {"a", "b", "c"}]
    assert sorted(letters) == ["a", "a", "b", "b", "c", "c"]
    near = [(x, y) for text, x, y in written[: len(written) // 2] if text in {"a", "b"}]
    assert abs(near[0][0] - near[1][0]) > 6.0


def test_what_is_elsewhere_is_what_a_row_lacks() -> None:
    half = window((0, 2), (0, 5), 0.1)

    assert omitted(half) == pytest.approx([0.5, 0.5])
    assert omitted(window((0, 1), (0, 4), 0.26)).tolist() == [0.0]


def test_the_caption_states_what_the_windows_leave_out() -> None:
    view = long(700, window((0, 2), (0, 5), 0.1), window((9, 11), (0, 4), 0.2))

    text = head.caption(view, view.heads[0])

    assert "each cell is the share of attention that 6 queries on average give to 6 keys" in text
    assert "0.50 and 0.20 on average goes elsewhere" in text
    assert (
        "the window a"
        in head.caption(view, replace(view.heads[0], windows=view.heads[0].windows[:1])).lower()
    )


def test_targets_are_outlined_in_windows_at_their_own_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[list[tuple[int, int]]] = []

    def watched(_: Sheet, outlines: Sequence[Outline], *__: object) -> None:
        seen.extend(list(each.cells) for each in outlines)

    monkeypatch.setattr("attnviz.figures.matrix.draw_outlines", watched)

    draw_head(long(700, window((300, 303), (299, 301))))

    assert seen == [[(0, 0), (1, 1)]]


def test_a_target_outside_of_the_windows_is_not_called_outlined(written: Written) -> None:
    view = long(700, window((300, 303), (0, 9)))

    draw_head(view)

    assert "Previous token: 0.83 on target; by chance 0.041" in [text for text, _, _ in written]
    assert "outlined" not in head.caption(view, view.heads[0])


def test_captions_count_blocks_as_their_tokens() -> None:
    view = long(1280)

    assert "0.50 of what reaches a token comes from the 10 tokens that begin" in rollout.caption(
        view
    )
    assert layers.caption(view).startswith("The block of “t0” draws most attention: 0.50")
    assert mosaic.caption(view).startswith("6 of 6 heads give more than half")


def test_a_rollout_may_be_given_whole() -> None:
    view = sentence(200)
    assert view.rollout is not None

    assert view.rollout.shape == (200, 200)
    assert "an equal share is 0.0050" in rollout.caption(view)


def test_long_texts_are_shown_around_what_receives_most(written: Written) -> None:
    view = long(700)
    view.received[[350, 600]] = (0.3, 0.2)
    view.received[:] /= view.received.sum()

    received.draw(view, FigureStyle())
    caption = received.caption(view)

    texts = [text for text, _, _ in written]
    assert [text for text in texts if "token" in text and "…" in text] == [
        "… 290 tokens …",
        "… 210 tokens …",
        "… 80 tokens …",
    ]
    assert sum(text.startswith("t") and text[1:].isdigit() for text in texts) == 120
    assert "330\u2002" in texts
    assert caption.startswith(
        "Most attention goes to “t0” at 0 (33 %), “t350” at 350 (20 %) and “t600” at 600 (13 %)"
    )
    hidden = 1 - sum(
        view.received[first:end].sum() for first, end in ((0, 40), (330, 370), (580, 620))
    )
    assert f"{hidden:.2f} of the mass received is on tokens not shown." in caption


@given(st.integers(1, 3000), st.integers(0, 2**32 - 1))
def test_stretches_are_few_in_order_and_hold_the_three_that_receive_most(
    count: int, seed: int
) -> None:
    mass = np.random.default_rng(seed).permutation(count).astype(float)

    found = stretches(mass)

    shown = [place for first, end in found for place in range(first, end)]
    assert shown == sorted(set(shown))
    assert len(shown) == count if count <= POOLED else len(shown) <= 120
    assert set(np.argsort(-mass)[:3].tolist()) <= set(shown)
    assert all(end < first for (_, end), (first, _) in pairwise(found))


def test_no_figure_of_a_long_text_needs_room_for_all_its_weights() -> None:
    view = long(8192, window((4000, 4040), (3990, 4030), 0.02))
    found = tasks(None, [view])

    tracemalloc.start()
    for task in found:
        perform(task, FigureStyle())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(found) == 5
    assert peak < 8192 * 8192
