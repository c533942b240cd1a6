"""A report made twice is the same twice, wherever and however it is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.tool import content, process

pytestmark = pytest.mark.slow

OPTIONS = ("--illustrate", "2", "--resamples", "100", "--sentences", "1,3")


def test_other_hash_seed_other_folder_other_jobs(tiny: Path, text: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    first = process(
        "report", tiny, text, "-o", one, *OPTIONS, "--jobs", "1", PYTHONHASHSEED="1", cwd=tmp_path
    )
    second = process(
        "report", tiny.name, text.name, "-o", two, *OPTIONS, "--jobs", "2",
        PYTHONHASHSEED="2", LC_ALL="C", TZ="Asia/Tokyo", cwd=_beside(tiny, text, tmp_path),
    )  # fmt: skip
    assert (first.code, first.err) == (0, "")
    assert (second.code, second.err) == (0, "")
    assert content(one) == content(two)
    assert sum(name.endswith(".svg") for name in content(one)) > 12  # so that two processes drew
    assert first.out.replace(str(one), str(two)) == second.out


def _beside(model: Path, text: Path, folder: Path) -> Path:
    """A folder where model and text can be named without a path."""
    place = folder / "place"
    place.mkdir()
    (place / model.name).symlink_to(model)
    (place / text.name).symlink_to(text)
    return place
