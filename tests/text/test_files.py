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


@pytest.mark.parametrize(
    ("inside", "hint"),
    [
        (["a.txt", "b.md"], "Name the files in it: texts/*.txt"),
        (["a.conllu", "b.conllu", "c.txt"], "Name the files in it: texts/*.conllu"),
        (["a.bin"], "Name the files in it: texts/*.txt"),
        ([], "It holds no files; name a text file."),
        (["config.json", "x.txt"], "looks like a model, which comes first: attnviz report texts"),
    ],
)
def test_a_folder_is_not_a_text(inside: list[str], hint: str) -> None:
    Path("texts").mkdir()
    for name in inside:
        (Path("texts") / name).touch()
    with pytest.raises(InputError, match="texts/ is a folder") as caught:
        read(["texts/"], None)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("names", "message", "hint"),
    [
        (["A dog sat."], "no file A dog sat.", "echo 'A dog sat.' | report m -"),
        (["Who's there?"], "no file Who's there?", """echo 'Who'"'"'s there?' | report m -"""),
        (["A", "dog", "sat"], "no files A dog sat.", "echo 'A dog sat' | report m -"),
        (
            ["Hello"],
            "no file Hello.",
            "the folder you are in; if it is the text itself: echo Hello",
        ),
        (["w " * 400], f"no file {'w ' * 30}…", f"echo '{'w ' * 30}…' | report m -"),
        (["a dog.txt"], "no file a dog.txt.", "Check the name, and the folder you are in."),
        (["corpus", "dog"], "no file corpus.", "Did you mean corpus.txt?"),
        (["*.md"], "no file *.md.", "No file matches the pattern"),
        (["*.txt"], "no file *.txt.", "leave off the quotes around it"),
        (["https://x.org/a"], "no file https://x.org/a.", "curl -L https://x.org/a | report m -"),
    ],
)
def test_what_may_have_been_meant(names: list[str], message: str, hint: str) -> None:
    Path("corpus.txt").write_text("A.")
    with pytest.raises(InputError) as caught:
        read(names, None, command="report m")
    assert caught.value.message == f"There is {message}".replace("is no files", "are no files")
    assert hint in caught.value.hint


def test_a_home_in_quotes(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("HOME", str(folder))
    Path("a.txt").write_text("A.")
    with pytest.raises(InputError) as caught:
        read(["~/a.txt"], None)
    assert f"Did you mean {folder}/a.txt?" in caught.value.hint


def test_a_broken_link() -> None:
    Path("a.txt").symlink_to("gone.txt")
    with pytest.raises(InputError, match=r"a\.txt is a link to gone\.txt, which doesn't exist"):
        read(["a.txt"], None)


def test_a_script_gives_texts_as_strings() -> None:
    with pytest.raises(InputError) as caught:
        read([Path("A dog sat")], None)
    assert caught.value.hint == "If that is the text itself: give it as a string, not as a path."


def test_a_folder_that_may_not_be_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("shut").mkdir()
    (Path("shut") / "a.txt").write_text("A.")
    monkeypatch.setattr(os, "access", lambda path, _: path != Path("shut"))  # as root may

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="permission denied") as caught:
        read(["shut/a.txt"], None)
    assert "chmod u+x shut" in caught.value.hint


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
    ("data", "kind", "fix"),
    [
        (b"%PDF-1.7\n", "a PDF", "pdftotext 'my data' text.txt"),
        (b"\x1f\x8b\x08", "gzip", "gunzip -c 'my data' > text.txt"),
        (b"\xfd7zXZ\x00", "xz", "xz -dc 'my data' > text.txt"),
        (b"BZh9", "bzip2", "bunzip2 -c 'my data' > text.txt"),
        (b"\x28\xb5\x2f\xfd", "zstd", "zstd -dc 'my data' > text.txt"),
        (b"PAR1\0", "a Parquet table", "pandas.read_parquet"),
        (b"PK\x03\x04", "ZIP", "plain text in UTF-8."),
        (b"SQLite format 3\0", "an SQLite database", "plain text in UTF-8."),
    ],
)
def test_well_known_formats_are_named_with_the_way_out(data: bytes, kind: str, fix: str) -> None:
    Path("my data").write_bytes(data)
    for name in ("my data", "-"):
        with pytest.raises(InputError, match=kind) as caught:
            read([name], io.BytesIO(data))
        assert fix.replace("'my data'", "-" if name == "-" else "'my data'") in caught.value.hint


@pytest.mark.parametrize("encoding", ["UTF-16LE", "UTF-16BE"])
def test_wide_encodings_without_a_mark(encoding: str) -> None:
    with pytest.raises(InputError, match=f"looks like {encoding}") as caught:
        read(["-"], io.BytesIO("Hi, café.".encode(encoding)))
    assert f"iconv -f {encoding}" in caught.value.hint


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
