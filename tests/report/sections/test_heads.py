"""The section on all heads: what a page has of each, and what it leaves out of very many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attnviz.report.formats import html
from attnviz.report.sections import heads
from tests.helpers import example
from tests.helpers.page import Page
from tests.report.test_profiles import OFFSETS, instance

pytestmark = pytest.mark.slow


def test_of_very_many_heads_those_with_examples_have_a_profile_and_rows_no_intervals() -> None:
    made = example.report(sentences=3, layers=86)
    first, second, *others = made.heads
    shown = (
        replace(first, offsets=OFFSETS),
        replace(second, offsets=OFFSETS, examples=(instance(),)),
    )
    made = replace(made, heads=(*shown, *others))

    section = heads.of(made)
    assert section.many
    assert section.says.endswith("; report.json has their 95% intervals.")
    assert [row.head.name for layer in section.layers for row in layer.rows if row.profile] == [
        second.name
    ]
    page = Page(html.write(made, ()).decode())
    assert len(page.tags) < 20 * len(made.heads)


def test_of_few_heads_every_known_head_has_a_profile() -> None:
    made = example.report(sentences=3)
    made = replace(made, heads=(replace(made.heads[0], offsets=OFFSETS), *made.heads[1:]))
    section = heads.of(made)
    assert not section.many
    assert all(row.profile for layer in section.layers for row in layer.rows)
    assert section.says.endswith(", each with its 95% interval.")
