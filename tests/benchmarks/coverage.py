"""How often 95% intervals hold the value they should, on samples of a real treebank.

    python -m tests.benchmarks.coverage --treebank FILE [--model minilm] [--json FILE]
                                        [--samples 1000]

FILE is a CoNLL-U file whose documents are marked by `# newdoc`, such as a UD treebank's. The model
reads it once, and the sums of every sentence are kept. Then 100 of its sentences are drawn at
random, over and over, and of each sample every head gets its interval by the package's own code.
Counted is how often it holds the head's value on the whole treebank, mean over heads. The same
with whole documents, so many that they have about 100 sentences, and documents as units; and, for
comparison, with the sentences of such documents as units, as if they were independent.

Drawn without replacement, a sample is a part of what it is held against and so comes nearer to it
than a sample of all text would: by sqrt(1 - f), if it has the part f of all that are drawn from.
The column "corrected" counts intervals that hold the value moved that much farther away, and is
the one to go by; "as drawn" counts them as they are.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from attnviz.evidence.bootstrap import ratio
from attnviz.evidence.gather import Sums, sharing, stored
from attnviz.models import load, names, run
from attnviz.observers.sums import ScoreKeeper
from attnviz.observers.tables import ScoreTable
from attnviz.registry import discover
from attnviz.roles.role import Role
from attnviz.settings import Settings
from attnviz.statistics.statistic import Statistic
from attnviz.text.files import read
from attnviz.text.split import sentences
from attnviz.text.tokenize import tokenize_all
from attnviz.text.types import Tokens
from tests.helpers.units import Units

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

ROLES = ("duplicate-token", "induction")
STATISTICS = ("entropy", "distance")
CASES = (("sentences", "sentences"), ("documents", "documents"), ("documents", "sentences"))
"""What is drawn, and the unit of the intervals."""

SIZE = 100
"""Sentences of a sample."""


@dataclass(frozen=True)
class Row:
    """One line of the table: shares of all samples and heads, and of the head they are least of.

    `units` is how many a sample has in the mean; `without` the share that got no interval.
    """

    measure: str
    drawn: str
    unit: str
    units: float
    corrected: float
    as_drawn: float
    least: float
    without: float


def measured(treebank: Path, model: str) -> tuple[list[Tokens], dict[str, Sums]]:
    """The sentences of a treebank, and the sums of each measure [sentence, head], from one run."""
    loaded = load.load(names.resolve(model), device=torch.device("cpu"))
    found = sentences(read([treebank], None))
    tokens = [one for one in tokenize_all(found, loaded.tokenizer, loaded.limit) if "" in one.kinds]
    roles = [one for one in discover("attnviz.roles", "ROLE", Role) if one.name in ROLES]
    every = discover("attnviz.statistics", "STATISTIC", Statistic)
    statistics = [one for one in every if one.name in STATISTICS]
    keeper = ScoreKeeper(roles, statistics, len(tokens), loaded.streams[0])
    run.observe(loaded, tokens, [keeper])
    return tokens, _sums(keeper.table())


def _sums(table: ScoreTable) -> dict[str, Sums]:
    mass, events, values, counts = map(table.over_heads, ("mass", "events", "values", "counts"))
    of_roles = {
        column.role.name: Sums(mass[..., place], sharing(events[..., place]))
        for place, column in enumerate(table.columns)
    }
    return of_roles | {
        one.name: Sums(values[..., place], sharing(counts[..., place]))
        for place, one in enumerate(table.statistics)
    }


def of_sentences(tokens: Sequence[Tokens], rng: np.random.Generator) -> Iterator[Ints]:
    """Samples without end: the places of so many sentences."""
    while True:
        yield rng.choice(len(tokens), min(SIZE, len(tokens)), replace=False)


def of_documents(tokens: Sequence[Tokens], rng: np.random.Generator) -> Iterator[Ints]:
    """The same of whole documents, as many as come nearest to so many sentences."""
    _, document = np.unique([one.sentence.unit for one in tokens], return_inverse=True)
    sizes = np.bincount(document)
    while True:
        order = rng.permutation(len(sizes))
        count = 1 + int(np.abs(sizes[order].cumsum() - SIZE).argmin())
        yield np.flatnonzero(np.isin(document, order[:count]))


def coverage(
    tokens: Sequence[Tokens],
    sums: Mapping[str, Sums],
    drawn: str,
    unit: str,
    samples: int,
    resamples: int,
) -> list[Row]:
    """How often each measure's interval holds its value.

    What is `drawn`, and the `unit` of the intervals, are "sentences" or "documents".
    """
    alone = [replace(one, sentence=replace(one.sentence, document="")) for one in tokens]
    named = {"sentences": alone, "documents": tokens}
    draw = of_sentences if drawn == "sentences" else of_documents
    many = len(Units(named[drawn]).half)
    hits: dict[str, list[Array]] = {name: [] for name in sums}
    sizes = []
    rng = np.random.default_rng(0)
    for places, _ in zip(draw(tokens, rng), range(samples), strict=False):
        units, picked = (Units([named[of][place] for place in places]) for of in (unit, drawn))
        weights = units.weights(resamples, Settings().seed)
        sizes.append(len(units.half))
        nearer = (1 - len(picked.half) / many) ** 0.5
        for name, of_name in sums.items():
            hits[name].append(_hits(of_name, places, units, weights, nearer))
    size = float(np.mean(sizes))
    return [_row((name, drawn, unit), size, np.array(found)) for name, found in hits.items()]


def _hits(sums: Sums, places: Ints, units: Units, weights: Array, nearer: float) -> Array:
    """Whether each head's interval holds its value, corrected and as drawn, [2, head].

    NaN where it has none.
    """
    picked = Sums(*(_drawn(values, places, units) for values in (sums.mass, sums.events)))
    low, high = picked.interval(weights)
    score, truth = (ratio(one.mass.sum(0), one.events.sum(0)) for one in (picked, sums))
    values = np.array([score + (truth - score) / max(nearer, 1e-9), truth])
    return np.where(np.isnan(low), np.nan, (low <= values) & (values <= high))


def _drawn(values: Array, places: Ints, units: Units) -> Array:
    """The sums of a sample's units; what all heads share is stored once, as in a report."""
    picked = units.summed(stored(values)[places])
    return np.broadcast_to(picked, (len(picked), values.shape[1]))


def _row(names: tuple[str, str, str], units: float, hits: Array) -> Row:
    """From what was measured, drawn and resampled, and hits [sample, 2, head]."""
    corrected, as_drawn = np.nanmean(hits, axis=(0, 2))
    least = np.nanmean(hits[:, 0], axis=0).min()
    without = np.isnan(hits).mean()
    return Row(*names, units, *map(float, (corrected, as_drawn, least, without)))


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown, shares in percent."""
    lines = [
        "| measure | drawn | unit | units | corrected | as drawn | least of a head | without |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        shares = (row.corrected, row.as_drawn, row.least, row.without)
        cells = " | ".join(f"{100 * share:.1f}" for share in shares)
        lines.append(f"| {row.measure} | {row.drawn} | {row.unit} | {row.units:.0f} | {cells} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, resamples, prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--treebank", type=Path, required=True)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--samples", type=int, default=1000)
    asked = parser.parse_args(arguments)
    tokens, sums = measured(asked.treebank, asked.model)
    if not all(one.sentence.document for one in tokens):
        parser.error(f"{asked.treebank.name} has sentences of no document: # newdoc marks them")
    rows = [
        row
        for drawn, unit in CASES
        for row in coverage(tokens, sums, drawn, unit, asked.samples, Settings().resamples)
    ]
    print(table(rows))
    if asked.json:
        found = {
            "treebank": asked.treebank.name,
            "model": asked.model,
            "samples": asked.samples,
            "rows": [asdict(row) for row in rows],
        }
        asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
