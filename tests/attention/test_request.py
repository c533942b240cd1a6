"""What several observers ask of a layer is measured once, and each reads back its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from attnviz.attention.batch import Batch, make
from attnviz.attention.kernels import has_fused
from attnviz.attention.layer import LayerAttention
from attnviz.attention.merge import Wording
from attnviz.attention.observer import Observer
from attnviz.attention.pack import pack
from attnviz.attention.request import Kernel, Request, join
from attnviz.attention.targets import KeyTarget, MatchTarget, OffsetTarget, PairTarget, Target
from attnviz.models.run import observe
from attnviz.observers.sums import ScoreKeeper
from attnviz.roles.role import TargetRole
from attnviz.text.merge import Merged
from attnviz.text.types import Tokens
from tests.helpers import tiny
from tests.helpers.merged import groups_of
from tests.helpers.planted import layer, sentence

pytestmark = pytest.mark.slow

KERNELS: tuple[Kernel, ...] = ("dense", "tiles", *(("fused",) if has_fused() else ()))
Row = list[Target | None]


def ones(tokens: Tokens) -> NDArray[np.bool_]:
    return np.ones(len(tokens), np.bool_)


def near(tokens: Tokens) -> Row:
    """The token before, and every second token."""
    even = np.arange(len(tokens)) % 2 == 0
    return [OffsetTarget(ones(tokens), (-1,)), KeyTarget(ones(tokens), even)]


def others(tokens: Tokens) -> Row:
    """The token before once more, tokens of the same third, and the first token."""
    thirds = np.arange(len(tokens)) % 3
    first = np.array([[i, 0] for i in range(1, len(tokens))], np.int64).reshape(-1, 2)
    return [
        PairTarget(first, len(tokens)),
        MatchTarget(thirds, thirds),
        OffsetTarget(ones(tokens), (-1,)),
    ]


class Asker(Observer):
    """Asks for targets and keeps what it reads of them, by layer."""

    def __init__(self, targets: Callable[[Tokens], Row]) -> None:
        self.targets = targets
        self.read: dict[int, list[torch.Tensor]] = {}

    def ask(self, batch: Batch, places: Sequence[int]) -> Request:  # noqa: ARG002
        return Request([self.targets(tokens) for tokens in batch.sentences])

    def see(self, attention: LayerAttention) -> None:
        even = attention.uniform
        by_chance = attention.once("by chance", lambda: (even.masses, even.reached))
        self.read[attention.layer] = [attention.masses, attention.reached, *by_chance]


WORDS = [groups_of([2, 1, 3]), groups_of([1, 2, 2, 3])]
TOKENS = tiny.tokens(
    torch.randint(5, 60, (2, 8), generator=torch.Generator().manual_seed(3)), (6, 8)
)


def run(kind: str, kernel: Kernel, observers: Sequence[Observer], *, words: bool = False) -> None:
    merged = [Merged(sentence(" ".join("abcdefgh"[: len(groups)])), groups) for groups in WORDS]
    wording = Wording(merged) if words else None
    observe(tiny.loaded(kind), TOKENS, observers, kernel=kernel, wording=wording)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("kind", "words"), [("llama", False), ("mpnet", False), ("bert", True)])
def test_each_of_two_observers_reads_what_it_would_alone(
    kernel: Kernel, kind: str, words: bool
) -> None:
    both, alone = ([Asker(near), Asker(others)] for _ in range(2))
    run(kind, kernel, both, words=words)
    for own, other in zip(both, alone, strict=True):
        run(kind, kernel, [other], words=words)
        assert own.read.keys() == other.read.keys() == {0, 1, 2}
        for number, expected in other.read.items():
            for got, wanted in zip(own.read[number], expected, strict=True):
                torch.testing.assert_close(got, wanted, rtol=1e-5, atol=1e-6)


def test_what_two_ask_alike_is_measured_once() -> None:
    batch = make([sentence("a b c"), sentence("d e")], 0, torch.device("cpu"))
    requests = [
        Request([targets(tokens) for tokens in batch.sentences]) for targets in (near, others)
    ]
    joined = join(batch, requests)
    assert joined.targets is not None
    assert len(joined.targets.order) == 4, "the token before is asked for by both"
    columns = [joined.columns[request] for request in requests]
    assert [own.tolist() for own in columns if own is not None] == [[0, 1], [2, 3, 0]]


def test_who_asked_for_no_targets_reads_none() -> None:
    batch = make([sentence("a b")], 0, torch.device("cpu"))
    asking, other = Request([near(batch.sentences[0])]), Request()
    whole = layer([np.full((1, 2, 2), 0.5)])
    shown = replace(whole, joined=join(batch, [asking, other]))
    assert shown.shown_to(asking).masses.shape == (1, 1, 2)
    with pytest.raises(ValueError, match="no targets"):
        shown.shown_to(other).masses  # noqa: B018
    assert shown.shown_to(other).measured is shown.measured


# Each sentence looks as far back as it has tokens, and to the next one.
BY_LENGTH = TargetRole(
    name="by-length",
    title="as far back as the sentence is long",
    family="position",
    letter="L",
    order=1,
    about="",
    formula="",
    source="",
    margin=0.1,
    does="looks as far back as the sentence is long",
    target=lambda tokens: OffsetTarget(ones(tokens), (1, 4 - len(tokens))),
)


class Weights(Observer):
    """Keeps the matrices."""

    def __init__(self) -> None:
        self.layers: dict[int, NDArray[np.float64]] = {}

    def see(self, attention: LayerAttention) -> None:
        self.layers[attention.layer] = attention.weights.double().numpy()


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    ("kind", "words"), [("bert", False), ("llama", False), ("mpnet", False), ("bert", True)]
)
def test_each_sentence_is_scored_by_its_own_offsets(kernel: Kernel, kind: str, words: bool) -> None:
    scores, matrices = ScoreKeeper([BY_LENGTH], [], 2), Weights()
    run(kind, kernel, [scores, matrices], words=words)
    lengths = list(map(len, WORDS if words else TOKENS))
    assert lengths[0] != lengths[1], "or nothing would be seen"
    table = scores.table()
    for number, sums in zip(table.numbers, table.layers, strict=True):
        for row, size in enumerate(lengths):
            weights = matrices.layers[number][row]
            cells = [(i, i + k) for i in range(size) for k in {1, 4 - size} if 0 <= i + k < size]
            seen = [(i, j) for i, j in cells if kind != "llama" or j <= i]
            expected = sum(weights[:, i, j] for i, j in cells)
            np.testing.assert_allclose(sums.mass[row, :, 0], expected, rtol=1e-5)
            assert sums.events[row, 0, 0] == len({i for i, _ in seen})


def test_offsets_that_all_sentences_share_ride_on_the_sums_by_offset() -> None:
    shared = [[OffsetTarget(np.ones(n, np.bool_), (-1, 2))] for n in (3, 5)]
    packed = pack(shared, 5, 5, torch.device("cpu"))
    assert packed.offsets == ((0, -1), (0, 2))
    assert not len(packed.pairs)
    apart = [shared[0], [OffsetTarget(np.ones(5, np.bool_), (-3, -3))]]
    packed = pack(apart, 5, 5, torch.device("cpu"))
    assert not packed.offsets
    # Of the first sentence -1 and 2 (which stands in the padding), of the second -3.
    first = [[0, 0, 2, 0], [0, 1, 0, 0], [0, 1, 3, 0], [0, 2, 1, 0], [0, 2, 4, 0]]
    assert packed.pairs.tolist() == [*first, [1, 3, 0, 0], [1, 4, 1, 0]]


def test_matches_that_look_another_way_in_each_sentence() -> None:
    labels = np.zeros(3, np.int64)
    columns = [[MatchTarget(labels, labels, before=before)] for before in (False, True)]
    packed = pack(columns, 3, 3, torch.device("cpu"))
    of_both = [[q, k] for q in range(3) for k in range(3) if q != k]
    rows = [[0, *pair, 0] for pair in of_both] + [[1, q, k, 0] for q, k in of_both if k < q]
    assert packed.pairs.tolist() == rows
