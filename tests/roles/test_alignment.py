"""The alignment role: worked out by hand, planted, and found in a model that translates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import attnviz
from attnviz.attention.batch import make
from attnviz.attention.layer import LayerAttention
from attnviz.attention.mask import Mask
from attnviz.attention.targets import KeyTarget, PairTarget, Target
from attnviz.baselines.diagonal import beside
from attnviz.baselines.shuffled import dealt
from attnviz.evidence import bootstrap
from attnviz.evidence.collect import collect
from attnviz.evidence.gather import choose
from attnviz.evidence.judge import Judgement, judge
from attnviz.models import load, names, run
from attnviz.observers.matrices import MatrixKeeper
from attnviz.observers.sums import ScoreKeeper
from attnviz.observers.tables import ScoreTable
from attnviz.report.model import Report
from attnviz.roles.role import CrossRole
from attnviz.text.files import read
from attnviz.text.split import sentences
from attnviz.text.tokenize import tokenize_all, tokenize_targets
from attnviz.text.types import Tokens
from tests.conftest import SAMPLES
from tests.helpers.planted import ROLES, STATISTICS, Floats, see, sentence

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
ALIGNMENT = next(role for role in ROLES if role.name == "alignment")
SOURCE_END = next(role for role in ROLES if role.name == "source-end")
CrossHead = Callable[[Tokens, Tokens], Floats]
"""A head of cross-attention: the weights [query, key] that it has, rows that sum to 1."""


def target(variant: str, queries: Tokens, keys: Tokens, role: Any = ALIGNMENT) -> Target:
    assert isinstance(role, CrossRole)
    return role.candidates[variant](queries, keys)


def pairs(variant: str, queries: str, keys: str) -> list[tuple[int, int]]:
    found = target(variant, sentence(queries), sentence(keys))
    assert isinstance(found, PairTarget)
    return [(int(query), int(key)) for query, key in found.pairs]


# What the decoder reads, what it looks at, and the pairs when each word "reads" its source. Of n
# sources and m words the i-th word is as far along as the source floor((i + 1/2) n / m).
#                                          floor of (i + 1/2) n / m:
BY_HAND = [
    ("a b c", "x y z", [(0, 0), (1, 1), (2, 2)]),
    ("[BOS] a b c", "x y z [SEP]", [(1, 0), (2, 1), (3, 2)]),
    ("[BOS] a b c", "[CLS] x y z w [SEP]", [(1, 1), (2, 3), (3, 4)]),  # 4/6, 12/6, 20/6
    ("[BOS] a b c d", "x y [SEP]", [(1, 0), (2, 0), (3, 1), (4, 1)]),  # 1/4, 3/4, 5/4, 7/4
    ("[BOS] a", "x y z", [(1, 1)]),  # 3/2
    ("[BOS] a", "x y z w", [(1, 2)]),  # 4/2
    ("[BOS] [CLS] a b [SEP]", "[CLS] [BOS] x y", [(2, 2), (3, 3)]),
]


@pytest.mark.parametrize(("queries", "keys", "expected"), BY_HAND)
def test_each_word_reads_the_source_that_is_as_far_along(
    queries: str, keys: str, expected: list[tuple[int, int]]
) -> None:
    assert pairs("reads", queries, keys) == expected


@pytest.mark.parametrize(("queries", "keys", "expected"), BY_HAND)
def test_the_token_before_a_word_predicts_it(
    queries: str, keys: str, expected: list[tuple[int, int]]
) -> None:
    before = [(query - 1, key) for query, key in expected if query]
    assert pairs("predicts", queries, keys) == before


def test_where_nothing_stands_first_the_first_word_has_no_one_to_predict_it() -> None:
    assert pairs("predicts", "a b c", "x y z") == [(0, 1), (1, 2)]
    # With the start token, that does it; the last word predicts no word.
    assert pairs("predicts", "[BOS] a b c", "x y z") == [(0, 0), (1, 1), (2, 2)]


@pytest.mark.parametrize("variant", ["reads", "predicts"])
def test_without_content_on_both_sides_nothing_is_aligned(variant: str) -> None:
    assert pairs(variant, "[BOS] a b", "[CLS] [SEP]") == []
    assert pairs(variant, "[BOS] [SEP]", "x y z") == []


def words(count: int, ends: str, letter: str) -> Tokens:
    return sentence(ends.format(" ".join(f"{letter}{k}" for k in range(count))))


@given(st.integers(1, 30), st.integers(1, 30))
def test_alignment_never_goes_back_and_covers_both_sides_evenly(queries: int, keys: int) -> None:
    found = target("reads", words(queries, "[BOS] {}", "t"), words(keys, "{} [SEP]", "s"))
    assert isinstance(found, PairTarget)
    assert found.pairs[:, 0].tolist() == list(range(1, queries + 1))
    looked_at = found.pairs[:, 1]
    assert (np.diff(looked_at) >= 0).all()
    assert looked_at.min() >= 0
    assert looked_at.max() < keys
    # The same backwards, but for what stands right between two.
    turned = keys - 1 - looked_at[::-1]
    assert abs(turned - looked_at).max() <= 1
    times = np.bincount(looked_at, minlength=keys)
    assert times.max() - times.min() <= 1


def test_the_end_of_the_source_is_its_last_special_token() -> None:
    queries, keys = sentence("[BOS] a b"), sentence("[CLS] x y [SEP]")
    found = target("", queries, keys, SOURCE_END)
    expected = np.zeros((3, 4), dtype=np.bool_)
    expected[1:, 3] = True
    np.testing.assert_array_equal(found.part((0, 3), (0, 4)), expected)


def layer(weights: Sequence[Floats]) -> LayerAttention:
    """Cross-attention that is `weights`, [head, query, key] a pair of sentences, padded."""
    sizes = [one.shape[1:] for one in weights]
    queries, keys = (max(side) for side in zip(*sizes, strict=True))
    wanted = torch.zeros(len(weights), len(weights[0]), queries, keys)
    seen = torch.zeros(len(weights), 1, queries, keys, dtype=torch.bool)
    for row, (one, (high, wide)) in enumerate(zip(weights, sizes, strict=True)):
        wanted[row, :, :high, :wide] = torch.from_numpy(one)
        seen[row, :, :, :wide] = True
    return LayerAttention(
        layer=0,
        query=torch.zeros(len(weights), wanted.shape[1], queries, 1),
        key=torch.zeros(len(weights), 1, keys, 1),
        scale=1.0,
        mask=Mask.of(seen),
        bias=wanted.log().clamp_min(-1e30),
        stream="cross",
    )


def measured(
    texts: Sequence[tuple[Tokens, Tokens]], heads: Sequence[CrossHead], *, at_once: int = 4
) -> ScoreTable:
    """The scores of planted heads, some sentences at once."""
    keeper = ScoreKeeper(ROLES, STATISTICS, len(texts), "cross")
    for start in range(0, len(texts), at_once):
        some = texts[start : start + at_once]
        batch = replace(
            make([queries for queries, _ in some], 0, CPU),
            keys=make([keys for _, keys in some], 0, CPU),
        )
        planted = [np.array([head(*both) for head in heads]) for both in some]
        see([layer(planted)], [keeper], batch, range(start, start + len(some)))
    return keeper.table()


def judged(texts: Sequence[tuple[Tokens, Tokens]], table: ScoreTable) -> dict[str, Judgement]:
    queries = [one for one, _ in texts]
    half = np.array([one.sentence.half for one in queries])
    weights = bootstrap.weights([one.sentence.digest for one in queries], 200, 0)
    found = judge(choose(collect(table, queries), half), half, weights)
    return {one.role.name: one for one in found}


def even(queries: Tokens, keys: Tokens) -> Floats:
    return np.full((len(queries), len(keys)), 1 / len(keys))


def aligned(variant: str, share: float) -> CrossHead:
    """`share` of each row with a target on it, the rest on all other keys alike."""

    def head(queries: Tokens, keys: Tokens) -> Floats:
        hit = target(variant, queries, keys).part((0, len(queries)), (0, len(keys)))
        off = (1 - share) / (len(keys) - 1)
        return np.where(hit.any(1, keepdims=True), np.where(hit, share, off), even(queries, keys))

    return head


def on_the_third(queries: Tokens, keys: Tokens) -> Floats:
    return np.tile(np.arange(len(keys)) == 2, (len(queries), 1)) * 1.0


FIRST = sentence("[BOS] a b c"), sentence("[CLS] x y z w [SEP]")
SECOND = sentence("[BOS] d e f g h"), sentence("o p q [SEP]")


@pytest.mark.parametrize("texts", [(FIRST,), (FIRST, SECOND)], ids=["alone", "padded"])
@pytest.mark.parametrize("variant", ["reads", "predicts"])
def test_a_planted_head_has_its_score(variant: str, texts: tuple[Any, ...]) -> None:
    found = measured(texts, [aligned(variant, 0.7), even, on_the_third])
    sums, place = found.layers[0], found.place("alignment", variant)
    # Three pairs, and six keys that are seen: two content tokens of the four are targets.
    assert sums.events[0, 0, place] == 3
    assert sums.chance[0, 0, place] == pytest.approx(3 / 6)
    # "reads" looks at 1, 3, 4 and so does "predicts", one query earlier: never at 2.
    assert sums.mass[0, :, place] == pytest.approx([2.1, 0.5, 0.0], abs=1e-6)
    end = found.place("source-end")
    # Of the three words each row but the last, which predicts nothing, leaves 0.3 / 5 there.
    rest = 3 * 0.06 if variant == "reads" else 2 * 0.06 + 1 / 6
    assert sums.mass[0, :, end] == pytest.approx([rest, 0.5, 0.0], abs=1e-6)


def test_the_wrong_convention_scores_what_is_left_over() -> None:
    found = measured([FIRST], [aligned("predicts", 0.7)])
    # The words are at 1, 2, 3; their own sources at 1, 3, 4. Rows 0, 1, 2 look at 1, 3, 4; so
    # rows 1 and 2 have 0.3 / 5 at their own, and row 3 is even.
    mass = found.layers[0].mass[0, 0, found.place("alignment", "reads")]
    assert mass == pytest.approx(0.06 + 0.06 + 1 / 6, abs=1e-6)


def pairs_of_texts(count: int) -> list[tuple[Tokens, Tokens]]:
    rng = np.random.default_rng(1)
    found = []
    for _ in range(count):
        sizes = rng.integers(6, 12, 2)
        texts = [" ".join(f"w{k}" for k in rng.integers(0, 500, size)) for size in sizes]
        found.append((sentence(f"[BOS] {texts[0]}"), sentence(f"{texts[1]} [SEP]")))
    return found


def test_planted_heads_are_judged() -> None:
    texts = pairs_of_texts(80)
    heads = [aligned("reads", 0.6), aligned("predicts", 0.6), even, on_the_third]
    table = measured(texts, heads)
    found = judged(texts, table)["alignment"]
    assert found.verdicts == ("supported", "supported", "no", "no")
    assert found.variants[:2] == ("reads", "predicts")
    assert found.score[:2] == pytest.approx([0.6, 0.6], abs=1e-6)
    # A head that looks at one place whatever the query has as much on targets dealt out anew.
    place = table.place("alignment")
    mass = table.over_heads("mass")[..., place]
    shuffled = table.over_heads("beside")[..., table.place_beside("shuffled", "alignment")]
    np.testing.assert_allclose(mass[:, 3], shuffled[:, 3], atol=1e-6)
    assert shuffled[:, 0].sum() < 0.5 * mass[:, 0].sum()


def around(queries: Tokens, keys: Tokens) -> Floats:
    """A third of each row on the aligned word and on either neighbour, whatever they are."""
    hit = target("reads", queries, keys).part((0, len(queries)), (0, len(keys))) * 1.0
    near = hit + np.roll(hit, 1, axis=1) + np.roll(hit, -1, axis=1)
    return np.where(hit.any(1, keepdims=True), near / 3, even(queries, keys))


def test_a_head_that_looks_around_the_diagonal_is_not_one_that_aligns() -> None:
    texts = pairs_of_texts(80)
    found = judged(texts, measured(texts, [around, aligned("reads", 0.6)]))["alignment"]
    # A third there, far above chance and what is dealt out anew, but as much right beside it.
    assert found.score[0] == pytest.approx(1 / 3, abs=1e-6)
    assert found.chance[0] < 0.15
    assert found.against[0] == "diagonal"
    assert found.baseline[0] == pytest.approx(1 / 3, abs=1e-6)
    assert found.verdicts == ("no", "supported")


def test_the_words_beside_are_left_and_right_in_turn_and_inwards_at_the_ends() -> None:
    own = PairTarget(np.array([(1, 2), (2, 3), (3, 3), (4, 4), (5, 6)]), 6)
    assert beside(own).pairs.tolist() == [[1, 3], [2, 4], [3, 2], [4, 5], [5, 5]]
    assert own.pairs[:, 1].tolist() == [2, 3, 3, 4, 6]
    single = PairTarget(np.array([(1, 2), (2, 2)]), 3)
    assert beside(single).pairs.tolist() == single.pairs.tolist()
    assert beside(PairTarget(np.zeros((0, 2), np.int64), 3)).pairs.shape == (0, 2)
    with pytest.raises(TypeError, match="only pairs"):
        beside(KeyTarget(np.ones(2, np.bool_), np.ones(2, np.bool_)))


def test_the_shuffled_baseline_is_the_mass_on_the_dealt_pairs() -> None:
    texts = pairs_of_texts(6)
    head = aligned("reads", 0.6)
    table = measured(texts, [head])
    for variant in ("reads", "predicts"):
        place = table.place_beside("shuffled", "alignment", variant)
        found = table.layers[0].beside[:, 0, place]
        for row, (queries, keys) in enumerate(texts):
            anew = dealt(target(variant, queries, keys), queries.sentence.digest)
            weights = head(queries, keys)[anew.pairs[:, 0], anew.pairs[:, 1]]
            assert found[row] == pytest.approx(weights.sum(), abs=1e-6)


def test_the_shuffled_baseline_depends_on_the_text_alone() -> None:
    texts = pairs_of_texts(9)
    heads = [aligned("reads", 0.6), even]
    table, alone = measured(texts, heads), measured(texts[::-1], heads, at_once=1)
    place = table.place_beside("shuffled", "alignment")
    one, other = (found.layers[0].beside[..., place] for found in (table, alone))
    np.testing.assert_allclose(one, other[::-1], atol=1e-6)
    assert one[:, 0].std() > 0.1


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**64 - 1))
def test_dealing_out_anew_keeps_queries_and_keys(queries: int, keys: int, seed: int) -> None:
    before = target("reads", words(queries, "[BOS] {}", "t"), words(keys, "{}", "s"))
    assert isinstance(before, PairTarget)
    kept = before.pairs.copy()
    after, again = dealt(before, seed), dealt(before, seed)
    np.testing.assert_array_equal(after.pairs, again.pairs)
    np.testing.assert_array_equal(before.pairs, kept)
    assert after.tokens == before.tokens
    np.testing.assert_array_equal(after.pairs[:, 0], kept[:, 0])
    assert sorted(after.pairs[:, 1]) == sorted(kept[:, 1])


def test_only_pairs_can_be_dealt_out_anew() -> None:
    with pytest.raises(TypeError, match="only pairs"):
        dealt(KeyTarget(np.ones(2, np.bool_), np.ones(2, np.bool_)), 0)
    with pytest.raises(TypeError, match="only pairs"):
        dealt(None, 0)


TRANSLATION = SAMPLES / "translation"


@pytest.fixture(scope="module")
def translated() -> Report:
    return attnviz.analyze(
        TRANSLATION / "model",
        TRANSLATION / "source.txt",
        targets=TRANSLATION / "target.txt",
        illustrate=0,
        resamples=100,
    )


def test_a_translation_has_three_parts(translated: Report) -> None:
    assert [part.attention for part in translated.parts] == ["encoder", "decoder", "cross"]
    assert [part.model.causal for part in translated.parts] == [False, True, False]
    for part in translated.parts:
        assert len(part.sentences) == 120
        assert len(part.heads) == 2 * 4
    lines = [
        (TRANSLATION / name).read_text(encoding="utf-8").splitlines()
        for name in ("source.txt", "target.txt")
    ]
    cross = translated.part("cross").sentences
    for one, source, written in zip(cross, *lines, strict=True):
        assert one.text == written
        assert one.tokens[1:] == tuple(written.split())
        assert one.keys == (*source.split(), "</s>")
        assert len(one.received) == len(one.keys)
        assert one.rollout == ()


def test_a_head_of_a_translator_is_found_to_align(translated: Report) -> None:
    found = translated.part("cross").head(1, 0).roles["alignment"]
    assert found.verdict == "supported"
    assert found.variant == "predicts"
    assert (found.margin_low or 0.0) > 0.1
    roles = {role.name for role in translated.part("cross").roles}
    assert {"alignment", "source-end"} <= roles
    assert not roles & {"self", "previous-token", "next-token", "induction"}
    for part in ("encoder", "decoder"):
        assert "alignment" not in {role.name for role in translated.part(part).roles}


def test_that_head_looks_at_the_words_that_the_sample_aligns() -> None:
    loaded = load.load(names.resolve(str(TRANSLATION / "model")), device=CPU)
    files = [read([str(TRANSLATION / f"{side}.txt")], None) for side in ("source", "target")]
    found, lines = (sentences(file, "line") for file in files)
    sources = tokenize_all(found, loaded.tokenizer, loaded.limit)
    targets = tokenize_targets(lines, loaded.tokenizer, loaded.limit, loaded.decoder_start)
    keeper = MatrixKeeper({(1, 0)}, 1000, "cross")
    run.observe(loaded, sources, [keeper], targets=targets)
    hits = []
    for place, line in enumerate(
        (TRANSLATION / "alignment.txt").read_text(encoding="utf-8").splitlines()
    ):
        weights = keeper.drawn[place].heads[1, 0]
        for link in line.split():
            source, word = map(int, link.split("-"))
            # The start token stands first, so the query at the word's number predicts the word.
            hits.append(int(weights[word].argmax()) == source)
    assert len(hits) > 1000
    assert np.mean(hits) > 0.9
