"""The explorer's views of all heads, in Chromium: mosaic, scatter and a head's sentences."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from attnviz.report.head_profiles import Example, ShownToken
from attnviz.text.types import TokenLabel
from tests.helpers.explored import NEAR, NEEDS, opened, report, written

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = NEEDS


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


def test_a_picture_fades_where_it_goes_on(chromium: Browser, pages: dict[str, Path]) -> None:
    phone = {"width": 390, "height": 844}
    with opened(chromium, pages["example"], "v=mosaic", viewport=phone, has_touch=True) as explorer:
        page = explorer.page
        host = page.locator("#explorer .host")
        assert host.get_attribute("data-beyond") == "right"
        host.evaluate("it => { it.scrollLeft = it.scrollWidth }")
        page.wait_for_selector("#explorer .host[data-beyond=left]")
        explorer.go("v=text")
        assert host.get_attribute("data-beyond") is None


def test_layers_stand_in_two_columns_on_paper(chromium: Browser, pages: dict[str, Path]) -> None:
    with opened(chromium, pages["deep"], "v=mosaic") as explorer:
        page = explorer.page
        page.emulate_media(media="print")
        page.wait_for_selector("#explorer .paper")
        heads = list(map(str, range(12)))
        pieces = page.locator("#explorer .paper .picture")
        first, second = (pieces.nth(at).locator(".numbers text") for at in (0, 1))
        assert first.all_text_contents() == [*heads, *map(str, range(9))]
        assert second.all_text_contents() == [*heads, *map(str, range(9, 18))]
        # Of each head a picture, and of each half the bar of the scale.
        assert page.locator("#explorer .paper image").count() == 18 * 12 + 2


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
        # Nothing of it is beyond the frame, where its points would be pale.
        assert explorer.page.locator("#explorer .host").get_attribute("data-beyond") is None
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


def test_sentences_of_a_head_are_told_from_least_to_most(chromium: Browser, tmp_path: Path) -> None:
    made = report()
    head = next(head for head in made.heads if "previous-token" in head.told)
    own = [an_example("previous-token", tenth, tenth / 10) for tenth in range(10, -1, -1)]
    heads = tuple(replace(of, examples=tuple(own)) if of is head else of for of in made.heads)
    made = replace(made, heads=heads)
    with opened(chromium, written(made, tmp_path), f"v=scatter&h={head.name}") as explorer:
        table = explorer.page.locator("#explorer .ranges").first
        table.evaluate("it => { it.closest('details').open = true }")
        cells = [row.locator("td").all_inner_texts() for row in table.locator("tbody tr").all()]
        assert len(cells) == len(own)
        assert cells[0][0] == "least"
        assert cells[-1][0] == "most"
        shown = {int(cell[1]): float(cell[2]) for cell in cells}
        assert shown == pytest.approx({each.sentence: each.score for each in own}, abs=0.006)
        assert explorer.page.locator("#explorer .sentence circle").count() >= len(own)
