"""Which tokens are punctuation, ends of sentences, commas and copies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attnviz.roles import masks
from tests.engine.planted import sentence


@pytest.mark.parametrize(
    ("surface", "kinds"),
    [
        (",", "punctuation comma"),
        (" ,", "punctuation comma"),
        ("、", "punctuation comma"),
        ("،", "punctuation comma"),
        (".", "punctuation end"),
        (" .", "punctuation end"),
        ("?!", "punctuation end"),
        ("。", "punctuation end"),
        ("؟", "punctuation end"),
        ("…", "punctuation"),
        ("--", "punctuation"),
        ("€", "punctuation"),
        ("😀", "punctuation"),
        ("a.", ""),
        ("'s", ""),
        ("word", ""),
        (" ", ""),
        ("", ""),
    ],
)
def test_marks(surface: str, kinds: str) -> None:
    tokens = replace(sentence("x"), surfaces=(surface,))
    found = {
        "punctuation": masks.punctuation(tokens)[0],
        "end": masks.sentence_end(tokens)[0],
        "comma": masks.comma(tokens)[0],
    }
    assert [name for name, hit in found.items() if hit] == sorted(
        kinds.split(), key=list(found).index
    )


def test_special_tokens_are_never_marks_nor_copies() -> None:
    tokens = sentence("[SEP] a [SEP] a")
    assert masks.content(tokens).tolist() == [False, True, False, True]
    assert masks.of_kind(tokens, "sep", "cls").tolist() == [True, False, True, False]
    assert list(masks.copies(tokens).values()) == [[1, 3]]


def test_pairs_come_sorted_and_once() -> None:
    found = masks.pairs([(2, 1), (0, 1), (2, 1)], sentence("a b c"))
    assert found.pairs.tolist() == [[0, 1], [2, 1]]
    assert masks.pairs([], sentence("a")).pairs.shape == (0, 2)
