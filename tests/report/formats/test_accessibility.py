"""What axe-core says of the page, and what can be seen of it, in Chromium."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from attnviz.report.formats import html
from tests.conftest import package_folder
from tests.helpers import browser, example, monitored

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from attnviz.report.model import Report

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(browser.missing()), reason=browser.missing() or "there is a browser"),
]

SCREENS = [(390, "light", "screen"), (1280, "dark", "screen"), (390, "dark", "screen")]
SCREENS += [(1280, "light", "screen"), (700, "light", "print")]
SERIOUS = {"serious", "critical"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, annotated_report: Report) -> Path:
    """A page with all that there is: a real model's scores, profiles, relations; pictures."""
    drawn = example.report(sentences=3)
    first, *others = drawn.sentences
    texts = "It rained.", "Hundreds of travellers waited on the platform of the station for a bus."
    report = replace(
        annotated_report,
        sentences=(replace(first, pair=texts), *others),
        illustrations=drawn.illustrations,
        groups=monitored.DIFFERING,
        strangest=monitored.STRANGEST,
    )
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_bytes(html.write(report, example.pictures(drawn)))
    return path


_OPENED = """() => {
  // What is closed is a part of the page; of what is alike a little will do, for axe is slow.
  const all = (which, then) => document.querySelectorAll(which).forEach(then);
  all(".profile:nth-of-type(n+3), .layer:nth-of-type(n+4), tr:nth-child(n+5)", it => it.remove());
  all("details", it => { it.open = true; });
}"""


def violations(chromium: Browser, page: Path, width: int, scheme: Any, media: Any) -> list[str]:
    script = (package_folder("axe_core_python") / "axe.min.js").read_text("utf-8")
    context = chromium.new_context(
        bypass_csp=True, viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    try:
        tab = context.new_page()
        tab.emulate_media(media=media, color_scheme=scheme)
        tab.goto(page.as_uri())
        tab.evaluate(_OPENED)
        tab.add_script_tag(content=script)
        result = tab.evaluate("() => axe.run({resultTypes: ['violations']})")
    finally:
        context.close()
    return [
        f"{found['id']} at {len(found['nodes'])} places, as {found['nodes'][0]['html'][:200]}"
        for found in result["violations"]
        if found["impact"] in SERIOUS
    ]


@pytest.mark.parametrize(("width", "scheme", "media"), SCREENS)
def test_axe_finds_nothing_serious(
    chromium: Browser, made: Path, width: int, scheme: str, media: str
) -> None:
    assert violations(chromium, made, width, scheme, media) == []


def test_broad_figures_scroll_in_a_box_and_the_page_does_not(chromium: Browser, made: Path) -> None:
    tab = chromium.new_page(viewport={"width": 390, "height": 844})
    tab.goto(made.as_uri())
    widths = "each => [each.clientWidth, each.scrollWidth]"
    boxes = tab.eval_on_selector_all(".scroll", f"all => all.map({widths})")
    page = tab.eval_on_selector("html", widths)
    tab.keyboard.press("Tab")
    skip = tab.evaluate("() => document.activeElement.textContent")
    tab.close()

    assert boxes
    assert all(inside > outside for outside, inside in boxes)
    assert page[1] <= 390
    assert skip.startswith("Skip to")


def test_letters_on_the_map_leave_the_cells_under_them_to_the_pointer(
    chromium: Browser, made: Path
) -> None:
    tab = chromium.new_page(viewport={"width": 1280, "height": 900})
    tab.goto(made.as_uri())
    under = tab.eval_on_selector_all(
        ".head-map a",
        """all => all.map(link => {
          const box = link.querySelector("rect").getBoundingClientRect();
          const x = box.x + box.width / 2, y = box.y + box.height / 2;
          return document.elementFromPoint(x, y).closest("a") === link;
        })""",
    )
    letters = tab.eval_on_selector_all(".cells text", "all => all.map(it => it.textContent)")
    tab.close()

    assert len(under) == len("".join(letters)) > 0
    assert all(under)
