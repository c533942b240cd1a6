"""Which tokens are punctuation, ends of sentences, commas and copies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attnviz.roles import masks
from tests.helpers.planted import sentence


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
    assert masks.labels(tokens).tolist() == [-1, tokens.ids[1], -1, tokens.ids[1]]
