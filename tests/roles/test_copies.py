"""Which tokens are copies of each other: none that is special, unknown, or in a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import attnviz
from attnviz.models import load, names
from attnviz.roles import duplicate_token, induction, masks, rare_token
from attnviz.roles.copies import copies
from attnviz.roles.role import TargetRole
from attnviz.roles.runs import in_run
from attnviz.text.merge import merged
from attnviz.text.tokenize import tokenize
from attnviz.text.types import Sentence, Tokens
from tests.helpers.planted import sentence

pytestmark = pytest.mark.slow


def marks(text: str) -> str:
    """The words of a text, those in a run as stars."""
    tokens = sentence(text)
    hit = in_run(masks.labels(tokens)).tolist()
    return " ".join("*" if one else word for word, one in zip(text.split(), hit, strict=True))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("= = = =", "* * * *"),
        ("ha ha ha", "* * *"),
        ("very very good", "very very good"),
        ("so = = = said =", "so * * * said ="),
        ("- = - =", "* * * *"),
        ("- = - = -", "* * * * *"),
        ("- = -", "- = -"),
        ("| - - - | - - - |", "* * * * * * * * *"),
        ("| - - - - - | - - - |", "* * * * * * * * * * *"),
        ("| - - - | x", "| * * * | x"),
        ("a b c a b c d", "* * * * * * d"),
        ("a b c d a b c d", "a b c d a b c d"),
        ("a a b b a a b b", "a a b b a a b b"),
        ("x x x y y y", "* * * * * *"),
        ("[CLS] . . . [SEP]", "[CLS] * * * [SEP]"),
        ("[SEP] [SEP] [SEP]", "[SEP] [SEP] [SEP]"),
        ("a [SEP] a [SEP] a", "a [SEP] a [SEP] a"),
        ("one", "one"),
    ],
)
def test_a_run_says_the_same_over_and_over(text: str, told: str) -> None:
    assert marks(text) == told


def slowly(labels: list[int]) -> list[bool]:
    """The same by its definition: every stretch of every period is tried."""
    alone = _stretches(labels, 1, 3)
    items: list[list[int]] = []
    for place, label in enumerate(labels):
        if items and alone[place] and alone[place - 1] and labels[place - 1] == label:
            items[-1].append(place)
        else:
            items.append([place])
    names = [labels[places[0]] for places in items]
    found = list(alone)
    for period in (2, 3):
        for places, hit in zip(items, _stretches(names, period, 2 * period), strict=True):
            for place in places:
                found[place] |= hit
    return found


def _stretches(labels: list[int], period: int, least: int) -> list[bool]:
    found = [False] * len(labels)
    for first in range(len(labels)):
        part = labels[first : first + least]
        if len(part) == least and min(part) >= 0 and part[period:] == part[:-period]:
            found[first : first + least] = [True] * least
    return found


@given(st.lists(st.integers(-1, 2), max_size=24))
def test_runs_are_what_their_definition_says(labels: list[int]) -> None:
    assert in_run(np.array(labels, np.int64)).tolist() == slowly(labels)


def test_long_texts_are_no_matter() -> None:
    labels = np.arange(32_768) % 5_000
    labels[10_000:20_000] = 7
    assert in_run(labels).nonzero()[0].tolist() == list(range(10_000, 20_000))


def part(role: TargetRole, tokens: Tokens) -> list[tuple[int, int]]:
    """The pairs (query, key) of a role's target."""
    hit = role.target(tokens).part((0, len(tokens)), (0, len(tokens)))
    return [(int(query), int(key)) for query, key in np.argwhere(hit)]


def test_a_token_in_a_run_is_neither_query_nor_source() -> None:
    #                 0 1 2 3 4 5 6 7
    tokens = sentence("= a = = = b a =")
    assert part(duplicate_token.ROLE, tokens) == [(0, 7), (1, 6), (6, 1), (7, 0)]
    # What followed the earlier "a" is looked at, though it is in a run: it is no copy of the query.
    assert part(induction.ROLE, tokens) == [(6, 2), (7, 1)]


def unknown(tokens: Tokens, *places: int) -> Tokens:
    """The tokens with some that the vocabulary lacks; they get one id."""
    labels, ids = list(tokens.labels), list(tokens.ids)
    for place in places:
        labels[place], ids[place] = replace(labels[place], unknown=True), 5
    return replace(tokens, labels=tuple(labels), ids=tuple(ids))


def test_a_run_of_words_is_one_however_many_tokens_they_have() -> None:
    words = (0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 4)
    tokens = replace(sentence("a b c d a b c d a b c d so a"), words=words)
    so, last = tokens.ids[-2:]
    assert copies(tokens).tolist() == [-1] * 12 + [so, last]
    twice = replace(sentence("a b c d a b c d so"), words=(*words[:8], 2))
    assert copies(twice).tolist() == list(twice.ids)
    alone = replace(sentence("[CLS] a b [SEP] a b [SEP]"), words=(None, 0, 0, None, 1, 1, None))
    assert copies(alone).tolist() == [-1, *alone.ids[1:3], -1, *alone.ids[4:6], -1]


def test_by_tokens_and_by_words_the_same_is_a_run() -> None:
    tokenizer = load.load(names.resolve("minilm"), device=torch.device("cpu")).tokenizer
    text = "aardvark aardvark aardvark ==== the aardvark |---|---| the"
    tokens = tokenize(Sentence(1, text), tokenizer, None)
    [words] = merged([tokens])
    kept = [
        [one.labels[at].text for at in np.flatnonzero(copies(one) >= 0)]
        for one in (tokens, words.tokens)
    ]
    assert kept[0][:1] + kept[0][-1:] == ["the", "the"]
    assert kept[1] == ["the", "aardvark", "the"]


def test_unknown_tokens_are_no_copies_of_each_other() -> None:
    #                         0 1 2 3 4 5
    tokens = unknown(sentence("a X a Y b Z"), 1, 3, 5)
    assert copies(tokens).tolist() == [tokens.ids[0], -1, tokens.ids[0], -1, tokens.ids[4], -1]
    assert part(duplicate_token.ROLE, tokens) == [(0, 2), (2, 0)]
    assert part(induction.ROLE, tokens) == [(2, 1)]


def test_an_unknown_word_is_neither_the_rarest_nor_compared_with_it() -> None:
    #                  0   1    2    3  4
    tokens = sentence("cat owl sat Xyz by")
    tokens = replace(tokens, ids=(3, 4, 1, 9, 0))
    assert {key for _, key in part(rare_token.ROLE, tokens)} == {3}
    tokens = unknown(tokens, 3)
    assert {key for _, key in part(rare_token.ROLE, tokens)} == {1}
    assert rare_token.ROLE.matched is not None
    assert not rare_token.ROLE.matched(tokens).part((0, 5), (0, 5))[:, 3].any()


def test_two_lines_of_marks_take_no_head_its_role(quickstart: Path) -> None:
    text = quickstart.read_text(encoding="utf-8")
    lines = [*text.splitlines(), "=" * 90, "-*" * 60]
    plain, more = (
        attnviz.analyze("minilm", one, illustrate=0, resamples=500) for one in (lines[:-2], lines)
    )
    told = [
        next(role.heads for role in report.roles if role.name == "duplicate-token")
        for report in (plain, more)
    ]
    assert told[0]
    assert told[1] == told[0]
