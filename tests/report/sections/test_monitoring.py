"""What a scan watches for, in the report: groups, and strange sentences."""

from __future__ import annotations

from dataclasses import replace

from attnviz.report import codec, records, watched
from attnviz.report.formats import html, markdown
from attnviz.report.sections import groups as groups_section
from attnviz.report.sections import strange as strange_section
from tests.helpers import example, monitored

MADE = replace(
    example.report(sentences=5), groups=monitored.DIFFERING, strangest=monitored.STRANGEST
)


def test_each_role_and_statistic_has_its_first_row() -> None:
    section = groups_section.of(MADE)
    assert section is not None
    assert section.table is not None
    assert [[cell.text for cell in row] for row in section.table.rows] == [
        ["L0H1", "punctuation", "new", "0.50", "old", "0.25", "+0.25 [0.23, 0.27]"],
        ["L1H0", "entropy, in nats", "new", "1.00", "old", "1.50", "−0.50 [−0.52, −0.48]"],
    ]
    assert section.says == "5 of 200 differences are certain."
    assert section.more == "Each role and statistic has its first row here; 3 more are certain."
    assert [[cell.text for cell in row][:3] for row in section.sizes.rows] == [
        ["new", "120", "2,345"],
        ["old", "80", "1,234"],
    ]


def test_none_is_certain() -> None:
    section = groups_section.of(replace(MADE, groups=monitored.groups()))
    assert section is not None
    assert (section.says, section.table) == ("None of 200 differences is certain.", None)
    assert watched.groups_in_words(monitored.groups()) == [
        "By time: new 120 sentences, old 80 sentences",
        "None of 200 differences is certain.",
    ]


def test_the_largest_is_told_in_a_line() -> None:
    assert watched.groups_in_words(monitored.DIFFERING)[1] == (
        "5 of 200 differences are certain. The largest: L0H1 punctuation, new 0.50, old 0.25, "
        "+0.25 [0.23, 0.27]."
    )
    three = replace(
        monitored.DIFFERING,
        groups=(*monitored.DIFFERING.groups, replace(monitored.DIFFERING.groups[0], value="x")),
    )
    assert ", others 0.25" in watched.groups_in_words(three)[1]


def test_the_numbers_of_the_largest_add_up_and_have_their_unit() -> None:
    entropy = replace(
        monitored.DIFFERING.differences[1],
        value=0.7412,
        others=1.5385,
        difference=-0.7973,
        low=-0.83,
        high=-0.77,
    )
    assert entropy.unit == "nats"
    told = watched.groups_in_words(replace(monitored.DIFFERING, differences=(entropy,)))[1]
    assert told.endswith("entropy, new 0.74 nats, old 1.54 nats, −0.80 [−0.83, −0.77].")


def test_names_are_those_of_the_report() -> None:
    assert [
        watched.title(name) for name in ("normalized_entropy", "previous-token", "dep:obj")
    ] == [
        "normalised entropy",
        "previous token",
        "dep:obj",
    ]


def test_means_show_how_they_differ() -> None:
    little = replace(
        monitored.DIFFERING.differences[1],
        value=1.5324, others=1.5422, difference=-0.0098, low=-0.0104, high=-0.0093,
    )  # fmt: skip
    section = groups_section.of(
        replace(MADE, groups=replace(monitored.DIFFERING, differences=(little,)))
    )
    assert section is not None
    assert section.table is not None
    assert [cell.text for cell in section.table.rows[0]][3:] == [
        "1.5324", "old", "1.5422", "−0.0098 [−0.0104, −0.0093]"
    ]  # fmt: skip


def test_predictions_have_a_title_of_their_own() -> None:
    section = groups_section.of(replace(MADE, groups=replace(monitored.DIFFERING, by="prediction")))
    assert section is not None
    assert section.title == "Where the model is right and wrong, by time"


def test_strange_sentences_say_what_is_unlike() -> None:
    section = strange_section.of(MADE)
    assert section is not None
    first, second = section.sentences
    assert (first.text, first.distance) == ("<b>ha</b> | ha ha", "2.7")
    assert first.place == "texts/a.jsonl, line 12"
    assert first.against == "9 tokens, held against sentences of 8 to 12 tokens"
    assert [each.text for each in first.unlike] == [
        "L0H1 entropy 0.50, usually 1.2 ± 0.12",
        "L1H0 comma 0.30, usually 0.00 ± 0.10",
    ]
    assert second.against == "4 tokens, held against sentences of up to 7 tokens"


def test_other_reports_have_neither() -> None:
    made = example.report(sentences=5)
    assert groups_section.of(made) is None
    assert strange_section.of(made) is None
    assert b'"strangest"' not in codec.write(records.of(made))


def test_every_format_tells_them_and_none_is_fooled() -> None:
    page, text = html.write(MADE, ()).decode(), markdown.write(MADE, ()).decode()
    for says in ("Differences by time", "Strangest sentences", "texts/a.jsonl, line 12"):
        assert says in page
        assert says in text
    assert "<b>ha</b>" not in page
    assert "<b>ha</b>" not in text
    again = codec.read(codec.write(records.of(MADE)))
    assert again.strangest == monitored.STRANGEST
    assert codec.plain(again.groups) == codec.plain(monitored.DIFFERING)
