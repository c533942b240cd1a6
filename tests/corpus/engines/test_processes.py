"""Scans in several processes of this machine: what one process measures, whoever is lost."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from attnviz import budget
from attnviz.corpus.engines.processes import ProcessCluster, processes
from attnviz.errors import UsageError
from tests.helpers.corpora import scanned, sentences, small_pilot, write_lines
from tests.helpers.tool import content


def model(device: str = "cpu", weights: int = 1000) -> Any:
    """A loaded model of so many bytes."""
    return SimpleNamespace(
        device=torch.device(device), model=torch.nn.Linear(1, weights // 4, bias=False)
    )


@pytest.mark.fast
@pytest.mark.parametrize(
    ("threads", "sentences", "gigabytes", "expected"),
    [
        (2, 4095, 16, 1),  # over before they have started
        (2, 4096, 16, 2),
        (1, 10**6, 16, 1),
        (4, 10**6, 16, 4),
        (8, 10**6, 16, 4),  # of two threads each
        (64, 10**6, 16, 16),  # of four
        (64, 10**6, 8 / 1024**2, 2),  # a quarter of 8 kB holds two models of 1,000 bytes
    ],
)
def test_as_many_as_pay_off(
    monkeypatch: pytest.MonkeyPatch,
    threads: int,
    sentences: int,
    gigabytes: float,
    expected: int,
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    monkeypatch.setattr(budget, "installed", lambda: gigabytes * 2**30)
    assert processes(0, model(), sentences) == expected


@pytest.mark.fast
def test_what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attnviz.corpus.engines.processes._cpus", lambda: 3)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)  # as OMP_NUM_THREADS says
    assert processes(3, model(), 10) == 3
    assert processes(1, model("meta"), 10**6) == processes(0, model("meta"), 10**6) == 1
    assert processes(0, model(), 10**6, spread=True) == 1
    with pytest.raises(UsageError, match="--workers is 4, and attnviz may use 3 CPUs"):
        processes(4, model(), 10)
    with pytest.raises(UsageError, match="measured by one process"):
        processes(2, model("meta"), 10)


@pytest.mark.slow
def test_two_processes_measure_what_one_does_though_one_is_killed(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    real = ProcessCluster.give

    def give(self: ProcessCluster, worker: Any, job: Any) -> Any:
        task = real(self, worker, job)
        if not killed:
            killed.append(worker.process.pid)
            worker.process.kill()
        return task

    monkeypatch.setattr(ProcessCluster, "give", give)
    monkeypatch.setattr("attnviz.corpus.engines.processes._cpus", lambda: 2)
    with small_pilot(100, shard=20):
        corpus = write_lines(tmp_path / "corpus.txt", sentences(437))
        scanned(tiny, corpus, into=tmp_path / "here", rows=True, workers=1)
        done = scanned(tiny, corpus, into=tmp_path / "processes", rows=True, workers=2)
    assert done.numbers["sentences"] == 437
    assert len(killed) == 1
    assert not multiprocessing.active_children()
    assert content(tmp_path / "processes") == content(tmp_path / "here")
    monkeypatch.delattr(ProcessCluster, "start")  # what is done needs no processes
    with small_pilot(100, shard=20):
        scanned(tiny, corpus, into=tmp_path / "processes", rows=True, workers=2)
