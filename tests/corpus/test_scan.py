"""A scan leaves what measuring the text in one run leaves, and goes on where it stopped."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import attnviz
from attnviz.corpus import scan as scanning
from attnviz.corpus.finished import Finished
from attnviz.corpus.options import Part, ScanOptions
from attnviz.corpus.records import Fields
from attnviz.corpus.shards import ShardMeasurer
from attnviz.errors import InputError, NothingToAnalyseError, UnfinishedError, UsageError
from attnviz.measurement.measurement import Measurement
from attnviz.progress import Silent
from attnviz.settings import Settings
from tests.conftest import SAMPLES
from tests.helpers.corpora import measurement, scanned, sentences, small_pilot, write_lines
from tests.helpers.tool import content

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    with small_pilot(100, shard=40):
        yield


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More sentences than a pilot has: four shards beyond it, the last of them short."""
    return write_lines(tmp_path_factory.mktemp("corpus") / "corpus.txt", sentences(237))


@pytest.fixture(scope="module")
def whole(tiny: Path, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans") / "whole"
    scanned(tiny, corpus, into=folder)
    return folder


def test_leaves_the_bytes_that_measuring_leaves(tiny: Path, corpus: Path, whole: Path) -> None:
    measured = attnviz.measure(tiny, corpus)
    assert measured.input.sentences == 237
    assert measurement(whole).to_bytes() == measured.to_bytes()
    assert sorted(content(whole)) == ["measurement/sums.safetensors", "scan.json"]


def test_a_treebank_too(tiny: Path, tmp_path: Path) -> None:
    scanned(tiny, SAMPLES / "annotated.conllu", into=tmp_path)
    direct = attnviz.measure(tiny, SAMPLES / "annotated.conllu")
    ours = measurement(tmp_path)
    assert any(name.startswith("dep:nsubj|") for name in ours.streams[""].columns)
    assert ours.streams[""].units.digests.tolist() == direct.streams[""].units.digests.tolist()
    judged = [attnviz.judge(each, resamples=100).heads for each in (ours, direct)]
    assert judged[0] == judged[1]


def test_stops_when_time_is_up_and_goes_on(
    tiny: Path, corpus: Path, whole: Path, tmp_path: Path
) -> None:
    left = []
    for _ in range(10):
        try:
            scanned(tiny, corpus, into=tmp_path, seconds=0.0)
        except UnfinishedError as error:
            left.append(int(error.message.split(": ")[1].split()[0].replace(",", "")))
        else:
            break
    assert left == [97, 57, 17]  # a shard a time; the last of them ends the scan
    assert content(tmp_path) == content(whole)


def test_goes_on_after_an_error_in_a_shard(
    tiny: Path, corpus: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = ShardMeasurer.shard, []

    def third_fails(self: ShardMeasurer, *arguments: object) -> object:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ShardMeasurer, "shard", third_fails)
    with pytest.raises(KeyboardInterrupt):
        scanned(tiny, corpus, into=tmp_path)
    assert "state.safetensors" in content(tmp_path)
    scanned(tiny, corpus, into=tmp_path)
    assert len(calls) < 3 + 4  # not all of it again
    assert content(tmp_path) == content(whole)


@pytest.mark.parametrize("name", ["pilot.safetensors", "state.safetensors"])
def test_sums_that_are_damaged_are_named_and_measured_anew_once_removed(
    name: str, tiny: Path, corpus: Path, whole: Path, tmp_path: Path
) -> None:
    with pytest.raises(UnfinishedError):
        scanned(tiny, corpus, into=tmp_path, seconds=0.0)
    data = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[:-9])
    before = content(tmp_path)
    with pytest.raises(InputError, match=rf"{name} can't be gone on from: .* damaged") as caught:
        scanned(tiny, corpus, into=tmp_path)
    assert caught.value.hint.startswith("Remove it")
    assert content(tmp_path) == before
    (tmp_path / name).unlink()
    scanned(tiny, corpus, into=tmp_path)
    assert content(tmp_path) == content(whole)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"schema": "attnviz.scan/1"}'])
def test_a_scan_that_does_not_say_what_it_is_of(
    data: bytes, tiny: Path, corpus: Path, tmp_path: Path
) -> None:
    (tmp_path / "scan.json").write_bytes(data)
    with pytest.raises(InputError, match=r"scan\.json is damaged"):
        scanned(tiny, corpus, into=tmp_path)
    assert content(tmp_path) == {"scan.json": data}


def test_a_finished_scan_measures_nothing_again(
    tiny: Path, corpus: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(whole)
    monkeypatch.setattr(ShardMeasurer, "pilot", None)
    monkeypatch.setattr(ShardMeasurer, "shard", None)
    assert scanned(tiny, corpus, into=whole).numbers["sentences"] == 237
    assert content(whole) == before


def test_refuses_to_go_on_with_something_else(tiny: Path, corpus: Path, whole: Path) -> None:
    before = content(whole)
    with pytest.raises(UsageError, match="--words is not given, and now is given"):
        scanned(tiny, corpus, into=whole, settings={"words": True})
    with pytest.raises(UsageError, match="--sample is not given, and now is 50"):
        scanned(tiny, corpus, into=whole, sample=50)
    assert content(whole) == before


def test_refuses_a_corpus_that_changed(tiny: Path, tmp_path: Path) -> None:
    text = write_lines(tmp_path / "text.txt", sentences(5))
    scanned(tiny, text, into=tmp_path / "scan")
    write_lines(text, sentences(5, seed=1))
    with pytest.raises(UsageError, match="changed since"):
        scanned(tiny, text, into=tmp_path / "scan")


def test_four_parts_are_the_whole(tiny: Path, corpus: Path, whole: Path, tmp_path: Path) -> None:
    parts = []
    for number in range(1, 5):
        folder = tmp_path / str(number)
        scanned(tiny, corpus, into=folder, part=Part(number, 4))
        parts.append(measurement(folder))
    assert [part.input.sentences for part in parts] == [100 + 40, 40, 40, 17]
    together, of_whole = sum(parts, Measurement()), measurement(whole)
    assert together.input == of_whole.input
    assert {name: stream.columns.keys() for name, stream in together.streams.items()} == {
        name: stream.columns.keys() for name, stream in of_whole.streams.items()
    }
    ours, theirs = together.streams[""], of_whole.streams[""]
    assert ours.units.digests.tolist() == theirs.units.digests.tolist()
    for name, sums in ours.columns.items():
        assert sums.numerator.tolist() == theirs.columns[name].numerator.tolist(), name
        assert sums.denominator.tolist() == theirs.columns[name].denominator.tolist(), name


def test_a_part_of_a_small_corpus_says_that_it_is_empty(tiny: Path, tmp_path: Path) -> None:
    few = write_lines(tmp_path / "few.txt", sentences(30))
    told = scanned(tiny, few, into=tmp_path / "second", part=Part(2, 2))
    assert told.numbers["sentences"] == 0
    assert any("The part is empty: the pilot is in the first" in each for each in told.warnings)


def test_a_scan_may_use_the_pilot_of_another(tiny: Path, whole: Path, tmp_path: Path) -> None:
    text = write_lines(tmp_path / "more.txt", sentences(300, seed=3))
    scanned(tiny, text, into=tmp_path / "scan", pilot=whole)
    more = measurement(tmp_path / "scan")
    assert more.to_bytes() == attnviz.measure(tiny, text, pilot=measurement(whole)).to_bytes()
    assert (measurement(whole) + more).input.sentences == 537
    with pytest.raises(UsageError, match="was measured otherwise: words False and True"):
        scanned(tiny, text, into=tmp_path / "other", pilot=whole, settings={"words": True})


def test_a_sample_is_the_same_wherever_its_sentences_stand(tiny: Path, tmp_path: Path) -> None:
    lines = sentences(60)
    first = write_lines(tmp_path / "a.txt", lines)
    second = write_lines(tmp_path / "b.txt", lines[::-1])
    for path in (first, second):
        scanned(tiny, path, into=tmp_path / path.stem, sample=20)
    a, b = measurement(tmp_path / "a"), measurement(tmp_path / "b")
    assert a.input.sentences == 20
    assert a.streams[""].units.ids.tolist() == b.streams[""].units.ids.tolist()
    assert a.warnings == ("A sample: 20 of 60 sentences, by the hash of their text.",)


def test_what_was_cut_and_left_out_is_stated(tiny: Path, tmp_path: Path) -> None:
    long = " ".join(["the dog saw a cat"] * 20) + "."
    text = write_lines(tmp_path / "text.txt", [*sentences(5), long, "🍕 sat."])
    done = scanned(tiny, text, into=tmp_path / "scan")
    assert done.numbers["truncated"] == 1
    assert done.warnings[0] == (
        "Cut to the model's limit of 64 tokens: 1 sentence, 39 tokens lost."
    )
    assert done.warnings[1].startswith("Unknown to the model's vocabulary: 1 of ")


def test_documents_are_resampled_where_there_are_twenty(tiny: Path, tmp_path: Path) -> None:
    lines = sentences(60)
    blocks = "\n\n".join("\n".join(lines[start : start + 3]) for start in range(0, 60, 3))
    text = tmp_path / "blocks.txt"
    text.write_text(blocks + "\n", encoding="utf-8")
    scanned(tiny, text, into=tmp_path / "scan")
    assert measurement(tmp_path / "scan").input.documents == 20
    assert measurement(tmp_path / "scan").to_bytes() == attnviz.measure(tiny, text).to_bytes()


def test_records_with_an_id_are_documents(tiny: Path, tmp_path: Path) -> None:
    records = [
        {"text": line, "talk": f"talk {place % 25}"} for place, line in enumerate(sentences(75))
    ]
    text = write_lines(tmp_path / "talks.jsonl", [json.dumps(record) for record in records])
    done = scanned(tiny, text, into=tmp_path / "scan", fields=Fields("text", "talk"))
    assert (done.numbers["sentences"], len(measurement(tmp_path / "scan").streams[""].units)) == (
        75,
        25,
    )
    done = scanned(tiny, text, into=tmp_path / "plain", fields=Fields("text"))
    assert done.numbers["documents"] == 0


def test_packed_texts_are_read_as_they_are(tiny: Path, tmp_path: Path) -> None:
    lines = "".join(f"{line}\n" for line in sentences(30)).encode()
    (tmp_path / "plain.txt").write_bytes(lines)
    (tmp_path / "packed.txt.gz").write_bytes(gzip.compress(lines, mtime=0))
    for name in ("plain.txt", "packed.txt.gz"):
        scanned(tiny, tmp_path / name, into=tmp_path / name.split(".")[0])
    plain, packed = measurement(tmp_path / "plain"), measurement(tmp_path / "packed")
    assert plain.streams[""].units.digests.tolist() == packed.streams[""].units.digests.tolist()
    assert packed.input.files[0].name == "packed.txt.gz"


def test_settings_of_reports_are_refused(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    for name, value in (("chat", True), ("split", "pair"), ("generate", 3)):
        with pytest.raises(UsageError, match="and a scan don't go together"):
            scanned(tiny, corpus, into=tmp_path / "scan", settings={name: value})
    assert not (tmp_path / "scan").exists()
    assert Settings().chat is False
    assert scanning.is_ours("scan.json")


def test_standard_input_is_copied_so_that_a_scan_can_go_on(
    tiny: Path, corpus: Path, whole: Path, tmp_path: Path
) -> None:
    def piped(data: bytes, **options: Any) -> Finished:
        chosen = ScanOptions(**options)
        stdin = BytesIO(data)
        return scanning.scan(str(tiny), ["-"], tmp_path, Settings(), chosen, Silent(), stdin)

    with pytest.raises(InputError, match="standard input, line 2 is not in UTF-8"):
        piped(b"A cat sat.\nA \xff.\n")
    assert content(tmp_path) == {}
    with pytest.raises(NothingToAnalyseError, match="No sentence has a token"):
        piped(b"\xe2\x80\x8b\n")  # nothing that is seen
    assert content(tmp_path) == {}
    (tmp_path / "stdin").write_bytes(b"A dog sat.\n")  # of a scan that was killed while it read
    with pytest.raises(UnfinishedError):
        piped(corpus.read_bytes(), seconds=0.0)
    assert content(tmp_path)["stdin"] == corpus.read_bytes()
    with pytest.raises(UsageError, match="not the text that"):
        piped(b"A dog sat.\n")
    assert piped(b"").numbers["sentences"] == 237  # nothing is piped in again
    assert sorted(content(tmp_path)) == sorted(content(whole))
    ours, theirs = measurement(tmp_path), measurement(whole)
    assert ours.streams[""].units.digests.tolist() == theirs.streams[""].units.digests.tolist()
    assert piped(corpus.read_bytes()).numbers["sentences"] == 237
    with pytest.raises(UsageError, match="holds another scan"):
        piped(b"A dog sat.\n")
