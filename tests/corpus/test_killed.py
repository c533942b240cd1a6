"""Scans that are killed, or that run out of disk, and are started again: the same bytes."""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.corpus.forked_scans import PILOT, SHARD, End, Run, Scans, ready
from tests.helpers.corpora import sentences, write_lines
from tests.helpers.tool import Folder, content

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scans(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scans]:
    """Scans of a pilot and eight shards."""
    folder = tmp_path_factory.mktemp("corpus")
    corpus = write_lines(folder / "corpus.txt", sentences(PILOT + 8 * SHARD))
    with ready(tiny, corpus) as started:
        yield started


@pytest.fixture(scope="module")
def undisturbed(scans: Scans, tmp_path_factory: pytest.TempPathFactory) -> tuple[Folder, End]:
    """The scan's folder, and how it ended."""
    folder = tmp_path_factory.mktemp("scans") / "whole"
    end = scans(Run(str(folder)))
    assert (end.code, end.error) == (0, "")
    return content(folder), end


def goes_on(scans: Scans, folder: Path, whole: Folder) -> None:
    """The same command, started again, leaves what a run leaves that nothing happened to."""
    end = scans(Run(str(folder)))
    assert (end.code, end.error) == (0, "")
    assert content(folder) == whole


def test_killed_a_few_times(scans: Scans, undisturbed: tuple[Folder, End], tmp_path: Path) -> None:
    whole, end = undisturbed
    folder = tmp_path / "scan"
    # The first time nothing is there yet; then fewer operations are left each time.
    for share in (0.1, 0.6, 0.3, 0.2):
        killed = scans(Run(str(folder), int(end.operations * share)))
        assert killed.code == -signal.SIGKILL
    goes_on(scans, folder, whole)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(50))
def test_killed_at_random_moments(
    scans: Scans, undisturbed: tuple[Folder, End], tmp_path: Path, seed: int
) -> None:
    whole, end = undisturbed
    chance = random.Random(seed)  # noqa: S311 - for no secret
    for _ in range(3):
        scans(Run(str(tmp_path / "scan"), seconds=chance.uniform(0.01, 1.0) * end.seconds))
        scans(Run(str(tmp_path / "scan"), chance.randint(1, end.operations)))
    goes_on(scans, tmp_path / "scan", whole)


@pytest.mark.parametrize("share", [0.05, 0.8])
def test_interrupted_by_the_user(
    scans: Scans, undisturbed: tuple[Folder, End], tmp_path: Path, share: float
) -> None:
    whole, end = undisturbed
    folder = tmp_path / "scan"
    stopped = scans(Run(str(folder), int(end.operations * share), signal.SIGINT))
    assert (stopped.code, stopped.error) == (130, "error: Interrupted.\n")
    goes_on(scans, folder, whole)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that the sums of a pilot fit on, and nothing else."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=320k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs rights that this user doesn't have")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(scans: Scans, undisturbed: tuple[Folder, End], small_disk: Path) -> None:
    whole, _ = undisturbed
    stopped = scans(Run(str(small_disk / "scan")))
    assert stopped.code == 4, stopped.error
    assert "No space left on device" in stopped.error
    assert "the same command goes on" in stopped.error
    stands = content(small_disk / "scan")
    assert "scan.json" in stands
    assert not any(name.endswith(".part") for name in stands)
    grow = ["mount", "-o", "remount,size=64m", str(small_disk)]
    subprocess.run(grow, check=True)
    goes_on(scans, small_disk / "scan", whole)
