"""The explorer in Chromium: the weights are the model's, and whoever asks gets what is there."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import attnviz
from attnviz.drawing.lens import content_only
from tests.conftest import SAMPLES, package_folder
from tests.helpers import browser
from tests.helpers.explored import POINTS, opened, report, written
from tests.helpers.models import write_model

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from attnviz.drawing.weights import Weights
    from attnviz.report.model import Report

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(browser.missing()), reason=browser.missing() or "there is a browser"),
]

TRANSLATION = SAMPLES / "translation"
SENTENCES = ("the dogs saw a cat by the tree .", "it was red and then the birds ran , too !")
VIEWS = ("matrix", "arcs", "mosaic", "text", "flow", "neuron")
NEAR = 0.004
"""What a weight may be off."""

HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "<!--",
    "\"'><svg onload=alert(2)>",
    "&amp;&lt;",
    "\u202eevil\u2066",
    "\x1b[31m\x00",
    "${alert(3)}",
    "=1+1",
    "x" * 10_000,
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.chromium() as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("explorer")


@pytest.fixture(scope="module")
def models(folder: Path) -> dict[str, Path]:
    """An encoder and a decoder of two layers with two heads each, and texts to translate."""
    for name in ("source.txt", "target.txt"):
        lines = (TRANSLATION / name).read_text("utf-8").splitlines(keepends=True)
        (folder / name).write_text("".join(lines[:6]), "utf-8")
    return {kind: write_model(folder / kind, kind) for kind in ("bert", "llama")}


@pytest.fixture(scope="module")
def reports(models: dict[str, Path], folder: Path) -> dict[str, Report]:
    made: dict[str, Report] = {
        kind: attnviz.analyze(model, list(SENTENCES), resamples=100)
        for kind, model in models.items()
    }
    made["t5"] = attnviz.analyze(
        TRANSLATION / "model",
        folder / "source.txt",
        targets=folder / "target.txt",
        resamples=100,
        illustrate=2,
    )
    return made


@pytest.fixture(scope="module")
def pages(reports: dict[str, Report], folder: Path) -> dict[str, Path]:
    places = {kind: folder / f"page-{kind}" for kind in (*reports, "example", "hostile")}
    for place in places.values():
        place.mkdir()
    made = reports | {
        "example": report(),
        "hostile": report(14, 2, 12, *HOSTILE),
    }
    return {kind: written(made[kind], place) for kind, place in places.items()}


def truth(models: dict[str, Path], kind: str, stream: str, number: int, **more: Any) -> Weights:
    """The model's attention, as scripts get it."""
    folder = models["bert"].parent
    if kind != "t5":
        return attnviz.weights(models[kind], SENTENCES[number - 1], **more)
    return attnviz.weights(
        TRANSLATION / "model",
        folder / "source.txt",
        target=folder / "target.txt",
        sentence=number,
        stream=stream,
        **more,
    )


@pytest.mark.parametrize(
    ("kind", "stream"),
    [("bert", ""), ("llama", ""), ("t5", "encoder"), ("t5", "decoder"), ("t5", "cross")],
)
def test_every_weight_is_the_models(
    chromium: Browser,
    pages: dict[str, Path],
    reports: dict[str, Report],
    models: dict[str, Path],
    kind: str,
    stream: str,
) -> None:
    number = reports[kind].part(stream).explored[-1].id
    right = truth(models, kind, stream, number)
    layers = len(right.layers)
    with opened(chromium, pages[kind], f"s={number}&a={stream}&v=mosaic") as explorer:
        shown = explorer.weights((layers, len(right.places) // layers))
    assert np.abs(shown - right.matrices).max() < NEAR


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_lenses_show_what_draw_shows(
    chromium: Browser, pages: dict[str, Path], models: dict[str, Path], kind: str
) -> None:
    right = truth(models, kind, "", 1)
    content = list(right.key_side.content)
    scaled, removed = content_only(right.head("L1H1"), right.key_side)
    words = truth(models, kind, "", 1, words=True)
    with opened(chromium, pages[kind], "s=1&h=L1H1&lens=content") as explorer:
        table = explorer.table()
        says = explorer.page.locator("#explorer .shown").inner_text()
        explorer.go("s=1&h=L1H1&by=word")
        by_word = explorer.table()
        explorer.go("s=1&h=L1")
        mean = explorer.table()
    shown = np.array([float(row["weight"]) for row in table]).reshape(len(content), -1)
    assert np.abs(shown - scaled[np.ix_(content, content)]).max() < 2 * NEAR
    took = float(says.partition("left out: ")[2].split(" ")[0])
    assert took == pytest.approx(removed[content].mean(), abs=0.01)
    # 'dogs' is two tokens: their sum as a key, as a query their mean or the last of them.
    shown = np.array([float(row["weight"]) for row in by_word]).reshape(len(words.tokens), -1)
    assert [row["key_token"] for row in by_word[: len(words.keys)]] == list(words.keys)
    assert "dogs" in words.keys
    assert np.abs(shown - words.head("L1H1")).max() < 2 * NEAR
    shown = np.array([float(row["weight"]) for row in mean]).reshape(len(right.tokens), -1)
    assert np.abs(shown - right.matrices[[2, 3]].mean(0)).max() < NEAR


def test_the_keyboard_goes_everywhere(
    chromium: Browser, pages: dict[str, Path], models: dict[str, Path]
) -> None:
    right = truth(models, "bert", "", 1)
    with opened(chromium, pages["bert"], "s=1&h=L0H1") as explorer:
        explorer.page.locator("#explorer [role=grid]").focus()
        explorer.press("ArrowDown", "ArrowDown", "ArrowRight")
        said, weight = explorer.said().rsplit(" ", 1)
        assert said == f"{right.tokens[2]} → {right.keys[1]}"
        assert float(weight) == pytest.approx(right.head("L0H1")[2, 1], abs=0.01)
        cell = explorer.page.locator("#explorer [role=gridcell]")
        assert cell.text_content() == f"{said} {weight}"
        assert cell.get_attribute("aria-colindex") == "2"
        explorer.press("Enter")
        assert explorer.link == "s=1&h=L0H1&q=2"
        # The focus stays where it was, so that the next key goes on from there.
        explorer.press("ArrowDown", "Enter", "]", "H")
        assert explorer.link == "s=1&h=L1H0&q=2,3"
        for key, view in enumerate(VIEWS, 1):
            explorer.press(str(key))
            assert explorer.link == f"s=1{'' if view == 'matrix' else f'&v={view}'}&h=L1H0&q=2,3"
        explorer.press("Escape", "l", "w", "m")
        assert explorer.link == "s=1&v=neuron&h=L1H0&lens=content&by=word&scale=max"
        explorer.press("n", "?")
        assert explorer.link.startswith("s=2&")
        assert explorer.page.get_by_role("dialog", name="Keys").is_visible()
        explorer.press("Escape")
        assert not explorer.page.get_by_role("dialog", name="Keys").is_visible()


def test_pins_add_up_and_the_rest_is_told(
    chromium: Browser, pages: dict[str, Path], models: dict[str, Path]
) -> None:
    right = truth(models, "bert", "", 1)
    both = right.head("L1H0")[[2, 4]].sum(0)
    with opened(chromium, pages["bert"], "s=1&v=arcs&h=L1H0&q=2,4") as explorer:
        notes = explorer.notes()
        assert notes.startswith(f"{right.tokens[2]} + {right.tokens[4]} give together: ")
        first, amount = notes.partition("together: ")[2].split(";")[0].rsplit(" ", 1)
        assert first == right.keys[int(both.argmax())]
        assert float(amount) == pytest.approx(both.max(), abs=0.01)
        told = [float(each.rsplit(" ", 1)[1]) for each in notes.partition(": ")[2].split(";")[:-1]]
        rest = float(notes.partition("rest ")[2].split(" ")[0])
        assert sum(told) + rest == pytest.approx(2.0, abs=0.05)
        lines = explorer.page.locator("#explorer .edges path").count()
        assert lines == (right.head("L1H0")[[2, 4]] >= 0.01).sum()
        explorer.page.locator("#explorer svg").hover(position={"x": 12, "y": 8})
        assert explorer.page.locator("#explorer .edges path").count() > lines


def test_the_text_is_shaded_by_roots_and_by_rollout(
    chromium: Browser, pages: dict[str, Path], reports: dict[str, Report], models: dict[str, Path]
) -> None:
    right = truth(models, "bert", "", 1)
    given, got = right.head("L1H0")[3], right.head("L1H0")[:, 3]
    (first, _) = reports["bert"].sentences
    shades = "all => all.map(it => Number(it.style.getPropertyValue('--w')))"
    with opened(chromium, pages["bert"], "s=1&v=text&h=L1H0&q=3") as explorer:
        page = explorer.page
        shown = np.array(page.eval_on_selector_all("#explorer .token", shades))
        assert shown == pytest.approx(np.sqrt(given), abs=0.01)
        explorer.go("s=1&v=text&h=L1H0&k=3&t=gets")
        shown = np.array(page.eval_on_selector_all("#explorer .token", shades))
        assert shown == pytest.approx(np.sqrt(got), abs=0.01)
        explorer.go("s=1&v=text&h=all&t=rollout")
        shown = np.array([float(row["weight"]) for row in explorer.table()])
        assert shown == pytest.approx(first.rollout, abs=NEAR)
        page.locator("#explorer .token[tabindex='0']").focus()
        explorer.press("ArrowRight", "ArrowRight", "Enter")
        assert "q=2" in explorer.link
        page.get_by_role("group", name="Layers").get_by_role("button", name="0").click()
        assert "h=L0" in explorer.link


def test_a_click_enlarges_a_head_of_the_mosaic(chromium: Browser, pages: dict[str, Path]) -> None:
    with opened(chromium, pages["example"], "v=mosaic") as explorer:
        images = explorer.page.locator("#explorer .cells image")
        assert images.count() == 72 + 1  # and the bar of the scale
        explorer.page.locator("#explorer [role=grid]").focus()
        explorer.press("ArrowDown", "ArrowRight", "ArrowRight", "Shift+Enter")
        assert explorer.link == "s=1&v=mosaic&h=L1H1,L1H2"
        explorer.press("Enter")
        assert explorer.link == "s=1&h=L1H2"
        explorer.go("v=mosaic&role=previous-token")
        faint = explorer.page.locator("#explorer image[opacity]").count()
        assert faint == 72 - 4


def test_targets_are_outlined_and_their_mass_is_told(
    chromium: Browser, pages: dict[str, Path]
) -> None:
    with opened(chromium, pages["example"], "h=L0H0&role=previous-token") as explorer:
        rows = explorer.table()
        below = [float(row["weight"]) for row in rows if int(row["query"]) == int(row["key"]) + 1]
        says = explorer.page.locator("#explorer .shown").inner_text()
        assert f"{np.mean(below):.2f} of attention is on its target here, mean over 11" in says
        # Cells of a diagonal touch at corners alone: each has four sides.
        path = explorer.page.locator("#explorer .outline path").last.get_attribute("d") or ""
        assert path.count("M") == 4 * 11


def test_links_hold_the_view_and_anchors_go_on_working(
    chromium: Browser, pages: dict[str, Path]
) -> None:
    with opened(chromium, pages["example"], "h=L2H3&v=arcs&q=4") as explorer:
        page = explorer.page
        shown = page.locator("#explorer .shown b").first
        assert shown.inner_text() == "L2H3"
        assert page.get_by_role("button", name="Arcs").get_attribute("aria-pressed") == "true"
        page.get_by_role("button", name="Matrix").click()
        page.get_by_label("Head", exact=True).select_option("7")
        explorer.ready()
        assert explorer.link == "s=1&h=L2H7&q=4"
        page.go_back()
        explorer.ready()
        assert explorer.link == "s=1&h=L2H3&q=4"
        page.go_forward()
        explorer.ready()
        assert shown.inner_text() == "L2H7"
        page.evaluate("() => { location.hash = 'L5H7' }")
        assert page.eval_on_selector("#L5H7", "row => row === document.querySelector(':target')")
        assert shown.inner_text() == "L2H7"
        for wrong in ("h=L99H0&v=none&s=77&q=999&lens=x", "h=%E0%A4%A", "constructor=1&h=L0H0"):
            explorer.go(wrong)
        assert page.locator("#explorer svg").count() == 1
        explorer.go("s=1&h=L4H4&v=arcs&q=2")
        page.get_by_role("link", name="Explore", exact=True).click()
        assert explorer.link == "s=1&v=arcs&h=L1H1"  # the best head of a role that can be outlined


def test_what_is_shown_can_be_kept(chromium: Browser, pages: dict[str, Path]) -> None:
    with opened(chromium, pages["hostile"], "v=matrix") as explorer:
        for view in ("arcs", "text", "flow", "neuron"):
            explorer.go(f"v={view}&h=L0H0&q=2")
            drawing = ET.fromstring(explorer.download("SVG"))
            texts = [each.text or "" for each in drawing.iter("{http://www.w3.org/2000/svg}text")]
            assert any(view in text.lower() for text in texts)
            assert not drawing.findall(".//{http://www.w3.org/2000/svg}script")
            assert explorer.download("PNG").startswith(b"\x89PNG")
            assert len(explorer.table()) >= 14


@pytest.mark.parametrize("view", VIEWS)
def test_hostile_tokens_are_text(chromium: Browser, pages: dict[str, Path], view: str) -> None:
    with opened(chromium, pages["hostile"], f"v={view}&h=L0H0&q=1,2,3&k=9") as explorer:
        page = explorer.page
        shown = page.locator("#explorer").inner_text()
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "x" * 300 not in shown
        assert page.locator("#explorer img, #explorer script").count() == 0
        page.locator("#explorer [tabindex='0']").first.focus()
        for _ in range(len(HOSTILE) + 1):
            page.keyboard.press("ArrowRight" if view == "text" else "ArrowDown")
        if view != "mosaic":
            assert "<img src=x" in page.locator("#explorer").text_content()  # type: ignore[operator]


@pytest.mark.parametrize(("scheme", "views"), [("light", VIEWS), ("dark", ("matrix", "text"))])
def test_axe_finds_nothing_serious(
    chromium: Browser, pages: dict[str, Path], scheme: str, views: tuple[str, ...]
) -> None:
    script = (package_folder("axe_core_python") / "axe.min.js").read_text("utf-8")
    size = {"width": 390, "height": 844}
    with opened(
        chromium, pages["example"], "q=3", bypass_csp=True, viewport=size, color_scheme=scheme
    ) as explorer:
        page = explorer.page
        page.add_script_tag(content=script)
        found = []
        for view in views:
            explorer.go(f"v={view}&q=3&lens=content")
            result = page.evaluate("() => axe.run('#explorer', {resultTypes: ['violations']})")
            found += [
                (view, each["id"], each["nodes"][0]["html"][:200]) for each in result["violations"]
            ]
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert found == []


def test_without_scripts_the_page_is_what_it_was(chromium: Browser, pages: dict[str, Path]) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(pages["example"].as_uri())
    assert not page.locator("#explorer").is_visible()
    assert "Explorer" not in page.locator("nav").first.inner_text()
    context.close()


def test_an_old_browser_gets_a_message(chromium: Browser, pages: dict[str, Path]) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(pages["example"].as_uri())
    says = page.locator("#explorer .alert")
    says.wait_for()
    assert "needs a browser that knows DecompressionStream" in says.inner_text()
    context.close()


def test_four_hundred_tokens_are_quick(chromium: Browser, folder: Path) -> None:
    long = folder / "long"
    long.mkdir()
    page = written(report(400, 2, 12), long)
    with opened(chromium, page, "v=arcs&h=L1H3&q=7") as explorer:
        took = explorer.page.evaluate(POINTS)
        explorer.go("v=matrix&h=L1H3")
        both = took + explorer.page.evaluate(POINTS)
    # A machine that does other things at the same time gets some more.
    assert sorted(both)[len(both) // 2] < 50
