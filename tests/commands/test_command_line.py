"""What the command line prints where, and what it costs to ask for help."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from attnviz import cli, console
from attnviz.commands.command import Command
from attnviz.registry import discover
from attnviz.settings import Settings
from attnviz.version import __version__
from tests.helpers.tool import Tool, content, environment, process

pytestmark = pytest.mark.slow

HEAVY = ("torch", "transformers", "numpy", "matplotlib")
ESCAPE = "\x1b["


def imported(*asked: str) -> list[str]:
    """Which heavy packages command lines import, one after the other in a process of their own."""
    script = (
        "import sys; from attnviz import cli; sys.stdout = sys.stderr\n"
        f"for asked in {asked!r}:\n"
        "    assert cli.run(asked.split()) == 0\n"
        f"    for name in set({HEAVY!r}) & set(sys.modules):\n"
        "        sys.__stdout__.write(f'{asked}: {name}\\n')"
    )
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, env=environment(), capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_help_imports_nothing_heavy() -> None:
    asked = ("--help", "--version", *(f"{name} --help" for name in ("report", "draw", "check")))
    assert imported(*asked, "list --help") == []


def test_lists_import_no_torch() -> None:
    found = imported("list roles", "list statistics", "list figures", "list models")
    assert not [line for line in found if line.endswith((": torch", ": transformers"))]


def test_importing_attnviz_imports_nothing_heavy() -> None:
    script = f"import attnviz, sys; print(*(set({HEAVY!r}) & set(sys.modules)))"
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_version(tool: Tool) -> None:
    assert tool("--version").out == f"attnviz {__version__}\n"


def test_usage_reads_like_a_man_page(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert "Usage: attnviz report [OPTIONS] [MODEL] [TEXT]..." in tool("report", "--help").out
    assert "Usage: attnviz list [OPTIONS] TOPIC" in tool("list", "-h").out


def test_every_default_that_help_names_is_true(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    helped = tool("report", "--help").out
    for name in ("split", "language", "long", "device", "dtype", "resamples", "seed", "illustrate"):
        default = getattr(Settings(), name)
        assert re.search(rf"--{name} .*\[default: {default}\]", helped)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report"], "Missing argument 'MODEL'."),
        (["report", "minilm"], "Missing argument 'TEXT'."),
        (["report", "m", "t", "--spilt", "line"], "No such option: --spilt"),
        (["report", "m", "t", "--split", "word"], "'word' is not one of 'auto', 'line'"),
        (["reprot", "m", "t"], "No such command 'reprot'. Did you mean 'report'?"),
        (["list", "rolls"], "'rolls' is not one of"),
    ],
)
def test_mistakes_on_the_command_line(tool: Tool, arguments: list[str], said: str) -> None:
    done = tool(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert said in done.err
    assert re.search(r"\nhint: See attnviz( \w+)? --help\.\n$", done.err)


def test_without_arguments_there_is_help(tool: Tool) -> None:
    done = tool()
    assert done.code == 2
    assert "Usage: attnviz [OPTIONS] COMMAND" in done.out
    assert "error" not in done.err


def test_mistakes_are_told_before_the_work_begins(tool: Tool, text: Path) -> None:
    """Neither model is loaded; both would take minutes or a network."""
    done = tool("report", "minilm", text, "--cmap", "Bleus", "-o", "unwritten")
    assert done.code == 2
    assert "Did you mean Blues" in done.err
    done = tool("report", "minilm", text, "-o", text)
    assert done.code == 4
    assert "is a file, not a folder" in done.err
    assert not Path("unwritten").exists()


def test_an_unknown_variable(tool: Tool, text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATTNVIZ_ILUSTRATE", "3")
    done = tool("report", "minilm", text)
    assert done.code == 2
    assert done.err.splitlines()[1] == "hint: Did you mean ATTNVIZ_ILLUSTRATE?"


@pytest.mark.parametrize("topic", ["roles", "statistics", "figures", "models"])
def test_lists_in_three_formats(tool: Tool, topic: str) -> None:
    rows = json.loads(tool("list", topic, "--format", "json").out)
    human, markdown = tool("list", topic).out, tool("list", topic, "--format", "markdown").out
    assert len(markdown.splitlines()) == len(rows) + 2
    assert len({line.replace("\\|", "").count("|") for line in markdown.splitlines()}) == 1
    for row in rows:
        assert row["name"] in human
        assert row["name"].replace("_", "\\_") in markdown
        if topic in ("roles", "statistics"):
            assert row["formula"]
            assert row["source"]


def test_env_names_versions_and_devices(tool: Tool) -> None:
    rows = {row["name"]: row["version"] for row in json.loads(tool("env", "--format", "json").out)}
    assert rows["attnviz"] == __version__
    assert {"python", "torch", "transformers", "cuda", "threads"} <= set(rows)
    assert all(name in tool("env").out for name in rows)


def test_json_is_valid_and_alone_on_stdout(tool: Tool, tiny: Path, text: Path) -> None:
    done = tool("report", tiny, text, "--format", "json", "--resamples", "100")
    assert done.code == 0
    schema = json.loads((files("attnviz") / "report" / "schema.json").read_text("utf-8"))
    jsonschema.validate(json.loads(done.out), schema)
    assert "warning: Only 3 sentences" in done.err
    assert not Path("attnviz-report").exists()


@pytest.mark.parametrize(("name", "begins"), [("html", "<!doctype html>"), ("markdown", "# ")])
def test_every_report_format_can_be_asked_for(
    tool: Tool, tiny: Path, text: Path, name: str, begins: str
) -> None:
    done = tool("report", tiny, text, "--format", name, "--resamples", "100")
    assert done.code == 0
    assert done.out.lower().startswith(begins)
    assert not Path("attnviz-report").exists()


def test_a_format_that_is_none_is_told_before_anything_is_read(tool: Tool) -> None:
    done = tool("report", "absent", "absent.txt", "--format", "xml")
    assert done.code == 2
    assert done.err == (
        "error: --format is 'xml'.\nhint: Choose one of: human, html, json, markdown.\n"
    )


def test_every_command_is_found(tool: Tool) -> None:
    helped = tool("--help").out
    names = [command.name for command in discover("attnviz.commands", "COMMAND", Command)]
    assert names == ["report", "draw", "scan", "merge", "check", "compare", "list", "env"]
    assert re.findall(r"(?m)^│ (\w+) ", helped.partition("Commands")[2]) == names


def test_quiet_and_verbose(tool: Tool, tiny: Path, text: Path) -> None:
    common = ("report", tiny, text, "--resamples", "100", "--format", "markdown")
    quiet, normal, verbose = tool(*common, "-q"), tool(*common), tool(*common, "-v")
    assert quiet.out == normal.out == verbose.out
    assert normal.out.startswith("# ")
    assert quiet.err == ""
    assert normal.err.count("\n") < verbose.err.count("\n")


@pytest.mark.parametrize(
    ("variables", "flag", "coloured"),
    [
        ({}, "auto", False),
        ({}, "always", True),
        ({"NO_COLOR": "1"}, "always", True),
        ({"FORCE_COLOR": "1"}, "auto", True),
        ({"FORCE_COLOR": "1"}, "never", False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, "auto", False),
    ],
)
def test_colours(
    tool: Tool,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    flag: str,
    coloured: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    done = tool("list", "models", "--color", flag)
    assert (ESCAPE in done.out) == coloured
    assert (ESCAPE in tool("report", "minilm", "absent", "--color", flag).err) == coloured


def test_piped_there_is_no_progress(tool: Tool, tiny: Path, text: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a-path-is-never-cut-however-long-it-is-and-a-line-has-eighty-columns"
    os.environ["FORCE_COLOR"] = "1"  # as many CI systems do
    try:
        done = tool("report", tiny, text, "-o", folder, "--illustrate", "0", "--resamples", "100")
    finally:
        del os.environ["FORCE_COLOR"]
    assert done.code == 0
    assert done.err == ""
    assert "tiny: 2 layers of 2 heads, 3 sentences" in done.out
    assert str(folder / "report.html") in done.out
    assert "report.html" in content(folder)


@pytest.mark.parametrize("command", ["list roles", "list roles --format json", "report --help"])
def test_a_reader_that_goes_early(command: str) -> None:
    script = f"{sys.executable} -m attnviz {command} | head -n 1; exit ${{PIPESTATUS[0]}}"
    run = ["bash", "-c", script]
    done = subprocess.run(run, env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_stdout() -> None:
    run = [sys.executable, "-m", "attnviz", "list", "models"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            run, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 4
    assert done.stderr.startswith("error: Standard output can't be written: No space left")


def test_a_locale_without_unicode() -> None:
    done = process("list", "roles", PYTHONIOENCODING="ascii", LC_ALL="C", PYTHONUTF8="0")
    assert (done.code, done.err) == (0, "")
    assert "previous-token" in done.out
    done = process("report", "minilm", "très [/INST].txt", PYTHONIOENCODING="ascii")
    assert done.code == 3
    assert "tr\\xe8s [/INST].txt" in done.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    done = process(_ATTNVIZ_COMPLETE=f"source_{shell}")
    assert done.code == 0
    assert "_ATTNVIZ_COMPLETE=complete" in done.out


def test_completion_knows_commands_and_choices() -> None:
    for words, place, found in (("attnviz re", "1", "report"), ("attnviz list ro", "2", "roles")):
        done = process(_ATTNVIZ_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=place)
        assert done.out.split() == [found]


def test_a_bug_is_told_as_one(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("[/INST]")

    monkeypatch.setattr("attnviz.commands.list_.show", broken)
    done = tool("list", "roles")
    assert done.code == 70
    assert "ZeroDivisionError: [/INST]" in done.err
    assert f"error: This is a bug in attnviz {__version__}: ZeroDivisionError." in done.err
    assert "attnviz env" in done.err


def test_too_little_memory_is_no_bug(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("attnviz.commands.list_.show", greedy)
    done = tool("list", "roles")
    assert done.code == 3
    assert done.err.startswith("error: There is not enough memory.")


def test_an_interrupt_in_a_script_that_runs_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("attnviz.commands.list_.show", interrupted)
    assert cli.run(["list", "roles"]) == 130
    assert console.interactive() is False
    assert "Traceback" not in capsys.readouterr().err
