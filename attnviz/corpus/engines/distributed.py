"""The engine of several workers: a model in each, and shards that go to whoever is free."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Protocol

from attnviz.corpus.engines.cluster import RayCluster, connected, divided, nodes
from attnviz.corpus.engines.engine import Numbered, Work
from attnviz.corpus.engines.pool import Cluster, Pool
from attnviz.corpus.engines.worker import Made, Ready, Setup
from attnviz.corpus.rows import Writing
from attnviz.corpus.shards import Advance
from attnviz.corpus.state import State
from attnviz.measurement import codec
from attnviz.measurement.pilot import Pilot
from attnviz.stages import Progress
from attnviz.text.types import Sentence
from attnviz.version import __version__

_MOST = 8
"""Shards of a run: the worker adds them up, and so this process is enough for many workers."""

_SECONDS = 10.0
"""What a run takes at most, about: no more is lost with a worker, or over when time is up."""

_EACH = 2
"""Runs that are left for each worker as the end comes near: so that all have work until then."""


class Workers(Cluster, Protocol):
    """Workers that are told of the pilot once."""

    def keep_pilot(self, pilot: bytes) -> None:
        """Keeps the pilot for the jobs that follow."""


class Distributed:
    """Measures on the workers of a pool; `writing` opens files for the rows that they make."""

    def __init__(
        self, cluster: Workers, pool: Pool, many: int, writing: Writing | None, ready: Ready
    ) -> None:
        self._cluster, self._pool, self._many, self._writing = cluster, pool, many, writing
        self.source, self.batch_tokens = ready.source, ready.batch_tokens
        self._seconds = _SECONDS

    def pilot(self, sentences: Sequence[Sentence], advance: Advance, *, rows: bool) -> State:
        """The sums of the pilot, which a worker measures."""
        job = (sentences, rows)
        return next(self._taken(self._pool.in_order(iter([job])), advance))

    def shards(
        self, shards: Iterator[Numbered], many: int, pilot: Pilot, advance: Advance
    ) -> Iterator[State]:
        """The sums of run after run."""
        self._cluster.keep_pilot(codec.write(pilot))
        return self._taken(self._pool.in_order(self._runs(shards, many)), advance)

    def _runs(self, shards: Iterator[Numbered], many: int) -> Iterator[Sequence[Numbered]]:
        """Shards in runs, shorter towards the end; the last one that was measured tells how long.

        Of rows, which may be large, those of one shard at a time.
        """
        while True:
            most = min(_MOST, many // (_EACH * self._many), int(_SECONDS / self._seconds))
            if not (run := list(islice(shards, 1 if self._writing else max(1, most)))):
                return
            many -= len(run)
            yield run

    def _taken(self, made: Iterator[Made], advance: Advance) -> Iterator[State]:
        """The sums, once their rows are written."""
        for each in made:
            for name, data in each.rows.items():
                if self._writing is not None:
                    with self._writing(name) as file:
                        file.write(data)
            self._seconds = max(each.seconds / max(each.state.done, 1), 1e-3)
            advance(each.sentences)
            yield each.state


@contextmanager
def distributed(
    model: str, work: Work, workers: int, progress: Progress, writing: Writing | None
) -> Iterator[Distributed]:
    """The engine of the Ray cluster that is there, or of one on this machine.

    Of so many `workers`, 0 for as many as fit, each loads `model` for itself.
    """
    progress.stage("starting workers")
    with connected() as ray:
        device = work.settings.device
        asked = {"auto": None, "cuda": True}.get(device, False)
        division = divided(nodes(ray), workers, gpus=asked)
        if work.settings.device_map == "none":  # which takes whatever its worker has
            device = "cuda" if division.gpus else "cpu" if device == "auto" else device
        setup = Setup(
            version=__version__,
            # A path holds on all nodes that share it; a name is looked up by each.
            model=str(Path(model).resolve()) if Path(model).exists() else model,
            work=replace(work, settings=replace(work.settings, device=device)),
            rows=writing is not None,
            threads=division.cpus,
        )
        cluster = RayCluster(ray, division, setup)
        pool = Pool(cluster, division.many, logging.getLogger(__name__).warning)
        try:
            yield Distributed(cluster, pool, division.many, writing, pool.ready())
        finally:
            pool.close()
