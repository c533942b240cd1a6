"""Sentences for the explorer, made up of plain arrays, and ways to look at a page's explorer."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from attnviz.observers.packing import steps
from attnviz.report.explored import Explored
from attnviz.report.formats import html
from attnviz.text.types import TokenLabel
from tests.helpers import browser, example

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from attnviz.report.model import Report

Floats = NDArray[np.float64]

NEEDS = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(browser.missing()), reason=browser.missing() or "there is a browser"),
]
"""Marks of a file whose tests open pages."""

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


def explored(labels: tuple[TokenLabel, ...], attention: Floats, number: int = 1) -> Explored:
    """A sentence whose words are its tokens; `attention` [layer, head, query, key]."""
    own = tuple((str(label), (place,)) for place, label in enumerate(labels))
    size = len(labels)
    return Explored(
        id=number,
        text=" ".join(map(str, labels)),
        queries=labels,
        keys=(),
        words=own,
        key_words=(),
        layers={layer: packed(weights) for layer, weights in enumerate(attention)},
        heads={layer: len(weights) for layer, weights in enumerate(attention)},
        targets={("previous-token", ""): np.eye(size, k=-1, dtype=np.bool_)},
        last=False,
        neurons=neurons(size),
    )


def neurons(tokens: int) -> dict[tuple[int, int], bytes]:
    """Queries and keys of L0H0 and L1H1, which have nothing to do with the weights."""
    draw = np.random.default_rng(4)
    header = [8, 0.5, 0, 0, 0, 0, 0, *[1e-4] * 16]
    floats = np.array(header, "<f4").tobytes()
    blocks = [draw.integers(-20_000, 20_000, 16 * tokens).astype("<i2") for _ in range(2)]
    return {(at, at): zlib.compress(floats + block.tobytes()) for at, block in enumerate(blocks)}


def packed(weights: Floats) -> bytes:
    """A block, as `PackedKeeper` makes it of the weights [head, query, key] of a layer."""
    given = torch.from_numpy(weights)
    block = steps(given.sqrt()).tobytes() + steps(given.sum(-1)).tobytes()
    return zlib.compress(block, 9)


def labels(count: int, *more: str) -> tuple[TokenLabel, ...]:
    """[CLS], plain tokens and `more`, [SEP]; `count` in all."""
    plain = [TokenLabel(text) for text in (*more, *(f"w{k}" for k in range(count)))]
    ends = TokenLabel("[CLS]", special=True), TokenLabel("[SEP]", special=True)
    return (ends[0], *plain[: count - 2], ends[1])


def report(
    tokens: int = 12, layers: int = example.LAYERS, heads: int = example.HEADS, *more: str
) -> Report:
    """The example, with one sentence to explore; `more` are tokens of it."""
    made = example.report(sentences=1, layers=layers)
    attention = np.random.default_rng(3).dirichlet(np.full(tokens, 0.2), (layers, heads, tokens))
    return replace(made, explored=(explored(labels(tokens, *more), attention),))


def pair() -> Report:
    """The example, with a pair of texts to explore: a0 a1 a2, b0 b1, special tokens between."""
    made = report(8, 6, 12, "a0", "a1", "a2", "[SEP]", "b0", "b1")
    (sentence,) = made.explored
    segments = (None, 0, 0, 0, None, 1, 1, None)
    read = replace(made.sentences[0], id=sentence.id, segments=segments)
    labels = tuple(
        replace(label, special=of is None)
        for label, of in zip(sentence.queries, segments, strict=True)
    )
    return replace(made, sentences=(read,), explored=(replace(sentence, queries=labels),))


def written(made: Report, folder: Path) -> Path:
    """The page of a report, without figures."""
    page = folder / "report.html"
    page.write_bytes(html.write(made, ()))
    return page


@dataclass
class Explorer:
    """A page's explorer in a browser."""

    page: Page
    heard: list[str]

    @property
    def link(self) -> str:
        """What stands behind the # of the address."""
        link: str = self.page.evaluate("() => location.hash.slice(1)")
        return link

    def ready(self) -> None:
        """Waits until what was asked for is drawn."""
        self.page.wait_for_selector("#explorer[data-ready]")

    def go(self, link: str) -> None:
        """Follows a link within the page."""
        self.page.evaluate(_FOLLOWED, link)
        self.ready()

    def press(self, *keys: str) -> None:
        """Presses keys, one after the other is drawn."""
        for key in keys:
            self.page.keyboard.press(key)
            self.ready()

    def said(self) -> str:
        """What the live region says."""
        return self.page.locator("#explorer [role=status]").inner_text()

    def notes(self) -> str:
        """The lines below the picture."""
        return self.page.locator("#explorer .notes").inner_text()

    def download(self, form: str) -> bytes:
        """What is shown as a file."""
        with self.page.expect_download() as caught:
            self.page.get_by_role("button", name=form, exact=True).click()
        return Path(caught.value.path()).read_bytes()

    def table(self) -> list[dict[str, str]]:
        """What is shown as rows of a table."""
        return list(csv.DictReader(self.download("CSV").decode().splitlines()))

    def weights(self, heads: tuple[int, int]) -> Floats:
        """The weights of all heads, so many layers of so many, [head, query, key]."""
        rows = self.table()
        weights = np.array([float(row["weight"]) for row in rows])
        return weights.reshape(heads[0] * heads[1], len({row["query"] for row in rows}), -1)


_FOLLOWED = """link => new Promise(done => {
  addEventListener("popstate", () => done(), {once: true});
  location.hash = link;
})"""


@contextmanager
def opened(chromium: Browser, page: Path, link: str = "", **context: Any) -> Iterator[Explorer]:
    """The explorer of a page; nothing may be said on the console, and nothing asked for."""
    made = chromium.new_context(**({"viewport": {"width": 1280, "height": 900}} | context))
    tab, heard = made.new_page(), []
    tab.on("console", lambda message: heard.append(message.text))
    tab.on("pageerror", lambda error: heard.append(str(error)))
    tab.on("dialog", lambda dialog: heard.append(dialog.message))
    local = ("file:", "data:", "blob:")
    tab.on(
        "request", lambda asked: None if asked.url.startswith(local) else heard.append(asked.url)
    )
    try:
        tab.goto(page.as_uri() + (f"#{link}" if link else ""))
        tab.wait_for_selector("#explorer[data-ready]")
        yield Explorer(tab, heard)
        assert heard == []
    finally:
        made.close()


POINTS = """() => {
  const picture = document.querySelector("#explorer .picture");
  const box = picture.getBoundingClientRect();
  return [60, 130, 200, 280, 360, 440].map(y => {
    const start = performance.now();
    const at = {clientX: box.left + 30 + y / 2, clientY: box.top + y, bubbles: true};
    picture.dispatchEvent(new PointerEvent("pointermove", at));
    picture.getBoundingClientRect();
    return performance.now() - start;
  });
}"""
"""Points at tokens of the picture, one after the other; how long each took, in milliseconds."""
