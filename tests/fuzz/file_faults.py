"""Runs that are killed, or meet an error, at one of their file operations, each in a fork.

Python announces each operation on files to audit hooks before it does it, and attnviz the one
that Python has no function for: a hook counts those that name a folder, and at the right one
kills its process or raises an error, as a full or broken disk would.

Forks need a process without threads, so tests start this module as a program of its own:
`python -m tests.fuzz.file_faults FOLDER FAULT WAY EVERY FIRST` prints a `Result` as JSON. FAULT is
`kill`, or the name of an error, with `+` if it lasts. WAY is how the report is written: `beside`
or `inside` the earlier one, `anew`, and `without exchange`, as on systems that have none.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from attnviz.errors import WriteError
from attnviz.folder import exchange, write
from attnviz.folder.contents import STAGING
from tests.helpers.folders import KIND, NEW, OLD, report

Files = dict[str, bytes]
Fault = Callable[[int, str, tuple[object, ...]], None]
"""What happens at an operation: its number, its name, and what it is called with."""


@dataclass(frozen=True)
class Result:
    """How many operations were tried, and what was wrong after which."""

    tried: int
    wrong: list[str]


NEXT = report("a", "b", body="next")


def visible(folder: Path) -> Files:
    """What a reader finds: links are followed, temporary folders not looked into."""
    content = {}
    for place, below, names in os.walk(folder, followlinks=True):
        below[:] = [name for name in below if not name.startswith(STAGING)]
        for path in (Path(place, name) for name in names):
            if path.exists():
                content[path.relative_to(folder).as_posix()] = path.read_bytes()
    return content


def litter(parent: Path, folder: Path) -> list[str]:
    """What is in `parent` and its report folder, and should not be."""
    beside = [path.name for path in parent.iterdir() if path != folder]
    return beside + [path.name for path in folder.glob(".*")]


def at_operation(place: Path, fault: Fault) -> None:
    """Calls `fault` before each operation that names a path in `place`."""
    numbers, start = itertools.count(1), str(place)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" or event.startswith(("os.", "attnviz.")):
            named = (
                os.fsdecode(argument) for argument in arguments if isinstance(argument, str | bytes)
            )
            if any(name.startswith(start) for name in named):
                fault(next(numbers), event, arguments)

    sys.addaudithook(hook)


def forked(action: Callable[[], object]) -> tuple[int, str]:
    """Does `action` in a fork: its exit status, 4 for a WriteError, and what that says."""
    source, sink = os.pipe()
    child = os.fork()
    if not child:
        code = 70
        try:
            action()
            code = 0
        except WriteError as error:
            os.write(sink, f"{error.message} {error.hint}".encode())
            code = int(error.exit_code)
        finally:
            os._exit(code)
    os.close(sink)
    with os.fdopen(source) as pipe:
        message = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), message


def killing(at: int) -> Fault:
    """A fault: the process is killed before operation `at`."""

    def fault(number: int, _: str, __: tuple[object, ...]) -> None:
        if number == at:
            os.kill(os.getpid(), signal.SIGKILL)

    return fault


def failing(at: int, name: str, *, lasting: bool) -> Fault:
    """A fault: operation `at` fails, and if `lasting` all later ones that make something."""
    code = getattr(errno, name)

    def fault(number: int, event: str, arguments: tuple[object, ...]) -> None:
        if number == at or (lasting and number > at and _makes(event, arguments)):
            raise OSError(code, os.strerror(code))

    return fault


def _makes(event: str, arguments: tuple[object, ...]) -> bool:
    """Whether an operation takes room on a disk."""
    if event == "open":
        return bool(int(str(arguments[2])) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return event in ("os.mkdir", "os.symlink")


class Trial:
    """One report written over another in one way, again and again."""

    def __init__(self, base: Path, way: str) -> None:
        self.base, self.way = base, way
        self.folder = base / "place" / "out"
        self.earlier = {} if way.startswith("anew") else OLD

    def prepare(self) -> None:
        """The earlier report, if any, and nothing else."""
        os.chdir(self.base)
        shutil.rmtree(self.folder.parent, ignore_errors=True)
        self.folder.parent.mkdir()
        if "inside" in self.way:
            self.folder.mkdir()
        if self.earlier:
            write(self.folder, self.earlier, KIND)
        if "inside" in self.way:
            os.chdir(self.folder)  # The current folder can't be replaced.

    def run(self, files: Files, fault: Fault | None = None) -> tuple[int, str]:
        """Writes `files` with `fault`."""

        def action() -> None:
            if "without" in self.way:
                exchange._system_call = lambda: None  # type: ignore[assignment]
            if fault is not None:
                at_operation(self.folder.parent, fault)
            write(self.folder, files, KIND)

        return forked(action)

    def stands(self) -> str:
        """Which report stands whole in the folder."""
        now = visible(self.folder)
        return "old" if now == self.earlier else "new" if now == NEW else f"neither: {sorted(now)}"

    def killed(self, at: int) -> tuple[bool, list[str]]:
        """Whether the run was over before operation `at`, and what is wrong."""
        self.prepare()
        code, _ = self.run(NEW, killing(at))
        wrong = []
        if "without" in self.way:
            # There are moments between two renames: the next run, even one that fails, mends it.
            self.run({"x" * 300: b""} | NEW)
        if self.stands().startswith("neither"):
            wrong.append(self.stands())
        wrong += self.next_run()
        return code == 0, wrong

    def failed(self, at: int, name: str, *, lasting: bool) -> tuple[bool, list[str]]:
        """The same for a run whose operation `at` fails."""
        self.prepare()
        reached = self.base / "reached"
        reached.unlink(missing_ok=True)
        inner = failing(at, name, lasting=lasting)

        def fault(number: int, event: str, arguments: tuple[object, ...]) -> None:
            if number == at:
                reached.touch()
            inner(number, event, arguments)

        code, message = self.run(NEW, fault)
        wrong = []
        if (code, self.stands()) not in ((0, "new"), (4, "old")):
            wrong.append(f"exit {code}, {self.stands()}")
        if code == 4 and str(self.folder) not in message:
            wrong.append(f"says {message}")
        left = litter(self.folder.parent, self.folder)
        wrong += [f"left {left}"] if left else []
        wrong += self.next_run()
        return not reached.exists(), wrong

    def next_run(self) -> list[str]:
        """What is wrong with a run that nothing happens to."""
        code, message = self.run(NEXT)
        left = litter(self.folder.parent, self.folder)
        wrong = [f"next run: exit {code}, {message}"] if code else []
        wrong += [f"next run leaves {left}"] if left else []
        return wrong + ([] if visible(self.folder) == NEXT else ["next run is not whole"])


def faults(base: Path, fault: str, way: str, step: int, first: int) -> Result:
    """Every `every`-th operation of a run from the `first` on is where `fault` happens."""
    trial, tried, wrong = Trial(base, way), 0, []
    for tried in itertools.count():
        at = first + tried * step
        over, complaints = _once(trial, fault, at)
        wrong += [f"{fault} at operation {at} of {way}: {each}" for each in complaints]
        if over:
            return Result(tried, wrong)
    raise AssertionError


def _once(trial: Trial, fault: str, at: int) -> tuple[bool, list[str]]:
    if fault == "kill":
        return trial.killed(at)
    return trial.failed(at, fault.removesuffix("+"), lasting=fault.endswith("+"))


def main(arguments: Iterator[str]) -> None:
    """Prints a `Result` as JSON."""
    base, fault, way = Path(next(arguments)), next(arguments), next(arguments)
    print(json.dumps(asdict(faults(base, fault, way, *map(int, arguments)))))


if __name__ == "__main__":
    main(iter(sys.argv[1:]))
