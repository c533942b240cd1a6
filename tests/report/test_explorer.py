"""What the explorer is made of, and how large that may be."""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from attnviz.report import explorer, sections
from attnviz.report.formats import html, markdown
from attnviz.report.numbers import number
from tests.helpers import example
from tests.helpers.explored import explored, labels, pair, report

if TYPE_CHECKING:
    from attnviz.report.model import Report

HOSTILE = "</script><!--<img src=x onerror=alert(1)>&\u2028\ud800"


def several(*sizes: int, most: str = "20MB") -> Report:
    """The example, with a sentence of each of these sizes to explore."""
    made = example.report(sentences=3)
    sentences = tuple(
        explored(labels(size), np.full((6, 12, size, size), 1 / size), number)
        for number, size in enumerate(sizes, 1)
    )
    return replace(made, explored=sentences, options=replace(made.options, max_size=most))


def data(made: Report) -> dict[str, Any]:
    section = sections.of(made).explorer
    assert section
    read: dict[str, Any] = json.loads(section.data)
    return read


def test_nothing_in_the_data_means_anything_in_a_page() -> None:
    section = sections.of(report(8, 2, 12, HOSTILE)).explorer
    assert section
    assert not {"<", ">", "&", "\u2028"} & set(section.data)
    shown = json.loads(section.data)["sentences"][0]["queries"][1][0]
    assert shown == "</script><!--<img src=x onerror=alert(1)>& <U+D800>"


def test_long_tokens_are_cut() -> None:
    (first,) = data(report(5, 2, 12, "x" * 10_000))["sentences"]
    assert first["queries"][1] == ["x" * 199 + "…", 0]
    assert len(first["text"]) == 200


def test_roles_are_told_with_their_intervals() -> None:
    (stream,) = data(report())["streams"]
    targets = [target["name"] for target in stream["targets"]]
    head = stream["targets"][targets.index("previous-token")]["heads"][0]
    _, score, verdict = next(
        told for told in stream["told"][head] if targets[told[0]] == "previous-token"
    )
    assert (score, verdict) == ("0.93 [0.90, 0.95]", "supported")
    # The clearest role with a target to outline comes first.
    assert stream["start"] == head
    assert stream["layers"] == [[layer, 12] for layer in range(6)]


def test_numbers_of_heads_come_as_columns() -> None:
    made = report()
    block = explorer.blocks(made)[0]
    told = json.loads(zlib.decompress(base64.b64decode(block.text)))
    assert block.id == "numbers-w"
    columns = {column["name"]: column for column in told["columns"]}
    at = told["heads"].index("L2H3")
    entropy = made.head(2, 3).statistics["entropy"]
    assert columns["entropy"]["mean"][at] == pytest.approx(entropy.mean, rel=5e-3)
    assert columns["entropy"]["high"][at] == pytest.approx(entropy.high, rel=5e-3)
    # A number that is none is null; a role that was not measured has no column.
    assert columns["distance"]["mean"][0] is None
    assert "dep:amod" not in columns
    assert columns["prefix matching"]["sort"] == "random"


def test_tokens_of_a_pair_have_their_texts() -> None:
    (sentence,) = data(pair())["sentences"]
    assert sentence["segments"] == "-AAA-BB-"
    (sentence,) = data(report())["sentences"]
    assert sentence["segments"] == ""


def test_what_does_not_fit_is_left_out_and_told() -> None:
    whole = several(4, 30, 5)
    assert explorer.fitted(whole) == whole
    room = explorer.weight(several(4, 5)) + 100
    fitted = explorer.fitted(several(4, 30, 5, most=str(room)))
    assert [each.id for each in fitted.explored] == [1, 3]
    assert fitted.warnings[-1] == (
        f"Left out of the page's explorer for want of room (--max-size {room}): sentence 2."
    )
    nothing = explorer.fitted(several(4, 30, 5, most="1kB"))
    assert nothing.explored == ()
    assert sections.of(nothing).explorer is None
    assert "sentences 1, 2, 3." in nothing.warnings[-1]


def test_the_page_says_how_large_it_is_and_is_so() -> None:
    made = several(30)
    more = len(html.write(made, ())) - len(html.write(replace(made, explored=()), ()))
    assert explorer.weight(made) == pytest.approx(more, rel=0.02)
    section = sections.of(made).explorer
    assert section
    assert f"{number(more / 1e6)} MB larger" in section.says


def test_a_sentence_of_thirty_tokens_takes_at_most_250_kilobytes() -> None:
    made = replace(report(30, 12, 12), warnings=())
    more = len(html.write(made, ())) - len(html.write(replace(made, explored=()), ()))
    assert more < 250_000


def test_only_the_script_itself_may_run() -> None:
    page = html.write(report(), ()).decode()
    assert page.count('<script type="module">') == 1
    assert re.search(r"script-src 'sha256-[^ ]+' 'sha256-[^ ]+'; trusted-types explorer;", page)
    assert "unsafe-inline'; script-src" in page
    assert "script-src" not in html.write(example.report(sentences=1), ()).decode()
    assert "xplorer" not in markdown.write(report(), ()).decode()
