"""Workers as processes of this machine, each with a model of its own and its share of the CPUs.

One process can't keep the processors busy: between the large products of a small model much of
the work is Python's, of which one thread runs at a time. Two processes of one thread scan 10,000
sentences with MiniLM in two thirds of the time that one of two threads takes.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from typing import Any

import torch

from attnviz import budget, signals
from attnviz.corpus.engines.distributed import Distributed
from attnviz.corpus.engines.engine import Work
from attnviz.corpus.engines.local import Local
from attnviz.corpus.engines.pool import LostError, Pool
from attnviz.corpus.engines.worker import Made, Ready, Setup, Worker
from attnviz.corpus.rows import Writing
from attnviz.corpus.shards import Advance
from attnviz.corpus.state import State
from attnviz.errors import UsageError
from attnviz.models.load import LoadedModel
from attnviz.report.numbers import counted
from attnviz.text.types import Sentence
from attnviz.version import __version__

_LEAST = 4096
"""Sentences beyond the pilot for which it is worth while to start processes: that takes seconds."""

_MOST = 4
"""Processes of one thread each; on machines with more processors each has so many threads."""

_SHARE = 0.25
"""Of the machine's memory: more the models of all processes don't take unless asked to."""

_LOOK = 1.0
"""Seconds between two looks at whether somebody wants the scan to stop."""


def processes(asked: int, loaded: LoadedModel, sentences: int, *, spread: bool = False) -> int:
    """How many processes measure so many sentences: as `asked`, or what pays off where that is 0.

    It goes by the machine, not by what is free at the moment, so that a scan that goes on has as
    many as before, and so the same bytes. A model that is `spread` over devices, or on a GPU, has
    one process. Raises UsageError for several there, or for more than there are processors.
    """
    threads, cpus = torch.get_num_threads(), _cpus()
    alone = spread or loaded.device.type != "cpu"
    if asked:
        if asked > cpus:
            raise UsageError(
                f"--workers is {asked:,}, and attnviz may use {counted(cpus, 'CPU')}.",
                "Take fewer, or leave it out: as many as pay off.",
            )
        if asked > 1 and alone:
            raise UsageError(
                f"--workers is {asked:,}, and a model on GPUs or spread over devices is measured "
                "by one process.",
                "Leave it out; --engine ray has a worker for each GPU.",
            )
        return asked
    if alone or sentences < _LEAST:
        return 1
    weights = sum(part.numel() * part.element_size() for part in loaded.model.parameters())
    fit = int(_SHARE * budget.installed() / max(weights, 1))
    return max(1, min(max(min(threads, _MOST), threads // _MOST), fit))


def _cpus() -> int:
    """How many processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class _Process:
    """A process that does its jobs in order."""

    jobs: ProcessPoolExecutor
    process: BaseProcess


class ProcessCluster:
    """Workers set up alike, each in a process that ends with this one."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._pilot = b""

    def keep_pilot(self, pilot: bytes) -> None:
        """Keeps the pilot, which goes along with each job."""
        self._pilot = pilot

    def start(self) -> tuple[_Process, Future[Ready]]:
        """A new process, which loads the model."""
        context = multiprocessing.get_context("spawn")
        before = multiprocessing.active_children()
        jobs = ProcessPoolExecutor(1, context, signals.begin_child)
        with signals.unheard_by_children():
            ready = jobs.submit(_begin, self._setup)
        (process,) = [each for each in multiprocessing.active_children() if each not in before]
        return _Process(jobs, process), ready

    def give(self, worker: _Process, job: Any) -> Future[Made]:  # noqa: ANN401 - the pool's
        """Has a process measure a run of shards."""
        return worker.jobs.submit(_measure, job, self._pilot)

    def finished(self, tasks: Sequence[Future[Any]], seconds: float) -> Sequence[Future[Any]]:
        """Those of the tasks that are done. Raises `signals.Stopped` where a signal came."""
        left = seconds
        while left > 0:
            done = wait(tasks, min(left, _LOOK), FIRST_COMPLETED).done
            signals.check()
            if done:
                return [task for task in tasks if task in done]
            left -= _LOOK
        return []

    def result(self, task: Future[Any]) -> Any:  # noqa: ANN401 - the pool's
        """What a process made. Raises what it raised, LostError where it is gone."""
        try:
            return task.result()
        except BrokenProcessPool as error:
            raise LostError("its process ended at once; perhaps memory ran out") from error

    def end(self, worker: _Process) -> None:
        """Ends a process."""
        worker.process.kill()
        worker.jobs.shutdown(wait=True, cancel_futures=True)


_worker = Worker()
"""The worker of this process, where it is one of a cluster."""


def _begin(setup: Setup) -> Ready:
    return _worker.begin(setup)


def _measure(run: Any, pilot: bytes) -> Made:  # noqa: ANN401 - the pool's
    return _worker.shards(run, pilot)


class Processes(Distributed):
    """Measures the pilot here, while the workers load their models, and the shards on those."""

    def __init__(
        self, here: Local, cluster: ProcessCluster, pool: Pool, many: int, writing: Writing | None
    ) -> None:
        super().__init__(cluster, pool, many, writing, Ready(here.source, here.batch_tokens))
        self._here = here

    def pilot(self, sentences: Sequence[Sentence], advance: Advance, *, rows: bool) -> State:
        """The sums of the pilot."""
        return self._here.pilot(sentences, advance, rows=rows)


@contextmanager
def several(
    model: str, work: Work, here: Local, many: int, writing: Writing | None
) -> Iterator[Processes]:
    """The engine of so `many` processes of this machine, each of which loads `model`."""
    allowed = budget.allowance(work.settings.max_memory, torch.device("cpu")) / many
    settings = replace(work.settings, device="cpu", max_memory=f"{int(allowed)}B")
    setup = Setup(
        version=__version__,
        model=model,
        work=replace(work, settings=settings, most=here.batch_tokens),
        rows=writing is not None,
        threads=max(1, torch.get_num_threads() // many),
    )
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    cluster = ProcessCluster(setup)
    pool = Pool(cluster, many, logging.getLogger(__name__).warning)
    try:
        yield Processes(here, cluster, pool, many, writing)
    finally:
        pool.close()
