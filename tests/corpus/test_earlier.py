"""The text of an earlier measurement, looked for where it may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from attnviz.corpus.earlier import _same
from attnviz.errors import UsageError
from attnviz.measurement.source import FileInfo
from attnviz.text.files import read


def test_another_text_that_was_named_is_said_to_be_another(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("Another text.\n")
    info = FileInfo("absent.txt", "0" * 64, 1)
    given = {str(other): read([other], None)[0]}
    with pytest.raises(UsageError) as error:
        _same(info, tmp_path / "rep", given, [str(other)])
    assert error.value.message == (
        f"{other} is another text: {tmp_path}/rep was measured on absent.txt."
    )
    with pytest.raises(UsageError, match="is not here"):
        _same(info, tmp_path / "rep", {}, [])
