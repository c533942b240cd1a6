"""What each word of a drawn sentence looks at, as the page tells it."""

from __future__ import annotations

from dataclasses import replace

from attnviz.report.looks import LookedWord, SentenceLooks, WordLooks
from attnviz.report.sections import words
from tests.helpers import example

LOOKS = SentenceLooks(
    heads=3,
    resting=0,
    words=(
        WordLooks(1, "rain", 0.1, 0.2, (LookedWord(2, "fell", 0.4), LookedWord(4, "wet", 0.3))),
        WordLooks(2, "fell", 0.1, 0.2, (LookedWord(1, "rain", 0.7),)),
        WordLooks(4, "wet", 0.1, 0.2, (LookedWord(1, "rain", 0.7),)),
    ),
    more=0,
    received=(),
    removed=0.2,
    particular=(),
)


def test_words_of_a_pair_are_told_by_text_and_looks_across_are_marked() -> None:
    made = example.report(sentences=1)
    alone = replace(made.sentences[0], looks=LOOKS)
    pair = replace(alone, pair=("rain fell", "wet"), segments=(None, 0, 0, None, 1, None))

    told, plain = words.of(made, pair), words.of(made, alone)

    assert told is not None
    assert [row.begins for row in told.rows] == ["First text", "", "Second text"]
    assert [[look.across for look in row.looks] for row in told.rows] == [
        [False, True],
        [False],
        [True],
    ]
    assert "In italics: words of the other text." in told.says
    assert plain is not None
    assert {row.begins for row in plain.rows} == {""}
    assert "italics" not in plain.says
