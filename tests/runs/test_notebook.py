"""A notebook that is run by Jupyter keeps the report's frame and its data frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.helpers.page import Page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def outputs(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each cell shows, by type."""
    cells = [
        "import attnviz",
        f"texts = ['The dog sat.', 'A <b>cat</b>, it ran!']; model = {str(tiny)!r}",
        "report = attnviz.analyze(model, texts, illustrate=0, resamples=100); report",
        "report.heads_frame()[['name', 'gini']]",
        "report.measurement",
    ]
    jupyter: Any = nbformat  # It carries no types.
    made = [jupyter.v4.new_code_cell(cell) for cell in cells]
    notebook = jupyter.v4.new_notebook(cells=made)
    folder = tmp_path_factory.mktemp("notebook")
    NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()
    jupyter.write(notebook, folder / "run.ipynb")
    kept = jupyter.read(folder / "run.ipynb", as_version=4)
    return [cell["outputs"][-1]["data"] for cell in kept["cells"] if cell["outputs"]]


def test_a_report_is_shown_in_its_frame(outputs: list[dict[str, Any]]) -> None:
    assert outputs[0]["text/plain"] == "<Report of tiny: 2 sentences, 4 heads, no verdicts>"
    (frame,) = Page(outputs[0]["text/html"]).all("iframe")
    assert "What the attention heads of tiny do" in Page(frame["srcdoc"]).text


def test_its_numbers_are_a_table(outputs: list[dict[str, Any]]) -> None:
    assert "L1H1" in outputs[1]["text/html"]


def test_a_measurement_is_a_line(outputs: list[dict[str, Any]]) -> None:
    assert outputs[2]["text/plain"] == "<Measurement of tiny: 2 sentences, 4 heads>"
