"""The explorer's views of flow and of scores, in Chromium: their numbers are the model's."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import attnviz
from attnviz.drawing import flow
from attnviz.errors import UsageError
from attnviz.report.pages import templates
from tests.conftest import SAMPLES
from tests.helpers.explored import NEAR, NEEDS, Explorer, opened, report, written
from tests.helpers.models import write_model

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from attnviz.drawing.weights import Weights
    from attnviz.report.model import Report

pytestmark = NEEDS

TRANSLATION = SAMPLES / "translation"
SENTENCE = "the dogs saw a cat by the tree ."
STREAMS = [("bert", ""), ("llama", ""), ("t5", "encoder"), ("t5", "decoder"), ("t5", "cross")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("explored")


@pytest.fixture(scope="module")
def texts(folder: Path) -> dict[str, dict[str, Any]]:
    """For each model what it reads: the sentence, or one to translate with its translation."""
    pair = [(TRANSLATION / f"{n}.txt").read_text("utf-8").splitlines()[0] for n in TARGETS]
    made: dict[str, dict[str, Any]] = {
        kind: {"model": write_model(folder / kind, kind), "text": SENTENCE}
        for kind in ("bert", "llama")
    }
    return made | {"t5": {"model": TRANSLATION / "model", "text": pair[0], "target": pair[1]}}


TARGETS = ("source", "target")


@pytest.fixture(scope="module")
def pages(texts: dict[str, dict[str, Any]], folder: Path) -> dict[str, Path]:
    """Pages with the queries and keys of two heads."""
    settings: dict[str, Any] = {"resamples": 100, "explore_heads": "L1H0,L0H1"}
    made: dict[str, Report] = {}
    for kind, read in texts.items():
        more = {"targets": [read["target"]]} if "target" in read else {}
        made[kind] = attnviz.analyze(read["model"], [read["text"]], **more, **settings)
    made["example"] = report()
    made["long"] = report(70, 2, 12)
    for kind in made:
        (folder / f"page-{kind}").mkdir()
    return {kind: written(each, folder / f"page-{kind}") for kind, each in made.items()}


def truth(texts: dict[str, dict[str, Any]], kind: str, stream: str) -> Weights:
    more = {name: value for name, value in texts[kind].items() if name == "target"}
    if stream:
        more["stream"] = stream
    return attnviz.weights(texts[kind]["model"], texts[kind]["text"], **more)


def edges(explorer: Explorer, layers: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """What a flow's table holds: edges [layer, query, key] and inputs [key]."""
    matrix, inputs = np.zeros((layers, size, size)), np.zeros(size)
    for row in explorer.table():
        query, key, weight = int(row["query"]), int(row["key"]), float(row["weight"])
        if row["layer"]:
            matrix[int(row["layer"]), query, key] = weight
        else:
            inputs[key] = weight
    return matrix, inputs


@pytest.mark.parametrize(("kind", "stream"), [each for each in STREAMS if each[1] != "cross"])
def test_flow_is_that_of_draw(
    chromium: Browser,
    pages: dict[str, Path],
    texts: dict[str, dict[str, Any]],
    kind: str,
    stream: str,
) -> None:
    right = truth(texts, kind, stream)
    layers, size = len(right.layers), len(right.tokens)
    means = right.matrices.reshape(layers, -1, size, size).mean(1, dtype=np.float64)
    mixed = flow.mixings(means, residual=True)
    link = f"s=1&a={stream}&v=flow&q=3"
    with opened(chromium, pages[kind], link) as explorer:
        whole, inputs = edges(explorer, layers, size)
        explorer.go(f"{link}&k=1")
        from_one, _ = edges(explorer, layers, size)
        explorer.go(f"{link}&flow=maximum")
        _, most = edges(explorer, layers, size)
        said = explorer.page.locator("#explorer .shown").inner_text()
    assert np.abs(whole - flow.rollout(mixed, (3,)).edges).max() < NEAR
    assert right.rollout is not None
    assert inputs == pytest.approx(right.rollout[3], abs=NEAR)
    assert np.abs(from_one - flow.rollout(mixed, (3,), (1,)).edges).max() < NEAR
    # Each of the up to `size` edges that a cut has may be off by half of what a weight may.
    assert most == pytest.approx(flow.maximum(mixed, (3,)).inputs, abs=0.02)
    assert "They don’t sum to 1" in said
    assert ("by cross-attention, is not in it" in said) == (stream == "decoder")


@pytest.mark.parametrize(("kind", "stream"), STREAMS)
def test_scores_make_the_models_weights(
    chromium: Browser,
    pages: dict[str, Path],
    texts: dict[str, dict[str, Any]],
    kind: str,
    stream: str,
) -> None:
    right = truth(texts, kind, stream)
    places = [(name, query) for name in ("L1H0", "L0H1") for query in (2, len(right.tokens) - 1)]
    with opened(chromium, pages[kind], f"s=1&a={stream}&v=neuron") as explorer:
        for name, query in places:
            explorer.go(f"s=1&a={stream}&v=neuron&h={name}&q={query}")
            rows = [row for row in explorer.table() if row["what"] == "product"]
            made = np.zeros(len(right.keys))
            for row in rows:
                made[int(row["place"])] = float(row["weight"])
                products = [float(row[column]) for column in row if re.fullmatch(r"d\d+", column)]
                assert sum(products) == pytest.approx(float(row["sum"]), abs=1e-3)
            assert np.abs(made - right.matrices[right.names.index(name), query]).max() < NEAR
            assert len(rows) == (query + 1 if right.causal else len(right.keys))


def test_cross_attention_has_no_flow(chromium: Browser, pages: dict[str, Path]) -> None:
    with opened(chromium, pages["t5"], "s=1&a=cross&v=flow") as explorer:
        assert "Cross-attention has no flow" in explorer.page.locator("#explorer").inner_text()
        assert explorer.page.locator("#explorer .host svg").count() == 0
        assert explorer.page.get_by_role("button", name="CSV").is_disabled()
        assert explorer.page.locator("#explorer .how-to").count() == 0


def test_flow_by_keys_and_by_links(
    chromium: Browser, pages: dict[str, Path], texts: dict[str, dict[str, Any]]
) -> None:
    right = truth(texts, "bert", "")
    assert right.rollout is not None
    with opened(chromium, pages["bert"], "s=1&v=flow&h=L1H0&q=3") as explorer:
        page = explorer.page
        page.locator("#explorer [role=grid]").focus()
        explorer.press("ArrowDown")
        name, share = explorer.said().rsplit(" ", 1)
        assert name == f"{right.tokens[1]} at the input"
        assert float(share) == pytest.approx(right.rollout[3, 1], abs=0.01)
        assert re.search(r"lines? of at least 0.02 of the flow carry 0\.\d\d", explorer.notes())
        explorer.press("Enter")
        assert explorer.link == "s=1&v=flow&h=L1H0&q=3&k=1"
        assert explorer.notes().startswith(f"{right.tokens[1]} at the input")
        explorer.press("ArrowRight", "ArrowDown", "Enter")
        assert explorer.link == "s=1&v=flow&h=L0&q=2&k=1"
        explorer.press("]")
        assert "h=L1&" in explorer.link
        page.get_by_role("button", name="Maximum flow").click()
        assert explorer.link.endswith("flow=maximum")
        page.go_back()
        explorer.ready()
        assert "flow=maximum" not in explorer.link
        drawing = ET.fromstring(explorer.download("SVG"))
        title = drawing.findtext("{http://www.w3.org/2000/svg}text") or ""
        assert title == f"Flow: to “{right.tokens[2]}” after layer 1, sentence 1"


def test_a_lens_hides_what_runs_through_special_tokens(
    chromium: Browser, pages: dict[str, Path]
) -> None:
    with opened(chromium, pages["bert"], "s=1&v=flow&q=3") as explorer:
        whole = explorer.table()
        explorer.go("s=1&v=flow&q=3&lens=content")
        content = explorer.table()
        assert (
            "Flow through them is not made up for"
            in explorer.page.locator("#explorer .shown").inner_text()
        )
        told = explorer.notes().partition("Tokens that the lens leaves out: ")[2]
        given, carried = (float(each) for each in re.findall(r"(0\.\d\d) of", told))
        explorer.go("s=1&v=flow&q=3&by=word")
        words = explorer.table()
    hidden = {row["key_token"] for row in whole} - {row["key_token"] for row in content}
    assert hidden == {"[CLS]", "[SEP]"}
    kept = [row for row in whole if not {row["query_token"], row["key_token"]} & hidden]
    assert content == kept
    special = [row for row in whole if row not in kept]
    inputs = [float(row["weight"]) for row in special if row["layer"] == ""]
    edges = [float(row["weight"]) for row in special if row["layer"] != ""]
    assert given == pytest.approx(sum(inputs), abs=0.006)
    assert carried == pytest.approx(sum(edges) / 2, abs=0.006)  # mean over two layers
    for table in (whole, words):
        total = sum(float(row["weight"]) for row in table if row["layer"] == "1")
        assert total == pytest.approx(1.0, abs=1e-3)
    assert "dogs" in {row["key_token"] for row in words}


def test_of_long_sentences_there_is_rollout_alone(
    chromium: Browser, pages: dict[str, Path]
) -> None:
    with opened(chromium, pages["long"], "v=flow&flow=maximum&q=3") as explorer:
        said = explorer.page.locator("#explorer .shown").inner_text()
        assert "sentences of up to 40 tokens, and this one has 70: rollout is shown" in said
        assert explorer.page.get_by_role("button", name="Maximum flow").is_disabled()
        assert "without a line are left out" in explorer.notes()


def test_a_head_that_isnt_there_is_refused(texts: dict[str, dict[str, Any]]) -> None:
    read = texts["bert"]
    with pytest.raises(UsageError, match="there is no head L9H0") as caught:
        attnviz.analyze(read["model"], [read["text"]], explore_heads="L9H0", resamples=100)
    assert caught.value.hint == "Layers are 0 to 1, heads 0 to 1."
    with pytest.raises(UsageError, match=r"'9\.0'"):
        attnviz.analyze(read["model"], [read["text"]], explore_heads="9.0")


def test_scores_by_keys_and_heads_that_have_none(chromium: Browser, pages: dict[str, Path]) -> None:
    with opened(chromium, pages["bert"], "s=1&v=neuron&h=L0H0&q=2") as explorer:
        page = explorer.page
        assert "--explore-heads L0H0" in page.locator("#explorer .shown").inner_text()
        assert page.locator("#explorer .host svg").count() == 0
        page.get_by_role("button", name="L1H0").click()
        assert explorer.link == "s=1&v=neuron&h=L1H0&q=2"
        rows = [row for row in explorer.table() if row["what"] != "query"]
        page.locator("#explorer [role=grid]").focus()
        explorer.press("ArrowDown", "ArrowRight")
        said = explorer.said()
        key, product = rows[2], rows[3]
        assert f"→ {key['token']}, dimension 1: " in said
        assert said.endswith(f"; weight {float(product['weight']):.2f}")
        value = float(said.partition(" = ")[2].partition(";")[0].replace("−", "-"))
        assert value == pytest.approx(float(product["d1"]), abs=0.01)
        assert "Weights made from these numbers are the model’s to 0.004" in explorer.notes()
        explorer.press("Enter")
        assert explorer.link == "s=1&v=neuron&h=L1H0&q=2&k=1"
        page.get_by_label("Query", exact=True).select_option("4")
        explorer.ready()
        assert explorer.link == "s=1&v=neuron&h=L1H0&q=4&k=1"
        assert explorer.download("PNG").startswith(b"\x89PNG")


def test_maximum_flow_on_the_page_is_that_of_scipy(chromium: Browser) -> None:
    draws = np.random.default_rng(5)
    source = (templates() / "explorer" / "flow.js").read_text("utf-8")
    source = re.sub(r"^import .*\n", "", source, flags=re.MULTILINE).replace("export ", "")
    run = (
        f"([layers, into, from]) => {{ {source}\n"
        """
      const flow = maximumFlow(layers.map((layer) => Float32Array.from(layer)), into, from);
      return [flow.total, flow.edges.map((edge) => [...edge])];
    }"""
    )
    page = chromium.new_page()
    for depth, size in ((1, 1), (1, 4), (2, 3), (3, 6), (6, 9), (12, 5)):
        means = draws.dirichlet(np.full(size, 0.3), (depth, size))
        layers = flow.mixings(means, residual=bool(size % 2))
        given = layers.astype(np.float32).reshape(depth, -1).tolist()
        for into, origin in (((size - 1,), (0,)), ((0, size - 1), (0,)), ((0,), (0, size // 2))):
            places = tuple(dict.fromkeys(into)), tuple(dict.fromkeys(origin))
            right = flow.maximum(layers, *places)
            total, carried = page.evaluate(run, [given, *map(list, places)])
            assert total == pytest.approx(right.total, abs=1e-5)
            shown = np.array(carried).reshape(layers.shape)
            assert (shown <= layers + 1e-6).all()
            assert shown[:-1].sum(2) == pytest.approx(shown[1:].sum(1), abs=1e-6)
    page.close()
