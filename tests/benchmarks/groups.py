"""Intervals and bands over 1,024 groups of sentences: do they hold what they say?

    python -m tests.benchmarks.groups [--json FILE] [--corpora 200]

A corpus has 4,096 sentences, which are hashed into 1,024 groups, as those of any corpus beyond
1,024 units of evidence are. Scores are those of the simulations in the tests of the bootstrap
(`tests/evidence/test_coverage.py`), where sentences are units themselves.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from attnviz.evidence import bootstrap
from attnviz.evidence.gather import RoleSums, Sums, once
from attnviz.measurement.units import MOST
from tests.evidence.test_coverage import (
    CORPORA,
    EVERY,
    SHAPES,
    Draw,
    at_their_baseline,
    family_wise,
)

Floats = NDArray[np.float64]
SENTENCES = 4 * MOST
RESAMPLES = 2000


def grouped(rng: np.random.Generator) -> Callable[[Floats], Floats]:
    """What adds up sums by sentence [sentence, ...] into groups drawn at random."""
    group = rng.integers(0, MOST, SENTENCES)
    order = np.argsort(group, kind="stable")
    there, first = np.unique(group[order], return_index=True)

    def add(values: Floats) -> Floats:
        out = np.zeros((MOST, *values.shape[1:]))
        out[there] = np.add.reduceat(values[order], first, axis=0)
        return out

    return add


def coverage(draw: Draw) -> dict[str, object]:
    """How many of the corpora have the truth within the 95% interval, below and above it."""
    rng = np.random.default_rng([SENTENCES, len(draw.__name__)])
    mass, events, truth = draw(rng, (SENTENCES, CORPORA))
    add = grouped(rng)
    mass, events = add(mass), add(np.broadcast_to(events, mass.shape))
    weights = bootstrap.weights(range(MOST), RESAMPLES, 0)
    low, high = bootstrap.of_ratio(bootstrap.ratio(weights @ mass, weights @ events), mass, events)
    below, above = float((truth < low).mean()), float((truth > high).mean())
    return {
        "what": "interval",
        "scores": draw.__name__,
        "corpora": CORPORA,
        "within %": round(100 * (1 - below - above), 1),
        "below %": round(100 * below, 1),
        "above %": round(100 * above, 1),
    }


def in_groups(rng: np.random.Generator, sentences: int, *, shape: str) -> list[RoleSums]:
    """Roles at their baseline, by group; `sentences` counts the groups, whose weights are drawn."""
    assert sentences == MOST
    roles, add = at_their_baseline(rng, SENTENCES, shape, "5-24"), grouped(rng)

    def summed(sums: Sums) -> Sums:
        return Sums(add(sums.mass), once(add, sums.events))

    return [
        replace(
            role,
            score=summed(role.score),
            baselines={name: summed(sums) for name, sums in role.baselines.items()},
        )
        for role in roles
    ]


def bands(shape: str, corpora: int) -> dict[str, object]:
    """In how many corpora any of 144 heads and roles at their baseline gets a bound above it."""
    wrong = family_wise(partial(in_groups, shape=shape), MOST, corpora, [MOST, len(shape)])
    return {
        "what": "max-T band",
        "scores": shape,
        "corpora": corpora,
        "within %": round(100 * (1 - wrong), 1),
        "below %": round(100 * wrong, 1),
        "above %": "",
    }


def main() -> None:
    """Runs all simulations and prints them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--corpora", type=int, default=200)
    chosen = parser.parse_args()
    rows = [coverage(draw) for draw in EVERY]
    rows += [bands(shape, chosen.corpora) for shape in SHAPES]
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
