"""Settings with hostile values, from each of the four sources: an answer every time, never a bug.

Small in the suite, where a run that accepts its settings stops before the model is loaded. With
`--fuzz-size N` it goes on to its end, on a tiny model:

    python -m pytest tests/fuzz/test_settings.py --fuzz-size 500 --fuzz-seed 1 -s
"""

from __future__ import annotations

import random
import sys
import typing
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

import attnviz
from attnviz import cli
from attnviz.errors import AttnvizError, ExitCode, InputError
from attnviz.models import load
from attnviz.settings import Settings
from tests.helpers.models import write_model

pytestmark = pytest.mark.slow

SMALL = 150
SOURCES = ("flag", "environment", "TOML", "Python")
ANSWERS = {ExitCode.OK, ExitCode.USAGE, ExitCode.INPUT, ExitCode.NOTHING_TO_ANALYSE}
NAMES = tuple(field.name for field in fields(Settings))
SWITCHES = tuple(name for name, kind in typing.get_type_hints(Settings).items() if kind is bool)

NUMBERS = (
    *("0", "1", "3", "-1", "-0", "+5", "007", "1_0", "5 ", " 7", "\t7", "7\n", "\u00a07", "1,000"),
    *("1e3", "1e999", "1.0", ".5", "nan", "NaN", "inf", "-inf", "Infinity", "0x10", "0b1", "1/2"),
    *("٣", "²", "½", "Ⅷ", "１２", "1\u200b2", "twelve", "1 2", "--1", "+", "-", ".", "e", "²GiB"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809", "9" * 400),
    *("9" * 4300, "9" * 4301, "1" + "0" * 20_000, f"{'9' * 400}GiB", "1e400GiB", "0B", "0.0001B"),
)
TEXTS = (
    *("", " ", "auto", "none", "null", "true", "False", "off", "yes", "=", "a=b", "=1", "a=", ","),
    *("1,2", "3,,7", "0,1", "1,-1", "induction=2", "sentences=0.5", "events=1e300", "dep:=0.1"),
    *(
        "induction=nan",
        "sentences=1_0",
        "induction=٣",
        "cls=0.1,cls=0.2",
        "x" * 10_000,
        "é",
        "\ufeff",
    ),
    *("../../etc/passwd", "/", ".", "~", "/dev/null", "a/b/c", "{}", "[]", "%s", "$HOME", "\\"),
    *(
        "[/INST]",
        "[bold]",
        "</script>",
        "\x1b[31m",
        "\u202e",
        "a\nb",
        "spacy:",
        "spacy: x",
        "spacy:é",
    ),
)
TOMLS = (
    *(
        "-1",
        "0",
        "1_000_000_000_000",
        "9223372036854775808",
        f"0x{'f' * 5000}",
        "9" * 4301,
        "1e400",
    ),
    *("nan", "inf", "-inf", "1.5", "true", "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "{}"),
    *("[]", "[[]]", "[1, 'a']", "[1.0]", "[true]", "{ a = 1 }", "{ a = { b = [] } }", "[{}]", "''"),
    *("'''\n'''", '"\\u0000"', f"[0x{'f' * 5000}]", "'²'", "[" * 5000, "{ a = " * 3000, "", "="),
)
OBJECTS: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1.5, 10**30, 10**5000, -(10**5000), float("nan"), float("inf")),
    *(b"12", bytearray(b"1"), [], (), {}, set(), [1, None], [10**5000], {"cls": 10**5000}),
    *({"cls": float("nan")}, {3: 4}, [("cls", 1, 2)], object(), type, print, Decimal("NaN")),
    *(Decimal(10), np.int64(3), np.float32(3), np.array([1, 2]), np.nan, 1j, range(3), Path("x")),
)


@dataclass(frozen=True)
class Case:
    """One setting, where it is set, and to what."""

    name: str
    source: str
    value: Any

    def __str__(self) -> str:
        try:
            shown = repr(self.value)
        except ValueError:
            shown = f"a huge {type(self.value).__name__}"
        return f"{self.name} from {self.source}: {shown[:80]}"


def cases(count: int, seed: int) -> Iterator[Case]:
    """So many cases: settings and sources in turn, that a few may have them all; values drawn."""
    draw = random.Random(seed)  # noqa: S311 - the same again, and no secret
    for place in range(count):
        name = NAMES[place % len(NAMES)]
        source = SOURCES[(place + place // len(NAMES)) % len(SOURCES)]
        if source == "flag" and name in SWITCHES:  # a switch takes no value
            source = "environment"
        yield Case(name, source, value(source, draw))


def value(source: str, draw: random.Random) -> Any:
    """What a source can hold: any text, a TOML literal, or any object."""
    if source == "TOML" and draw.random() < 0.7:
        return draw.choice(TOMLS)
    if source == "Python" and draw.random() < 0.7:
        return draw.choice(OBJECTS)
    text = mutated(draw.choice(NUMBERS + TEXTS), draw)
    return f'"{text}"' if source == "TOML" else text


def mutated(text: str, draw: random.Random) -> str:
    """The text, or now and then one with something put in, taken out or said again."""
    place = draw.randint(0, len(text))
    return draw.choice(
        [
            *[text] * 5,
            text[:place] + draw.choice("0²٣_-+.eE,= \u200b=G") + text[place:],
            text[:place] + text[place + 1 :],
            text * 2,
        ]
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "animals.txt"
    path.write_text("The dog sat on the mat.\nA cat saw the bird.\nThen it ran by the tree!\n")
    return path


def run(case: Case, model: Path, text: Path, patch: pytest.MonkeyPatch) -> int:
    """Runs the tool with this setting; the exit code, its messages on standard error."""
    usual = {"illustrate": 0, "resamples": 100, "jobs": 1}
    usual.pop(case.name, None)
    flags = [f"--{name}={number}" for name, number in usual.items()]
    match case.source:
        case "Python":
            return from_python({**usual, case.name: case.value}, model)
        case "environment":
            try:
                patch.setenv(f"ATTNVIZ_{case.name.upper()}", case.value)
            except ValueError:  # no process can be given a NUL byte
                return ExitCode.OK
        case "TOML":
            patch.chdir(text.parent)
            table = f"[tool.attnviz]\n{case.name} = {case.value}\n"
            (text.parent / "pyproject.toml").write_text(table, encoding="utf-8")
        case "flag":
            flags.append(f"--{case.name.replace('_', '-')}={case.value}")
    return cli.run(["report", str(model), str(text), "--format", "json", *flags])


def from_python(settings: dict[str, Any], model: Path) -> int:
    """As a script: what it raises must be ours, and says its exit code."""
    try:
        attnviz.analyze(str(model), ["The dog sat on the mat.", "A cat saw it."], **settings)
    except AttnvizError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        return error.exit_code
    return ExitCode.OK


def complaints(case: Case, code: int, out: str, err: str) -> Sequence[str]:
    """What is wrong with an answer."""
    wrong = []
    if code not in ANSWERS:
        wrong.append(f"exit code {code}")
    if "Traceback" in err:
        wrong.append(err[-400:])
    if code == ExitCode.USAGE:
        spelled = err.lower().replace("-", "_")
        if case.name not in spelled and "pyproject.toml can't be read" not in err:
            wrong.append(f"doesn't name the setting: {err[:200]}")
        if "\nhint: " not in err or out:
            wrong.append(f"no hint, or something on standard output: {err[:200]}")
    if len(err) > 2000:
        wrong.append(f"a message of {len(err)} characters")
    return [f"{case}: {each}" for each in wrong]


def test_every_setting_from_every_source_has_an_answer(
    model: Path,
    text: Path,
    fuzz_size: int | None,
    fuzz_seed: int,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stops(*_: object, **__: object) -> NoReturn:
        raise InputError("The settings are fine, and this is as far as this run goes.")

    if fuzz_size is None:
        monkeypatch.setattr(load, "load", stops)
    codes: Counter[int] = Counter()
    wrong: list[str] = []
    for case in cases(fuzz_size or SMALL, fuzz_seed):
        with monkeypatch.context() as patch:
            code = run(case, model, text, patch)
        (text.parent / "pyproject.toml").unlink(missing_ok=True)
        out, err = capfd.readouterr()
        codes[code] += 1
        wrong += complaints(case, code, out, err)
    answers = ", ".join(f"{count} with {code}" for code, count in sorted(codes.items()))
    print(f"{sum(codes.values())} settings ended: {answers}")
    assert wrong == []
    assert codes[ExitCode.USAGE] > 0


def test_a_seed_draws_the_same_settings_again() -> None:
    assert [str(case) for case in cases(300, 7)] == [str(case) for case in cases(300, 7)]
    assert {case.name for case in cases(SMALL, 0)} == set(NAMES)
    assert {case.source for case in cases(SMALL, 0)} == set(SOURCES)
