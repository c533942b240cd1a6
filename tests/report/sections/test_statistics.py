"""Every statistic is shown: how it spreads over the heads, and of each head."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attnviz.report.formats import html, markdown
from attnviz.report.model import Estimate, Report, StatisticInfo
from attnviz.report.sections import head_profile, statistics
from attnviz.statistics.gini import STATISTIC as GINI
from attnviz.statistics.received import STATISTIC as RECEIVED
from attnviz.statistics.uniform_distance import STATISTIC as EVEN
from tests.helpers import example
from tests.helpers.page import Page

pytestmark = pytest.mark.slow


def measured() -> Report:
    """Twelve heads: Gini 0.00 to 0.11 but of one head, one distance if even, received nowhere."""
    made = example.report(sentences=1, layers=1)
    infos = tuple(
        StatisticInfo(each.name, each.title, each.unit, each.about, each.formula, each.source)
        for each in (GINI, EVEN, RECEIVED)
    )
    heads = []
    for head in made.heads:
        own = {
            "gini": Estimate(head.head / 100, head.head / 100 - 0.01, head.head / 100 + 0.01),
            "uniform_distance": Estimate(7.3, None, None),
            "received": Estimate(float("nan"), None, None),
        }
        heads.append(replace(head, statistics=dict(own) if head.head != 4 else {}))
    return replace(made, statistics=infos, heads=tuple(heads), sentences=made.sentences)


def test_least_median_and_greatest_with_their_heads() -> None:
    table = statistics.spread(measured())
    assert table is not None
    assert [tuple(cell.text for cell in row) for row in table.rows] == [
        ("Gini coefficient", "0.00 in L0H0", "0.060", "0.11 in L0H11"),
        ("Distance if even", "7.3", "7.3", "7.3"),  # the same in all heads
    ]


def test_nothing_measured_has_no_table() -> None:
    assert statistics.spread(example.bare()) is None


def test_a_head_has_those_without_a_column_in_its_profile() -> None:
    made = measured()
    notes = head_profile.of(made, made.head(0, 7)).notes
    assert [note.says for note in notes] == [
        ": Gini coefficient 0.070 [0.060, 0.080]; distance if even 7.3."
    ]
    assert head_profile.of(made, made.head(0, 4)).notes == ()


def test_page_and_markdown_show_them() -> None:
    made = measured()
    page = " ".join(Page(html.write(made, ()).decode()).text.split())
    assert "Gini coefficient 0 to 1 - 1/|V_i|0.00 in L0H00.0600.11 in L0H11" in page
    text = markdown.write(made, ()).decode()
    assert "| Gini coefficient | 0.00 in L0H0 | 0.060 | 0.11 in L0H11 |" in text
