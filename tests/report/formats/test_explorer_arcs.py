"""The explorer's arcs in Chromium: several heads, pins, fingers, paper and long sentences."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.helpers.explored import NEEDS, POINTS, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = NEEDS


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


def test_four_hundred_tokens_are_quick(chromium: Browser, pages: dict[str, Path]) -> None:
    # Keys that are pinned in twelve heads have thousands of lines.
    keys = ",".join(map(str, range(16)))
    with opened(chromium, pages["long"]) as explorer:
        for link in ("v=arcs&h=L1H3&q=7", f"v=arcs&h=L1&k={keys}", "v=matrix&h=L1H3"):
            explorer.go(link)
            took = explorer.page.evaluate(POINTS)
            # A machine that does other things at the same time gets some more.
            assert sorted(took)[len(took) // 2] < 50, link


def test_arcs_of_long_sentences_are_printed_in_pieces(
    chromium: Browser, pages: dict[str, Path]
) -> None:
    numbers = """all => all.map(piece => [...piece.querySelectorAll(".number")]
      .filter(it => it.getAttribute("text-anchor") === "end").map(it => Number(it.textContent)))"""
    with opened(chromium, pages["long"], "v=arcs&h=L1H3") as explorer:
        page = explorer.page
        screen = page.locator("#explorer .grid .picture")
        assert page.locator("#explorer .paper").count() == 0
        page.emulate_media(media="print")
        page.wait_for_selector("#explorer .paper")
        assert not screen.is_visible()
        assert page.locator("#explorer .paper .edges path").count() == 150
        pieces = page.eval_on_selector_all("#explorer .paper .picture", numbers)
        places = [place for piece in pieces for place in piece]
        assert len(pieces) > 1
        assert max(map(len, pieces)) <= 36
        assert places == sorted(places)
        says = page.locator("#explorer .paper p").inner_text()
        assert f"touches, {len(set(places))} of 400 queries and " in says
        high = page.eval_on_selector_all(
            "#explorer .paper .picture", "all => Math.max(...all.map(it => it.clientHeight))"
        )
        assert high < 18.6 / 2.54 * 96
        # Pinned, a query stands in each piece beside as many keys as have room.
        explorer.go("v=arcs&h=L1H3&q=7")
        drawn = page.locator("#explorer .paper .edges path").count()
        page.emulate_media(media="screen")
        page.wait_for_selector("#explorer .paper", state="detached")
        assert screen.is_visible()
        assert drawn == len([row for row in explorer.table() if float(row["weight"]) >= 0.01])


def test_paper_has_the_keys_that_weigh_most(chromium: Browser, pages: dict[str, Path]) -> None:
    with opened(chromium, pages["long"], "v=neuron&h=L0H0") as explorer:
        weights = sorted(
            float(row["weight"]) for row in explorer.table() if row["what"] == "product"
        )
        page = explorer.page
        page.emulate_media(media="print")
        page.wait_for_selector("#explorer .paper")
        shown = page.locator("#explorer .paper .weight").all_text_contents()
        assert len(shown) == 40
        assert float(max(shown)) == pytest.approx(weights[-1], abs=0.006)
        says = page.locator("#explorer .paper p").inner_text()
        left = float(says.partition("360 others with ")[2].split(" ")[0])
        assert left == pytest.approx(sum(weights[:-40]), abs=0.006)
