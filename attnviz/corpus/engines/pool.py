"""Gives jobs to workers that may be lost at any moment; what they make comes out in order.

It knows no cluster, only what it needs of one, so that losses can be tried without any.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from attnviz import signals
from attnviz.errors import InputError

_QUEUE = 2
"""Jobs that a worker has at a time, so that it need not wait for the next."""

_AHEAD = 4
"""Jobs that may be done before their turn, for each worker: what they made is kept in memory."""

_LOSSES = 3
"""Workers that may be lost over one job, or in a row before they were ready."""

PATIENCE = 600.0
"""Seconds to wait for a worker to be ready where there is none."""

Worker = Any
Task = Any
Job = Any
Result = Any


class LostError(Exception):
    """A worker is gone, and what it was doing with it."""


class Cluster(Protocol):
    """Where workers run. A task is what a worker was told to do; it has a result in the end."""

    def start(self) -> tuple[Worker, Task]:
        """A new worker, and the task after which it is ready."""

    def give(self, worker: Worker, job: Job) -> Task:
        """Has a worker do a job, after those that it was given before."""

    def finished(self, tasks: Sequence[Task], seconds: float) -> Sequence[Task]:
        """Those of the tasks that are done: waits for the first, but so many seconds at most."""

    def result(self, task: Task) -> Result:
        """What came of a task that is done. Raises LostError, or what the worker raised."""

    def end(self, worker: Worker) -> None:
        """Ends a worker, or what is left of it."""


@dataclass(order=True)
class _Given:
    """A job by its number, and how many workers were lost over it."""

    number: int
    job: Job = field(compare=False)
    losses: int = field(default=0, compare=False)


@dataclass
class _Member:
    """A worker that is ready, with the tasks that it was given, in order."""

    worker: Worker
    tasks: dict[Task, _Given] = field(default_factory=dict)


class _Jobs:
    """Jobs that are to be given: those that were lost, then new ones as they come."""

    def __init__(self, jobs: Iterator[Job]) -> None:
        self._new = enumerate(jobs)
        self._many = 0
        self._lost: list[_Given] = []
        self._over = False

    def next(self, before: int) -> _Given | None:
        """The next job, if it is among so many first ones."""
        if self._lost:
            return heapq.heappop(self._lost)
        if self._over or self._many >= before:
            return None
        for number, job in self._new:
            self._many = number + 1
            return _Given(number, job)
        self._over = True
        return None

    def again(self, given: _Given) -> None:
        """Takes back a job whose worker was lost."""
        heapq.heappush(self._lost, given)

    @property
    def over(self) -> bool:
        """Whether there is none left."""
        return self._over and not self._lost


class Pool:
    """So `many` workers of a cluster. `told` hears of each that is lost."""

    def __init__(self, cluster: Cluster, many: int, told: Callable[[str], None]) -> None:
        self._cluster, self._many, self._told = cluster, many, told
        self._starting: dict[Task, Worker] = {}
        self._members: list[_Member] = []
        self._failures = 0
        self._jobs = _Jobs(iter(()))
        for _ in range(many):
            self._start()

    def ready(self) -> Result:
        """What the first worker says that is ready; waits for it."""
        while True:
            for given, result in self._events():
                if given is None:
                    return result

    def in_order(self, jobs: Iterator[Job]) -> Generator[Result, None, None]:
        """What comes of each job, in the order of the jobs.

        Raises what a job raised; InputError where workers are lost over one job again and again,
        or where there is none for too long.
        """
        self._jobs = _Jobs(jobs)
        made: dict[int, Result] = {}
        following = 0
        while self._hand_out(following + _AHEAD * self._many):
            for given, result in self._events():
                if given is not None:
                    made[given.number] = result
            while following in made:
                yield made.pop(following)
                following += 1

    def close(self) -> None:
        """Ends all workers."""
        for worker in (*self._starting.values(), *(each.worker for each in self._members)):
            self._cluster.end(worker)
        self._starting, self._members = {}, []

    def _start(self) -> None:
        with signals.held():  # A worker that nobody knows of would be ended by nobody.
            worker, task = self._cluster.start()
            self._starting[task] = worker

    def _hand_out(self, before: int) -> bool:
        """Gives those who have least to do what is there; whether anything is still to be done."""
        while self._members:
            member = min(self._members, key=lambda each: len(each.tasks))
            if len(member.tasks) >= _QUEUE or (given := self._jobs.next(before)) is None:
                break
            member.tasks[self._cluster.give(member.worker, given.job)] = given
        return any(member.tasks for member in self._members) or not self._jobs.over

    def _events(self) -> Iterator[tuple[_Given | None, Result]]:
        """Waits for something to happen: a job that is done, or, None, a worker that is ready."""
        of_task = {task: member for member in self._members for task in member.tasks}
        done = self._cluster.finished([*self._starting, *of_task], PATIENCE)
        if not done and not self._members:
            raise InputError(
                f"No worker was ready after {PATIENCE / 60:.0f} minutes.",
                "Look at the cluster (ray status), then give the same command again: it goes on "
                "from here.",
            )
        for task in done:
            member = of_task.get(task)
            try:
                if member is None:
                    result = self._cluster.result(task)
                    self._members.append(_Member(self._starting.pop(task)))
                    self._failures = 0
                    yield None, result
                elif task in member.tasks:
                    result = self._cluster.result(task)
                    yield member.tasks.pop(task), result
            except LostError as error:
                self._lost(task, member, str(error))

    def _lost(self, task: Task, member: _Member | None, why: str) -> None:
        """Gives up a worker that is gone: what it had to do is done by others, and one started.

        A worker does its jobs in order, so that it was lost over the first.
        """
        if member is None:
            self._failures += 1
            worker, losses = self._starting.pop(task), self._failures
        else:
            given = list(member.tasks.values())
            given[0].losses += 1
            worker, losses = member.worker, given[0].losses
            member.tasks.clear()
            self._members.remove(member)
            for each in given:
                self._jobs.again(each)
        self._cluster.end(worker)
        if losses >= _LOSSES:
            over = "before they were ready" if member is None else "over the same sentences"
            raise InputError(
                f"{losses} workers were lost {over}, the last so: {why}",
                "If memory ran out, take fewer --workers or less --max-memory. The same command "
                "goes on from here.",
            )
        self._told(f"A worker was lost, and its sentences go to another: {why}")
        self._start()
