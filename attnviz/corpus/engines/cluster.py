"""Workers on a Ray cluster: on the one that is running, or on one of this machine alone."""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import Any, NamedTuple

from attnviz import signals
from attnviz.corpus.engines.pool import LostError
from attnviz.corpus.engines.worker import Setup, Worker
from attnviz.errors import AttnvizError, InputError, UsageError
from attnviz.report.numbers import counted

_THREADS = 4
"""Processors of a worker, unless the number of workers says otherwise."""

_LOOK = 1.0
"""Seconds between two looks at whether somebody wants the scan to stop."""


class Division(NamedTuple):
    """A cluster's processors among so `many` workers: what each of them takes."""

    many: int
    cpus: int
    gpus: int


def check_installed() -> None:
    """Raises UsageError where Ray is missing."""
    if importlib.util.find_spec("ray") is None:
        raise UsageError(
            "--engine ray takes Ray, which is not installed.",
            'Install it, on all nodes: pip install "attnviz[ray]"',
        )


def divided(nodes: Sequence[tuple[int, int]], workers: int, *, gpus: bool | None) -> Division:
    """How nodes of so many CPUs and GPUs are divided among `workers`, 0 for as many as fit.

    A worker has a GPU, or is on CPUs, as `gpus` says; None: GPUs where there are any. Raises
    UsageError for more workers than fit, or without GPUs where they are asked for.
    """
    cpus, all_gpus = [node[0] for node in nodes], sum(node[1] for node in nodes)
    if gpus and not all_gpus:
        raise UsageError("The cluster has no GPU.", "Leave out --device cuda.")
    if all_gpus and gpus is not False:
        _refuse_more(workers, all_gpus, "GPU")
        return Division(workers or all_gpus, max(1, min(_THREADS, sum(cpus) // all_gpus)), 1)
    if not workers:
        each = max(1, min(_THREADS, max(cpus)))
        return Division(max(1, sum(many // each for many in cpus)), each, 0)
    _refuse_more(workers, sum(cpus), "CPU")
    fits = (each for each in range(max(cpus), 0, -1) if sum(c // each for c in cpus) >= workers)
    return Division(workers, next(fits), 0)


def _refuse_more(workers: int, most: int, what: str) -> None:
    if workers > most:
        raise UsageError(
            f"--workers is {workers:,}, and the cluster has {counted(most, what)}.",
            "Take fewer, or leave it out: as many as fit.",
        )


@contextmanager
def connected() -> Iterator[Any]:
    """The module `ray`, connected: to the cluster of RAY_ADDRESS, of this machine, or a new one.

    A connection that was there before is used, and stays. Raises InputError where there is none
    to be had.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # Nothing is sent anywhere.
    # Ray would warn that a later version leaves CUDA_VISIBLE_DEVICES alone.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    ray = importlib.import_module("ray")
    if ray.is_initialized():
        yield ray
        return
    with redirect_stdout(StringIO()):  # where Ray would tell of lost workers, as we do ourselves
        _connect(ray)
        try:
            yield ray
        finally:
            ray.shutdown()


def _connect(ray: Any) -> None:  # noqa: ANN401 - Ray's
    with _signals_kept():
        try:
            ray.init(log_to_driver=False, logging_level="error", include_dashboard=False)
        except (ConnectionError, OSError, RuntimeError, TimeoutError, ValueError) as error:
            lines = str(error).splitlines() or [type(error).__name__]
            raise InputError(
                f"There is no Ray cluster to be had: {lines[0]}",
                "Start one (ray start --head) or name one (RAY_ADDRESS), or leave out --engine.",
            ) from error


def nodes(ray: Any) -> list[tuple[int, int]]:  # noqa: ANN401 - Ray's
    """The CPUs and GPUs of each node."""
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return [(int(node.get("CPU", 0)), int(node.get("GPU", 0))) for node in alive]


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray answers SIGTERM by itself: what was to answer it before does so afterwards."""
    ours = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM) if ours else None
    yield
    if before is not None:
        signal.signal(signal.SIGTERM, before)


class RayCluster:
    """Workers as Ray's actors, set up alike; each has what a `division` gives it."""

    def __init__(self, ray: Any, division: Division, setup: Setup) -> None:  # noqa: ANN401 - Ray's
        self._ray = ray
        # Ray would start a lost actor again by itself, on a node that may never come.
        kind = ray.remote(num_cpus=division.cpus, num_gpus=division.gpus, max_restarts=0)
        self._actor = kind(Worker)
        self._setup = ray.put(setup)
        self._pilot: Any = None

    def keep_pilot(self, pilot: bytes) -> None:
        """Keeps the pilot where all workers can have it; jobs without one are the pilot itself."""
        self._pilot = self._ray.put(pilot)

    def start(self) -> tuple[Any, Any]:
        """A new actor, which loads the model."""
        actor = self._actor.remote()
        return actor, actor.begin.remote(self._setup)

    def give(self, worker: Any, job: Any) -> Any:  # noqa: ANN401
        """Has an actor measure a run of shards, or the pilot."""
        if self._pilot is None:
            return worker.pilot.remote(*job)
        return worker.shards.remote(job, self._pilot)

    def finished(self, tasks: Sequence[Any], seconds: float) -> Sequence[Any]:
        """Those of the tasks that are done. Raises `signals.Stopped` where a signal came."""
        left = seconds
        while left > 0:
            done, rest = self._ray.wait(tasks, timeout=min(left, _LOOK))
            signals.check()
            if done:
                more = self._ray.wait(rest, num_returns=len(rest), timeout=0)[0] if rest else []
                return [*done, *more]
            left -= _LOOK
        return []

    def result(self, task: Any) -> Any:  # noqa: ANN401
        """What an actor returned. Raises what it raised, LostError where it is gone."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(task)
        except errors.RayTaskError as error:
            if isinstance(error.cause, AttnvizError):
                raise error.cause from error
            raise
        except errors.RayError as error:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise LostError(lines[0] if lines else type(error).__name__) from error

    def end(self, worker: Any) -> None:  # noqa: ANN401
        """Ends an actor."""
        self._ray.kill(worker)
