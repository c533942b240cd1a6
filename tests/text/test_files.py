from __future__ import annotations

import hashlib
import io
import os
import threading
from pathlib import Path

import pytest

from attnviz.errors import ExitCode, InputError, NothingToAnalyseError, UsageError
from attnviz.text.files import read


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_is_read_with_the_hash_of_its_bytes() -> None:
    data = "Grüße.\r\nZwei\rDrei\n".encode()
    Path("a.txt").write_bytes(data)
    (file,) = read(["a.txt"], None)
    assert file.name == "a.txt"
    assert file.text == "Grüße.\nZwei\nDrei\n"
    assert file.sha256 == hashlib.sha256(data).hexdigest()


def test_a_byte_order_mark_is_dropped_from_the_text_but_not_from_the_hash() -> None:
    Path("a.txt").write_bytes(b"\xef\xbb\xbfHi.")
    (file,) = read([Path("a.txt")], None)
    assert file.text == "Hi."
    assert file.sha256 == hashlib.sha256(b"\xef\xbb\xbfHi.").hexdigest()


def test_a_hyphen_is_standard_input_among_files() -> None:
    Path("a.txt").write_text("A.")
    files = read(["a.txt", "-"], io.BytesIO(b"B."))
    assert [(file.name, file.text) for file in files] == [("a.txt", "A."), ("-", "B.")]


def test_standard_input_is_read_once_only() -> None:
    with pytest.raises(UsageError, match="more than once"):
        read(["-", "-"], io.BytesIO(b"B."))


def test_standard_input_may_be_closed() -> None:
    with pytest.raises(InputError, match="Standard input is closed"):
        read(["-"], None)


def test_a_missing_file_suggests_the_one_that_was_meant() -> None:
    Path("corpus.txt").write_text("A.")
    with pytest.raises(InputError) as caught:
        read(["corpsu.txt"], None)
    assert caught.value.message == "There is no file corpsu.txt."
    assert caught.value.hint == "Did you mean corpus.txt?"
    assert caught.value.exit_code == ExitCode.INPUT


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("zzz.txt", "Check the name"),
        ("no/where.txt", "The folder no doesn't exist either"),
        ("file/below.txt", "The folder file doesn't exist"),
    ],
)
def test_a_missing_file_without_a_like(name: str, hint: str) -> None:
    Path("file").write_text("A.")
    with pytest.raises(InputError, match="There is no file") as caught:
        read([name], None)
    assert hint in caught.value.hint


def test_a_folder_is_not_a_text() -> None:
    Path("texts").mkdir()
    with pytest.raises(InputError, match="texts/ is a folder") as caught:
        read(["texts/"], None)
    assert caught.value.hint == "Name the files in it: texts/*.txt"


def test_permission_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.txt").write_text("A.")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # as root reads everything
    with pytest.raises(InputError, match="permission denied") as caught:
        read(["a.txt"], None)
    assert "chmod u+r a.txt" in caught.value.hint


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 5000])
def test_a_name_that_no_file_can_have(name: str) -> None:
    with pytest.raises(InputError):
        read([name], None)


def test_binary_data_is_refused() -> None:
    Path("a.bin").write_bytes(b"abc\0def")
    with pytest.raises(InputError, match="NUL byte at offset 3"):
        read(["a.bin"], None)


def test_an_endless_device_is_refused_at_once() -> None:
    with pytest.raises(InputError, match="NUL byte at offset 0"):
        read(["/dev/zero"], None)


@pytest.mark.parametrize(
    ("data", "kind"), [(b"%PDF-1.7\n", "a PDF"), (b"\x1f\x8b\x08", "gzip"), (b"PK\x03\x04", "ZIP")]
)
def test_well_known_formats_are_named(data: bytes, kind: str) -> None:
    with pytest.raises(InputError, match=kind):
        read(["-"], io.BytesIO(data))


def test_other_encodings_are_told_by_byte_and_line() -> None:
    Path("my text.txt").write_bytes("Eins.\r\nZwei.\nGrüße.".encode("latin-1"))
    with pytest.raises(InputError) as caught:
        read(["my text.txt"], None)
    assert "byte 0xFC at offset 15 (line 3)" in caught.value.message
    assert "iconv -f WINDOWS-1252 -t UTF-8 'my text.txt' > utf8.txt" in caught.value.hint


@pytest.mark.parametrize("encoding", ["UTF-16", "UTF-32"])
def test_wide_encodings_are_known_by_their_mark(encoding: str) -> None:
    with pytest.raises(InputError, match=f"standard input is in {encoding}") as caught:
        read(["-"], io.BytesIO("Hi.".encode(encoding)))
    assert f"iconv -f {encoding} -t UTF-8" in caught.value.hint


def test_too_much_text_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("big.txt").write_bytes(b"word " * 10)
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(InputError, match=r"big\.txt is too large"):
        read(["big.txt"], None, max_bytes=49)


def test_too_much_standard_input_is_refused_while_it_is_read() -> None:
    class Endless(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return b"word " * ((size or 0) // 5 + 1)

    with pytest.raises(InputError, match="standard input is too large: more than 4 MiB"):
        read(["-"], Endless(), max_bytes=2**22)


def test_the_limit_itself_is_allowed() -> None:
    Path("a.txt").write_bytes(b"x" * 50)
    assert read(["a.txt", "-"], io.BytesIO(b"y" * 50), max_bytes=50)[1].text == "y" * 50


def test_a_named_pipe_is_read_to_its_end(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    writer = threading.Thread(target=lambda: Path("pipe").write_text("From a pipe."))
    writer.start()
    assert read(["pipe"], None)[0].text == "From a pipe."
    writer.join()


@pytest.mark.parametrize("text", ["", " \n\t\n", "\ufeff"])
def test_no_text_is_nothing_to_analyse(text: str) -> None:
    Path("a.txt").write_text(text, encoding="utf-8")
    with pytest.raises(NothingToAnalyseError, match=r"No text in a\.txt, standard input") as caught:
        read(["a.txt", "-"], io.BytesIO())
    assert caught.value.exit_code == ExitCode.NOTHING_TO_ANALYSE


def test_an_empty_file_may_stand_beside_others() -> None:
    Path("a.txt").write_text("")
    assert [file.text for file in read(["a.txt", "-"], io.BytesIO(b"B."))] == ["", "B."]


def test_a_hostile_name_is_harmless_in_messages_and_reports() -> None:
    name = os.fsdecode(b"\x1b[31m\xff.txt")
    with pytest.raises(InputError) as caught:
        read([name], None)
    assert caught.value.message == "There is no file <U+001B>[31m<U+DCFF>.txt."
    Path(name).write_text("A.")
    assert read([name], None)[0].name == "<U+001B>[31m<U+DCFF>.txt"
