"""Scans on a Ray cluster of several nodes, in this machine: the bytes of the local engine.

The first test is of the suite; the others, which start clusters of their own, take minutes:

    python -m pytest -m soak tests/corpus/engines/test_ray.py
"""

from __future__ import annotations

import importlib
import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from attnviz.corpus.engines.cluster import RayCluster
from attnviz.corpus.merge import merge
from attnviz.corpus.options import Part
from attnviz.errors import InputError, UnfinishedError, UsageError
from tests.helpers.corpora import measurement, scanned, sentences, small_pilot, write_lines
from tests.helpers.tool import content, start

pytestmark = pytest.mark.slow
ray: Any = importlib.import_module("ray")


@contextmanager
def nodes(many: int, cpus: int = 1) -> Iterator[Any]:
    """A cluster of so many nodes of one processor or more, to which this process is connected."""
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    small = {"num_cpus": cpus, "object_store_memory": 100 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args=small | {"include_dashboard": False})
    try:
        for _ in range(many - 1):
            cluster.add_node(**small)  # type: ignore[arg-type]
        ray.init(cluster.address, log_to_driver=False, logging_level="error")
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()  # type: ignore[no-untyped-call]


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    with small_pilot(100, shard=20):
        yield


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "corpus.txt", sentences(437))


def at_work(node: Any) -> list[psutil.Process]:
    """The processes of a node that measure shards right now: Ray gives them such a title."""
    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
    working = []
    for child in raylet.children():
        with suppress(psutil.Error):  # it may end at any moment
            if "Worker.shards" in " ".join(child.cmdline()):
                working.append(child)
    return working


def test_two_workers_leave_the_bytes_of_one_process_though_one_is_killed(
    tiny: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanned(tiny, corpus, into=tmp_path / "local", rows=True)
    given: list[Any] = []
    killed: list[Any] = []
    real = RayCluster.give

    def give(self: RayCluster, worker: Any, job: Any) -> Any:
        given.append(worker)
        if not killed:
            working = [each for node in cluster.list_all_nodes() for each in at_work(node)]
            killed.extend(working[:1])
            for process in killed:
                process.send_signal(signal.SIGKILL)
        return real(self, worker, job)

    monkeypatch.setattr(RayCluster, "give", give)
    with nodes(1, cpus=2) as cluster:
        done = scanned(tiny, corpus, into=tmp_path / "ray", rows=True, engine="ray", workers=2)
    assert done.numbers["sentences"] == 437
    assert len(killed) == 1
    assert len(given) > 1 + 17  # what it was doing was done again
    assert content(tmp_path / "ray") == content(tmp_path / "local")


@pytest.mark.soak
def test_four_parts_on_four_nodes_are_the_whole(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    scanned(tiny, corpus, into=tmp_path / "local")
    folders = [tmp_path / f"part{number}" for number in range(1, 5)]
    with nodes(4):
        scanned(tiny, corpus, into=tmp_path / "ray", engine="ray")
        for number, folder in enumerate(folders, 1):
            scanned(tiny, corpus, into=folder, part=Part(number, 4), engine="ray", workers=3)
    merge(folders, tmp_path / "merged")
    assert content(tmp_path / "ray") == content(tmp_path / "local")
    assert measurement(tmp_path / "merged").to_bytes() == measurement(tmp_path / "local").to_bytes()


@pytest.mark.soak
def test_a_node_is_lost(
    tiny: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = write_lines(corpus.with_name("more.txt"), sentences(100 + 60 * 20))
    scanned(tiny, corpus, into=tmp_path / "local")
    removed: list[Any] = []
    real = RayCluster.give

    def give(self: RayCluster, worker: Any, job: Any) -> Any:
        working = [] if removed else [node for node in cluster.worker_nodes if at_work(node)]
        if working:
            removed.append(working[0])
            cluster.remove_node(working[0], allow_graceful=False)
        return real(self, worker, job)

    monkeypatch.setattr(RayCluster, "give", give)
    with nodes(3) as cluster:
        scanned(tiny, corpus, into=tmp_path / "ray", engine="ray")
    assert len(removed) == 1
    assert content(tmp_path / "ray") == content(tmp_path / "local")


@pytest.mark.soak
def test_errors_of_workers_are_errors_of_the_scan(tiny: Path, corpus: Path, tmp_path: Path) -> None:
    long = write_lines(corpus.with_name("long.txt"), ["the dog saw a cat " * 20, *sentences(200)])
    with nodes(1):
        with pytest.raises(InputError, match="takes 64 tokens, and 1 sentence have more"):
            scanned(tiny, long, into=tmp_path / "a", engine="ray", settings={"long": "error"})
        with pytest.raises(UsageError, match="--workers is 2, and the cluster has 1 CPU"):
            scanned(tiny, corpus, into=tmp_path / "b", engine="ray", workers=2)
        with pytest.raises(UsageError, match="The cluster has no GPU"):
            scanned(tiny, corpus, into=tmp_path / "b", engine="ray", settings={"device": "cuda"})
        for _ in range(20):  # out of time again and again, and gone on by the other engine, too
            with suppress(UnfinishedError):
                scanned(tiny, corpus, into=tmp_path / "b", engine="ray", seconds=0.0)
                break
            with suppress(UnfinishedError):
                scanned(tiny, corpus, into=tmp_path / "b", seconds=0.0)
                break
        scanned(tiny, corpus, into=tmp_path / "local")
    assert content(tmp_path / "b") == content(tmp_path / "local")


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
def test_killed_with_a_cluster_of_its_own_and_gone_on_with(
    tiny: Path, tmp_path: Path, seed: int
) -> None:
    corpus = write_lines(tmp_path / "corpus.txt", sentences(1024 + 2000))
    run = start("scan", tiny, corpus, "-o", tmp_path / "local")
    assert run.communicate(timeout=300)[1] == b""
    run = start("scan", tiny, corpus, "-o", tmp_path / "ray", "--engine", "ray")
    with suppress(subprocess.TimeoutExpired):
        run.communicate(timeout=random.Random(seed).uniform(8, 40))  # noqa: S311 - for no secret
    run.kill()
    run.communicate()
    run = start("scan", tiny, corpus, "-o", tmp_path / "ray", "--engine", "ray")
    out, error = run.communicate(timeout=300)
    assert (run.returncode, error) == (0, b"")
    assert out.startswith(b"tiny: 3,024 sentences")
    assert content(tmp_path / "ray") == content(tmp_path / "local")
