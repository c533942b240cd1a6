"""A report folder is written as a whole or not at all, and nobody else's files are touched."""

from __future__ import annotations

import itertools
import os
import resource
import signal
import subprocess
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attnviz.errors import WriteError
from attnviz.folder import Signature, beside, check, inside, staging, write
from tests.helpers.folders import KIND, NEW, OLD, report, unprivileged
from tests.helpers.tool import content

pytestmark = pytest.mark.slow


def test_makes_the_folder_and_its_parents(tmp_path: Path) -> None:
    write(tmp_path / "deep" / "er", NEW, KIND)
    assert content(tmp_path / "deep" / "er") == NEW


def test_writes_into_the_empty_folder_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path(), NEW, KIND)
    assert content(tmp_path) == NEW


def test_replaces_an_earlier_report_as_a_whole(tmp_path: Path) -> None:
    write(tmp_path, OLD, KIND)
    write(tmp_path, NEW, KIND)
    assert content(tmp_path) == NEW
    assert not (tmp_path / "figures" / "s001").exists()


def test_replaces_a_report_of_an_earlier_version(tmp_path: Path) -> None:
    write(tmp_path, OLD, Signature("test.report/0", KIND.pages))
    write(tmp_path, NEW, KIND)
    assert content(tmp_path) == NEW


def test_follows_a_link_to_the_folder(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    for files in (OLD, NEW):
        write(tmp_path / "link", files, KIND)
        assert content(tmp_path / "there") == files
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("name", ["notes.txt", "figures/mine.png", "figures/s001/a.png", ".hidden"])
def test_never_touches_what_somebody_else_put_there(tmp_path: Path, name: str) -> None:
    write(tmp_path, OLD, KIND)
    (tmp_path / name).write_text("mine")
    before = content(tmp_path)
    with pytest.raises(WriteError, match=name):
        write(tmp_path, NEW, KIND)
    assert content(tmp_path) == before


def test_never_touches_an_empty_folder_of_somebody_else(tmp_path: Path) -> None:
    write(tmp_path, OLD, KIND)
    (tmp_path / "figures" / "mine").mkdir()
    with pytest.raises(WriteError, match="figures/mine"):
        write(tmp_path, NEW, KIND)


def test_never_follows_a_link_inside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "photo.png").write_text("mine")
    (tmp_path / "out" / "figures").symlink_to(tmp_path / "album")
    with pytest.raises(WriteError, match="figures"):
        write(tmp_path / "out", NEW, KIND)
    assert (tmp_path / "album" / "photo.png").read_text() == "mine"


def test_a_folder_that_only_looks_like_our_staging_is_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / ".attnviz-staging-mine").mkdir()
    (tmp_path / ".attnviz-staging-mine" / "thesis.tex").write_text("mine")
    with pytest.raises(WriteError, match=r"thesis\.tex|staging-mine"):
        write(tmp_path, NEW, KIND)


def test_says_what_stands_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "nowhere").symlink_to("absent")
    for folder, complaint in (
        ("file", "is a file, not a folder"),
        ("file/below", "is a file, not a folder"),
        ("nowhere", "is a link to nowhere"),
    ):
        with pytest.raises(WriteError, match=complaint):
            check(tmp_path / folder, KIND)
    for name, complaint in (("x" * 300, "File name too long"), ("nul\0", "embedded null")):
        with pytest.raises(WriteError, match=f"can't be used: {complaint}"):
            check(tmp_path / name, KIND)


def test_folders_that_may_not_be_written(tmp_path: Path) -> None:
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o555)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    with unprivileged():
        for folder in (closed, closed / "below" / "it"):
            with pytest.raises(WriteError, match=r"closed is not writable") as caught:
                write(folder, NEW, KIND)
            assert "-o" in caught.value.hint
    assert not list(closed.iterdir())


# Each of these is one step that a disk, a user or another program can make fail.
STEPS = ("mkdir", "rename", "open", "unlink", "rmdir", "scandir", "listdir")


class Trouble:
    """Lets the `fatal`-th step in the file system raise `error`, before or after it is done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: BaseException | None) -> None:
        self.calls, self.fatal, self.late, self.error = 0, -1, False, error
        for name in STEPS:
            home = "io" if name == "open" else "os"
            monkeypatch.setattr(f"{home}.{name}", self._tricked(getattr(__import__(home), name)))

    def _tricked(self, real: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object, **named: object) -> object:
            self.calls += 1
            if self.calls != self.fatal or self.error is None:
                return real(*arguments, **named)
            if self.late:
                done = real(*arguments, **named)
                getattr(done, "close", lambda: None)()
            raise self.error

        return step


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("earlier", [OLD, {}], ids=["over a report", "anew"])
def test_a_failure_at_any_step_leaves_what_was_there(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    late: bool,
    earlier: dict[str, bytes],
) -> None:
    outcomes: set[bool] = set()
    for fatal in itertools.count(1):
        folder = tmp_path / f"run{fatal}" / "out"
        if earlier:
            write(folder, earlier, KIND)
        with monkeypatch.context() as patch:
            trouble = Trouble(patch, error)
            trouble.fatal, trouble.late = fatal, late
            try:
                write(folder, NEW, KIND)
                failed = False
            except (WriteError, KeyboardInterrupt):
                failed = True
        if trouble.calls < fatal:
            break
        now = content(folder) if folder.exists() else {}
        # An error leaves the old report; an interrupt after the last rename comes too late.
        assert now == earlier or (now == NEW and not (failed and isinstance(error, OSError)))
        if now == {}:
            assert not folder.parent.exists()
        assert not list(tmp_path.rglob(".attnviz-*"))
        outcomes.add(now == NEW)
    assert fatal > 20
    assert outcomes == {False, True} or not isinstance(error, OSError)


def test_what_a_killed_run_left_is_cleaned_by_the_next(tmp_path: Path) -> None:
    """Killed between the renames: a part of both reports lies about, and no manifest."""
    write(tmp_path, OLD, KIND)
    staging = tmp_path / ".attnviz-staging-0badcafe"
    (staging / "old").mkdir(parents=True)
    for name in ("figures", "report.json"):
        (tmp_path / name).rename(staging / "old" / name)
    (staging / "new").mkdir()
    write(tmp_path, NEW, KIND)
    assert content(tmp_path) == NEW
    assert not staging.exists()


@pytest.mark.parametrize("way", [beside, inside])
def test_two_runs_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: types.ModuleType
) -> None:
    """The second one is told to go elsewhere, and the first one's report is whole."""
    folder = tmp_path / "out"
    write(folder, OLD, KIND)
    real = staging.fill

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.setattr(staging, "fill", real)
        with pytest.raises(WriteError, match="Another run is writing"):
            way.write(folder, OLD, KIND)
        real(*arguments)

    monkeypatch.setattr(staging, "fill", meanwhile)
    monkeypatch.setattr(staging, "PATIENCE", 0)
    way.write(folder, NEW, KIND)
    assert content(tmp_path) == {f"out/{name}": data for name, data in NEW.items()}


@pytest.mark.parametrize("way", [beside, inside])
def test_many_runs_at_once(tmp_path: Path, way: types.ModuleType) -> None:
    """Each waits for the others, and the last one's report is whole."""
    folder = tmp_path / "out"
    folder.mkdir()
    reports = [report("a", f"s{number}/b", body=str(number)) for number in range(8)]
    with ThreadPoolExecutor(len(reports)) as runs:
        for run in [runs.submit(way.write, folder, files, KIND) for files in reports]:
            run.result()
    assert content(folder) in reports
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("way", [beside, inside])
def test_another_run_may_end_at_any_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: types.ModuleType
) -> None:
    """Its temporary folder, in the way a moment ago, is gone when it is looked at."""
    folder = tmp_path / "out"
    folder.mkdir()
    real = Path.mkdir

    def gone(path: Path, *_: Any, **__: Any) -> None:
        monkeypatch.setattr(Path, "mkdir", real)
        raise FileExistsError(path)

    monkeypatch.setattr(Path, "mkdir", gone)
    way.write(folder, NEW, KIND)
    assert content(folder) == NEW


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs rights that this user doesn't have")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    folder = small_disk / "out"
    write(folder, OLD, KIND)
    with pytest.raises(WriteError, match="No space left on device") as caught:
        write(folder, NEW | {"report.html": b"x" * 100_000}, KIND)
    assert "Free some space" in caught.value.hint
    assert content(folder) == OLD
    assert not list(folder.glob(".attnviz-*"))


def test_a_file_larger_than_is_allowed(tmp_path: Path) -> None:
    write(tmp_path, OLD, KIND)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(WriteError, match="File too large"):
            write(tmp_path, NEW | {"report.html": b"x" * 100_000}, KIND)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert content(tmp_path) == OLD


NAMES = st.sampled_from(["a", "b", "s001/a", "s002/b", "s002/deep/c"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reports=st.lists(st.tuples(st.sets(NAMES), st.text(max_size=3)), min_size=1, max_size=4))
def test_any_row_of_reports_ends_in_the_last(
    tmp_path_factory: pytest.TempPathFactory, reports: list[tuple[set[str], str]]
) -> None:
    folder = tmp_path_factory.mktemp("row")
    for figures, body in reports:
        files = report(*sorted(figures), body=body)
        write(folder, files, KIND)
        assert content(folder) == files
