from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from attnviz.report.escape import harmless
from attnviz.report.escape import markdown as safe
from attnviz.report.formats import markdown
from tests.report import example

if TYPE_CHECKING:
    from attnviz.report.model import Report

RENDER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def write(made: Report) -> str:
    return markdown.write(made, example.pictures(made)).decode()


def test_it_says_what_was_found() -> None:
    text = write(example.report())
    assert text.startswith("# What the attention heads of minilm do\n")
    assert "![role-map](figures/role-map.png)" in text
    assert "| 0.93 [0.90, 0.95] |" in text
    assert "90 sentences, 1,203 events" in text
    assert "not why" in text


@pytest.mark.parametrize("hostile", [False, True])
def test_it_renders_without_anything_live(hostile: bool) -> None:
    page = RENDER.render(write(example.report(hostile=hostile)))
    assert set(re.findall(r"<([a-z0-9]+)", page)) <= {
        "h1", "h2", "h3", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "a", "img",
        "strong", "em", "blockquote",
    }  # fmt: skip
    assert set(re.findall(r'href="([^"]*)"', page)) == {"#warnings"}
    assert all(link.startswith("figures/") for link in re.findall(r'src="([^"]*)"', page))
    assert not re.search(r"@\w", page)


def test_tables_have_as_many_cells_in_every_row() -> None:
    text = write(example.report(hostile=True))
    tables = re.findall(r"(?:^\|.*\|\n?)+", text, re.MULTILINE)
    assert len(tables) == 3
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}) == 1


def test_it_stays_small_however_much_there_is() -> None:
    made = example.report(sentences=400, layers=40)
    long = replace(made, warnings=tuple(f"Warning {n}: {'x' * 300}" for n in range(400)))
    data = markdown.write(long, example.pictures(long))
    assert len(data) <= markdown.MOST_BYTES
    assert b"Cut here to fit" in data


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a|b", r"a\|b"),
        ("`x`", r"\`x\`"),
        ("[x](javascript:1)", r"\[x\]\(javascript:1\)"),
        ("<img>", "&lt;img&gt;"),
        ("two\nlines", "two lines"),
        ("- no list", r"\- no list"),
        ("1. no list", "1&#8203;. no list"),
        ("@octocat", "@&#8203;octocat"),
        ("https://example.org", r"https\://example.org"),
        ("L5H7: 0.83 of 94", "L5H7: 0.83 of 94"),
    ],
)
def test_text_is_escaped(text: str, escaped: str) -> None:
    assert safe(text) == escaped


@given(st.text(st.characters(codec=None), max_size=60))
def test_any_text_comes_out_as_itself(text: str) -> None:
    rendered = RENDER.render(safe(text)).strip()
    shown = re.sub(r"^<p>|</p>$", "", rendered)
    assert "<" not in shown
    plain = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
    plain = plain.replace("&amp;", "&").replace("\u200b", "")
    assert plain.split() == harmless(text).split()
