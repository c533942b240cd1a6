"""The explorer in Chromium: the weights are the model's, and whoever asks gets what is there."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

import attnviz
from attnviz.drawing.lens import content_only
from attnviz.report.head_profiles import Example, ShownToken
from attnviz.text.types import TokenLabel
from tests.conftest import SAMPLES, package_folder
from tests.helpers import browser
from tests.helpers.explored import POINTS, opened, pair, report, written
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
VIEWS = ("matrix", "arcs", "mosaic", "text", "scatter", "flow", "neuron")
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
    places = {kind: folder / f"page-{kind}" for kind in (*reports, "example", "hostile", "pair")}
    for place in places.values():
        place.mkdir()
    made = reports | {
        "example": report(),
        "hostile": report(14, 2, 12, *HOSTILE),
        "pair": pair(),
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


def an_example(role: str, tenth: int, score: float) -> Example:
    """A sentence that so many tenths show less, in which the token "it" looks."""
    shows: Literal["most", "between", "least"] = "between"
    if tenth in (0, 10):
        shows = "most" if tenth else "least"
    token = ShownToken(0, TokenLabel("it"), query=True)
    empty = (0,), (), (token,), ()
    return Example(
        role, shows, 20 + tenth, score, 0.05, 9, score, *empty, (), 0.0, False,
        tenth if shows == "between" else None,
    )  # fmt: skip


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


def test_heads_stand_where_the_report_has_them(chromium: Browser, pages: dict[str, Path]) -> None:
    made = report()
    with opened(chromium, pages["example"], "v=scatter&x=distance&y=previous-token") as explorer:
        rows = {row["name"]: row for row in explorer.table()}
        # One has no distance.
        assert len(rows) == 71
        for row in rows.values():
            head = made.head(int(row["layer"]), int(row["head"]))
            role = head.roles["previous-token"]
            assert float(row["distance"]) == pytest.approx(
                head.statistics["distance"].mean, rel=5e-3
            )
            assert float(row["previous-token"]) == pytest.approx(role.score, abs=NEAR)
            assert float(row["previous-token_low"]) == pytest.approx(role.low, abs=NEAR)
            assert row["role"] == (head.told[0] if head.told else "")
        assert explorer.page.locator("#explorer .cells circle").count() == 71
        explorer.page.locator("#explorer [role=grid]").focus()
        explorer.press("ArrowDown", "ArrowRight")
        assert explorer.said().startswith("L1H1: distance ")
        assert explorer.page.locator("#explorer .bars path").count() == 2
        explorer.press("Enter")
        assert explorer.link == "s=1&h=L1H1&x=distance&y=previous-token"
        explorer.go("v=scatter&layers=1-2,4&heads=3&has=any")
        having = [f"L{layer}H3" for layer in (1, 2, 4) if made.head(layer, 3).told]
        assert [row["name"] for row in explorer.table()] == having
        assert f"{len(having)} of 72 heads pass" in explorer.page.locator("#explorer").inner_text()


def test_sentences_of_a_head_are_told_from_least_to_most(chromium: Browser, folder: Path) -> None:
    made = report()
    head = next(head for head in made.heads if "previous-token" in head.told)
    own = [an_example("previous-token", tenth, tenth / 10) for tenth in range(10, -1, -1)]
    heads = tuple(replace(of, examples=tuple(own)) if of is head else of for of in made.heads)
    made = replace(made, heads=heads)
    place = folder / "ranges"
    place.mkdir()
    with opened(chromium, written(made, place), f"v=scatter&h={head.name}") as explorer:
        table = explorer.page.locator("#explorer .ranges").first
        table.evaluate("it => { it.closest('details').open = true }")
        cells = [row.locator("td").all_inner_texts() for row in table.locator("tbody tr").all()]
        assert len(cells) == len(own)
        assert cells[0][0] == "least"
        assert cells[-1][0] == "most"
        shown = {int(cell[1]): float(cell[2]) for cell in cells}
        assert shown == pytest.approx({each.sentence: each.score for each in own}, abs=0.006)
        assert explorer.page.locator("#explorer .sentence circle").count() >= len(own)


def test_texts_of_a_pair_are_told_apart(chromium: Browser, pages: dict[str, Path]) -> None:
    with opened(chromium, pages["pair"], "h=L1H2") as explorer:
        whole = np.array([float(row["weight"]) for row in explorer.table()]).reshape(8, 8)
        first, second, special = [1, 2, 3], [5, 6], [0, 4, 7]
        masses = [
            whole[np.ix_(rows, keys)].sum(1).mean()
            for rows, every in ((first, (first, second)), (second, (first, second)))
            for keys in (*every, special)
        ]
        says = explorer.page.locator("#explorer .masses").inner_text()
        told = [float(word) for word in says.replace(",", " ").split() if word[0].isdigit()]
        assert told == pytest.approx(masses, abs=0.01)
        explorer.press("s")
        explorer.page.get_by_role("button", name="A → B").click()
        explorer.ready()
        assert explorer.link == "s=1&h=L1H2&seg=AB"
        rows = explorer.table()
        assert [row["query_token"] for row in rows[::2]] == ["a0", "a1", "a2"]
        assert [float(row["weight"]) for row in rows] == list(whole[np.ix_(first, second)].flat)
        bold = explorer.page.locator("#explorer .masses b").inner_text()
        assert bold == f"{masses[1]:.2f} to text B"
        left = 1 - whole[np.ix_(first, second)].sum(1)
        explorer.go(f"h=L1H2&seg=AB&q={first[int(left.argmax())]}")
        elsewhere = explorer.notes().partition(" on tokens that are not shown")[0].split(" ")[-1]
        assert float(elsewhere) == pytest.approx(left.max(), abs=0.01)
        # What looks and what is looked at are different lines of the text.
        explorer.go("h=L1H2&seg=AB&q=2&v=text")
        pressed = explorer.page.locator("#explorer .tokens").nth(0).locator("[aria-pressed=true]")
        assert pressed.all_inner_texts() == ["a1"]
        explorer.go("h=L1H2&lens=content&by=word&seg=BB")
        assert len(explorer.table()) == 4


def test_a_filter_counts_in_every_view(chromium: Browser, pages: dict[str, Path]) -> None:
    with opened(chromium, pages["example"], "v=mosaic&layers=0,2-3&heads=1-4") as explorer:
        page = explorer.page
        assert page.locator("#explorer .cells image").count() == 12 + 1
        explorer.go("v=matrix&h=L2&heads=1-4")
        assert (
            "mean of 4 of the 12 heads of layer 2" in page.locator("#explorer .shown").inner_text()
        )
        shown = np.array([float(row["weight"]) for row in explorer.table()])
        explorer.go("v=arcs&h=L2H1,L2H2,L2H3,L2H4&mix=mean")
        assert shown == pytest.approx([float(row["weight"]) for row in explorer.table()], abs=1e-4)
        explorer.go("h=L2H1&layers=0,2,4")
        page.locator("#explorer [role=grid]").focus()
        explorer.press("]", "]")
        assert "h=L0H1" in explorer.link
        explorer.go("h=L2&layers=4")
        assert "leaves none of these heads" in page.locator("#explorer .shown").inner_text()
        field = page.get_by_label("layers")
        field.fill("0 - 1")
        field.press("Enter")
        explorer.ready()
        assert "layers=0-1" in explorer.link
        field.fill("x")
        field.press("Enter")
        wrong = page.locator("#explorer .filters [role=alert]")
        assert wrong.inner_text() == "“x” doesn’t count: numbers and ranges do, such as 0-2,5."
        page.get_by_role("button", name="No filter").click()
        explorer.ready()
        assert "layers" not in explorer.link
        filters = page.locator("#explorer .filters")
        explorer.go("h=L2H1&layers=3-1")
        assert "0 of 72 heads pass: 3-1 runs backwards: 1-3" in filters.inner_text()
        assert "L2H1 doesn’t pass the filter" in page.locator("#explorer .shown").inner_text()
        explorer.go("h=L2H1&layers=9")
        assert "0 of 72 heads pass: layers are 0 to 5" in filters.inner_text()


@pytest.mark.parametrize(
    ("view", "count"),
    [
        ("matrix", {"Role", "Lens", "by word", "layers"}),
        ("scatter", {"layers"}),
        ("flow", {"Lens", "by word"}),
        ("neuron", set()),
    ],
)
def test_controls_that_change_nothing_are_disabled(
    chromium: Browser, pages: dict[str, Path], view: str, count: set[str]
) -> None:
    with opened(chromium, pages["example"], f"v={view}&layers=0") as explorer:
        labels = ("Role", "Lens", "by word", "layers")
        controls = {each: explorer.page.get_by_label(each, exact=True) for each in labels}
        assert {each for each, control in controls.items() if control.is_enabled()} == count


def test_heads_of_a_layer_have_colours_of_their_own(
    chromium: Browser, pages: dict[str, Path]
) -> None:
    strokes = """all => all.map(it =>
      `${it.getAttribute("stroke")} ${it.getAttribute("stroke-dasharray")}`)"""
    with opened(chromium, pages["example"], "v=arcs&h=L2&q=3&k=5") as explorer:
        page = explorer.page
        drawn = page.eval_on_selector_all("#explorer .edges path", strokes)
        assert len(set(drawn)) == 12
        tiles = page.locator("#explorer .tile")
        assert tiles.count() == 12
        each = explorer.notes().partition("w2 → w4: ")[2].split("\n")[0]
        mean, _, heads = each.partition("; ")
        told = [float(head.split(" ")[1].removeprefix("<")) for head in heads.split(", ")]
        assert len(told) == 12
        assert float(mean) == pytest.approx(np.mean(told), abs=0.01)
        kept = ET.fromstring(explorer.download("SVG"))
        texts = [of.text for of in kept.iter("{http://www.w3.org/2000/svg}text")]
        assert {f"L2H{head}" for head in range(12)} <= set(texts)
        page.locator("#explorer [role=grid]").focus()
        explorer.press("e")
        drawn = page.eval_on_selector_all("#explorer .edges path", strokes)
        assert set(drawn) == {"null null"}


def test_fingers_choose_heads(chromium: Browser, pages: dict[str, Path]) -> None:
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    with opened(chromium, pages["example"], "v=mosaic&h=L0H0", **phone) as explorer:
        page = explorer.page
        page.get_by_role("button", name="Choose several").tap()
        explorer.ready()
        page.locator("#explorer .picture").tap(position={"x": 26 + 47 + 20, "y": 18 + 20})
        explorer.ready()
        assert explorer.link == "s=1&v=mosaic&h=L0H0,L0H1&add=yes"
        page.get_by_role("button", name="Arcs").tap()
        explorer.ready()
        page.get_by_role("button", name="L0H3").tap()
        explorer.ready()
        assert "h=L0H0,L0H1,L0H3" in explorer.link
        page.get_by_role("button", name="L0H0").tap()
        explorer.ready()
        assert "h=L0H1,L0H3" in explorer.link
        small = "all => all.filter(it => it.checkVisibility() && it.clientHeight < 42).length"
        assert page.eval_on_selector_all("#explorer :is(button, select, summary)", small) == 0
        page.locator("#explorer .picture").tap(position={"x": 12, "y": 30})
        explorer.ready()
        assert "q=0" in explorer.link
        assert explorer.notes().startswith("[CLS] gives: ")


def test_what_lines_carry_is_told_and_each_heads_weights_are_kept(
    chromium: Browser, pages: dict[str, Path]
) -> None:
    with opened(chromium, pages["example"], "v=arcs&h=L2") as explorer:
        rows = explorer.table()
        assert {row["head"] for row in rows} == {str(head) for head in range(12)}
        weights = np.sort([float(row["weight"]) for row in rows])[::-1]
        assert len(weights) == 12 * 12 * 12
        least, _, carry = explorer.notes().partition("none below ")[2].partition("; they carry ")
        assert float(least) == pytest.approx(weights[149], abs=0.011)
        assert float(least) <= weights[149] + 1e-4
        assert float(carry[:4]) == pytest.approx(weights[:150].sum() / weights.sum(), abs=0.006)
        kept = ET.fromstring(explorer.download("SVG"))
        texts = " ".join(of.text or "" for of in kept.iter("{http://www.w3.org/2000/svg}text"))
        assert f"none below {least}; they carry {carry[:4]} of the attention." in texts
        assert "Model: " in texts
        assert "Sentence 1: [CLS] w0 " in texts
        assert "Choose a token" not in texts
        explorer.go("v=arcs&h=L2&q=3&k=5")
        drawn = {(row["query"], row["key"]) for row in explorer.table()}
        assert drawn == {(q, k) for q, k in pairs(12) if q == "3" or k == "5"}
        explorer.go("v=scatter&h=L2H1")
        kept = ET.fromstring(explorer.download("SVG"))
        texts = " ".join(of.text or "" for of in kept.iter("{http://www.w3.org/2000/svg}text"))
        first = explorer.page.locator("#explorer .legend li").first.inner_text()
        assert first.split(" ", 1)[1] in texts


def pairs(size: int) -> list[tuple[str, str]]:
    """Every cell of a square, as a table names it."""
    return [(str(query), str(key)) for query in range(size) for key in range(size)]


def test_what_is_pinned_stays_in_sight(chromium: Browser, pages: dict[str, Path]) -> None:
    small = {"width": 900, "height": 260}
    with opened(chromium, pages["example"], "v=arcs&h=L2H1", viewport=small) as explorer:
        host = explorer.page.locator("#explorer .host")
        host.evaluate("it => { it.scrollIntoView(); it.scrollTop = 60; }")
        box = host.bounding_box()
        assert box is not None
        explorer.page.mouse.click(box["x"] + 12, box["y"] + 100)
        explorer.page.wait_for_function("() => location.hash.includes('q=')")
        explorer.ready()
        assert host.evaluate("it => it.scrollTop") == 60
        explorer.go("v=flow&h=L2H1")
        assert host.evaluate("it => it.scrollTop") == 0


def test_paper_has_what_is_shown(chromium: Browser, pages: dict[str, Path]) -> None:
    with opened(chromium, pages["example"], "v=arcs&h=L2&q=3") as explorer:
        page = explorer.page
        page.emulate_media(media="print")
        explorer.ready()
        assert page.locator("#explorer .picture").is_visible()
        assert "Arcs, sentence 1: " in page.locator("#explorer .shown").inner_text()
        assert page.locator("#explorer .tile").first.is_visible()
        assert not page.locator("#explorer select").first.is_visible()
        assert not page.get_by_role("button", name="PNG").is_visible()
        explorer.go("v=arcs&h=L2")
        assert not page.locator("#explorer .asks").is_visible()
        room = page.locator("#explorer .stage").evaluate("it => it.clientWidth")
        assert page.locator("#explorer .picture").evaluate("it => it.clientWidth") > 0.9 * room


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
        assert page.locator("#explorer .picture").count() == 1
        explorer.go("s=99&v=zzz&h=L99H99,L2H1&nonsense=1&q=3,999&lens=x")
        told = page.locator("#explorer .unknown").inner_text()
        for part in (
            "“nonsense=1”",
            "lens “x” (there is all, content",
            "sentence “99” (there is 1)",
        ):
            assert part in told
        for part in ("view “zzz” (there is matrix, arcs", "heads “L99H99”", "query “999”"):
            assert part in told
        assert shown.inner_text() == "L2H1"
        page.get_by_role("button", name="Arcs").click()
        explorer.ready()
        assert page.locator("#explorer .unknown").inner_text() == ""
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


@pytest.mark.parametrize(
    ("scheme", "views"), [("light", VIEWS), ("dark", ("matrix", "text", "scatter"))]
)
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
