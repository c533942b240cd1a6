"""Every kernel equals plain loops over queries and keys, whatever the shapes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from attnviz.attention import inputs
from attnviz.attention.kernels import compiled, fused
from attnviz.attention.layer import LayerAttention
from attnviz.attention.mask import Mask
from attnviz.attention.pack import pack
from attnviz.attention.request import JoinedRequest, Kernel
from attnviz.attention.targets import KeyTarget, MatchTarget, OffsetTarget, PairTarget, Target
from tests.helpers.planted import Floats, layer, visible
from tests.helpers.rounding import FLOOR, MULTIPLE

pytestmark = pytest.mark.slow

KERNELS: tuple[Kernel, ...] = ("dense", "tiles", "fused")

CPU = torch.device("cpu")
MANY = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@dataclass(frozen=True)
class Case:
    """A layer with random queries and keys, and the lengths of its padded sentences."""

    attention: LayerAttention
    lengths: tuple[int, ...]
    seed: int

    def rng(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)

    @property
    def seen(self) -> NDArray[np.bool_]:
        """The mask, [batch, query, key]."""
        found: NDArray[np.bool_] = self.attention.mask.dense()[:, 0].numpy()
        return found

    def asked(
        self, kernel: Kernel, targets: list[list[Target | None]] | None = None
    ) -> JoinedRequest:
        """A request with random queries and strips that asks for everything."""
        rng, shape = self.rng(), (len(self.lengths), max(self.lengths))
        packed = pack(targets or [[] for _ in self.lengths], shape[1], shape[1], CPU)
        return JoinedRequest(
            torch.from_numpy(rng.random(shape) > 0.4),
            torch.from_numpy(rng.random(shape) > 0.3),
            packed,
            frozenset({"by_offset", "head_mean"}),
            kernel,
        )


@st.composite
def layers(draw: st.DrawFn) -> Case:
    """Layers with everything that can shape scores: padding, causal masks and windows, grouped
    keys, soft caps, position biases, sink logits."""
    seed = draw(st.integers(0, 10_000))
    generator = torch.Generator().manual_seed(seed)
    lengths = tuple(draw(st.lists(st.integers(1, 7), min_size=1, max_size=3)))
    key_heads, groups, width = (
        draw(st.integers(1, 3)),
        draw(st.integers(1, 3)),
        draw(st.integers(1, 5)),
    )
    heads, longest = key_heads * groups, max(lengths)
    seen = visible(lengths, causal=draw(st.booleans()))
    if draw(st.booleans()):  # a mask with holes, which no kernel but the plain ones takes
        seen &= torch.rand(seen.shape, generator=generator) > 0.3
    window = draw(st.none() | st.integers(1, 3))
    if window is not None:
        seen &= torch.ones(longest, longest, dtype=torch.bool).triu(1 - window).tril(window - 1)

    def normal(*shape: int) -> torch.Tensor:
        return 2 * torch.randn(*shape, generator=generator)

    return Case(
        LayerAttention(
            layer=0,
            query=normal(len(lengths), heads, longest, width),
            key=normal(len(lengths), key_heads, longest, width),
            scale=draw(st.sampled_from([0.1, 1.0])),
            mask=Mask.of(seen),
            bias=normal(1, heads, longest, longest) if draw(st.booleans()) else None,
            softcap=draw(st.none() | st.just(1.5)),
            sinks=normal(heads) if draw(st.booleans()) else None,
        ),
        lengths,
        seed,
    )


def plain_weights(attention: LayerAttention) -> Floats:
    """The matrix [batch, head, query, key] one cell at a time, from the definition."""
    query, key = attention.query.double().numpy(), attention.key.double().numpy()
    seen = attention.mask.dense().numpy()
    batch, heads, size, _ = query.shape
    groups = heads // key.shape[1]
    out = np.zeros((batch, heads, size, size))
    for b, h, i in np.ndindex(batch, heads, size):
        powers = np.zeros(size)
        for j in range(size):
            score = attention.scale * float(query[b, h, i] @ key[b, h // groups, j])
            if attention.softcap is not None:
                score = attention.softcap * math.tanh(score / attention.softcap)
            if attention.bias is not None:
                score += float(attention.bias[0, h, i, j])
            powers[j] = math.exp(score) if seen[b, 0, i, j] else 0.0
        sink = 0.0 if attention.sinks is None else math.exp(float(attention.sinks[h]))
        if powers.sum() > 0:
            out[b, h, i] = powers / (powers.sum() + sink)
    return out


@MANY
@given(layers())
def test_weights(case: Case) -> None:
    found = case.attention.weights.numpy()
    np.testing.assert_allclose(found, plain_weights(case.attention), atol=2e-6)


@pytest.fixture(autouse=True, scope="module")
def small_blocks() -> Iterator[None]:
    """Blocks of few rows, so that even these small layers take several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fused, "CELLS", 24)
        patch.setattr(fused, "ROWS", 2)
        patch.setitem(inputs.CELLS, "cpu", 24)
        yield


@pytest.mark.parametrize("kernel", KERNELS)
@MANY
@given(case=layers())
def test_uniform_is_one_over_the_visible_keys(kernel: Kernel, case: Case) -> None:
    attention = replace(case.attention, joined=case.asked(kernel)).uniform
    expected = case.seen / np.maximum(case.seen.sum(-1, keepdims=True), 1)
    np.testing.assert_allclose(attention.weights[:, 0], expected, atol=1e-7)
    np.testing.assert_allclose(attention.head_mean, expected, atol=1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
@MANY
@given(case=layers())
def test_row_functionals(kernel: Kernel, case: Case) -> None:
    request, weights = case.asked(kernel), plain_weights(case.attention)
    attention = replace(case.attention, joined=request)
    for b, h, i in np.ndindex(*weights.shape[:3]):
        keys = case.seen[b, i].nonzero()[0]
        row = weights[b, h, i][keys]
        if not len(row):
            continue
        where = b, h, i
        logs = [a * math.log(a) for a in row if a > 0]
        apart = sum(abs(x - y) for x in row for y in row)
        assert attention.entropy[where] == pytest.approx(-sum(logs), abs=1e-5)
        assert attention.distance[where] == pytest.approx(float(row @ abs(keys - i)), abs=1e-5)
        assert attention.confidence[where] == pytest.approx(row.max(), abs=2e-6)
        assert attention.total[where] == pytest.approx(row.sum(), abs=2e-6)
        assert attention.top[where] == pytest.approx(sum(sorted(row)[-3:]), abs=2e-6)
        if request.content[b, i] and len(row) > 1:
            gini = apart / (2 * len(row) * row.sum())
            assert attention.gini[where] == pytest.approx(gini, abs=1e-5)
        else:
            assert attention.gini[where].isnan()


@pytest.mark.parametrize("kernel", KERNELS)
@MANY
@given(case=layers())
def test_column_sums_and_diagonals(kernel: Kernel, case: Case) -> None:
    request, weights, size = case.asked(kernel), plain_weights(case.attention), max(case.lengths)
    attention, rows = replace(case.attention, joined=request), request.content.numpy()
    received, diagonals = np.zeros(weights.shape[:3]), np.zeros((*weights.shape[:2], 2 * size - 1))
    seen = np.zeros((len(rows), 2 * size - 1))
    for b, i, j in np.ndindex(len(rows), size, size):
        received[b, :, j] += rows[b, i] * weights[b, :, i, j]
        diagonals[b, :, j - i + size - 1] += rows[b, i] * weights[b, :, i, j]
        seen[b, j - i + size - 1] += rows[b, i] and bool(case.seen[b, i, j])
    np.testing.assert_allclose(attention.received, received, atol=1e-5)
    np.testing.assert_allclose(attention.by_offset, diagonals, atol=1e-5)
    np.testing.assert_array_equal(attention.mask.by_offset(request.content), seen)
    chosen = (case.seen & request.strips.numpy()[:, None]).sum(-1)
    np.testing.assert_array_equal(attention.mask.count(request.strips)[:, 0], chosen)


@pytest.mark.parametrize("kernel", KERNELS)
@MANY
@given(case=layers())
def test_head_mean_has_rows_that_sum_to_one(kernel: Kernel, case: Case) -> None:
    weights = plain_weights(case.attention).mean(1)
    total = weights.sum(-1, keepdims=True)
    expected = weights / np.where(total > 0, total, 1)
    attention = replace(case.attention, joined=case.asked(kernel))
    np.testing.assert_allclose(attention.head_mean, expected, atol=1e-5)


@pytest.mark.parametrize("kernel", KERNELS)
@MANY
@given(case=layers())
def test_values_are_mixed_as_the_model_would(kernel: Kernel, case: Case) -> None:
    batch, heads, size = plain_weights(case.attention).shape[:3]
    key_heads = case.attention.key.shape[1]
    values = case.rng().normal(size=(batch, key_heads, size, 3)).astype(np.float32)
    attention = replace(case.attention, value=torch.from_numpy(values), joined=case.asked(kernel))
    expected = plain_weights(case.attention) @ values.repeat(heads // key_heads, axis=1)
    np.testing.assert_allclose(attention.mixed, expected, atol=1e-5)


@MANY
@given(case=layers())
def test_a_part_of_a_layer_is_those_rows(case: Case) -> None:
    rows = torch.from_numpy(case.rng().permutation(max(case.lengths))[:3].copy())
    sentence = len(case.lengths) - 1
    part = case.attention.part(rows, sentence)
    expected = plain_weights(case.attention)[sentence][:, rows.numpy()]
    np.testing.assert_allclose(part.weights[0], expected, atol=2e-6)


def some_targets(rng: np.random.Generator, size: int) -> list[Target | None]:
    """Two targets of each kind, and a column without any."""
    labels = rng.integers(-1, 3, (3, size))

    def flags() -> NDArray[np.bool_]:
        return rng.random(size) > 0.5

    def cells() -> NDArray[np.int64]:
        return np.argwhere(rng.random((size, size)) > 0.7)

    return [
        PairTarget(cells(), size),
        KeyTarget(flags(), flags()),
        OffsetTarget(flags(), (-2, 1)),
        None,
        OffsetTarget(flags(), (0,)),
        PairTarget(cells(), size),
        KeyTarget(flags(), flags()),
        MatchTarget(labels[0], labels[0]),
        MatchTarget(labels[1], labels[2], before=True),
    ]


@pytest.mark.parametrize("kernel", KERNELS)
@MANY
@given(case=layers())
def test_masses_on_targets(kernel: Kernel, case: Case) -> None:
    rng = case.rng()
    targets = [some_targets(rng, length) for length in case.lengths]
    if len(targets) > 1:
        targets[0][1] = None  # A column that one sentence lacks is empty there.
    attention = replace(case.attention, joined=case.asked(kernel, targets))
    weights, columns = plain_weights(case.attention), len(targets[0])
    mass, events = np.zeros((*weights.shape[:2], columns)), np.zeros((len(targets), columns))
    for b, row in enumerate(targets):
        for column, target in enumerate(row):
            if target is None:
                continue
            size = case.lengths[b]
            hit = target.part((0, size), (0, size))
            mass[b, :, column] = (weights[b, :, :size, :size] * hit).sum((1, 2))
            events[b, column] = (hit & case.seen[b, :size, :size]).any(1).sum()
    np.testing.assert_allclose(attention.masses, mass, atol=1e-5)
    np.testing.assert_array_equal(attention.uniform.reached[:, 0], events)


def test_a_column_of_two_kinds_is_refused() -> None:
    ones = np.ones(2, dtype=np.bool_)
    with pytest.raises(TypeError, match=r"KeyTarget.+OffsetTarget"):
        pack([[KeyTarget(ones, ones)], [OffsetTarget(ones, (1,))]], 2, 2, CPU)


@MANY
@given(case=layers())
def test_the_bound_on_accidental_strips_holds(case: Case) -> None:
    request, weights, rng = case.asked("dense"), plain_weights(case.attention), case.rng()
    bound = replace(case.attention, joined=request).dealt.numpy()
    content, strips = request.content.numpy(), request.strips.numpy()
    for b, h in np.ndindex(*weights.shape[:2]):
        largest = []
        for _ in range(60):
            columns = np.zeros(weights.shape[-1])
            for i in content[b].nonzero()[0]:
                held = (case.seen[b, i] & strips[b]).nonzero()[0]
                columns[held] += rng.permutation(weights[b, h, i, held])
            largest.append(columns.max())
        # The mean of 60 draws is within three standard errors of what is bounded.
        slack = 3 * np.std(largest) / math.sqrt(len(largest)) + 1e-4
        assert np.mean(largest) <= bound[b, h] + slack


def test_strips_of_one_hot_rows_by_hand() -> None:
    # Four queries, each with all its weight on one of four keys: a column gets 1 on average with
    # variance 4 (1/4)(3/4), and no weight is above 1.
    attention = layer([np.eye(4)[None]])
    expected = 1 + math.sqrt(2 * 0.75 * math.log(4)) + math.log(4) / 3
    assert attention.dealt.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("kernel", KERNELS)
def test_rows_that_see_nothing_are_empty_not_unknown(kernel: Kernel) -> None:
    hidden = Mask.of(torch.zeros(1, 1, 3, 3).bool())
    one = layer([np.full((2, 3, 3), 1 / 3)])
    request = replace(one.request, needs=frozenset({"head_mean"}), kernel=kernel)
    nothing = replace(one, mask=hidden, joined=request)
    for found in (nothing.weights, nothing.entropy, nothing.head_mean, nothing.total):
        assert not found.isnan().any()
        assert not found.any()
    assert nothing.gini.isnan().all()


@pytest.mark.parametrize("kernel", KERNELS)
def test_long_rows_keep_their_precision(kernel: Kernel) -> None:
    # Half precision in, and 1,024 keys: the numbers are still those of float64.
    generator = torch.Generator().manual_seed(0)
    query, key = (torch.randn(1, 1, 1024, 8, generator=generator).half() for _ in "qk")
    everything = torch.ones(1, 1024, dtype=torch.bool)
    attention = LayerAttention(
        0,
        query,
        key,
        1.0,
        Mask.plain(1024, 1024, CPU, causal=False),
        joined=JoinedRequest(everything, everything, kernel=kernel),
    )
    exact = (query.double() @ key.double().transpose(-1, -2)).softmax(-1)
    eager = (query.float() @ key.float().transpose(-1, -2)).softmax(-1).double()
    for name, numbers in sums_of(exact).items():
        off = (getattr(attention, name) - numbers).abs().max() / numbers.max()
        eager_off = (sums_of(eager)[name] - numbers).abs().max() / numbers.max()
        assert off < MULTIPLE * max(float(eager_off), FLOOR), name


def sums_of(weights: torch.Tensor) -> dict[str, torch.Tensor]:
    steps = torch.arange(weights.shape[-1]).double()
    return {
        "total": weights.sum(-1),
        "entropy": torch.special.entr(weights).sum(-1),
        "distance": (weights * (steps[:, None] - steps).abs()).sum(-1),
        "received": weights.sum(2),
    }


def test_few_rows_of_a_long_sentence_are_sorted_evenly_spread() -> None:
    content = torch.ones(2, 100, dtype=torch.bool)
    content[1, 10:] = False
    rows = JoinedRequest(content, content).sorted_rows
    assert rows.shape == (2, 32)
    assert rows[0, 0] == 0
    assert set(rows[0].diff().tolist()) == {3, 4}
    assert rows[1].tolist() == [*range(10), *[-1] * 22]


def test_what_is_kept_of_compiled_code_follows_every_source_of_the_kernels(tmp_path: Path) -> None:
    for name in ("loops.py", "lanes.py"):
        (tmp_path / name).write_text("one")
    before = compiled.stamp(tmp_path)
    assert compiled.stamp.__wrapped__(tmp_path) == before
    (tmp_path / "lanes.py").write_text("two")
    assert compiled.stamp.__wrapped__(tmp_path) != before
