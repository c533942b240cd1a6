"""A head planted to play a role has the score, chance level and events worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.roles.vertical_strip import ROLE as STRIP
from tests.helpers.planted import COLUMNS, even, measure, on_target, sentence

pytestmark = pytest.mark.slow

#          0     1   2   3 4   5   6 7
SHORT = "[CLS] the cat , the dog . [SEP]"
LONG = "[CLS] one sentence more , so that the other one is padded . [SEP]"

# Attention both ways: every query sees 8 keys. role -> (events, keys of the target a query).
BOTH_WAYS = {
    "self": (6, 1),
    "previous-token": (6, 1),
    "next-token": (6, 1),
    "local-window": (6, (3 + 4 + 4 + 4 + 4 + 3) / 6),
    "fixed-offset -3": (4, 1),  # 3 to 6
    "fixed-offset +2": (5, 1),  # 1 to 5
    "fixed-offset +8": (0, 0),
    "first-token": (6, 1),
    "cls": (6, 1),
    "separator": (6, 1),
    "separator-self": (1, 1),
    "punctuation": (4, 2),  # the words; marks are not asked about marks
    "sentence-end": (5, 1),
    "comma": (5, 1),
    "duplicate-token": (2, 1),  # the first "the" and the second
    "induction": (1, 1),  # the second "the" looks at "cat"
    "rare-token": (5, 1),  # "cat", which has the higher id of the words that occur once
    "related-words": (0, 0),  # what is related, a model says; see test_meaning.py
    "segment-block": (0, 0),  # only pairs have segments; see test_segment_block.py
}

# Causal attention: query i sees i + 1 keys. role -> for each event its keys, and those it sees.
CAUSAL = {
    "self": [(1, 2), (1, 3), (1, 4), (1, 5), (1, 6), (1, 7)],
    "previous-token": [(1, 2), (1, 3), (1, 4), (1, 5), (1, 6), (1, 7)],
    "next-token": [],
    "local-window": [(1, 2), (2, 3), (2, 4), (2, 5), (2, 6), (2, 7)],
    "fixed-offset -3": [(1, 4), (1, 5), (1, 6), (1, 7)],
    "fixed-offset +2": [],
    "first-token": [(1, 2), (1, 3), (1, 4), (1, 5), (1, 6), (1, 7)],
    "cls": [(1, 2), (1, 3), (1, 4), (1, 5), (1, 6), (1, 7)],
    "separator": [],
    "separator-self": [(1, 8)],
    "punctuation": [(1, 5), (1, 6)],
    "sentence-end": [],  # after the full stop comes no content token
    "comma": [(1, 5), (1, 6), (1, 7)],
    "duplicate-token": [(1, 5)],
    "induction": [(1, 5)],
    "rare-token": [(1, 4), (1, 5), (1, 6), (1, 7)],
    "related-words": [],
    "segment-block": [],
}


def split(name: str) -> tuple[str, str]:
    role, _, variant = name.partition(" ")
    return role, variant


def test_the_examples_cover_every_role_that_has_a_target() -> None:
    shapes = {"sparse", "broad", "vertical-strip"}
    for table in (BOTH_WAYS, CAUSAL):
        assert {split(name)[0] for name in table} | shapes == {c.role.name for c in COLUMNS}


@pytest.mark.parametrize("name", BOTH_WAYS)
@pytest.mark.parametrize("others", [(), (LONG,)], ids=["alone", "padded"])
def test_attention_both_ways(name: str, others: tuple[str, ...]) -> None:
    role, variant = split(name)
    events, keys = BOTH_WAYS[name]
    heads = [on_target(role, 0.75, variant), even]
    sentences = [sentence(text) for text in (SHORT, *others)]

    found = measure(sentences, heads)
    place = found.table.place(role, variant)
    mass, chance, count = (
        found.table.over_heads(part)[0, :, place] for part in ("mass", "chance", "events")
    )

    assert count.tolist() == [events, events]
    np.testing.assert_allclose(chance, events * keys / 8, atol=1e-6)
    np.testing.assert_allclose(mass, [0.75 * events, events * keys / 8], atol=1e-6)


@pytest.mark.parametrize("name", CAUSAL)
@pytest.mark.parametrize("others", [(), (LONG,)], ids=["alone", "padded"])
def test_causal_attention(name: str, others: tuple[str, ...]) -> None:
    role, variant = split(name)
    events = CAUSAL[name]
    chance = sum(keys / seen for keys, seen in events)
    # A row that sees its target alone has all its mass there.
    planted = sum(1.0 if keys == seen else 0.75 for keys, seen in events)
    heads = [on_target(role, 0.75, variant, causal=True), even]
    sentences = [sentence(text) for text in (SHORT, *others)]

    found = measure(sentences, heads, causal=True)
    place = found.table.place(role, variant)
    sums = found.table.layers[0]

    assert sums.events[0, 0, place] == len(events)
    assert sums.chance[0, 0, place] == pytest.approx(chance, abs=1e-6)
    assert sums.mass[0, :, place] == pytest.approx([planted, chance], abs=1e-6)


def test_lift_is_the_way_from_chance_to_one() -> None:
    found = measure([sentence(SHORT)], [on_target("comma", 0.75), even])
    comma = found.judgements["comma"]
    # (0.75 - 0.125) / (1 - 0.125)
    assert comma.lift == pytest.approx([0.7142857, 0.0], abs=1e-6)
    assert comma.chance == pytest.approx([0.125, 0.125])


def test_shapes_of_a_planted_head() -> None:
    # Half on the comma, a quarter each on two more keys; nothing on the other five.
    row = np.array([0, 0.25, 0.25, 0.5, 0, 0, 0, 0])
    found = measure([sentence(SHORT)], [lambda _: np.tile(row, (8, 1)), even])

    assert found.score("sparse", 0) == pytest.approx((1.0, 3 / 8, 6))
    assert found.score("sparse", 1) == pytest.approx((3 / 8, 3 / 8, 6))
    # H = ln 2 / 2 + ln 4 / 2 = 1.5 ln 2, over ln 8 = 3 ln 2
    by_chance = sum(1 / k for k in range(2, 9)) / np.log(8)
    assert found.score("broad", 0) == pytest.approx((0.5, by_chance, 6))
    assert found.score("broad", 1) == pytest.approx((1.0, by_chance, 6))
    # The comma gets half of each of 6 content queries, by chance an eighth.
    assert found.score("vertical-strip", 0) == pytest.approx((0.5, 1 / 8, 6))


def test_vertical_strip_counts_content_columns_only() -> None:
    def on_cls_and_dog(_: object) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.tile([0.6, 0, 0, 0, 0, 0.4, 0, 0], (8, 1))

    found = measure([sentence(SHORT)], [on_cls_and_dog])
    assert found.score("vertical-strip")[0] == pytest.approx(0.4)
    # The most received counts every column.
    assert found.statistic("received") == pytest.approx(0.6)


def test_rows_drawn_at_random_have_no_lift_as_broad() -> None:
    rng = np.random.default_rng(0)
    words = " ".join(f"w{k}" for k in range(20))
    sentences = [sentence(f"{words} {k}") for k in range(100)]

    found = measure(sentences, [lambda t: rng.dirichlet(np.ones(len(t)), size=len(t))])

    score, chance, events = found.score("broad")
    assert events == 2100
    # The standard error of 2,100 such rows is 0.001.
    assert score == pytest.approx(chance, abs=0.004)
    assert found.judgements["broad"].lift[0] == pytest.approx(0.0, abs=0.03)
    assert found.verdict("broad") == "no"


def test_the_strip_to_outline_may_be_of_other_tokens_than_the_queries() -> None:
    assert STRIP.cells is not None
    # Two content queries of three; of four keys the first is none that a strip stands on, and the
    # last is special, so that of the largest columns the third is it.
    weights = np.array(
        [[0.5, 0.1, 0.3, 0.1], [0.4, 0.1, 0.2, 0.3], [0.1, 0.6, 0.1, 0.2]], np.float32
    )
    queries, keys = np.array([True, True, False]), np.array([True, True, True, False])
    assert np.argwhere(STRIP.cells(weights, queries, keys)).tolist() == [[0, 2], [1, 2]]
