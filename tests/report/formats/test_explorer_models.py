"""The explorer in Chromium: its weights are the model's, by token and word, and as text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import attnviz
from attnviz.drawing.lens import content_only
from tests.conftest import SAMPLES
from tests.helpers.explored import NEAR, NEEDS, VIEWS, opened, written
from tests.helpers.models import write_model

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from attnviz.drawing.weights import Weights
    from attnviz.report.model import Report

pytestmark = NEEDS

TRANSLATION = SAMPLES / "translation"
SENTENCES = ("the dogs saw a cat by the tree .", "it was red and then the birds ran , too !")


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
    places = {kind: folder / f"page-{kind}" for kind in reports}
    for place in places.values():
        place.mkdir()
    return {kind: written(reports[kind], place) for kind, place in places.items()}


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
        explorer.press("4", "Escape", "l", "w", "m")
        assert explorer.link == "s=1&v=text&h=L1H0&lens=content&by=word&scale=max"
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
        explorer.page.locator("#explorer .picture").hover(position={"x": 12, "y": 8})
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
