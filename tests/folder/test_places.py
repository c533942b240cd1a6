"""Every kind of place that a report may be asked to go to, and what others leave in it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attnviz.errors import WriteError
from attnviz.folder import beside, check, staging, write
from tests.helpers.folders import KIND, NEW, OLD, report, unprivileged
from tests.helpers.tool import Tool, content

pytestmark = pytest.mark.slow

CLUTTER = (
    ".DS_Store",
    "._report.html",
    ".localized",
    "Icon\r",
    "Thumbs.db",
    "thumbs.db",
    "Desktop.ini",
    ".directory",
    ".nfs00000000012a3b4c00000007",
    ".fuse_hidden0000001a00000002",
    ".~lock.report.html#",
    "__MACOSX/._report.html",
    "figures/.DS_Store",
    "figures/s001/Thumbs.db",
)


def put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")


@pytest.mark.parametrize("name", CLUTTER)
def test_what_file_managers_leave_is_nobodys(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    write(out, OLD, KIND)
    put(out / name)
    check(out, KIND)
    write(out, NEW, KIND)
    assert content(tmp_path) == {f"out/{path}": data for path, data in NEW.items()}


def test_a_folder_that_a_file_manager_has_looked_at_is_empty(tmp_path: Path) -> None:
    put(tmp_path / "out" / ".DS_Store")
    write(tmp_path / "out", NEW, KIND)
    assert content(tmp_path / "out") == NEW


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store/thesis.tex",  # a folder that is only called so
        "__MACOSX/thesis.tex",
        ".nfs-notes",
        ".directory.txt",
        "my.DS_Store",
        "figures/thumbs.db.bak",
        ".gitkeep",
        ".report.md.swp",  # may hold what isn't saved yet
    ],
)
def test_what_only_looks_like_it_is_somebodys(tmp_path: Path, name: str) -> None:
    write(tmp_path, OLD, KIND)
    put(tmp_path / name)
    before = content(tmp_path)
    with pytest.raises(WriteError, match="holds files that are no attnviz report"):
        write(tmp_path, NEW, KIND)
    assert content(tmp_path) == before


def test_a_link_with_such_a_name_is_somebodys(tmp_path: Path) -> None:
    (tmp_path / ".DS_Store").symlink_to("/")
    with pytest.raises(WriteError, match=r"\.DS_Store"):
        check(tmp_path, KIND)


def test_what_belongs_to_a_disk_stays(tmp_path: Path) -> None:
    """A disk's first folder may be all of a report's, but its trash holds files of somebody."""
    kept = {"lost+found/#12": b"mine", ".Trash-1000/files/thesis.tex": b"mine"}
    for name in kept:
        put(tmp_path / name)
    for files in (OLD, NEW):
        write(tmp_path, files, KIND)
        assert content(tmp_path) == files | kept


def test_a_file_that_is_put_there_while_a_report_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too late for the first look: the swap is undone, and the file is where it was put."""
    out = tmp_path / "out"
    write(out, OLD, KIND)
    real = beside._swap

    def meanwhile(folder: Path, place: Path) -> None:
        monkeypatch.setattr(beside, "_swap", real)
        put(folder / "figures" / "thesis.tex")
        real(folder, place)

    monkeypatch.setattr(beside, "_swap", meanwhile)
    with pytest.raises(WriteError, match=rf"{out} holds .* figures/thesis\.tex"):
        write(out, NEW, KIND)
    assert content(tmp_path) == {
        f"out/{path}": data for path, data in (OLD | {"figures/thesis.tex": b"mine"}).items()
    }


def test_a_report_in_the_way_that_can_not_be_read(tmp_path: Path) -> None:
    for name, text in (("deep", "[" * 100_000), ("half", '{"schema": "test.rep'), ("other", "1")):
        put(tmp_path / name / "report.json")
        (tmp_path / name / "report.json").write_text(text)
        with pytest.raises(WriteError, match=r"no attnviz report: report\.json"):
            check(tmp_path / name, KIND)
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "report.json")
    with pytest.raises(WriteError, match=r"no attnviz report: report\.json"):
        check(tmp_path / "pipe", KIND)


@pytest.mark.parametrize("place", ["/", Path.home()], ids=["root", "home"])
def test_a_whole_disk_is_not_looked_through(place: Path | str) -> None:
    before = time.process_time()
    if any(Path(place).iterdir()):
        with pytest.raises(WriteError, match="holds files that are no attnviz report"):
            check(Path(place), KIND)
    assert time.process_time() - before < 0.5


def test_the_current_folder_stays_the_one_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell stands in it: another folder of that name would leave it nowhere."""
    monkeypatch.chdir(tmp_path)
    number = tmp_path.stat().st_ino
    for name in (".", str(tmp_path), f"{tmp_path}/", f"../{tmp_path.name}"):
        for files in (OLD, NEW):
            write(Path(name), files, KIND)
            assert content(tmp_path) == files
            assert not any(path.is_symlink() for path in tmp_path.rglob("*"))
    assert tmp_path.stat().st_ino == number


def test_a_folder_keeps_its_rights(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, OLD, KIND)
    out.chmod(0o2750)
    write(out, NEW, KIND)
    assert stat.S_IMODE(out.stat().st_mode) == 0o2750
    assert content(out) == NEW


@pytest.mark.parametrize("name", ["ü" * 127 + "x", os.fsdecode(b"caf\xe9 \xff"), " ", "a\nb", "-o"])
def test_names_of_all_kinds(tmp_path: Path, name: str) -> None:
    """255 bytes of them; not UTF-8; spaces, line ends, what looks like an option."""
    for files in (OLD, NEW):
        write(tmp_path / name, files, KIND)
        assert content(tmp_path / name) == files
    assert len(list(tmp_path.iterdir())) == 1


def test_paths_that_are_too_long_are_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (
        tmp_path / ("x" * 256),
        tmp_path / "new" / ("x" * 256) / "out",
        tmp_path / "/".join(["x" * 99] * 41),
    ):
        with pytest.raises(WriteError, match="can't be used: File name too long") as caught:
            check(folder, KIND)
        assert "shorter" in caught.value.hint
    # Deep in a tree a short relative path does.
    monkeypatch.chdir(tmp_path)
    for _ in range(42):
        Path("x" * 99).mkdir()
        os.chdir("x" * 99)
    for files in (OLD, NEW):
        write(Path("out"), files, KIND)
        assert content(Path("out")) == files
    assert len(list(Path().iterdir())) == 1


def test_a_parent_that_can_not_be_written_to(tmp_path: Path) -> None:
    for parent in (tmp_path, *tmp_path.parents):
        if parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o555)
    out = tmp_path / "closed" / "out"
    out.mkdir(parents=True)
    out.chmod(0o777)
    out.parent.chmod(0o555)
    with unprivileged():
        for files in (OLD, NEW):
            write(out, files, KIND)
            assert content(out) == files
    assert [path.name for path in out.parent.iterdir()] == ["out"]


@contextmanager
def mounted(place: Path, *how: str) -> Iterator[Path]:
    """Another file system at `place`, where this user may do that."""
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *how, str(place)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting needs rights that this user doesn't have: {done.stderr!r}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_disks_first_folder(tmp_path: Path) -> None:
    """As a container is given one to write to."""
    with mounted(tmp_path / "disk", "-t", "tmpfs", "tmpfs") as disk:
        for files in (OLD, NEW):
            write(disk, files, KIND)
            assert content(disk) == files
    (tmp_path / "there").mkdir()
    with mounted(tmp_path / "bound", "--bind", str(tmp_path / "there")) as bound:
        for files in (OLD, NEW):
            write(bound, files, KIND)
            assert content(bound) == files


def test_a_disk_mounted_for_reading(tmp_path: Path) -> None:
    write(tmp_path / "disk" / "out", OLD, KIND)
    with mounted(tmp_path / "disk", "--bind", str(tmp_path / "disk")) as disk:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(disk)], check=True)
        for folder in (disk / "out", disk / "new"):
            with pytest.raises(WriteError, match="is not writable") as caught:
                write(folder, NEW, KIND)
            assert "-o" in caught.value.hint
        assert content(disk) == {f"out/{path}": data for path, data in OLD.items()}


def test_a_disk_that_can_hold_few_files(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=1m,nr_inodes=25", "tmpfs") as disk:
        write(disk / "out", OLD, KIND)
        many = report(*map(str, range(20)))
        with pytest.raises(WriteError, match=f"{disk}/out can't be written: No inodes left"):
            write(disk / "out", many, KIND)
        assert content(disk) == {f"out/{path}": data for path, data in OLD.items()}
        assert [path.name for path in disk.iterdir()] == ["out"]


def test_another_users_folder_is_written_in_place(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("giving a folder to another user needs rights that this one doesn't have")
    out = tmp_path / "out"
    out.mkdir()
    os.chown(out, 65534, 65534)
    for files in (OLD, NEW):
        write(out, files, KIND)
        assert content(out) == files
    assert out.stat().st_uid == 65534


def test_a_temporary_folder_that_somebody_else_has_put_there(tmp_path: Path) -> None:
    """Its name can be guessed, so in a folder for all a link may lie in wait."""
    (tmp_path / "album").mkdir()
    put(tmp_path / "album" / "photo.png")
    out = tmp_path / "out"
    beside._temporary(out).symlink_to(tmp_path / "album")
    write(out, NEW, KIND)
    assert content(out) == NEW
    assert (tmp_path / "album" / "photo.png").read_text() == "mine"


def test_without_locks_only_what_is_old_is_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_lock", lambda _: None)
    monkeypatch.setattr(staging, "PATIENCE", 0)
    out = tmp_path / "out"
    place = beside._temporary(out)
    put(place / "filling" / "report.html")
    with pytest.raises(WriteError, match="Another run is writing"):
        write(out, NEW, KIND)
    os.utime(place, (0, 0))
    write(out, NEW, KIND)
    assert content(tmp_path) == {f"out/{path}": data for path, data in NEW.items()}


def test_the_report_of_a_run_killed_as_it_stepped_aside_is_put_back(tmp_path: Path) -> None:
    """Where folders can't change places in one step."""
    out = tmp_path / "out"
    write(out, OLD, KIND)
    place = beside._temporary(out)
    place.mkdir()
    out.rename(place / "old")
    write(tmp_path / "elsewhere", NEW, KIND)  # another place: none of its business
    assert (place / "old").is_dir()
    with pytest.raises(WriteError, match="too long"):
        write(out, NEW | {"x" * 300: b""}, KIND)
    assert content(out) == OLD


def test_a_file_among_what_a_killed_run_left_is_never_removed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    left = beside._temporary(out) / "old" / "thesis.tex"
    write(out, OLD, KIND)
    put(left)
    with pytest.raises(WriteError, match=r"holds files .* thesis\.tex"):
        write(out, NEW, KIND)
    assert left.read_text() == "mine"
    assert content(out) == OLD


def test_from_the_command_line(tool: Tool, tiny: Path, text: Path, tmp_path: Path) -> None:
    """Twice, the text beside the report, and a file manager's files in it."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "animals.txt").write_bytes(text.read_bytes())
    out = corpus / os.fsdecode(b"r\xe9sultats")
    options = ("-o", f"{out}/", "--illustrate", "0", "--resamples", "100")
    for name in (".DS_Store", "figures/._head.png"):
        assert tool("report", tiny, corpus / "animals.txt", *options).code == 0
        put(out / name)
    assert tool("report", tiny, corpus / "animals.txt", *options).code == 0
    assert json.loads((out / "report.json").read_text())["schema"].startswith("attnviz.report/")
    assert sorted(path.name for path in corpus.iterdir()) == sorted(["animals.txt", out.name])
    put(out / "thesis.tex")
    refused = tool("report", tiny, corpus / "animals.txt", *options)
    assert (refused.code, "thesis.tex" in refused.err) == (4, True)
