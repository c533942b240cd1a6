"""`attnviz report --each`: a report for each text, and a page that lists them."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path

import pytest

from attnviz import signals
from attnviz.commands.each import folder_names
from attnviz.errors import UsageError
from attnviz.models import load
from tests.helpers.tool import Tool, content


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (["reviews.txt", "tweets.txt"], ["reviews", "tweets"]),
        (["a/reviews.txt", "-"], ["reviews", "stdin"]),
        (["x.txt", "x.conllu", "y.txt"], ["x.txt", "x.conllu", "y"]),
        (["a/x.txt", "b/x.txt"], ["a-x.txt", "b-x.txt"]),
        (["a/x.txt", "A/X.TXT"], ["x-1", "X-2"]),  # alike where case makes no difference
        (["a/b/x.txt", "c/b/x.txt", "x-1"], ["x-2", "x-3", "x-1"]),
        (["index.html.txt", "index.html"], ["index.html.txt", "index"]),
        (["x.tar.gz"], ["x.tar"]),
    ],
)
def test_folders_are_told_apart(texts: list[str], names: list[str]) -> None:
    made = folder_names(texts)
    assert made == names
    assert len({name.casefold() for name in made}) == len(made)


def test_a_text_that_is_named_twice() -> None:
    with pytest.raises(UsageError, match=r"\./x\.txt is named twice, as x\.txt"):
        folder_names(["x.txt", "./x.txt"])
    with pytest.raises(UsageError, match="- is named twice"):
        folder_names(["-", "-"])


@pytest.mark.slow
def test_each_text_has_the_report_that_it_has_alone(
    tiny: Path, text: Path, tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "birds & <b>.txt"
    other.write_text("The bird sat by the tree.\nIt ran.\n")
    loads, real = [], load.load

    def loading(*arguments: object, **more: object) -> load.LoadedModel:
        loads.append(arguments)
        return real(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(load, "load", loading)
    few = "--illustrate", "0"
    ran = tool("report", "--each", tiny, text, other, "-o", tmp_path / "all", *few)
    assert (ran.code, ran.err, len(loads)) == (0, "", 1)
    assert ran.out.count("report.html") == 2
    assert ran.out.startswith(f"{text}: 3 sentences")
    assert ran.out.endswith(f"{tmp_path / 'all' / 'index.html'}\n")
    made = content(tmp_path / "all")
    page = made.pop("index.html").decode()
    assert 'href="birds%20%26%20%3Cb%3E/report.html">birds &amp; &lt;b&gt;.txt</a>' in page
    assert str(tmp_path) not in page
    for path, name in ((text, "animals"), (other, "birds & <b>")):
        assert tool("report", tiny, path, "-o", tmp_path / "alone", *few).code == 0
        assert content(tmp_path / "all" / name) == content(tmp_path / "alone")


@pytest.mark.slow
def test_a_bad_text_loses_no_other(tiny: Path, text: Path, tool: Tool, tmp_path: Path) -> None:
    paths = {name: tmp_path / f"{name}.txt" for name in ("empty", "latin", "none", "good")}
    paths["empty"].write_text("")
    paths["latin"].write_bytes(b"caf\xe9.\n")
    shutil.copy(text, paths["good"])
    few = "--illustrate", "0"
    ran = tool("report", "--each", tiny, paths["none"], "-o", tmp_path / "all", *few)
    assert (ran.code, ran.out, (tmp_path / "all").exists()) == (3, "", False)
    ran = tool("report", "--each", tiny, *paths.values(), "-o", tmp_path / "all", *few)
    assert ran.code == 5  # of the first
    errors = [line for line in ran.err.splitlines() if line.startswith("error: ")]
    assert [str(path) in error for path, error in zip(paths.values(), errors, strict=False)] == [
        True
    ] * 3
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == ["good", "index.html"]
    page = (tmp_path / "all" / "index.html").read_text()
    assert page.count("No report: ") == 3
    told = tool(
        *("report", "--each", tiny, paths["good"], "-o", tmp_path / "all"),
        *("--fail-if", "max normalized_entropy > 0.1", *few),
    )
    assert told.code == 1
    assert told.err.startswith(f"failed: {paths['good']}: max normalized_entropy")
    logged = tool(
        *("report", "--each", tiny, paths["none"], "-o", tmp_path / "all", "--log", "json")
    )
    told_as_json = [json.loads(line) for line in logged.err.splitlines()]
    assert [each["exit_code"] for each in told_as_json if each["event"] == "error"] == [3]


def test_signals_are_answered_after_each_report() -> None:
    before = signal.signal(signal.SIGTERM, signals._stop)
    try:
        with signals.unsettled():
            signals.settle()
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGTERM) is signals._stop
    finally:
        signal.signal(signal.SIGTERM, before)


def test_what_does_not_go_together(tiny: Path, text: Path, tool: Tool, tmp_path: Path) -> None:
    for more in (["--from", "x"], ["--format", "json"], ["--target", "x"], ["--labels", "x"]):
        ran = tool("report", "--each", tiny, text, "-o", tmp_path / "all", *more)
        assert (ran.code, "--each don't go together" in ran.err) == (2, True), ran.err
    assert "Missing argument 'TEXT'" in tool("report", tiny, "--each").err
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "notes.md").write_text("Mine.")
    ran = tool("report", "--each", tiny, text, "-o", tmp_path / "all")
    assert (ran.code, "holds what is no report of a text: notes.md" in ran.err) == (4, True)
    assert sorted(content(tmp_path / "all")) == ["notes.md"]
    (tmp_path / "all" / "notes.md").rename(tmp_path / "all" / "index.html")
    ran = tool("report", "--each", tiny, text, "-o", tmp_path / "all")
    assert (ran.code, "index.html" in ran.err) == (4, True)
