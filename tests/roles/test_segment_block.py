"""Heads planted in pairs of texts: only one that looks at its own text is a segment block."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from attnviz.attention.batch import make
from attnviz.baselines import other_segment
from attnviz.evidence import bootstrap
from attnviz.evidence.collect import collect
from attnviz.evidence.gather import choose
from attnviz.evidence.judge import Judgement, judge
from attnviz.observers import by_segment
from attnviz.observers.by_segment import OtherSegmentKeeper
from attnviz.observers.sums import ScoreKeeper
from attnviz.roles.segment_block import ROLE
from attnviz.text.types import Tokens
from tests.helpers.planted import (
    Floats,
    Head,
    at_offset,
    even,
    layer,
    on_target,
    see,
    sentence,
    show,
)

pytestmark = pytest.mark.slow

SEP = "[SEP]"


def paired(text: str) -> Tokens:
    """Tokens of a pair: what stands behind the first [SEP] is of the second segment."""
    tokens = sentence(text)
    behind = np.cumsum([piece == SEP for piece in tokens.pieces]) > 0
    found = [None if kind else int(late) for kind, late in zip(tokens.kinds, behind, strict=True)]
    return replace(tokens, segments=tuple(found))


def pairs(count: int, *, seed: int = 0, between: str = SEP, short: int = 4) -> list[Tokens]:
    """Pairs of 4 to 12 words each, a full stop at the end of each."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        first, second = (
            " ".join(f"w{k}" for k in rng.permutation(500)[: rng.integers(short, 13)])
            for _ in range(2)
        )
        found.append(paired(f"[CLS] {first} . {between} {second} . [SEP]"))
    return found


def measure(sentences: list[Tokens], heads: list[Head], *, causal: bool = False) -> Judgement:
    scores, other = ScoreKeeper([ROLE], (), len(sentences)), OtherSegmentKeeper(sentences)
    show(sentences, heads, [scores, other], causal=causal)
    half = np.array([one.sentence.half for one in sentences])
    weights = bootstrap.weights([one.sentence.digest for one in sentences], 300, 0)
    of = {"other segment": other.fit()}, {"other segment": other.kept()}
    columns = collect(scores.table(), sentences, *of)
    return judge(choose(columns, half), half, weights)[0]


def expected(keeper: OtherSegmentKeeper, sentences: list[Tokens]) -> Floats:
    """What the sentences would put on their own segments, by habits fitted on them."""
    return other_segment.expected(keeper.fit(), sentences, [], keeper.kept())


def _rows(weights: Floats) -> Floats:
    """Each row scaled to sum to 1."""
    scaled: Floats = weights / weights.sum(1, keepdims=True)
    return scaled


def window(reach: int) -> Head:
    """A head that looks evenly at what is up to `reach` tokens away, itself left out."""

    def head(tokens: Tokens) -> Floats:
        apart = abs(np.subtract.outer(np.arange(len(tokens)), np.arange(len(tokens))))
        near = (apart > 0) & (apart <= reach)
        return _rows(near.astype(np.float64))

    return head


def fading(tokens: Tokens) -> Floats:
    """A head that looks the less at a key the farther away it is."""
    apart = abs(np.subtract.outer(np.arange(len(tokens)), np.arange(len(tokens))))
    weights = np.exp(-apart / 3.0)
    return _rows(weights)


def random(tokens: Tokens) -> Floats:
    rng = np.random.default_rng(tokens.sentence.digest)
    return rng.dirichlet(np.ones(len(tokens)), size=len(tokens))


def mixed(*parts: tuple[float, Head]) -> Head:
    return lambda tokens: np.sum([share * head(tokens) for share, head in parts], axis=0)


def on_other(tokens: Tokens) -> Floats:
    """A head that looks at the other segment only."""
    labels = np.array([-1 if one is None else one for one in tokens.segments])
    across = (labels[:, None] >= 0) & (labels >= 0) & (labels[:, None] != labels)
    weights = np.where(across, 1.0, 0.0)
    weights[~across.any(1), 0] = 1.0
    return _rows(weights)


LOCAL = ("previous", "next", "two back", "window 1", "window 2", "window 3", "window 6", "fading")
BLOCK = on_target("segment-block", 0.9)
NO_BLOCKS: dict[str, Head] = {
    "even": even,
    "itself": at_offset(0),
    "previous": at_offset(-1),
    "next": at_offset(1),
    "two back": at_offset(-2),
    "four ahead": at_offset(4, 0.8),
    "window 1": window(1),
    "window 2": window(2),
    "window 3": window(3),
    "window 6": window(6),
    "fading": fading,
    "random": random,
    "CLS": on_target("cls", 0.9),
    "SEP": on_target("separator", 0.9),
    "full stops": on_target("sentence-end", 0.9),
    "the other segment": on_other,
}
BLOCKS: dict[str, Head] = {
    "block": BLOCK,
    "weak block": mixed((0.5, BLOCK), (0.5, even)),
    "block and SEP": mixed((0.6, on_target("segment-block", 1.0)), (0.4, on_target("separator"))),
}


@pytest.mark.parametrize("between", [SEP, f"{SEP} {SEP}"], ids=["BERT", "RoBERTa"])
def test_only_heads_that_look_at_their_own_segment_are_blocks(between: str) -> None:
    heads = {**NO_BLOCKS, **BLOCKS}
    found = measure(pairs(60, between=between), list(heads.values()))
    verdicts = dict(zip(heads, found.verdicts, strict=True))
    assert verdicts == dict.fromkeys(NO_BLOCKS, "no") | dict.fromkeys(BLOCKS, "supported")


def test_where_distance_decides_the_baseline_is_the_score() -> None:
    names = [*LOCAL, "even", "random"]
    found = measure(pairs(100), [NO_BLOCKS[name] for name in names])
    assert found.score == pytest.approx(found.baseline, abs=0.02)
    assert found.score[: len(LOCAL)].min() > 0.58  # far above chance, 0.4
    assert found.against[: len(LOCAL)] == ("other segment",) * len(LOCAL)


def test_in_causal_attention_too() -> None:
    heads = [even, fading, window(2), at_offset(-1), on_target("segment-block", 0.9, causal=True)]
    found = measure(pairs(100), heads, causal=True)
    assert found.verdicts == ("no", "no", "no", "no", "supported")


def test_the_head_itself_is_left_out_and_so_are_special_tokens() -> None:
    hit = ROLE.target(paired("[CLS] a b [SEP] c [SEP]")).part((0, 6), (0, 6))
    assert np.argwhere(hit).tolist() == [[1, 2], [2, 1]]


def test_a_single_text_has_no_segments() -> None:
    found = measure([sentence("[CLS] a b [SEP]"), sentence("[CLS] c d [SEP]")], [even])
    assert found.events.tolist() == [0]
    assert found.verdicts == (None,)


def test_a_baseline_worked_out_by_hand() -> None:
    # A half on each of the other two tokens of the own segment, nothing on the other segment.
    # f(1) = 1/2. At distance 2 are four queries of the own segment and two of the other:
    # f(2) = 4 x 1/2 / 6 = 1/3. Farther away all are of the other one, and get nothing.
    # r(2) = 0, and r(1) = 1, for at distance 1 there is no other segment. M_i = 1. So
    #   first of a segment:   1/2 / (1/2 + 1/3)       = 3/5
    #   in the middle:        (1/2 + 1/2) / 1         = 1
    #   beside the separator: 1/2 / (1/2 + 1/3 + 1/3) = 3/7
    sentences = [paired(f"[CLS] a{k} b c [SEP] d e f [SEP]") for k in range(20)]
    assert {one.sentence.half for one in sentences} == {0, 1}
    keeper = OtherSegmentKeeper(sentences)
    show(sentences, [on_target("segment-block", 1.0)], [keeper])
    by_hand = np.full((20, 1), 2 * (3 / 5 + 1 + 3 / 7))
    np.testing.assert_allclose(expected(keeper, sentences), by_hand, atol=1e-5)


@dataclass(frozen=True)
class Spelled:
    """The formulas of the module, pair by pair, for one head."""

    sentences: list[Tokens]
    weights: list[Floats]
    causal: bool

    def met(self, place: int) -> list[tuple[int, int, bool]]:
        """All (query, key, whether of one segment)."""
        of = self.sentences[place].segments
        known = [token for token, one in enumerate(of) if one is not None]
        return [
            (query, key, of[query] == of[key])
            for query in known
            for key in known
            if query != key and (key < query or not self.causal)
        ]

    def due(self, place: int, habit: dict[int, float]) -> dict[tuple[int, int], float]:
        """e of each pair."""
        given, whole = defaultdict[int, float](float), defaultdict[int, float](float)
        for query, key, _ in self.met(place):
            given[query] += self.weights[place][query, key]
            whole[query] += habit.get(abs(query - key), 0.0)
        return {
            (query, key): given[query] * habit.get(abs(query - key), 0.0) / whole[query]
            for query, key, _ in self.met(place)
            if whole[query] > 0
        }

    def fitted(self, half: int) -> tuple[dict[int, float], dict[int, float]]:
        """f and r by distance, of one half of the sentences."""
        places = [at for at, one in enumerate(self.sentences) if one.sentence.half == half]
        every, across = defaultdict[int, list[float]](list), defaultdict[int, list[float]](list)
        for place in places:
            for query, key, _ in self.met(place):
                every[abs(query - key)].append(self.weights[place][query, key])
        habit = {apart: float(np.mean(found)) for apart, found in every.items()}
        due = defaultdict[int, float](float)
        for place in places:
            expected = self.due(place, habit)
            for query, key, own in self.met(place):
                if not own:
                    across[abs(query - key)].append(self.weights[place][query, key])
                    due[abs(query - key)] += expected.get((query, key), 0.0)
        return habit, {apart: sum(across[apart]) / due[apart] for apart in due if due[apart]}

    def expected(self) -> Floats:
        """E of each sentence."""
        fitted = [self.fitted(half) for half in (0, 1)]
        found = np.zeros(len(self.sentences))
        for place, one in enumerate(self.sentences):
            habit, ratio = fitted[1 - one.sentence.half]
            due = self.due(place, habit)
            mass, like = defaultdict[int, float](float), defaultdict[int, float](float)
            for query, key, own in self.met(place):
                mass[query] += self.weights[place][query, key]
                if own:
                    like[query] += due.get((query, key), 0.0) * ratio.get(abs(query - key), 1.0)
            found[place] = sum(min(mass[query], like[query]) for query in mass)
        return found


@pytest.mark.parametrize("causal", [False, True], ids=["both ways", "causal"])
@pytest.mark.parametrize("cells", [2**22, 40], ids=["whole", "in tiles"])
def test_it_is_what_the_formulas_say(
    monkeypatch: pytest.MonkeyPatch, cells: int, causal: bool
) -> None:
    monkeypatch.setattr(by_segment, "_CELLS", cells)
    sentences = pairs(12, short=2)
    heads: list[Head] = [random, mixed((0.7, random), (0.3, BLOCK))]
    keeper = OtherSegmentKeeper(sentences)
    show(sentences, heads, [keeper], causal=causal)
    found = expected(keeper, sentences)
    assert found.shape == (12, 2)
    for head, one in enumerate(heads):
        weights = [one(tokens) for tokens in sentences]
        if causal:
            weights = [_rows(np.tril(each)) for each in weights]
        spelled = Spelled(sentences, weights, causal).expected()
        np.testing.assert_allclose(found[:, head], spelled, atol=1e-5)


def test_layers_stand_side_by_side_in_their_order() -> None:
    sentences = pairs(8)
    batch = make(sentences, 0, torch.device("cpu"))
    both = OtherSegmentKeeper(sentences)
    layers = [
        layer([np.array([head(one)]) for one in sentences], number=number)
        for number, head in ((4, fading), (2, even))
    ]
    see(layers, [both], batch, range(len(sentences)))
    alone = OtherSegmentKeeper(sentences)
    see(layers[1:], [alone], batch, range(len(sentences)))
    found = expected(both, sentences)
    assert found.shape == (8, 2)
    np.testing.assert_allclose(found[:, :1], expected(alone, sentences), atol=1e-9)
