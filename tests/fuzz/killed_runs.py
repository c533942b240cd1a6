"""Whole runs of `attnviz report` that are killed, each in a fork of a process that is ready.

Started as a program, for a fork needs a process without threads:
`python -m tests.fuzz.killed_runs FOLDER MODEL TEXT TEXT SIZE SEED` prints a `Result` as JSON. Each
run writes the second text's report over the first one's. A third of them are killed at a random
operation on files, a third at a random time, a third at a random time while files are written.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from attnviz import cli
from attnviz.folder import write
from attnviz.saving import _kind
from tests.fuzz.file_faults import Fault, Files, Result, at_operation, litter, visible

_OPTIONS = ("--illustrate", "1", "--resamples", "100", "--jobs", "1", "--kernel", "dense", "-q")
_WHOLE_RUNS = 10
"""After each so many kills the next run is a whole one, else it only writes."""

_PATIENCE = 5
"""So many times as many runs as kills are started at most."""


@dataclass(frozen=True)
class Length:
    """How long a run is: in operations on files, in seconds, and in seconds of writing."""

    operations: int
    seconds: float
    writing: float


class Runs:
    """A model, what it is run on, and the two reports that it makes of that."""

    def __init__(self, base: Path, model: Path, texts: tuple[Path, Path]) -> None:
        self.folder, self.model, self.text = base / "place" / "out", model, texts[1]
        self.folder.parent.mkdir(parents=True)
        self.old = self._made(texts[0])
        self.new = self._made(texts[1])

    def kill(self, fault: Fault | None, seconds: float = 0.0) -> tuple[int, list[str]]:
        """How a run ended that is killed by `fault`, or after `seconds`, and what is wrong."""
        write(self.folder, self.old, _kind())
        code = self._forked(fault, seconds)
        wrong = [] if visible(self.folder) in (self.old, self.new) else ["neither report stands"]
        return code, wrong

    def next_run(self, *, whole: bool) -> list[str]:
        """What is wrong with a run that nothing happens to."""
        if whole and (code := self._forked(None, 0.0)):
            return [f"next run: exit {code}"]
        if not whole:
            write(self.folder, self.new, _kind())
        wrong = [] if visible(self.folder) == self.new else ["next run is not whole"]
        left = litter(self.folder.parent, self.folder)
        return wrong + ([f"next run leaves {left}"] if left else [])

    def length(self) -> Length:
        """Measures a run that writes over the earlier report."""
        write(self.folder, self.old, _kind())
        told = self.folder.parent.parent / "told"
        begin = time.time()

        def fault(number: int, _: str, __: tuple[object, ...]) -> None:
            with told.open("a") as file:
                file.write(f"{number} {time.time()}\n")

        self._forked(fault, 0.0)
        end = time.time()
        lines = [line.split() for line in told.read_text().splitlines()]
        # The folder is looked at as the run begins; the first thing made is written to.
        first = max(
            range(1, len(lines)), key=lambda at: float(lines[at][1]) - float(lines[at - 1][1])
        )
        return Length(len(lines), end - begin, end - float(lines[first][1]))

    def _made(self, text: Path) -> Files:
        code = cli.run(["report", str(self.model), str(text), "-o", str(self.folder), *_OPTIONS])
        assert code == 0
        return visible(self.folder)

    def _forked(self, fault: Fault | None, seconds: float) -> int:
        child = os.fork()
        if not child:
            code = 70
            try:
                if fault is not None:
                    at_operation(self.folder.parent, fault)
                signal.setitimer(signal.ITIMER_REAL, seconds)
                arguments = ["report", self.model, self.text, "-o", self.folder, *_OPTIONS]
                code = cli.run([str(argument) for argument in arguments])
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def faults(length: Length, chance: random.Random) -> tuple[Fault | None, float]:
    """An operation to be killed at, or a time to be killed after, in seconds."""
    at, later = chance.randint(1, length.operations), chance.uniform(0.0, length.writing)
    kind = chance.choice(("operation", "time", "writing"))
    if kind == "time":
        return None, chance.uniform(0.001, length.seconds)

    def fault(number: int, _: str, __: tuple[object, ...]) -> None:
        if kind == "operation" and number == at:
            os.kill(os.getpid(), signal.SIGKILL)
        if kind == "writing" and number == length.operations // 8:
            signal.setitimer(signal.ITIMER_REAL, max(later, 1e-6))

    return fault, 0.0


def main(base: str, model: str, old: str, new: str, size: str, seed: str) -> None:
    """Prints a `Result` as JSON."""
    runs = Runs(Path(base), Path(model), (Path(old), Path(new)))
    length, wrong, killed = runs.length(), list[str](), 0
    chance = random.Random(int(seed))  # noqa: S311 - nothing secret
    # Some are over before their time comes.
    for number in range(_PATIENCE * int(size)):
        code, complaints = runs.kill(*faults(length, chance))
        killed += code in (-signal.SIGKILL, -signal.SIGALRM)
        complaints += [f"exit {code}"] if code > 0 else []
        complaints += runs.next_run(whole=number % _WHOLE_RUNS == 0)
        wrong += [f"run {number}: {each}" for each in complaints]
        if killed == int(size):
            break
    print(json.dumps(asdict(Result(killed, wrong)) | asdict(length)))


if __name__ == "__main__":
    main(*sys.argv[1:])
