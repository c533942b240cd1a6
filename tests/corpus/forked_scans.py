"""Scans of small shards that are killed or interrupted, each in a fork of a process that is ready.

Started as a program, for a fork needs a process without threads: `python -m
tests.corpus.forked_scans MODEL CORPUS` reads a `Run` as JSON from each line of standard input, and
prints its `End`. So a run takes none of the seconds that a process needs to import torch.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from attnviz import cli, signals
from attnviz.corpus import scan
from tests.fuzz.file_faults import at_operation
from tests.helpers.corpora import small_pilot
from tests.helpers.tool import environment

PILOT, SHARD = 100, 25
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Run:
    """A scan into a folder, to which a signal is sent before an operation on files there.

    Operations are counted from 1, 0 is none; or it is killed after so many seconds.
    """

    into: str
    operation: int = 0
    signal: int = signal.SIGKILL
    seconds: float = 0.0


@dataclass(frozen=True)
class End:
    """How a run ended: its exit code, or minus the signal that killed it.

    And what it said on standard error, how many operations on files of its folder there were, and
    how long it took.
    """

    code: int
    error: str
    operations: int
    seconds: float


@dataclass(frozen=True)
class Scans:
    """The process that is ready, from outside."""

    process: subprocess.Popen[str]

    def __call__(self, run: Run) -> End:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps(asdict(run)), file=self.process.stdin, flush=True)
        return End(**json.loads(self.process.stdout.readline()))


@contextmanager
def ready(model: Path, corpus: Path) -> Iterator[Scans]:
    """Starts the process, and ends it."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.corpus.forked_scans", model, corpus],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
        env=environment(OMP_NUM_THREADS="1"),
    ) as process:
        yield Scans(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def _scan(model: str, corpus: str, run: Run, told: int, counted: int) -> int:
    """The run itself, in the fork: its exit code."""

    def fault(number: int, _: str, __: tuple[object, ...]) -> None:
        os.pwrite(counted, number.to_bytes(8, "big"), 0)
        if number == run.operation:
            os.kill(os.getpid(), run.signal)

    os.dup2(told, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signals.install()
    at_operation(Path(run.into), fault)
    signal.setitimer(signal.ITIMER_REAL, run.seconds)
    return cli.run(_command(model, corpus, run.into))


def _command(model: str, corpus: str, into: str) -> list[str]:
    return ["scan", model, corpus, "-o", into, "--kernel", "dense", "-q"]


def _forked(model: str, corpus: str, run: Run) -> End:
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as counted:
        began = os.times().elapsed
        child = os.fork()
        if not child:
            code = 70
            try:
                code = _scan(model, corpus, run, told.fileno(), counted.fileno())
                sys.stderr.flush()
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        told.seek(0)
        counted.seek(0)
        operations = int.from_bytes(counted.read(), "big")
        return End(code, told.read().decode(), operations, os.times().elapsed - began)


def main(model: str, corpus: str) -> None:
    """Does what standard input asks for."""
    scan._SHARE = 0  # Sums are kept after every shard, however long that takes.
    with small_pilot(PILOT, SHARD):
        with tempfile.TemporaryDirectory() as folder:
            assert cli.run(_command(model, corpus, folder)) == 0  # All is imported by now.
        for line in sys.stdin:
            print(json.dumps(asdict(_forked(model, corpus, Run(**json.loads(line))))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
