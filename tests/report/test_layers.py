from __future__ import annotations

from dataclasses import replace

import pytest

from attnviz.report.given import LayerInfo
from attnviz.report.layers import headline, key_head, listed, notes, runs
from attnviz.report.model import Report
from tests.helpers import example


def report(*layers: LayerInfo, total: int, causal: bool = True) -> Report:
    made = example.bare()
    return replace(made, model=replace(made.model, layers=total, causal=causal), layers=layers)


def shared(heads: int, keys: int) -> tuple[str, ...]:
    return notes(report(LayerInfo(0, heads, keys), total=1))


@pytest.mark.parametrize(
    ("heads", "keys", "says"),
    [
        (9, 3, "9 query heads share 3 key heads: H0–H2, H3–H5, H6–H8."),
        (4, 2, "4 query heads share 2 key heads: H0 and H1, H2 and H3."),
        (8, 1, "8 query heads share one key head."),
        (9, 2, "9 query heads share 2 key heads."),
        (64, 16, "64 query heads share 16 key heads: H0–H3, H4–H7, …, H60–H63."),
    ],
)
def test_heads_that_share_keys_are_named(heads: int, keys: int, says: str) -> None:
    assert shared(heads, keys) == (says,)


def test_where_nothing_differs_nothing_is_said() -> None:
    assert shared(8, 8) == ()
    assert notes(report(total=6)) == ()


def test_layers_that_differ_are_told_apart() -> None:
    made = report(LayerInfo(0, 8, 8), LayerInfo(1, 8, 2), LayerInfo(2, 8, 2), total=3)
    assert notes(made) == ("Layers 1, 2: 8 query heads share 2 key heads: H0–H3, H4–H7.",)
    assert [key_head(made, 1, head) for head in (0, 3, 4, 7)] == [0, 0, 1, 1]
    assert key_head(made, 9, 0) is None


def test_layers_without_attention_are_named() -> None:
    made = report(LayerInfo(1, 8, 8), LayerInfo(3, 8, 8), total=4)
    assert notes(made) == ("Layers 0, 2 have no attention.",)
    assert headline(made) == "4 layers (2 with attention) of 12 heads"


@pytest.mark.parametrize(
    ("windows", "causal", "says"),
    [
        ((128, None, 128, None, 128), True, "Layers 0, 2, 4 see the last 128 tokens only."),
        ((None, 4096), True, "Layer 1 sees the last 4,096 tokens only."),
        ((64, 64), True, "All layers see the last 64 tokens only."),
        ((None, 128), False, "Layer 1 sees a window of 128 tokens only."),
    ],
)
def test_windows_are_told(windows: tuple[int | None, ...], causal: bool, says: str) -> None:
    layers = [LayerInfo(layer, 8, 8, window) for layer, window in enumerate(windows)]
    assert notes(report(*layers, total=len(layers), causal=causal)) == (says,)


def test_both_stacks_of_a_translator_are_counted() -> None:
    made = example.translation()
    assert headline(made) == "3 encoder layers and 3 decoder layers, 12 heads each"
    decoder = replace(made.parts[1], model=replace(made.parts[1].model, heads=16))
    unequal = replace(made, parts=(made.parts[0], decoder, made.parts[2]))
    assert headline(unequal) == "3 encoder layers of 12 heads and 3 decoder layers of 16 heads"


def test_runs_are_written_short() -> None:
    assert listed([0, 1, 3, 4, 5, 9]) == "0, 1, 3–5, 9"


def test_runs_of_three_and_more_have_two_ends() -> None:
    assert runs([0, 2, 3, 5, 6, 7, 9]) == [(0, 0), (2, 2), (3, 3), (5, 7), (9, 9)]
    assert runs([]) == []
