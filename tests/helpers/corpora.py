"""Made-up corpora for scans, in words that the tiny models know, and ways to scan them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attnviz.corpus.finished import Finished
from attnviz.corpus.measurements import MEASUREMENT
from attnviz.corpus.options import ScanOptions
from attnviz.corpus.scan import scan
from attnviz.measurement.measurement import Measurement
from attnviz.progress import Silent
from attnviz.settings import Settings
from attnviz.survey import survey
from tests.helpers.models import VOCABULARY


def sentences(many: int, seed: int = 0) -> list[str]:
    """Sentences of three to twelve words, some of them several times."""
    rng = np.random.default_rng(seed)
    words = [word for word in VOCABULARY if word.isalpha()]
    chosen = [rng.choice(words, rng.integers(3, 13)) for _ in range(many)]
    return [" ".join(each).capitalize() + "." for each in chosen]


def write_lines(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def scanned(model: Path, *paths: Path | str, into: Path, **options: Any) -> Finished:
    """A scan in this process."""
    settings = Settings(**options.pop("settings", {}))
    return scan(str(model), paths, into, settings, ScanOptions(**options), Silent())


def measurement(folder: Path) -> Measurement:
    return Measurement.from_bytes((folder / MEASUREMENT).read_bytes())


@contextmanager
def small_pilot(sentences: int, shard: int) -> Iterator[None]:
    """Corpora of more than so many `sentences` are like those of more than 1,024."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(survey, "PILOT", sentences)
        patch.setattr(survey, "SHARD", shard)
        yield
