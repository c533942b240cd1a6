"""What runs in each process of a cluster: a model of its own, and the shards that it is given."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from attnviz.version import __version__

if TYPE_CHECKING:
    from attnviz.corpus.engines.engine import Numbered, Work
    from attnviz.corpus.engines.local import Local
    from attnviz.corpus.state import State
    from attnviz.measurement.pilot import Pilot
    from attnviz.measurement.source import Source
    from attnviz.text.types import Sentence


@dataclass(frozen=True)
class Setup:
    """What a worker is told once: the model as the command line names it, and its work.

    `rows`: those of every sentence are made, too. It runs in so many `threads`.
    """

    version: str
    model: str
    work: Work
    rows: bool
    threads: int


@dataclass(frozen=True)
class Ready:
    """What a worker says once it has loaded its model."""

    source: Source
    batch_tokens: int


@dataclass(frozen=True)
class Made:
    """What a worker made of `sentences`: sums, files of rows by name; it took so many seconds."""

    state: State
    rows: dict[str, bytes]
    sentences: int
    seconds: float


class Worker:
    """Measures shards. A cluster makes it before it is told what to measure: see `begin`."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._engine: Any = None
        self._pilot: Pilot | None = None

    def begin(self, setup: Setup) -> Ready:
        """Loads the model. Raises InputError where it can't, or where attnviz is another here."""
        _refuse_other_version(setup.version)
        self._engine = engine = _engine(setup, self._writing if setup.rows else None)
        return Ready(engine.source, engine.batch_tokens)

    def pilot(self, sentences: Sequence[Sentence], rows: bool) -> Made:
        """The sums of the pilot."""
        began = time.monotonic()
        state = self._engine.pilot(sentences, _unheard, rows=rows)
        return self._made(state, len(sentences), began)

    def shards(self, run: Sequence[Numbered], pilot: bytes) -> Made:
        """The sums of all of these shards; `pilot` is what was fitted, written by the codec."""
        from attnviz.corpus.state import State
        from attnviz.measurement import codec
        from attnviz.measurement.pilot import Pilot

        began = time.monotonic()
        if self._pilot is None:
            self._pilot = codec.read(pilot, Pilot)
        state = State()
        for each in self._engine.shards(iter(run), len(run), self._pilot, _unheard):
            state += each
        return self._made(state, sum(len(sentences) for _, sentences in run), began)

    def _made(self, state: State, sentences: int, began: float) -> Made:
        files, self._files = self._files, {}
        return Made(state, files, sentences, time.monotonic() - began)

    @contextmanager
    def _writing(self, name: str) -> Iterator[BinaryIO]:
        file = BytesIO()
        yield file
        self._files[name] = file.getvalue()


def _engine(setup: Setup, writing: Any) -> Local:  # noqa: ANN401 - imported below
    # As the command line has it, before torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    import torch

    from attnviz.corpus.engines.local import Local
    from attnviz.models import heap, names
    from attnviz.progress import Silent
    from attnviz.steps import loading
    from attnviz.survey.shards import Reader
    from attnviz.text.annotate import Parser

    heap.keep()
    torch.set_num_threads(setup.threads)
    settings = setup.work.settings
    name = names.resolve(setup.model, allow_pickle=settings.allow_pickle)
    loaded = loading.loaded(name, settings, Silent(), predicts=bool(setup.work.label))
    parser = Parser(settings.annotate) if settings.annotate else None
    reader = Reader(loaded, settings, parser)
    return Local(loaded, reader, setup.work, writing)


def _refuse_other_version(version: str) -> None:
    from attnviz.errors import InputError

    if version != __version__:
        raise InputError(
            f"A worker has attnviz {__version__}, and the scan is made by {version}.",
            "Install the same version on all nodes of the cluster.",
        )


def _unheard(_: int) -> None:
    """For progress: a worker is heard when it is done."""
