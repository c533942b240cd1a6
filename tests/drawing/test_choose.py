"""What is chosen of known weights: heads, means, rollout, the lens, one word's row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from attnviz.drawing.choose import Chosen, choose
from attnviz.drawing.settings import DrawSettings
from attnviz.errors import UsageError
from tests.helpers.weights import EVEN, FIRST, weights


def chosen(**settings: Any) -> Chosen:
    return choose(weights(), DrawSettings(**settings))


def names(**settings: Any) -> list[str]:
    return [panel.name for panel in chosen(**settings).drawing.panels]


def test_heads_are_named_and_in_the_order_asked_for() -> None:
    assert names() == ["L0H0", "L0H1", "L1H0", "L1H1"]
    assert names(heads="L1H0,l0h1") == ["L1H0", "L0H1"]
    assert names(layers=(1,)) == ["L1H0", "L1H1"]
    assert (chosen(heads="L0H1").drawing.panels[0].weights == FIRST).all()


def test_the_view_follows_from_how_many_matrices_there_are() -> None:
    more = replace(
        weights(),
        places=((0, 0), (0, 1), (1, 0), (1, 1), (2, 0)),
        matrices=np.stack([EVEN] * 5),
        model_heads={0: 2, 1: 2, 2: 1},
    )
    assert choose(more, DrawSettings()).view == "mosaic"
    assert chosen().view == "matrix"
    assert chosen(heads="L0H1").view == chosen(mean="all").view == "matrix"
    assert chosen(view="arcs").view == "arcs"


def test_means() -> None:
    assert names(mean="heads") == ["layer 0", "layer 1"]
    assert names(mean="layers") == ["head 0 of all layers", "head 1 of all layers"]
    assert names(mean="all") == ["all heads"]
    [of_all] = chosen(mean="all").drawing.panels
    np.testing.assert_allclose(of_all.weights, (FIRST + 3 * EVEN) / 4, rtol=1e-6)
    layer = chosen(mean="heads").drawing.panels[0]
    np.testing.assert_allclose(layer.weights, (FIRST + EVEN) / 2, rtol=1e-6)
    assert (layer.layer, layer.head) == (0, None)


def test_a_mean_of_some_heads_says_of_which() -> None:
    assert names(mean="all", heads="L0H1,L1H1") == ["mean of L0H1, L1H1"]
    assert names(mean="heads", heads="L0H1,L1H1") == ["mean of L0H1", "mean of L1H1"]
    assert names(mean="all", layers=(1,)) == ["layer 1"]
    assert names(mean="layers", layers=(1,)) == ["head 0 of layer 1", "head 1 of layer 1"]
    kept = weights()
    some = replace(kept, places=kept.places[:3], matrices=kept.matrices[:3])
    [panel] = choose(some, DrawSettings(mean="all")).drawing.panels
    assert panel.name == "mean of L0H0, L0H1, L1H0"


def test_content_alone_is_made_to_sum_to_1_and_what_was_removed_is_told() -> None:
    found = chosen(heads="L0H1", lens="content")
    [panel] = found.drawing.panels
    assert [str(label) for label in found.drawing.keys] == ["the", "cat", "##nap", "The"]
    assert found.keys == (1, 2, 3, 4)
    np.testing.assert_allclose(panel.weights[0], [0.2, 0.4, 0.2, 0.2], rtol=1e-6)
    np.testing.assert_allclose(panel.weights[2], [1, 0, 0, 0])
    assert panel.removed == pytest.approx((0.5 * 3 + 0) / 4)
    assert chosen().drawing.panels[0].removed == 0


def test_a_row_that_gives_content_nothing_stays_empty() -> None:
    matrix = FIRST.copy()
    matrix[1] = [1, 0, 0, 0, 0, 0]
    one = replace(weights(), matrices=matrix[None], places=((0, 0),))
    [panel] = choose(one, DrawSettings(lens="content")).drawing.panels
    assert (panel.weights[0] == 0).all()
    assert panel.removed == pytest.approx((1 + 0.5 + 0 + 0.5) / 4)


def test_the_rows_of_a_word() -> None:
    assert chosen(query="cat##nap").drawing.query == (2, 3)
    assert chosen(query="cat##nap", lens="content").drawing.query == (1, 2)
    with pytest.raises(UsageError, match="special token, which the lens content takes away"):
        chosen(query="[CLS]", lens="content")


def test_rollout_is_one_matrix_of_no_head() -> None:
    [panel] = chosen(view="rollout").drawing.panels
    assert (panel.name, panel.layer) == ("rollout", None)
    with pytest.raises(UsageError, match="all heads of all layers"):
        chosen(view="rollout", heads="L0H0")
    with pytest.raises(UsageError, match="Cross-attention has no rollout") as caught:
        choose(replace(weights(), rollout=None), DrawSettings(view="rollout"))
    assert "--stream" in caught.value.hint


def test_a_head_that_isnt_there() -> None:
    with pytest.raises(UsageError, match="There is no head L7H0") as caught:
        chosen(heads="L7H0")
    assert caught.value.hint == "There are L0H0, L0H1, L1H0, L1H1."
    with pytest.raises(UsageError, match="There is no head L7H0"):
        chosen(layers=(7,))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"heads": "L0H0", "layers": (1,)}, "--heads and --layers"),
        ({"mass_from": "a"}, "--from and --to need each other"),
        ({"mass_from": "a", "mass_to": "b", "view": "arcs"}, "--view and --from"),
        ({"mass_from": "a", "mass_to": "b", "mean": "all"}, "--mean and --from"),
        ({"mass_from": "a", "mass_to": "b", "query": "c"}, "--query and --from"),
        ({"heads": "5.7"}, "--heads is '5.7'"),
        ({"size": "3.3"}, "--size is '3.3'"),
        ({"size": "900cm"}, "--size is '900cm'"),
        ({"sentence": 0}, "--sentence is 0"),
    ],
)
def test_settings_that_cant_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        DrawSettings(**settings)
    assert caught.value.hint
