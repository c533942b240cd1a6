"""The explorer in Chromium: links, filters, files and hostile tokens, in every view."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.conftest import package_folder
from tests.helpers.explored import HOSTILE, NEEDS, VIEWS, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = NEEDS


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
        explorer.go("v=scatter&h=L2H1&x=nonsense&y=entropy&seg=AB")
        told = page.locator("#explorer .unknown").inner_text()
        assert "axis “nonsense” (there is " in told
        assert "texts “AB”, for the sentence is no pair" in told
        assert page.locator("#explorer select[data-keep=y]").input_value() == "entropy"
        page.get_by_role("button", name="Arcs").click()
        explorer.ready()
        assert page.locator("#explorer .unknown").inner_text() == ""
        assert explorer.link == "s=1&v=arcs&h=L2H1&y=entropy"
        explorer.go("s=1&h=L4H4&v=arcs&q=2")
        page.get_by_role("link", name="Explore", exact=True).click()
        assert explorer.link == "s=1&v=arcs&h=L1H1"  # the best head of a role that can be outlined


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
