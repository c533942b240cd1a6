"""What `attnviz compare` is given: models, their settings, folders of them, their labels."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from attnviz.compared import compared, labels
from attnviz.errors import AttnvizError, InputError, UsageError
from attnviz.settings import Settings
from tests.helpers.models import write_model


def folder(path: Path) -> Path:
    path.mkdir(parents=True)
    (path / "config.json").write_text("{}")
    return path


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["minilm", "minilm@float16"], ["minilm", "minilm@float16"]),
        (["a/step-1", "a/step-2"], ["step-1", "step-2"]),
        (["a/best", "b/best"], ["a/best", "b/best"]),
        (["minilm", "minilm", "minilm"], ["minilm", "minilm (2)", "minilm (3)"]),
    ],
)
def test_a_label_is_as_long_as_it_takes_to_tell_models_apart(
    names: list[str], expected: list[str]
) -> None:
    assert labels(names) == expected


def test_a_folder_stands_for_the_models_in_it_by_number(tmp_path: Path) -> None:
    for step in (1000, 200, 30):
        write_model(tmp_path / "run" / f"checkpoint-{step}")

    found = compared([str(tmp_path / "run")], Settings())

    assert [each.label for each in found] == ["checkpoint-30", "checkpoint-200", "checkpoint-1000"]
    assert [Path(each.model).name for each in found] == [each.label for each in found]


def test_behind_an_at_stands_a_number_format_or_a_revision(tmp_path: Path) -> None:
    model = str(write_model(tmp_path / "model"))

    half, early, both, plain = compared(
        [f"{model}@bfloat16", "owner/name@step1000", "owner/name@main@float16", model], Settings()
    )

    assert (half.model, half.settings and half.settings.dtype) == (model, "bfloat16")
    assert (early.model, early.settings and early.settings.revision) == ("owner/name", "step1000")
    assert both.settings is not None
    assert (both.settings.revision, both.settings.dtype) == ("main", "float16")
    assert plain.settings == Settings()


def test_a_folder_with_an_at_in_its_name_is_a_folder(tmp_path: Path) -> None:
    model = str(write_model(tmp_path / "model@float16"))

    first, _ = compared([model, model], Settings())

    assert (first.model, first.settings) == (model, Settings())


def test_one_model_is_none_to_compare_and_what_is_no_model_is_said(tmp_path: Path) -> None:
    model = str(write_model(tmp_path / "model"))

    with pytest.raises(UsageError, match="a comparison takes two"):
        compared([model], Settings())
    with pytest.raises(UsageError, match="not on the Hub, and has no revision flaot16"):
        compared([model, f"{model}@flaot16"], Settings())
    with pytest.raises(UsageError, match="minilm@ is no model"):
        compared([model, "minilm@"], Settings())
    with pytest.raises(UsageError, match="names two number formats, float16 and bfloat16"):
        compared([model, f"{model}@float16@bfloat16"], Settings())
    with pytest.raises(UsageError, match="names two revisions, one and two"):
        compared([model, "owner/name@one@float16@two"], Settings())
    with pytest.raises(AttnvizError, match="There is no model folder"):
        compared([model, str(tmp_path / "other")], Settings())


def test_a_missing_extra_is_told_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = str(write_model(tmp_path / "model"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    with pytest.raises(InputError, match="needs the extra `bitsandbytes`"):
        compared([model, f"{model}@4bit"], Settings())
