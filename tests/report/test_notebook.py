"""What notebooks are given, by the rules that they are known for.

Jupyter, VS Code and Colab put it into a page of theirs and may run no script when a notebook is
opened again; Databricks' `displayHTML` takes the same HTML, and cuts results of more than 10 MB. An
untrusted notebook, or GitHub, may take tags and styles away.
"""

from __future__ import annotations

import re
from html import unescape

import pytest

from attnviz.report import notebook
from attnviz.report.model import Report
from tests.helpers import example
from tests.helpers.page import LOADS, Page

pytestmark = pytest.mark.slow

MADE = [
    example.report(),
    example.report(hostile=True),
    example.translation(hostile=True),
    example.document(hostile=True),
    example.bare(),
]
EACH = pytest.mark.parametrize("made", MADE)


def inside(made: Report) -> str:
    """The page in the frame, as a browser takes it from the attribute."""
    (attributes,) = Page(notebook.frame(made)).all("iframe")
    return attributes["srcdoc"]


@EACH
def test_it_is_a_frame_and_nothing_else(made: Report) -> None:
    shown = Page(notebook.frame(made))
    assert [tag for tag, _ in shown.tags] == ["iframe"]
    (attributes,) = shown.all("iframe")
    assert set(attributes) == {"srcdoc", "sandbox", "title", "width", "height", "style"}
    assert attributes["sandbox"] == ""  # neither scripts nor forms nor a way out


@EACH
def test_without_styles_it_has_its_size(made: Report) -> None:
    (attributes,) = Page(notebook.frame(made)).all("iframe")
    assert attributes["width"] == "100%"
    assert 160 <= int(attributes["height"]) <= 1100


@EACH
def test_where_frames_are_dropped_a_line_remains(made: Report) -> None:
    dropped = re.sub(r"<[^>]*>", "", notebook.frame(made))
    assert unescape(dropped).strip() == repr(made)


@EACH
def test_nothing_of_the_page_is_dropped_on_the_way(made: Report) -> None:
    assert " ".join(inside(made).split()) == " ".join(notebook.first_screen(made).split())


@EACH
def test_the_page_is_still_and_loads_nothing(made: Report) -> None:
    page = Page(inside(made))
    assert {tag for tag, _ in page.tags} <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "ul", "li"),
        *("table", "thead", "tbody", "tr", "th", "td", "span", "a", "b", "section", "div", "ol"),
        *("svg", "g", "rect", "text", "figure", "figcaption", "details", "summary", "dl", "dt"),
        *("dd", "aside", "bdi", "mark", "u"),
    }
    attributes = [name for _, attrs in page.tags for name in attrs]
    assert not [name for name in attributes if name in LOADS or name.startswith("on")]
    styles = inside(made).partition("<style>")[2].partition("</style>")[0]
    assert not re.search(r"url\(|@import|https?:", styles)
    policy = next(meta for meta in page.all("meta") if "http-equiv" in meta)
    assert policy["content"].startswith("default-src 'none';")


def test_it_says_what_the_report_says() -> None:
    made = example.report()
    text = " ".join(Page(inside(made)).text.split())
    assert "What the attention heads of minilm do" in text
    assert all(finding.text in text.replace("\u00a0", " ") for finding in made.findings)
    assert "previous token" in text
    assert "2 warnings: see report.warnings." in text


def test_it_paints_its_own_paper_so_that_dark_notebooks_dont_shine_through() -> None:
    styles = inside(example.report()).partition("</style>")[0]
    assert "background: var(--paper); color: var(--ink);" in styles
    assert "prefers-color-scheme: dark" in styles
    assert '<meta name="color-scheme" content="light dark">' in styles


def test_a_report_of_many_heads_stays_small() -> None:
    many = example.report(layers=86)  # 1,032 heads
    assert len(notebook.frame(many).encode()) < 64_000


@EACH
def test_a_report_says_what_it_is_in_a_line(made: Report) -> None:
    line = repr(made)
    assert "\n" not in line
    assert len(line) <= 110


def test_the_line_of_a_report() -> None:
    assert repr(example.report()) == (
        "<Report of minilm: 90 sentences, 72 heads, 12 roles supported>"
    )
    cross = example.translation().part("cross")
    assert repr(cross).startswith("<Report of t5-tiny, cross: 30 sentences, 36 heads, ")
