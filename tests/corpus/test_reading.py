"""What a corpus holds, as it is read: kinds of files, faults with their lines, and what is kept."""

from __future__ import annotations

import gzip
import importlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from attnviz.corpus import lines as line_reading
from attnviz.corpus import reading as corpus_reading
from attnviz.corpus.choice import SampleCut, Smallest, salted
from attnviz.corpus.lines import Stamp, numbered_lines
from attnviz.corpus.overview import overview
from attnviz.corpus.paths import corpus_files
from attnviz.corpus.reading import Corpus, Passage, SetAside
from attnviz.corpus.records import Fields
from attnviz.errors import AttnvizError, InputError, NothingToAnalyseError, UsageError
from attnviz.progress import Silent
from attnviz.survey import survey
from attnviz.text.files import read
from attnviz.text.split import sentences
from tests.conftest import SAMPLES

TWO = [{"body": "A cat sat.", "nr": 7}, {"body": "It ran.", "nr": 8}]


def passages(*paths: Path, keep_going: bool = False, **how: Any) -> list[Passage]:
    corpus = Corpus(corpus_files(paths).files, **how)
    return list(corpus.passages(SetAside(keep_going), {}))


def texts(*paths: Path, **how: Any) -> list[str]:
    return [passage.text for passage in passages(*paths, **how)]


def refusal(*paths: Path, **how: Any) -> str:
    with pytest.raises(AttnvizError) as caught:
        passages(*paths, **how)
    return f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("name", ["quickstart.txt", "annotated.conllu", "pairs.tsv"])
@pytest.mark.parametrize("split", ["auto", "line", "sentence", "document"])
def test_a_stream_has_the_sentences_of_the_whole(name: str, split: Any, tmp_path: Path) -> None:
    path = tmp_path / Path(name).with_suffix(".conllu" if "conllu" in name else ".txt")
    path.write_bytes(
        (SAMPLES / name).read_bytes().replace(b"\t", b" " if "pairs" in name else b"\t")
    )
    whole = sentences(read([path], None), split)
    assert [(each.line, each.text, each.annotation, each.document) for each in whole] == [
        (each.line, each.text, each.annotation, each.document)
        for each in passages(path, split=split)
    ]


def test_a_stream_of_prose_is_split_as_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "prose.txt"
    text = (SAMPLES / "quickstart.txt").read_text(encoding="utf-8").replace(".\n", ". ")
    path.write_text(f"{text[:900]}\n\n{text[900:2000]}\n{text[2000:]}\n", encoding="utf-8")
    whole = sentences(read([path], None), "sentence")
    assert len(whole) > 50
    assert [(each.line, each.text) for each in whole] == [
        (each.line, each.text) for each in passages(path, split="sentence")
    ]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends_are_alike_wherever_a_chunk_ends(
    ends: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(ends.join(["The äöü cat.", "", "It  sat.", "🍕"]).encode())
    for size in range(1, 12):
        monkeypatch.setattr(line_reading, "_CHUNK", size)
        with path.open("rb") as file:
            numbered = list(numbered_lines(file, "text.txt", SetAside()))
        assert numbered == [(1, "The äöü cat."), (2, ""), (3, "It  sat."), (4, "🍕")]


def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    path.write_text("\n".join(map(json.dumps, TWO)) + "\n\n", encoding="utf-8")
    how = passages(path, fields=Fields("body", "nr"))
    assert [(each.text, each.line, each.document) for each in how] == [
        ("A cat sat.", 1, "7"),
        ("It ran.", 2, "8"),
    ]
    assert "holds records, and no field" in refusal(path)
    assert "there are body, nr" in refusal(path)
    nested = tmp_path / "nested.jsonl"
    nested.write_text(json.dumps({"a": {"b": "Yes."}}), encoding="utf-8")
    assert texts(nested, fields=Fields("a.b")) == ["Yes."]
    path.write_text('{"body": "A \\ud800 cat."}', encoding="utf-8")  # half of a pair of UTF-16
    assert texts(path, fields=Fields("body")) == ["A \ufffd cat."]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2 is no JSON: Expecting property name"),
        ("[1]", "line 2 holds no object: [1]"),
        ('{"nr": 1}', "line 2 has no field body; it has nr"),
        ('{"body": 3}', "line 2 has int, no text, in the field body"),
        ('{"body": null}', "line 2 has null, no text, in the field body."),
        ("[" * 100_000, "line 2 is no JSON: nested too deeply"),
        ('{"nr": ' + "9" * 5000 + "}", "line 2 is no JSON: a number is too long"),
    ],
)
def test_a_fault_in_json_lines_names_its_line(line: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(f"{json.dumps(TWO[0])}\n{line}\n{json.dumps(TWO[1])}\n", encoding="utf-8")
    message = refusal(path, fields=Fields("body"))
    assert f"bad.jsonl, {said}" in message
    assert message.count("--keep-going") == 1
    aside = SetAside(going_on=True)
    corpus = Corpus(corpus_files([path]).files, fields=Fields("body"))
    assert [each.text for each in corpus.passages(aside, {})] == ["A cat sat.", "It ran."]
    assert aside.many == 1
    assert said in aside.reasons[0]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_tables_as_text(separator: str, tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    rows = [["nr", "body"], ["7", '"A cat' + separator + '\nsat."'], ["8", "It ran."]]
    path.write_text("\n".join(map(separator.join, rows)) + "\n", encoding="utf-8")
    how = passages(path, fields=Fields("body", "nr"), split="document")
    assert [(each.text, each.line, each.document) for each in how] == [
        (f"A cat{separator}\nsat.", 3, "7"),
        ("It ran.", 4, "8"),
    ]
    assert "has no column boddy; it has nr, body" in refusal(path, fields=Fields("boddy"))
    assert "Did you mean --field body?" in refusal(path, fields=Fields("boddy"))


def test_a_row_of_other_columns_is_told(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("body,nr\nYes.,1\nNo, not.,2\nWell.,3\n", encoding="utf-8")
    assert "bad.csv, line 3 has 3 columns instead of 2" in refusal(path, fields=Fields("body"))
    assert texts(path, fields=Fields("body"), keep_going=True) == ["Yes.", "Well."]
    path.write_text(f'nr,"{"x" * 200_000}"\n1,Yes.\n', encoding="utf-8")
    assert len(refusal(path, fields=Fields("body"))) < 200


def test_parquet(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = importlib.import_module("pyarrow.parquet")
    path = tmp_path / "two.parquet"
    parquet.write_table(arrow.Table.from_pylist([*TWO, {"body": None, "nr": 9}]), path)
    assert "two.parquet, row 3 has null, no text, in the field body" in refusal(
        path, fields=Fields("body")
    )
    how = passages(path, fields=Fields("body", "nr"), keep_going=True)
    assert [(each.text, each.line, each.document) for each in how] == [
        ("A cat sat.", 1, "7"),
        ("It ran.", 2, "8"),
    ]
    assert "has no column text" in refusal(path, fields=Fields("text"))
    path.write_bytes(path.read_bytes()[:-9])
    assert "two.parquet can't be read" in refusal(path, fields=Fields("body"))


def test_packed_with_zstd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrow = pytest.importorskip("pyarrow")
    path = tmp_path / "text.txt.zst"
    path.write_bytes(arrow.compress(b"A cat sat.\nIt ran.\n", codec="zstd", asbytes=True))
    assert texts(path) == ["A cat sat.", "It ran."]
    real = importlib.import_module

    def missing(name: str) -> Any:
        if name in {"pyarrow", "compression.zstd"}:
            raise ImportError(name)
        return real(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    assert 'pip install "attnviz[frames]"' in refusal(path)


def test_a_file_that_was_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "text.txt.gz"
    path.write_bytes(gzip.compress(b"A cat sat.\n" * 1000)[:-12])
    assert "text.txt.gz can't be unpacked" in refusal(path)


def test_zstd_that_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class ZstdError(Exception):
        """As that of Python 3.14's library."""

    def damaged(_: object) -> object:
        raise ZstdError("Corrupted block detected")

    library = SimpleNamespace(ZstdError=ZstdError, ZstdFile=damaged)
    monkeypatch.setitem(sys.modules, "compression.zstd", library)
    path = tmp_path / "text.txt.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd")
    assert "text.txt.zst can't be unpacked: Corrupted block detected." in refusal(path)


def test_what_is_not_in_utf8_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mixed.txt"
    path.write_bytes("Grün.\n".encode() + "Grün.\n".encode("latin-1") + b"Red.\nA\0b.\nBlue.\n")
    assert "mixed.txt, line 2 is not in UTF-8: byte 0xFC" in refusal(path)
    assert texts(path, split="line", keep_going=True) == ["Grün.", "Red.", "Blue."]
    path.write_bytes("Grün.\n".encode("utf-16"))
    assert "mixed.txt is in UTF-16, not in UTF-8" in refusal(path)


def test_a_fault_in_a_treebank_sets_its_sentence_aside(tmp_path: Path) -> None:
    path = tmp_path / "bad.conllu"
    blocks = (SAMPLES / "annotated.conllu").read_text(encoding="utf-8").split("\n\n")[:3]
    blocks[1] = blocks[1].replace("\t", " ")
    path.write_text("\n\n".join(blocks) + "\n\n", encoding="utf-8")
    assert "bad.conllu, line" in refusal(path)
    assert len(passages(path, keep_going=True)) == 2
    path.write_bytes(b"# \xff\n\n" + path.read_bytes())
    assert [each.line for each in passages(path, keep_going=True)] == [
        3,
        3 + sum(block.count("\n") + 2 for block in blocks[:2]),
    ]


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_reading, "LONGEST", 1000)
    monkeypatch.setattr(line_reading, "_CHUNK", 256)
    path = tmp_path / "long.txt"
    path.write_text("Short.\n" + "x" * 5000, encoding="utf-8")
    assert "long.txt, line 2 has more than" in refusal(path)


@pytest.mark.parametrize("name", ["long.txt", "long.conllu"])
def test_a_paragraph_without_end_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus_reading, "LONGEST", 2**20)
    path = tmp_path / name
    path.write_text("Short.\n\n" * ("txt" in name) + "the dog and\n" * 2**17, encoding="utf-8")
    told = refusal(path)
    assert f"{name} has more than 1 MiB without a blank line, up to line 8738" in told
    assert "--split line" in told
    if "txt" in name:
        assert len(texts(path, split="line")) == 2**17 + 1


def test_what_gives_its_text_once_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "pipe is no file, and a scan reads its text several times" in refusal(tmp_path / "pipe")


def test_links_in_circles_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    for name in ("one", "other"):
        (tmp_path / name).symlink_to(".")
    (tmp_path / "self.txt").symlink_to("self.txt")
    for path in (tmp_path, f"{tmp_path}/**/*.txt", f"{tmp_path}/*", f"{tmp_path}/**"):
        assert [file.name for file in corpus_files([path], tmp_path / "scan").files] == ["a.txt"]


def test_folders_and_patterns_name_their_texts(tmp_path: Path) -> None:
    for name in ("b/two.txt", "b/one.txt.gz", "a/three.jsonl", "a/image.png", ".git/four.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    names = corpus_files([tmp_path])
    assert [(file.name, file.kind) for file in names.files] == [
        ("three.jsonl", "jsonl"),
        ("one.txt.gz", "text"),
        ("two.txt", "text"),
    ]
    assert (
        names.skipped == "Left out of folders, for their names say nothing of text: .png (1 file)."
    )
    pattern = corpus_files([f"{tmp_path}/**/*.txt", tmp_path / "b" / "two.txt"])
    assert [file.name for file in pattern.files] == ["two.txt"]


def test_what_a_scan_wrote_is_no_part_of_its_corpus(tmp_path: Path) -> None:
    for name in ("text.txt", "scan/scan.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    for path in (tmp_path, f"{tmp_path}/**/*"):
        assert [file.name for file in corpus_files([path], tmp_path / "scan").files] == ["text.txt"]


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["-", "a.txt"], "Standard input (-) is read by itself."),
        ([""], "A path is empty."),
        (["nowhere.txt"], "There is no file nowhere.txt."),
        (["*.nothing"], "No file matches *.nothing."),
    ],
)
def test_paths_that_name_nothing(
    paths: Sequence[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AttnvizError) as caught:
        corpus_files(paths)
    assert caught.value.message == said


def test_a_folder_without_texts(tmp_path: Path) -> None:
    (tmp_path / "image.png").write_text("x", encoding="utf-8")
    with pytest.raises(NothingToAnalyseError, match="no texts in the folder"):
        corpus_files([tmp_path])


def test_a_corpus_without_sentences(tmp_path: Path) -> None:
    for name, text in (("empty.txt", ""), ("blank.txt", "\n \n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    corpus = Corpus(corpus_files([tmp_path]).files)
    with pytest.raises(NothingToAnalyseError, match="no sentence in the corpus"):
        overview(corpus, Silent(), sample=0, keep_going=False)


def test_a_corpus_that_changes_between_its_passes(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("A cat sat.\n", encoding="utf-8")
    read_once = overview(Corpus(corpus_files([path]).files), Silent(), sample=0, keep_going=False)
    assert read_once.stamps["text.txt"].size == 11
    assert isinstance(read_once.stamps["text.txt"], Stamp)
    path.write_text("A dog sat.\n", encoding="utf-8")
    with pytest.raises(InputError, match="was changed while it was read"):
        list(read_once)


def test_records_need_a_field(tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text("body,nr\nYes.,1\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no field of theirs is named"):
        passages(path, keep_going=True)


def test_the_smallest_are_those_that_a_survey_takes() -> None:
    digests = np.random.default_rng(0).integers(0, 2**63, 3000, dtype=np.uint64)
    digests[7] = digests[3]
    smallest = Smallest[int](survey.PILOT)
    for number, digest in enumerate(digests.tolist()):
        if smallest.wants(key := salted(digest)):
            smallest.add(key, number)
    assert smallest.items() == survey.smallest(digests, np.arange(3000)).tolist()


def test_a_sample_has_as_many_sentences_as_asked_for() -> None:
    cut = SampleCut(5)
    digests = [3, 1, 3, 9, 9, 9, 2, 4]
    for number, digest in enumerate(digests):
        cut.add(digest, number)
    assert sum(cut.takes(digest, number) for number, digest in enumerate(digests)) == 5
