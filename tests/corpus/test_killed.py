"""Scans that are killed, or that run out of disk, and are started again: the same bytes."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.corpora import sentences, write_lines
from tests.helpers.tool import Folder, content, start

pytestmark = pytest.mark.slow

_LONGEST = 120.0


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot, and eight shards."""
    return write_lines(tmp_path_factory.mktemp("corpus") / "corpus.txt", sentences(1024 + 2000))


@pytest.fixture(scope="module")
def undisturbed(
    tiny: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Folder, float]:
    """The scan's folder, and the seconds that it took."""
    folder, began = tmp_path_factory.mktemp("scans") / "whole", time.monotonic()
    run = start("scan", tiny, corpus, "-o", folder)
    _, error = run.communicate(timeout=_LONGEST)
    assert run.returncode == 0, error.decode()
    return content(folder), time.monotonic() - began


def killed(tiny: Path, corpus: Path, folder: Path, moments: Iterator[float]) -> int:
    """Starts a scan until it ends, each time killed at the next of the moments; how many kills."""
    for kills, moment in enumerate(moments):
        run = start("scan", tiny, corpus, "-o", folder)
        try:
            _, error = run.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            run.kill()
            run.communicate()
            continue
        assert run.returncode == 0, error.decode()
        return kills
    raise AssertionError("no moments left")


def test_killed_a_few_times(
    tiny: Path, corpus: Path, undisturbed: tuple[Folder, float], tmp_path: Path
) -> None:
    whole, took = undisturbed
    moments = iter([took * share for share in (0.6, 0.9)] + [_LONGEST])
    assert killed(tiny, corpus, tmp_path / "scan", moments) >= 1
    assert content(tmp_path / "scan") == whole


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(50))
def test_killed_at_random_moments(
    tiny: Path, corpus: Path, undisturbed: tuple[Folder, float], tmp_path: Path, seed: int
) -> None:
    whole, took = undisturbed
    chance = random.Random(seed)  # noqa: S311 - for no secret
    moments = iter([chance.uniform(0.3, 1.0) * took, _LONGEST])
    killed(tiny, corpus, tmp_path / "scan", moments)
    assert content(tmp_path / "scan") == whole


def test_interrupted_by_the_user(
    tiny: Path, corpus: Path, undisturbed: tuple[Folder, float], tmp_path: Path
) -> None:
    whole, took = undisturbed
    run = start("scan", tiny, corpus, "-o", tmp_path / "scan")
    time.sleep(took * 0.8)
    run.send_signal(2)
    _, error = run.communicate(timeout=_LONGEST)
    assert run.returncode in (0, 130), error.decode()
    assert killed(tiny, corpus, tmp_path / "scan", iter([_LONGEST])) == 0
    assert content(tmp_path / "scan") == whole


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that the sums of a pilot fit on, and nothing else."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1600k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs rights that this user doesn't have")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(
    tiny: Path, corpus: Path, undisturbed: tuple[Folder, float], small_disk: Path
) -> None:
    whole, _ = undisturbed
    run = start("scan", tiny, corpus, "-o", small_disk / "scan")
    _, error = run.communicate(timeout=_LONGEST)
    assert run.returncode == 4, error.decode()
    assert b"No space left on device" in error
    assert b"the same command goes on" in error
    stands = content(small_disk / "scan")
    assert "scan.json" in stands
    assert not any(name.endswith(".part") for name in stands)
    grow = ["mount", "-o", "remount,size=64m", str(small_disk)]
    subprocess.run(grow, check=True)
    assert killed(tiny, corpus, small_disk / "scan", iter([_LONGEST])) == 0
    assert content(small_disk / "scan") == whole
