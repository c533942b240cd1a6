"""Single files are written whole, all of them or none."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from attnviz.errors import WriteError
from attnviz.folder import check_files, write_files
from tests.helpers.folders import unprivileged
from tests.helpers.tool import content


def test_new_and_old_files(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"before")
    (tmp_path / "old").chmod(0o640)
    (tmp_path / "link").symlink_to("old")
    write_files({tmp_path / "new": b"1", tmp_path / "link": b"2"})
    assert content(tmp_path) == {"new": b"1", "old": b"2", "link": b"2"}
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "old").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("method", ["write_bytes", "replace"])
def test_a_disk_that_is_full_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    (tmp_path / "a").write_bytes(b"before")
    real, calls = getattr(Path, method), iter(range(9))

    def full(*arguments: Any) -> Any:
        if next(calls) == (1 if method == "write_bytes" else 0):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(Path, method, full)
    with pytest.raises(WriteError, match=r"can't be written: No (space|inodes) left") as caught:
        write_files({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert caught.value.hint
    assert content(tmp_path) == {"a": b"before"}


def test_what_cant_be_written_is_told_before(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, message in (
        (tmp_path, "is a folder, not a file"),
        (tmp_path / "none" / "a.png", "none doesn't exist"),
        (tmp_path / "file" / "a.png", "file is a file, not a folder"),
        (Path("/dev/null"), "is no regular file"),
        (tmp_path / ("a" * 300), "File name too long"),
        (tmp_path / "a\0b", "null"),
    ):
        with pytest.raises(WriteError, match=message) as caught:
            check_files([path])
        assert caught.value.hint


def test_a_folder_that_isnt_ours(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with unprivileged(), pytest.raises(WriteError, match=r"not writable|Permission denied"):
        check_files([tmp_path / "a.png"])
