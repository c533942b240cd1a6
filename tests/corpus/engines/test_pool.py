"""Jobs and workers that are lost, on a cluster that is played by a script."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from attnviz.corpus.engines.pool import LostError, Pool
from attnviz.errors import InputError


class Played:
    """A cluster whose workers double numbers, one job a look, the one that waited longest first.

    `lost` says which of the workers' first steps (0: being started) is their last, by the worker's
    number; `poison` is a job over which every worker is lost.
    """

    def __init__(self, lost: dict[int, int] | None = None, poison: int | None = None) -> None:
        self.lost, self.poison = lost or {}, poison
        self.numbers, self.tasks = itertools.count(), itertools.count()
        self.doing: dict[int, tuple[int, Any]] = {}
        self.steps: dict[int, int] = {}
        self.ended: list[int] = []
        self.did: list[tuple[int, int]] = []

    def _told(self, worker: int, job: Any) -> int:
        task = next(self.tasks)
        self.doing[task] = (worker, job)
        return task

    def start(self) -> tuple[int, int]:
        worker = next(self.numbers)
        self.steps[worker] = 0
        return worker, self._told(worker, None)

    def give(self, worker: int, job: int) -> int:
        assert worker not in self.ended
        return self._told(worker, job)

    def finished(self, tasks: Sequence[int], seconds: float) -> Sequence[int]:
        assert seconds > 0
        assert len(tasks) == len(set(tasks))
        return [min(tasks)] if tasks else []

    def result(self, task: int) -> int:
        worker, job = self.doing.pop(task)
        step, self.steps[worker] = self.steps[worker], self.steps[worker] + 1
        if self.lost.get(worker) == step or (job is not None and job == self.poison):
            raise LostError("it was unplugged")
        if job == -1:
            raise InputError("No such text.")
        if job is not None:
            self.did.append((worker, job))
        return -worker if job is None else 2 * job

    def end(self, worker: int) -> None:
        self.ended.append(worker)


def pool(cluster: Played, many: int = 3) -> tuple[Pool, list[str]]:
    told: list[str] = []
    return Pool(cluster, many, told.append), told


def test_what_is_made_comes_in_the_order_of_the_jobs() -> None:
    of_cluster, told = pool(cluster := Played())
    assert of_cluster.ready() == 0
    assert list(of_cluster.in_order(iter(range(20)))) == [2 * job for job in range(20)]
    assert {worker for worker, _ in cluster.did} == {0, 1, 2}
    assert told == []
    of_cluster.close()
    assert sorted(cluster.ended) == [0, 1, 2]


def test_one_pool_does_several_lots_of_jobs_and_none() -> None:
    of_cluster, _ = pool(Played())
    assert list(of_cluster.in_order(iter([4]))) == [8]
    assert list(of_cluster.in_order(iter(()))) == []
    assert list(of_cluster.in_order(iter([1, 2]))) == [2, 4]


def test_jobs_are_taken_only_as_they_can_be_given() -> None:
    taken = []

    def jobs() -> Iterator[int]:
        for job in range(1000):
            taken.append(job)
            yield job

    of_cluster, _ = pool(Played())
    made = of_cluster.in_order(jobs())
    assert next(made) == 0
    assert len(taken) <= 3 * 4


@pytest.mark.parametrize("lost", [{0: 1}, {0: 0}, {0: 2, 1: 2, 2: 2}, {1: 3, 3: 1, 4: 1}])
def test_a_worker_that_is_lost_loses_nothing(lost: dict[int, int]) -> None:
    of_cluster, told = pool(cluster := Played(lost))
    assert list(of_cluster.in_order(iter(range(30)))) == [2 * job for job in range(30)]
    assert sorted(job for _, job in cluster.did) == list(range(30))  # each done once
    assert sorted(cluster.ended) == sorted(lost)
    assert told == ["A worker was lost, and its sentences go to another: it was unplugged"] * len(
        lost
    )


def test_all_workers_are_lost_at_once() -> None:
    of_cluster, _ = pool(Played({0: 1}), many=1)
    assert list(of_cluster.in_order(iter(range(5)))) == [0, 2, 4, 6, 8]


def test_a_job_that_ends_every_worker_is_given_up() -> None:
    of_cluster, told = pool(cluster := Played(poison=7))
    with pytest.raises(InputError, match="3 workers were lost over the same sentences") as caught:
        list(of_cluster.in_order(iter(range(30))))
    assert "it was unplugged" in caught.value.message
    assert "--workers" in caught.value.hint
    assert len(told) == 2
    assert len(cluster.ended) == 3


def test_workers_that_are_never_ready_are_given_up() -> None:
    of_cluster, _ = pool(Played(dict.fromkeys(range(9), 0)))
    with pytest.raises(InputError, match="3 workers were lost before they were ready"):
        of_cluster.ready()


def test_no_worker_is_ever_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Played, "finished", lambda *_: [])
    of_cluster, _ = pool(Played())
    with pytest.raises(InputError, match="No worker was ready after 10 minutes"):
        of_cluster.ready()


def test_what_a_job_raises_is_raised() -> None:
    of_cluster, _ = pool(Played())
    with pytest.raises(InputError, match="No such text"):
        list(of_cluster.in_order(iter([1, -1, 2])))
