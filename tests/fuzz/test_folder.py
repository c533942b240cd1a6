"""A run that is killed or fails, at any operation on files, leaves one whole report.

`python -m pytest tests/fuzz/test_folder.py --fuzz-size 1000` kills at every operation, and 1,000
whole runs at random places and times, which takes about half an hour.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.models import write_model
from tests.helpers.tool import environment

pytestmark = pytest.mark.slow

_EVERY = 4  # Of the operations, as many are tried in the suite; all of them on request.
_RUNS = 3


def program(name: str, *arguments: str | int | Path) -> dict[str, object]:
    """What one of the programs here says."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.fuzz.{name}", *map(str, arguments)],
        env=environment(OMP_NUM_THREADS="1"),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.mark.parametrize(
    ("way", "operations"),
    [
        ("anew", 20),
        ("beside", 40),
        ("beside without exchange", 40),
        ("inside", 50),
        ("inside without exchange", 50),
        ("anew inside", 40),
    ],
)
def test_killed_at_any_operation_while_writing(
    tmp_path: Path, way: str, operations: int, fuzz_size: int | None, fuzz_seed: int
) -> None:
    step = _EVERY if fuzz_size is None else 1
    done = program("file_faults", tmp_path, "kill", way, step, 1 + fuzz_seed % step)
    assert done["wrong"] == []
    assert int(str(done["tried"])) >= operations // step


# An error that lasts, as of a full disk, or that is over at once.
@pytest.mark.parametrize("error", ["EIO", "EACCES", "EDQUOT+", "ENOSPC+"])
@pytest.mark.parametrize(("way", "operations"), [("anew", 20), ("beside", 40), ("inside", 50)])
def test_an_error_at_any_operation_while_writing(
    tmp_path: Path, error: str, way: str, operations: int, fuzz_size: int | None, fuzz_seed: int
) -> None:
    """Exit 4 and the old report, or the new one; the message names the folder; no litter."""
    step = 3 * _EVERY if fuzz_size is None else 1
    done = program("file_faults", tmp_path, error, way, step, 1 + fuzz_seed % step)
    assert done["wrong"] == []
    assert int(str(done["tried"])) >= operations // step


def test_whole_runs_killed_anywhere(tmp_path: Path, fuzz_size: int | None, fuzz_seed: int) -> None:
    model, size = write_model(tmp_path / "tiny"), fuzz_size or _RUNS
    old, new = tmp_path / "old.txt", tmp_path / "new.txt"
    old.write_text("The dog sat on the mat.\nA cat saw the bird.\nThen it ran by the tree!\n")
    new.write_text("The bird saw a red tree.\nThen the dog ran.\nIt was blue, and a cat sat!\n")
    done = program("killed_runs", tmp_path / "runs", model, old, new, size, fuzz_seed)
    assert done["wrong"] == []
    assert done["tried"] == size
