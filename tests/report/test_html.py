from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from attnviz.report import notebook, pages
from attnviz.report.cells import Piece, linker
from attnviz.report.formats import html
from tests.report import example

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from attnviz.figures.picture import Picture
    from attnviz.report.model import Report

Attributes = dict[str, str]

VOID = {"meta", "img", "br", "col", "link", "input", "hr"}
LOADS = {"src", "href", "srcset", "action", "poster", "data", "xlink:href", "background"}


class Page(HTMLParser):
    """A page as its tags and its text, checked for balance."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, Attributes]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data

    def all(self, tag: str) -> list[Attributes]:
        return [attrs for name, attrs in self.tags if name == tag]


def page(made: Report, pictures: Sequence[Picture] | None = None) -> Page:
    pictures = example.pictures(made) if pictures is None else pictures
    return Page(html.write(made, pictures).decode())


@pytest.fixture(scope="module")
def calm() -> Page:
    return page(example.report())


@pytest.fixture(scope="module")
def hostile() -> Page:
    return page(example.report(hostile=True))


@pytest.fixture(scope="module")
def translated() -> Page:
    return page(example.translation(hostile=True))


@pytest.fixture(scope="module")
def long() -> Page:
    return page(example.document(hostile=True))


@pytest.mark.parametrize(
    ("made", "places"),
    [
        ("calm", "findings maps roles heads limits L5H7 sentence-2 role-self"),
        ("translated", "findings encoder cross-maps cross-L2H7 decoder-sentence-2 cross-role-self"),
        ("long", "findings maps roles heads limits L5H7 sentence-1"),
    ],
)
def test_tags_are_balanced_and_ids_unique(
    made: str, places: str, request: pytest.FixtureRequest
) -> None:
    found: Page = request.getfixturevalue(made)
    ids = [attrs["id"] for _, attrs in found.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert set(places.split()) <= set(ids)
    targets = {attrs["href"] for attrs in found.all("a")}
    assert targets <= {f"#{name}" for name in ids}


@pytest.mark.parametrize("made", ["calm", "hostile", "translated", "long"])
def test_nothing_is_loaded_and_nothing_runs(made: str, request: pytest.FixtureRequest) -> None:
    found: Page = request.getfixturevalue(made)
    assert not found.all("script")
    policy = next(tag for tag in found.all("meta") if tag.get("http-equiv"))
    assert policy["content"].startswith("default-src 'none'")
    for _, attrs in found.tags:
        assert not any(name.startswith("on") for name in attrs)
        for name in LOADS & set(attrs):
            assert attrs[name].startswith(("#", "data:image/svg+xml,%3Csvg"))
    assert "url(" not in str(pages.stylesheet("report.css"))
    assert "@import" not in str(pages.stylesheet("report.css"))


def test_the_page_says_what_it_is(calm: Page) -> None:
    assert calm.all("html") == [{"lang": "en"}]
    assert any("width=device-width" in tag.get("content", "") for tag in calm.all("meta"))
    assert "What the attention heads of minilm do" in calm.text
    assert "2 warnings" in calm.text
    assert "rollout" in calm.text.lower()
    for word in ("not why", "no-op", "correlation", "mixtures", "near-ties"):
        assert word in calm.text


def test_hostile_text_is_text(hostile: Page) -> None:
    assert "<img src=x onerror=alert(1)>" in hostile.text
    assert "</script>" in hostile.text
    assert "{{ 7 * 7 }}" in hostile.text
    assert all("onerror" not in attrs for _, attrs in hostile.tags)
    assert "\x1b" not in hostile.text


def test_figures_have_size_words_and_come_with_the_page(calm: Page) -> None:
    images = calm.all("img")
    assert len(images) == 12
    for image in images:
        assert image["width"].isdigit()
        assert image["height"].isdigit()
        assert image["alt"]
        assert image["loading"] == "lazy"
        assert image["decoding"] == "async"
    assert len(calm.all("figcaption")) == 12


def test_each_part_of_a_model_says_what_it_means(translated: Page) -> None:
    for text in (
        "Each source token looks at the source tokens, on both sides.",
        "Each target token looks at itself and the target tokens before it.",
        "Each target token looks at the source tokens.",
        "The model generated the targets itself, up to 20 tokens each.",
        "Rollout joins the layers of one stack; across two there is none.",
        "9 tokens of the target, all generated by the model; 10 of the source",
    ):
        assert text in translated.text
    assert {"#encoder", "#decoder", "#cross", "#cross-heads"} <= {
        attrs["href"] for attrs in translated.all("a")
    }
    assert len(translated.all("img")) == 3 * 12


def test_heads_link_to_the_part_that_is_named_last() -> None:
    made = example.translation()
    cut = linker(made)("cross L0H1, L0H2 and encoder L0H3, not L9H9").pieces
    assert [piece for piece in cut if piece.anchor] == [
        Piece("cross L0H1", "cross-L0H1"),
        Piece("L0H2", "cross-L0H2"),
        Piece("encoder L0H3", "encoder-L0H3"),
    ]
    assert linker(made.part("cross"))("L0H1").pieces[1] == Piece("L0H1", "cross-L0H1")
    assert linker(made)("L0H1").pieces == (Piece("L0H1", ""),)


def test_what_the_model_wrote_is_marked_with_a_word(translated: Page, long: Page) -> None:
    for found in (translated, long):
        assert "mark" in {attrs.get("class") for attrs in found.all("span")}
        assert "Tokens after the mark “generated”" in found.text
    assert "4,000 tokens, 200 of them generated by the model" in long.text


def test_of_a_long_text_only_the_strongest_tokens_are_shown(long: Page) -> None:
    shaded = [tag for tag in long.all("bdi") if "token" in tag.get("class", "")]
    assert len(shaded) == 10
    assert re.search(r"The other 3,990 tokens have \d\d% of the whole", long.text)
    assert "3,999" in long.text
    assert "No rollout: there was not enough memory for it." in long.text
    assert "12 query heads share 4 key heads: H0–H2, H3–H5, H6–H8, H9–H11." in long.text
    made = example.document()
    assert len(html.write(made, ())) < 120_000


def test_evidence_stands_beside_every_score(calm: Page) -> None:
    assert "0.93" in calm.text
    assert "[0.90, 0.95]" in calm.text
    assert "1,203" in calm.text
    assert "tentative" in calm.text
    assert "positional profile" in calm.text
    assert "adjective's noun: it needs a text with dependency annotations." in calm.text


def test_every_head_has_a_row(calm: Page) -> None:
    rows = {attrs.get("id") for attrs in calm.all("tr")}
    assert {f"L{layer}H{head}" for layer in range(6) for head in range(12)} <= rows


def test_layers_of_deep_models_are_folded_and_open_in_print() -> None:
    shallow, deep = page(example.report()), page(example.report(layers=24))
    assert all("open" in layer for layer in shallow.all("details"))
    assert len(deep.all("details")) == 24
    assert not any("open" in layer for layer in deep.all("details"))
    assert "details::details-content" in str(pages.stylesheet("report.css"))


def test_tokens_are_shaded_by_the_square_root() -> None:
    made = example.report(sentences=1)
    sentence = replace(made.sentences[0], received=(0.25,) * len(made.sentences[0].tokens))
    found = page(replace(made, sentences=(sentence,)), ())
    shades = [attrs.get("style") for attrs in found.all("bdi") if "token" in attrs.get("class", "")]
    assert "--w:0.5" in shades


def test_a_corpus_is_listed_up_to_a_limit_and_says_so() -> None:
    found = page(example.report(sentences=700))
    assert "397 more sentences are left out here; report.json has all" in found.text
    assert len(re.findall("report.json has all", found.text)) == 1


def test_a_date_is_shown_only_when_it_is_given() -> None:
    made = example.report(sentences=3)
    dated = replace(made, options=replace(made.options, created="2024-02-29"))
    assert "2024-02-29" in page(dated, ()).text
    assert "2024" not in page(made, ()).text.replace("et al. 2024", "")


def test_how_to_make_it_again() -> None:
    made = example.report(sentences=3)
    odd = replace(
        made,
        model=replace(made.model, name="a b; rm -rf", revision="main"),
        options=replace(made.options, seed=7, rollout_residual=False),
    )
    assert (
        "attnviz report 'a b; rm -rf' samples/bridge.txt --no-rollout-residual --seed 7 "
        "--revision main"
    ) in page(odd, ()).text


def test_every_option_of_a_run_is_told() -> None:
    made = example.report(sentences=3)
    options = replace(
        made.options, kernel="tiles", generate=20, target="de x.txt", max_memory="2GB"
    )
    text = page(replace(made, options=options), ()).text
    assert "--target 'de x.txt' --generate 20 --kernel tiles --max-memory 2GB" in text
    assert (
        "target de x.txt; generate 20; kernel tiles; words no; pieces auto; max-memory 2GB" in text
    )


@pytest.mark.parametrize("make", [example.report, example.translation])
def test_a_notebook_shows_a_fragment_with_nothing_live(make: Callable[..., Report]) -> None:
    for hostile in (False, True):
        found = Page(notebook.fragment(make(hostile=hostile)))
        assert found.tags[0] == ("div", {"class": "attnviz-report"})
        assert {tag for tag, _ in found.tags} <= {
            "div", "style", "p", "b", "ul", "li", "table", "thead", "tbody", "tr", "th", "td",
            "span",
        }  # fmt: skip
        assert "previous token" in found.text


def test_a_stylesheet_cannot_end_its_element(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evil.css").write_text("</style>", encoding="utf-8")
    monkeypatch.setattr(pages, "templates", lambda: tmp_path)
    with pytest.raises(ValueError, match=r"evil\.css"):
        pages.stylesheet("evil.css")
