"""The formats of a comparison: the page, Markdown, JSON and its schema, the terminal."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from attnviz.comparison.formats import json_comparison, markdown
from attnviz.comparison.formats.json_comparison import CompareJson
from attnviz.report import codec
from tests.helpers import browser
from tests.report.formats.test_accessibility import SCREENS, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from attnviz.api import Comparisons

pytestmark = pytest.mark.slow

needs_browser = pytest.mark.skipif(
    bool(browser.missing()), reason=browser.missing() or "there is a browser"
)


def test_compare_json_is_what_its_schema_says(over_training: Comparisons) -> None:
    told = json.loads(json_comparison.write(over_training))

    jsonschema.validate(told, codec.schema(CompareJson, "compare", "attnviz compare"))
    assert [model["label"] for model in told["models"]][:2] == ["step-000", "step-025"]
    assert [(each["before"], each["after"]) for each in told["comparisons"]] == [
        (0, 12),
        *((at, at + 1) for at in range(12)),
    ]
    assert told["models"][0]["model"]["heads"] == 4  # in a layer


def test_the_shipped_schema_is_the_one_of_the_types() -> None:
    shipped = resources.files("attnviz") / "comparison" / "schema.json"
    assert shipped.read_text(encoding="utf-8") == json_comparison.schema_text(), (
        f"Write it again: {json_comparison.__doc__}"
    )


def test_page_and_markdown_say_the_same_findings(
    over_training: Comparisons, training_page: Path
) -> None:
    page = training_page.read_text(encoding="utf-8")
    text = markdown.write(over_training).decode()
    for finding in over_training.findings[:3]:
        assert finding.text in page
        assert finding.text.split(":")[0].replace("(", "\\(").replace(")", "\\)") in text
    assert "| Role | First beyond doubt in |" in text
    assert "://" not in page.replace("://www.w3.org/2000/svg", "")  # nothing from elsewhere


def test_the_page_has_no_script_and_no_more_than_it_needs(training_page: Path) -> None:
    page = training_page.read_text(encoding="utf-8")

    assert "<script" not in page
    assert len(page) < 400_000


@needs_browser
@pytest.mark.parametrize(("width", "scheme", "media"), SCREENS[:2] + SCREENS[-1:])
def test_axe_finds_nothing_serious(
    chromium: Browser, training_page: Path, width: int, scheme: str, media: str
) -> None:
    assert violations(chromium, training_page, width, scheme, media) == []


@needs_browser
def test_the_page_is_no_wider_than_a_phone(chromium: Browser, training_page: Path) -> None:
    tab = chromium.new_page(viewport={"width": 390, "height": 844})
    tab.goto(training_page.as_uri())
    width = tab.evaluate("() => document.documentElement.scrollWidth")
    tab.close()

    assert width <= 390
