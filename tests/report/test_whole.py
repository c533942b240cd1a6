"""The data of a report with parts, and what its whole says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from attnviz import saving
from attnviz.findings.views import model_view
from tests.helpers import example

if TYPE_CHECKING:
    from pathlib import Path


def test_a_part_is_found_by_its_attention() -> None:
    made = example.translation()
    assert made.part("cross").head(1, 3).full_name == "cross L1H3"
    assert made.part("cross").head(1, 3).anchor == "cross-L1H3"
    with pytest.raises(KeyError):
        made.part("")
    alone = example.report()
    assert alone.every_part == (alone,)
    assert alone.head(1, 3).full_name == "L1H3"


def test_the_leading_findings_name_their_part() -> None:
    told = example.translation().findings
    assert {one.attention for one in told[:-1]} == {"encoder", "decoder", "cross"}
    assert any("cross L" in one.text for one in told if one.attention == "cross")
    assert told[-1].kind == "overview"
    assert "encoder heads" in told[-1].text
    assert "cross-attention heads" in told[-1].text


def test_the_view_of_a_part_knows_what_it_shows() -> None:
    view = model_view(example.document())
    assert view.windows == {1: 128}
    assert view.key_heads == {1: 4, 2: 4, 4: 4, 5: 4}
    assert model_view(example.translation().part("cross")).stream == "cross"


def test_the_figures_of_each_part_go_to_a_folder_of_their_own(tmp_path: Path) -> None:
    page = saving.save(example.translation(sentences=1), tmp_path / "out")
    figures = page.parent / "figures"
    assert {path.name for path in figures.iterdir()} == {"encoder", "decoder", "cross"}
    for part in ("encoder", "decoder", "cross"):
        assert (figures / part / "roles.png").is_file()
        assert (figures / part / "s001" / "mosaic.svg").is_file()
    assert (figures / "encoder" / "s001" / "rollout.png").is_file()
    assert not (figures / "cross" / "s001" / "rollout.png").exists()
