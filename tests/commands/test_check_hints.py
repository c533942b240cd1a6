"""Hints of `attnviz check` name flags that it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from attnviz import folder
from attnviz.commands.check import _check_update
from attnviz.commands.checking import written_with
from attnviz.errors import UsageError, WriteError


def test_what_cannot_be_written_names_the_flag_that_chose_it(tmp_path: Path) -> None:
    absent = tmp_path / "absent" / "junit.xml"
    with pytest.raises(WriteError) as error, written_with("--junit"):
        folder.check_files([absent])
    assert error.value.hint == "Make it first. Choose another file with --junit."
    with pytest.raises(WriteError) as error, written_with(""):
        folder.check_files([absent])
    assert error.value.hint == "Make it first. Choose another file."


def test_update_says_what_to_leave_out() -> None:
    with pytest.raises(UsageError) as error:
        _check_update(Path("rules.toml"), Path("scan"))
    assert error.value.hint == "Leave out --update or --from."
    with pytest.raises(UsageError) as error:
        _check_update(None, None)
    assert error.value.hint == "Name them, or leave out --update."
