"""Settings come from four places; each overrides the one before it, and says what is wrong."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from attnviz.commands.flags import with_settings
from attnviz.dates import creation_date
from attnviz.errors import UsageError
from attnviz.report.given import Options
from attnviz.report.rerun import command
from attnviz.settings import (
    Declaration,
    ReportedSettings,
    Setting,
    Settings,
    declarations,
    from_mapping,
)
from attnviz.sources import resolve
from attnviz.values import size, written
from tests.helpers import example

VALUES: dict[str, list[Any]] = {
    "split": ["line", "sentence", "document"],
    "input_format": ["text", "conllu", "jsonl"],
    "chat": [True, False],
    "parse_special_tokens": [True, False],
    "language": ["de", "fr"],
    "allow_pickle": [True, False],
    "illustrate": [0, 3],
    "resamples": [100, 500],
    "sentences": [(1,), (2, 3)],
    "cmap": ["Greys", "viridis"],
    "rollout_residual": [True, False],
}
SOURCE = st.fixed_dictionaries({}, optional={k: st.sampled_from(v) for k, v in VALUES.items()})


def toml(values: dict[str, Any], *, kebab: bool) -> str:
    """The values as a `[tool.attnviz]` table."""
    shown = {
        name: str(value).lower()
        if isinstance(value, bool)
        else str(list(value))
        if isinstance(value, tuple)
        else repr(value)
        for name, value in values.items()
    }
    lines = [f"{k.replace('_', '-') if kebab else k} = {v}" for k, v in shown.items()]
    return "\n".join(["[tool.attnviz]", *lines])


def variables(values: dict[str, Any]) -> dict[str, str]:
    """The values as environment variables."""
    return {
        f"ATTNVIZ_{name.upper()}": ",".join(map(str, value))
        if isinstance(value, tuple)
        else str(value)
        for name, value in values.items()
    }


@settings(deadline=None)
@given(project=SOURCE, environment=SOURCE, flags=SOURCE, kebab=st.booleans())
def test_flags_before_environment_before_project_before_defaults(
    tmp_path_factory: pytest.TempPathFactory,
    project: dict[str, Any],
    environment: dict[str, Any],
    flags: dict[str, Any],
    kebab: bool,
) -> None:
    folder = tmp_path_factory.mktemp("project")
    (folder / "pyproject.toml").write_text(toml(project, kebab=kebab))
    given_flags = dict.fromkeys(VALUES) | flags
    found = resolve(given_flags, variables(environment), folder)
    defaults = {name: getattr(Settings(), name) for name in VALUES}
    expected = defaults | project | environment | flags
    assert {name: getattr(found, name) for name in VALUES} == expected


def test_the_nearest_project_with_a_table_counts(tmp_path: Path) -> None:
    near, nearest = tmp_path / "near", tmp_path / "near" / "nearest"
    nearest.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("[tool.attnviz]\ndpi = 99")
    (near / "pyproject.toml").write_text("[tool.attnviz]\nseed = 1")
    (nearest / "pyproject.toml").write_text("[tool.other]\nseed = 2")
    found = resolve({}, {}, nearest)
    assert (found.seed, found.dpi) == (1, Settings.dpi)


@pytest.mark.parametrize(
    ("table", "message", "hint"),
    [
        (
            "[tool.attnviz]\nspilt = 'line'",
            "no setting .*pyproject.toml: tool.attnviz.spilt",
            "split",
        ),
        ("[tool.attnviz]\nsplit = 'word'", "tool.attnviz.split is 'word'", "line, sentence"),
        ("[tool.attnviz]\ndpi = 'high'", "tool.attnviz.dpi is 'high'", "whole number"),
        ("[tool.attnviz]\ndpi = 3.5", "tool.attnviz.dpi is 3.5", "whole number"),
        ("[tool.attnviz]\ndpi = true", "tool.attnviz.dpi is True", "whole number"),
        ("[tool.attnviz]\ndpi = 7", "tool.attnviz.dpi is 7", "from 40 to 1,200"),
        ("[tool.attnviz]\nallow-pickle = 'maybe'", "allow_pickle is 'maybe'", "true or false"),
        ("[tool.attnviz]\nallow-pickle = true\nallow_pickle = false", "is there twice", "one of"),
        ("[tool.attnviz]\nsentences = ['a']", r"sentences is \['a'\]", "such as 3,7"),
        ("[tool.attnviz]\nsentences = 3", "sentences is 3", "such as 3,7"),
        ("[tool.attnviz]\nsentences = [0]", "sentences has 0", "count from 1"),
        ("[tool.attnviz]\nlanguage = 3", "language is 3", "quotes"),
        ("[tool]\nattnviz = 3", "tool.attnviz is no table", "[tool.attnviz]"),
        ("[tool.attnviz", "can't be read", "Mend"),
        ("[tool.attnviz]\ndpi = nan", "tool.attnviz.dpi is nan", "whole number"),
        (f"[tool.attnviz]\nseed = 0x{'e' * 6000}", "too long to be written", "a number from 0 to"),
        (f"[tool.attnviz]\nsentences = [0x{'e' * 6000}]", "tool.attnviz.sentences has", "from 1"),
        (f"a = {'[' * 3000}", "nested too deeply", "Mend"),
    ],
)
def test_mistakes_in_a_project(tmp_path: Path, table: str, message: str, hint: str) -> None:
    (tmp_path / "pyproject.toml").write_text(table)
    with pytest.raises(UsageError, match=message) as caught:
        resolve({}, {}, tmp_path)
    assert hint in caught.value.hint


def test_mistakes_in_the_environment(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no setting ATTNVIZ_RESAMPELS") as caught:
        resolve({}, {"ATTNVIZ_RESAMPELS": "100"}, tmp_path)
    assert caught.value.hint == "Did you mean ATTNVIZ_RESAMPLES?"
    with pytest.raises(UsageError, match="ATTNVIZ_SPLIT is 'word'"):
        resolve({}, {"ATTNVIZ_SPLIT": "word"}, tmp_path)


def test_an_empty_variable_is_not_given(tmp_path: Path) -> None:
    assert resolve({}, {"ATTNVIZ_SPLIT": "", "ATTNVIZ_DPI": ""}, tmp_path) == Settings()


def test_mistakes_in_flags_name_the_flag(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--illustrate is -1"):
        resolve({"illustrate": -1}, {}, tmp_path)
    with pytest.raises(UsageError, match="--sentences is '3;7'"):
        resolve({"sentences": "3;7"}, {}, tmp_path)


def test_mistakes_in_a_script() -> None:
    with pytest.raises(UsageError, match="no setting illustrations") as caught:
        from_mapping({"illustrations": 3})
    assert caught.value.hint == "Did you mean illustrate?"
    with pytest.raises(UsageError, match="no setting xyzzy") as caught:
        from_mapping({"xyzzy": 3})
    assert "Settings are: allow_pickle, annotate, chat, cmap" in caught.value.hint
    with pytest.raises(UsageError, match="dpi is 5"):
        Settings(dpi=5)


TEXTS = {
    "annotate": "spacy:de",
    "max_memory": "2GiB",
    "max_size": "5MB",
    "explore_heads": "L5H7,L2H0",
    "sentences": (3, 7),
    "export": ("csv", "parquet"),
}
DECLARED = declarations().values()
EACH = pytest.mark.parametrize("declared", DECLARED, ids=[each.name for each in DECLARED])


def another(declared: Declaration) -> Any:
    """A value that is not the default."""
    if get_origin(declared.type) is Literal:
        return get_args(declared.type)[-1]
    if declared.type is bool:
        return not declared.default
    if declared.type is int:
        least, most = declared.setting.range or (0, 1)
        return least if least != declared.default else most
    return (("cls", 0.25),) if declared.name == "evidence" else TEXTS.get(declared.name, "fr")


def parsed(flags: Sequence[str]) -> dict[str, Any]:
    """What a command that takes all settings is called with."""
    values: dict[str, Any] = {}

    @with_settings
    def run(**flags: Any) -> None:
        values.update(flags)

    app = typer.Typer()
    app.command()(run)
    app(list(flags), standalone_mode=False)
    return values


def test_every_field_is_declared_in_full() -> None:
    assert [field.name for field in fields(Settings)] == list(declarations())
    for declared in DECLARED:
        assert declared.setting.help.endswith(".")
        assert (declared.setting.range is not None) == (declared.type in (int, tuple[int, ...])), (
            "a number has a range"
        )
        assert bool(declared.setting.metavar) == (declared.type is not bool)


@EACH
def test_a_setting_comes_from_each_source(declared: Declaration, tmp_path: Path) -> None:
    name, value = declared.name, another(declared)
    expected = Settings(**{name: value})
    assert expected != Settings()
    assert from_mapping({name: value}) == expected
    assert resolve({}, variables({name: written(value)}), tmp_path) == expected
    switch = declared.flags[0 if value else -1]
    flags = [switch] if declared.type is bool else [declared.flags[0], written(value)]
    assert resolve(parsed(flags), {}, tmp_path) == expected
    (tmp_path / "pyproject.toml").write_text(toml({name: written(value)}, kebab=True))
    assert resolve({}, {}, tmp_path) == expected


@pytest.mark.parametrize("name", declarations(ReportedSettings))
def test_what_a_report_prints_makes_it_again(name: str, tmp_path: Path) -> None:
    settings = Settings(**{name: another(declarations()[name])})
    options = Options.of(settings, Options().evidence, "")
    made = replace(example.report(sentences=3), options=options)
    flags = shlex.split(command(made))[4:]
    assert resolve(parsed(flags), {}, tmp_path) == replace(settings, revision=made.model.revision)
    value = getattr(settings, name)
    assert ((name.replace("_", "-"), written(value)) in options.as_text) == bool(written(value))


def test_one_field_more_is_one_setting_more() -> None:
    @dataclass(frozen=True, kw_only=True)
    class More(Settings):
        depth: Annotated[int, Setting("Text", "How deep.", "N", range=(1, 9))] = 3

    assert declarations(More)["depth"].flags == ("--depth",)
    assert set(declarations(More)) - set(declarations()) == {"depth"}
    with pytest.raises(UsageError, match="depth is 10") as caught:
        More(depth=10)
    assert caught.value.hint == "Use a number from 1 to 9."


@pytest.mark.parametrize(
    ("given_size", "expected"),
    [
        ("4GiB", 4 * 2**30),
        ("800 MB", 800 * 10**6),
        ("1.5G", 1.5 * 10**9),
        ("123", 123),
        ("123B", 123),
        ("7kB", 7000),
        ("7KiB", 7168),
        ("2TiB", 2**41),
        ("2t", 2 * 10**12),
        ("0.5mib", 2**19),
    ],
)
def test_sizes(given_size: str, expected: float) -> None:
    assert size(given_size) == expected
    assert Settings(max_memory=given_size).max_memory == given_size


@pytest.mark.parametrize(
    "given_size",
    ["lots", " 4GiB", "4 GiB free", "GiB", "-1GB", "1,5GB", "4XB", "1e9", ".5G", "4EB"],
)
def test_what_is_no_size(given_size: str) -> None:
    with pytest.raises(UsageError, match="is no size") as caught:
        size(given_size)
    assert "4GiB" in caught.value.hint
    with pytest.raises(UsageError, match="max_memory is") as caught:
        Settings(max_memory=given_size)
    assert "4GiB" in caught.value.hint


@given(st.integers(0, 10**6), st.sampled_from("KMGT"))
def test_binary_units_are_larger_than_decimal_ones(number: int, unit: str) -> None:
    power = "KMGT".index(unit) + 1
    assert size(f"{number}{unit}B") == pytest.approx(number * 1000**power)
    assert size(f"{number}{unit}iB") == pytest.approx(number * 1024**power)
    assert size(f"{number}{unit}") == size(f"{number} {unit.lower()}b")


def test_no_limit_of_memory_is_what_the_machine_has(tmp_path: Path) -> None:
    assert Settings().max_memory == ""
    assert resolve({}, {"ATTNVIZ_MAX_MEMORY": "2GiB"}, tmp_path).max_memory == "2GiB"
    with pytest.raises(UsageError, match="--max-memory is 'lots'"):
        resolve({"max_memory": "lots"}, {}, tmp_path)


def test_how_much_a_model_may_write_has_bounds(tmp_path: Path) -> None:
    assert resolve({"generate": 5}, {}, tmp_path).generate == 5
    for number in (-1, 100_001):
        with pytest.raises(UsageError, match=f"--generate is {number}") as caught:
            resolve({"generate": number}, {}, tmp_path)
        assert "0 to 100,000" in caught.value.hint


def test_an_unknown_kernel_is_told_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="kernel is 'fast'") as caught:
        from_mapping({"kernel": "fast"})
    assert "auto, dense, tiles, fused" in caught.value.hint


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        ("1_0", "whole number"),
        ("٤", "whole number"),
        ("³", "whole number"),
        ("\u00a05", "whole number"),
        ("5.0", "whole number"),
        ("1e2", "whole number"),
        ("nan", "whole number"),
        ("-inf", "whole number"),
        ("7" * 4301, "whole number"),
        ("7" * 4300, "from 40 to 1,200"),
        ("-41", "from 40 to 1,200"),
    ],
)
def test_a_number_is_read_the_same_way_from_flag_environment_and_script(
    tmp_path: Path, number: str, hint: str
) -> None:
    ways: dict[str, Callable[[], Settings]] = {
        "--dpi": lambda: resolve({"dpi": number}, {}, tmp_path),
        "ATTNVIZ_DPI": lambda: resolve({}, {"ATTNVIZ_DPI": number}, tmp_path),
        "dpi": lambda: from_mapping({"dpi": number}),
    }
    for name, way in ways.items():
        with pytest.raises(UsageError, match=f"^{name} is") as caught:
            way()
        assert hint in caught.value.hint
        assert len(caught.value.message) < 120
    assert resolve({}, {"ATTNVIZ_DPI": " 0041 "}, tmp_path).dpi == 41


def test_a_number_of_many_digits_in_a_script() -> None:
    for name in ("dpi", "sentences", "evidence", "words", "split", "cmap"):
        value = [8**9000] if name == "sentences" else {"cls": 8**9000} if name == "evidence" else 0
        with pytest.raises(UsageError, match=f"^{name} (is|has)"):
            from_mapping({name: value or 8**9000})
    assert from_mapping({"revision": None}).revision is None


def test_more_memory_than_there_can_be() -> None:
    for text in ("8" * 500, f"{'8' * 500}TiB", "1048577TiB"):
        with pytest.raises(UsageError, match="more memory than any machine has"):
            size(text)
        with pytest.raises(UsageError, match="max_memory is"):
            Settings(max_memory=text)
    assert size("1048576TiB") == 2**60


@pytest.mark.parametrize(
    ("epoch", "date"), [("", ""), ("0", "1970-01-01"), ("253402300799", "9999-12-31")]
)
def test_the_date_of_a_report(epoch: str, date: str) -> None:
    assert creation_date({"SOURCE_DATE_EPOCH": epoch}) == date


@pytest.mark.parametrize(
    "epoch", ["253402300800", "9" * 5000, "-1", "³", "today", "1.5", " ", "1_000", "٤"]
)
def test_what_is_no_date(epoch: str) -> None:
    with pytest.raises(UsageError, match=r"^SOURCE_DATE_EPOCH is") as caught:
        creation_date({"SOURCE_DATE_EPOCH": epoch})
    assert "date +%s" in caught.value.hint
