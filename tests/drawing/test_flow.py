"""Flow through layers: worked by hand, and held against a linear programme."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog  # type: ignore[import-untyped]

from attnviz.drawing import flow, tables
from attnviz.drawing.choose import Chosen, choose
from attnviz.drawing.drawing import Drawing
from attnviz.drawing.flow_lines import lines_of, reading, rule
from attnviz.drawing.settings import DrawSettings
from attnviz.errors import UsageError
from tests.helpers.drawn import random, says, svg
from tests.helpers.weights import EVEN, weights

Floats = NDArray[np.float64]

# Token 2 looks at 1 and 0 in the upper layer, 1 at 0 in the lower; the others at themselves.
LOWER = [[1.0, 0.0, 0.0], [0.6, 0.4, 0.0], [0.0, 0.0, 1.0]]
UPPER = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.2, 0.5, 0.3]]
LAYERS = np.array([LOWER, UPPER])


def test_rollout_edge_by_edge() -> None:
    run = flow.rollout(LAYERS, (2,))

    assert run.edges[1] == pytest.approx(np.array([[0, 0, 0], [0, 0, 0], [0.2, 0.5, 0.3]]))
    # Of the 0.5 that come from token 1, 0.6 came from 0.
    assert run.edges[0] == pytest.approx(np.array([[0.2, 0, 0], [0.3, 0.2, 0], [0, 0, 0.3]]))
    assert run.inputs == pytest.approx([0.5, 0.2, 0.3])
    assert run.total == pytest.approx(1.0)


def test_rollout_from_one_input_follows_its_ways_alone() -> None:
    run = flow.rollout(LAYERS, (2,), (0,))

    assert run.edges[1] == pytest.approx(np.array([[0, 0, 0], [0, 0, 0], [0.2, 0.3, 0]]))
    assert run.edges[0] == pytest.approx(np.array([[0.2, 0, 0], [0.3, 0, 0], [0, 0, 0]]))
    assert run.total == pytest.approx(0.5)
    assert run.inputs == pytest.approx([0.5, 0.2, 0.3])


def test_maximum_flow() -> None:
    run = flow.maximum(LAYERS, (2,))

    # From 0: 0.2 straight, and through 1 as much as both edges carry, min(0.6, 0.5). From 1: 0.4.
    assert run.inputs == pytest.approx([0.7, 0.4, 0.3], abs=1e-8)
    assert run.source == (0,)
    assert run.edges[1] == pytest.approx(np.array([[0, 0, 0], [0, 0, 0], [0.2, 0.5, 0]]), abs=1e-8)
    assert run.edges[0] == pytest.approx(np.array([[0.2, 0, 0], [0.5, 0, 0], [0, 0, 0]]), abs=1e-8)
    assert flow.maximum(LAYERS, (2,), (1,)).total == pytest.approx(0.4, abs=1e-8)


def test_half_of_a_token_is_itself_where_the_residual_stream_counts() -> None:
    mixed = flow.mixings(np.array([[[0.0, 0.5], [0.25, 0.25]]]), residual=True)

    assert mixed == pytest.approx(np.array([[[0.5, 0.5], [0.25, 0.75]]]))
    without = flow.mixings(np.array([[[0.0, 0.5], [0.25, 0.25]]]), residual=False)
    assert without == pytest.approx(np.array([[[0.0, 1.0], [0.5, 0.5]]]))


def by_programme(layers: Floats, into: int, source: int) -> float:
    """The maximum flow as a linear programme: the most out of `source`, what comes in goes out."""
    depth, size, _ = layers.shape
    level, query, key = np.indices(layers.shape).reshape(3, -1)
    balance = np.zeros(((depth + 1) * size, layers.size))
    columns = np.arange(layers.size)
    balance[(level + 1) * size + query, columns] += 1.0
    balance[level * size + key, columns] -= 1.0
    ends = {source, depth * size + into}
    inner = [node for node in range(len(balance)) if node not in ends]
    result = linprog(
        balance[source],
        A_eq=balance[inner],
        b_eq=np.zeros(len(inner)),
        bounds=list(zip(np.zeros(layers.size), layers.ravel(), strict=True)),
    )
    return -float(result.fun)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(2, 5), st.booleans(), st.integers(0, 2**32 - 1))
def test_maximum_flow_is_that_of_a_linear_programme(
    depth: int, size: int, causal: bool, seed: int
) -> None:
    draws = np.random.default_rng(seed)
    means = draws.dirichlet(np.full(size, 0.4), (depth, size))
    layers = flow.mixings(np.tril(means) if causal else means, residual=bool(seed % 2))

    run = flow.maximum(layers, (size - 1,))

    right = [by_programme(layers, size - 1, source) for source in range(size)]
    assert run.inputs == pytest.approx(right, abs=1e-6)
    # The edges carry no more than they can, and what comes in goes out.
    assert (run.edges <= layers + 1e-8).all()
    assert run.edges[:-1].sum(2) == pytest.approx(run.edges[1:].sum(1), abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_inputs_are_those_of_rollout_and_nothing_is_lost(depth: int, size: int, seed: int) -> None:
    layers = np.random.default_rng(seed).dirichlet(np.full(size, 0.4), (depth, size))
    whole = np.linalg.multi_dot([np.eye(size), np.eye(size), *layers[::-1]])

    run = flow.rollout(layers, (0,))

    assert run.inputs == pytest.approx(whole[0])
    assert run.edges.sum((1, 2)) == pytest.approx(np.ones(depth))
    assert run.edges[0].sum(0) == pytest.approx(run.inputs)


def chosen(**more: Any) -> Chosen:
    return choose(weights(), DrawSettings(view="flow", **more))


def drawn(**more: Any) -> Drawing:
    return chosen(**more).drawing


def test_the_flow_to_the_last_word_unless_another_is_asked_for() -> None:
    ends = drawn().flow
    assert ends is not None
    assert ends.target == (4,)  # "The", the last token with a letter that is not special
    # Both layers are even, but for half of L0H1: what comes in is what rollout says.
    half = (np.array([0.5, 0.1, 0.2, 0.1, 0.1, 0.0]) + 1 / 6) / 2
    lower = 0.5 * np.eye(6) + 0.5 * np.tile(half, (6, 1))
    lower[3] = 0.5 * np.eye(6)[3] + 0.5 * (np.eye(6)[1] + 1 / 6) / 2
    upper = 0.5 * np.eye(6) + 0.5 * EVEN
    assert ends.inputs == pytest.approx((upper @ lower)[4], abs=1e-6)
    catnap = drawn(query="cat##nap").flow
    assert catnap is not None
    assert catnap.target == (2, 3)


def test_special_tokens_are_hidden_and_what_runs_through_them_is_told() -> None:
    made = drawn(lens="content", query="the")
    whole = drawn(query="the")
    inner = [1, 2, 3, 4]
    for panel, full in zip(made.panels, whole.panels, strict=True):
        assert panel.weights == pytest.approx(full.weights[np.ix_(inner, inner)])
        assert panel.removed == pytest.approx(1 - panel.weights.sum())
    assert made.flow is not None
    assert made.flow.target == (0,)
    with pytest.raises(UsageError, match="special token"):
        drawn(lens="content", query="[CLS]")


def test_what_cant_be_drawn() -> None:
    for wrong in ({"heads": "L0H0"}, {"layers": (1,)}, {"mean": "all"}):
        with pytest.raises(UsageError, match="all heads of all layers"):
            drawn(**wrong)
    with pytest.raises(UsageError, match="Cross-attention has no flow"):
        choose(replace(weights(), rollout=None), DrawSettings(view="flow"))
    some = replace(weights(), places=((0, 0),), matrices=EVEN[None])
    with pytest.raises(UsageError, match="all heads of all layers"):
        choose(some, DrawSettings(view="flow"))
    for name, value in (("key", "the"), ("flow", "maximum")):
        asked: dict[str, Any] = {name: value}
        with pytest.raises(UsageError, match=f"--{name} is for flow"):
            DrawSettings(**asked)


def test_a_table_has_inputs_and_edges() -> None:
    made = chosen(query="the")
    assert made.drawing.flow is not None
    table = tables.long_table(made)
    rows = list(zip(*(table[name] for name in ("layer", "name", "key", "weight")), strict=True))

    assert [row[:3] for row in rows[:6]] == [(None, "rollout", key) for key in range(6)]
    assert [row[3] for row in rows[:6]] == pytest.approx(made.drawing.flow.inputs)
    of_layer = [row[3] for row in rows if row[0] == 1]
    assert sum(of_layer) == pytest.approx(1.0)
    assert min(of_layer) > 0.0
    with np.load(io.BytesIO(tables.npz(made))) as file:
        assert file["weights"].shape == (2, 6, 6)
        assert file["inputs"] == pytest.approx(made.drawing.flow.inputs, abs=1e-6)
        assert file["target"].tolist() == [1]


def test_the_rule_says_what_the_edges_carry() -> None:
    made = drawn(query="the")
    lines = lines_of(made)

    for level, covered in enumerate(lines.covered):
        at = [line.share for line in lines.lines if line.level == level]
        assert sum(at) == pytest.approx(covered)
        assert min(at) >= 0.02
    assert f"{len(lines.lines)} edges; they carry" in rule(made, lines)
    assert "the share of “the” that comes from each input, by rollout" in reading(made)
    maximum = drawn(query="the", flow="maximum", key="cat##nap")
    assert "they don’t sum to 1" in reading(maximum)
    said = says(svg("flow", maximum))
    assert said.startswith("Maximum flow from “cat” and “##nap” to “the” through 2 layers")
    assert maximum.flow is not None
    assert maximum.flow.total <= 1.0 + 1e-6


def test_of_many_tokens_those_without_an_edge_are_left_out() -> None:
    from tests.helpers.drawn import as_flow, drawing, words

    wide = as_flow("flow", drawing(words(70), 0.9 * np.eye(70) + 0.1 / 70, random(70)))

    assert "tokens without an edge left out." in says(svg("flow", wide))
