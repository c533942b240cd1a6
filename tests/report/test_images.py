from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

import pytest

from attnviz.figures.picture import Picture
from attnviz.report.images import alt, by_sentence, data_uri


def picture(svg: str = "<svg/>", stream: str = "", sentence: int | None = None) -> Picture:
    made = Picture("figures/x", "Title", "Caption.", b"", svg.encode(), 10, 10)
    return replace(made, stream=stream, sentence=sentence)


def test_pictures_go_to_their_sentence() -> None:
    maps, first, other = (picture(sentence=number) for number in (None, 1, 12))
    assert by_sentence([maps, first, other]) == {None: [maps], 1: [first], 12: [other]}


def test_pictures_of_a_stream_are_its_own() -> None:
    maps, first = (picture(stream="cross", sentence=number) for number in (None, 1))
    assert by_sentence([maps, first], "cross") == {None: [maps], 1: [first]}
    assert by_sentence([maps, first], "encoder") == {}


@pytest.mark.parametrize(
    ("svg", "inside"),
    [
        ('<?xml version="1.0"?>\n<!DOCTYPE svg>\n<svg>\n <g/>\n</svg>', "<svg><g/></svg>"),
        (
            '<svg><path d="M 1.23456 2 \nL 3 4.5 \nz\n"/></svg>',
            '<svg><path d="M 1.23 2L 3 4.5z\n"/></svg>',
        ),
        ('<svg><path d="M 1 2\n3 4"/></svg>', '<svg><path d="M 1 2\n3 4"/></svg>'),
        ("<svg>50% #1 &amp; “é”</svg>", "<svg>50% #1 &amp; “é”</svg>"),
    ],
)
def test_an_image_is_packed_and_nothing_but_white_space_and_far_digits_is_lost(
    svg: str, inside: str
) -> None:
    uri = data_uri(picture(svg=svg))
    scheme, _, data = uri.partition(",")
    assert scheme == "data:image/svg+xml"
    assert data.isascii()
    assert not set(data) & set('"<>#&\n\t ') - {" "}
    assert unquote(data) == inside


@pytest.mark.parametrize(
    ("caption", "finding"),
    [
        ("L0H1 puts 0.83 on “.” here. Rows are queries.", "L0H1 puts 0.83 on “.” here."),
        ("Most goes to “the” (0.4). “a” has 0.1.", "Most goes to “the” (0.4)."),
        ("No full stop", "No full stop"),
    ],
)
def test_an_alt_text_is_the_title_and_the_finding(caption: str, finding: str) -> None:
    assert alt(replace(picture(), caption=caption)) == f"Title. {finding}"
