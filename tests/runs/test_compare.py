"""`compare` on real models: checkpoints, a model and itself, heads permuted, and what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

import attnviz
from attnviz.comparison.courses import DIVERGENCE
from tests.helpers.comparisons import TEXT
from tests.helpers.permuted import with_llama_heads_permuted
from tests.helpers.tool import Tool, content

if TYPE_CHECKING:
    from attnviz.api import Comparisons

pytestmark = pytest.mark.slow

ORDER = [2, 0, 1, 3]


@pytest.fixture(scope="module")
def trained(checkpoints: list[Path]) -> attnviz.Measurement:
    return attnviz.measure(checkpoints[-1], TEXT)


@pytest.fixture(scope="module")
def permuted(checkpoints: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained decoder with the heads of layer 1 in another order."""
    folder = tmp_path_factory.mktemp("models") / "permuted"
    return with_llama_heads_permuted(checkpoints[-1], folder, 1, ORDER)


def test_induction_appears_while_the_decoder_is_trained(over_training: Comparisons) -> None:
    (induction,) = [each for each in over_training.courses if each.name == "induction"]
    scores = [point.value or 0.0 for point in induction.points]

    assert len(scores) == 13
    assert induction.first is not None
    assert 4 <= induction.first <= 10
    assert max(scores[: induction.first]) < 0.3
    assert scores[-1] > 0.7
    assert [point.supported for point in induction.points] == [
        at >= induction.first for at in range(13)
    ]
    step = over_training.sides[induction.first].label
    first = over_training.findings[0]
    assert (first.kind, first.role) == ("gained", "induction")
    assert first.text.startswith(f"Induction (running text) appears in {step}: L1H")


def test_a_mean_over_heads_is_that_of_the_measurements(
    over_training: Comparisons, trained: attnviz.Measurement
) -> None:
    by_name = {course.name: course for course in over_training.courses}
    heads = over_training.reports[-1].heads
    entropy = np.mean([head.statistics["entropy"].mean for head in heads])
    assert by_name["entropy"].points[-1].value == pytest.approx(entropy, rel=1e-9)

    assert trained.pilot is not None
    compared = trained.pilot.compared[""]
    apart = compared.divergence.sum(0) / compared.rows.sum()  # [head, head], 4 heads a layer
    pairs = [
        apart[4 * layer + a, 4 * layer + b] for layer in (0, 1) for b in range(4) for a in range(b)
    ]
    assert by_name[DIVERGENCE].points[-1].value == pytest.approx(np.mean(pairs), rel=1e-9)


def test_a_role_that_is_one_fact_with_another_has_no_course(over_training: Comparisons) -> None:
    roles = [each.name for each in over_training.courses if each.kind == "role"]
    assert "previous-token" in roles
    assert "local-window" not in roles  # that of the same heads, which look at the token before


def test_heads_begin_alike_and_grow_apart(over_training: Comparisons) -> None:
    by_name = {course.name: course for course in over_training.courses}
    first, last = by_name[DIVERGENCE].points[0], by_name[DIVERGENCE].points[-1]

    assert (first.high or 1.0) < 0.01
    assert (last.low or 0.0) > 0.1
    assert by_name["entropy"].moves
    assert not by_name["uniform_distance"].moves  # of the text alone


def test_a_model_does_not_differ_from_itself(trained: attnviz.Measurement) -> None:
    same = attnviz.compare([trained, trained], resamples=400)

    assert [each.kind for each in same.findings] == ["same"]
    assert same.findings[0].text.startswith("No difference")
    assert not same.whole.certain


def test_permuted_heads_are_found_and_nothing_differs(
    trained: attnviz.Measurement, permuted: Path
) -> None:
    found = attnviz.compare([trained, permuted], TEXT, resamples=400)

    matched = {match.before: match.after for match in found.whole.matches}
    assert {after: (1, ORDER[after[1]]) for after in matched.values() if after[0] == 1} == {
        after: before for before, after in matched.items() if before[0] == 1
    }
    assert all(before == after for before, after in matched.items() if before[0] == 0)
    assert [each.kind for each in found.findings] == ["permuted", "same"]


def test_half_precision_differs_by_little_and_this_is_said(
    trained: attnviz.Measurement, checkpoints: list[Path]
) -> None:
    half = attnviz.compare([trained, f"{checkpoints[-1]}@bfloat16"], TEXT, resamples=400)

    assert [side.model.dtype for side in half.sides] == ["float32", "bfloat16"]
    assert half.sides[1].label == "step-300@bfloat16"
    assert max(each.change for each in half.whole.differences) < 0.05


def test_the_folder_holds_the_page_and_all_its_figures(training_page: Path) -> None:
    files = content(training_page.parent)
    figures = {each["path"] for each in json.loads(files["compare.json"])["figures"]}

    assert {"figures/roles", "figures/roles-over-models", "figures/entropy-over-models"} <= figures
    assert {"figures/divergence-over-models", "figures/difference-induction"} <= figures
    pictures = {f"{path}{form}" for path in figures for form in (".png", ".svg")}
    assert files.keys() == {"compare.html", "compare.md", "compare.json"} | pictures


def test_the_same_comparison_gives_the_same_bytes(
    over_training: Comparisons, training_page: Path, tmp_path: Path
) -> None:
    over_training.save(tmp_path / "again")

    assert content(tmp_path / "again") == content(training_page.parent)


def test_folders_of_reports_compare_without_the_models(
    trained: attnviz.Measurement, permuted: Path, tool: Tool, tmp_path: Path
) -> None:
    for name, made in (("a", trained), ("b", attnviz.measure(permuted, TEXT))):
        attnviz.judge(made).save(tmp_path / name)
        (tmp_path / name / "measurement").mkdir()
        (tmp_path / name / "measurement" / "sums.safetensors").write_bytes(made.to_bytes())

    done = tool("compare", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "out")

    assert done.code == 0, done.err
    assert done.out.startswith("What changes from a to b\n- 3 heads compared with the most similar")
    assert done.out.rstrip().endswith("compare.html")
    refused = tool("compare", tmp_path / "a", tmp_path / "b", "--text", TEXT)
    assert (refused.code, "--text is for models" in refused.err) == (2, True)
    other = tool("compare", tmp_path / "a", tmp_path / "b", "--split", "document")
    assert (other.code, "--split is" in other.err) == (2, True)


def test_what_is_not_of_the_same_sentences_is_refused(
    trained: attnviz.Measurement, checkpoints: list[Path], tmp_path: Path
) -> None:
    other = tmp_path / "other.txt"
    other.write_text("".join(TEXT.read_text().splitlines(keepends=True)[:70]))

    with pytest.raises(attnviz.AttnvizError, match="not of the same text: 10 of 80"):
        attnviz.compare([trained, checkpoints[0]], other)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("minilm", "minilm"), "There is no text to run the models on."),
        (("minilm", "--text", TEXT), "a comparison takes two"),
        (("minilm", "minilm", "--text", "none.txt"), "none.txt"),
        (("minilm", "no/such/model", "--text", TEXT), "There is no model folder"),
    ],
)
def test_mistakes_are_said_before_any_model_runs(
    tool: Tool, tmp_path: Path, arguments: tuple[str | Path, ...], says: str
) -> None:
    done = tool("compare", *arguments, "-o", tmp_path / "out")

    assert done.code in (2, 3)
    assert says in done.err
    assert not (tmp_path / "out").exists()


def test_a_folder_of_other_files_is_left_alone(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    done = tool("compare", "minilm", "minilm", "--text", TEXT, "-o", tmp_path)

    assert (done.code, "mine.txt" in done.err) == (4, True)
