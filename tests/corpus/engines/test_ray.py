"""Scans on a Ray cluster of several nodes, in this machine: the bytes of the local engine.

The first test is of the suite; the others, which start clusters of their own, take minutes:

    python -m pytest -m soak tests/corpus/engines/test_ray.py
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from attnviz.corpus.engines.cluster import RayCluster
from attnviz.corpus.options import Part
from attnviz.errors import InputError
from attnviz.survey import survey
from tests.helpers.corpora import measurement, scanned, sentences, write_lines
from tests.helpers.tool import content, start

pytestmark = pytest.mark.slow
ray: Any = pytest.importorskip("ray")


@contextmanager
def nodes(many: int) -> Iterator[Any]:
    """A cluster of so many nodes of one processor each, to which this process is connected."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    small = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args=small | {"include_dashboard": False})
    try:
        for _ in range(many - 1):
            cluster.add_node(**small)
        ray.init(cluster.address, log_to_driver=False, logging_level="error")
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a corpus has more than 1,024 sentences, here of 100."""
    monkeypatch.setattr(survey, "PILOT", 100)
    monkeypatch.setattr(survey, "SHARD", 20)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "corpus.txt", sentences(437))


def workers_of(cluster: Any) -> list[psutil.Process]:
    """The processes of a cluster that measure, on any of its nodes."""
    raylets = [node.all_processes["raylet"][0].process.pid for node in cluster.list_all_nodes()]
    below = [child for pid in raylets for child in psutil.Process(pid).children()]
    return [child for child in below if "Worker" in " ".join(child.cmdline())]


def test_two_nodes_leave_the_bytes_of_one_process_though_a_worker_is_killed(
    tiny: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(tiny, corpus, into=tmp_path / "local", rows=True)
    given, killed, real = [], [], RayCluster.give

    def give(self: RayCluster, worker: Any, job: Any) -> Any:
        given.append(worker)
        if len(given) == 8:
            killed.extend(workers_of(cluster)[:1])
            killed[0].send_signal(signal.SIGKILL)
        return real(self, worker, job)

    monkeypatch.setattr(RayCluster, "give", give)
    with nodes(2) as cluster:
        done = scanned(tiny, corpus, into=tmp_path / "ray", rows=True, engine="ray")
    assert done.numbers["sentences"] == 437
    assert len(set(given)) == 3  # two workers, and the one that took the place of the third
    assert len(given) > 1 + 17  # what the lost one was doing was done again
    assert content(tmp_path / "ray") == content(tmp_path / "local")
