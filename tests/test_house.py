"""Rules of the house that import-linter can't see: who loads torch, who reads and who writes."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "attnviz"
WITHOUT_TORCH = (
    *("text", "measurement", "roles", "statistics", "baselines"),
    *("evidence", "figures", "report", "findings", "drawing", "rules", "comparison"),
)
"""Rooms that come before a model runs or after it, and those whose files say what is measured."""

PURE = (
    *("roles", "statistics", "baselines", "evidence", "figures", "report", "findings", "drawing"),
    "comparison",
)
"""Rooms without input and output."""

READS = {"open", "read_text", "read_bytes", "print", "input"}
WRITES = {
    *("write_text", "write_bytes", "touch", "mkdir", "makedirs", "unlink", "rmdir", "rmtree"),
    *("rename", "renames", "symlink_to", "hardlink_to", "mkstemp", "mkdtemp", "fdopen", "copytree"),
    *("NamedTemporaryFile", "TemporaryDirectory", "TemporaryFile", "save_file", "tofile", "savez"),
}
ALLOWED = {
    "report/pages.py": "reads our own templates, which are part of the program",
    "surroundings.py": "opens the null device in place of standard streams that are closed",
}


@pytest.fixture(scope="module")
def heavy() -> dict[str, list[str]]:
    """Room -> which heavy packages it loads, in a process that has loaded those before it."""
    script = (
        "import importlib, json, pkgutil, sys\n"
        "heavy, loaded = {'torch', 'transformers', 'numba'}, {}\n"
        f"for name in {WITHOUT_TORCH!r}:\n"
        "    before = heavy & set(sys.modules)\n"
        "    room = importlib.import_module(f'attnviz.{name}')\n"
        "    for module in pkgutil.walk_packages(room.__path__, room.__name__ + '.'):\n"
        "        importlib.import_module(module.name)\n"
        "    loaded[name] = sorted(heavy & set(sys.modules) - before)\n"
        "print(json.dumps(loaded))\n"
    )
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded: dict[str, list[str]] = json.loads(run.stdout)
    return loaded


@pytest.mark.parametrize("room", WITHOUT_TORCH)
def test_a_room_loads_no_torch(room: str, heavy: dict[str, list[str]]) -> None:
    assert heavy[room] == []


def test_pure_rooms_neither_read_nor_write() -> None:
    files = [file for room in PURE for file in (PACKAGE / room).rglob("*.py")]
    assert [place for file in files for place in calls(file, READS | WRITES)] == []


def test_one_room_writes_files() -> None:
    files = [file for file in PACKAGE.rglob("*.py") if file.parent.name != "folder"]
    assert [place for file in files for place in (*calls(file, WRITES), *opened(file))] == []


def test_calls_that_write_are_seen(tmp_path: Path) -> None:
    file = tmp_path / "some.py"
    file.write_text(
        'path.write_text("a")\nopen("b", mode="w")\npath.open("rb")\npath.open("ab")\nopen(name)\n'
        "os.open(path, os.O_RDWR | os.O_CREAT)\nopen(path, mode)\n"
    )
    assert [*calls(file, WRITES), *opened(file)] == [
        *("some.py:1 write_text", "some.py:2 open", "some.py:4 open"),
        *("some.py:6 open", "some.py:7 open"),
    ]


def calls(file: Path, names: set[str]) -> Iterator[str]:
    """Every call of one of these names."""
    for call in _calls(file):
        if _name(call) in names:
            yield f"{_path(file)}:{call.lineno} {_name(call)}"


def opened(file: Path) -> Iterator[str]:
    """Every call of `open` that isn't surely for reading."""
    for call in _calls(file):
        if _name(call) != "open":
            continue
        mode = next((word.value for word in call.keywords if word.arg == "mode"), None)
        place = 1 if isinstance(call.func, ast.Name) or _owner(call) == "os" else 0
        if mode is None and len(call.args) > place:
            mode = call.args[place]
        if mode is None:
            continue
        if not isinstance(mode, ast.Constant) or set(str(mode.value)) - set("rbt"):
            yield f"{_path(file)}:{call.lineno} open"


def _calls(file: Path) -> list[ast.Call]:
    if _path(file) in ALLOWED:
        return []
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return sorted(
        (node for node in nodes if isinstance(node, ast.Call)), key=lambda call: call.lineno
    )


def _path(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix() if file.is_relative_to(PACKAGE) else file.name


def _name(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _owner(call: ast.Call) -> str:
    function = call.func
    owner = function.value if isinstance(function, ast.Attribute) else None
    return owner.id if isinstance(owner, ast.Name) else ""
