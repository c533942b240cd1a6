"""The strangest sentences of a corpus: those whose attention is the furthest from the usual.

What is usual, and how far a sentence is from it, is told in `attnviz.evidence.usual`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from attnviz.evidence.usual import Floats, bins_of, deviations, distances
from attnviz.measurement.pilot import Pilot, Usual
from attnviz.report.monitoring import StrangeSentence, Unlike
from attnviz.steps.stream import StreamRun
from attnviz.text.showable import showable

KEPT = 20
"""Sentences that are kept."""

UNLIKE = 5
"""Numbers of a sentence that are told, each of another measure."""

CHARACTERS = 200
"""Of a sentence's text, which is told in short."""

DIGITS = 6
"""Significant digits: the last ones depend on what shared a sentence's batch."""


@dataclass(frozen=True)
class Strangest:
    """The strangest sentences that were seen, the strangest first; equal texts count once.

    Those of two texts add up to those of both, whatever the order and grouping.
    """

    sentences: tuple[StrangeSentence, ...] = ()

    @classmethod
    def of(cls, run: StreamRun, pilot: Pilot) -> Strangest:
        """Those of a shard; none where too little is known of what is usual."""
        usual = pilot.usual.get(run.stream)
        if usual is None or not run.tokens:
            return cls()
        lengths = [len(tokens) for tokens in run.tokens]
        values, off = deviations(usual, run.table, lengths)
        far = distances(off)
        every = np.argsort(-far, kind="stable")
        # Equal texts have equal distances, but for rounding, and may fill many places.
        texts = dict[int, int]()
        for place in every.tolist():
            texts.setdefault(run.tokens[place].sentence.digest, place)
            if len(texts) > KEPT:
                break
        told = (
            _told(run, usual, place, float(far[place]), values, off) for place in texts.values()
        )
        return cls.best(each for each in told if each.distance > 0)

    @classmethod
    def best(cls, every: Iterable[StrangeSentence]) -> Strangest:
        """The strangest of them."""
        kept = dict[str, StrangeSentence]()
        for each in sorted(every, key=_order):
            kept.setdefault(each.digest, each)
            if len(kept) == KEPT:
                break
        return cls(tuple(kept.values()))

    def __add__(self, other: Strangest) -> Strangest:
        return self.best((*self.sentences, *other.sentences))


def _order(each: StrangeSentence) -> tuple[float, str, str, int, int]:
    return -each.distance, each.digest, each.source, each.line, each.id


def _told(
    run: StreamRun, usual: Usual, place: int, distance: float, values: Floats, off: Floats
) -> StrangeSentence:
    sentence, length = run.tokens[place].sentence, len(run.tokens[place])
    (bin_of,) = bins_of(usual.edges, [length]).tolist()
    text = showable(sentence.text)
    return StrangeSentence(
        id=sentence.id,
        source=sentence.source,
        line=sentence.line,
        text=text if len(text) <= CHARACTERS else f"{text[: CHARACTERS - 1]}…",
        digest=f"{sentence.digest:016x}",
        tokens=length,
        lengths=_lengths(usual, bin_of),
        distance=_rounded(distance),
        unlike=_unlike(run.table.heads, usual, bin_of, values[place], off[place]),
    )


def _unlike(
    heads: Sequence[tuple[int, int]], usual: Usual, bin_of: int, values: Floats, off: Floats
) -> tuple[Unlike, ...]:
    """What of a sentence's numbers [head, measure] is the furthest off, a head a measure.

    Of measures that are one fact in this sentence, as first token and CLS, the first is told.
    """
    sizes = np.nan_to_num(np.abs(off))
    furthest, at = sizes.max(0), sizes.argmax(0)
    told = dict[tuple[float, ...], Unlike]()
    for measure in np.argsort(-furthest, kind="stable").tolist():
        if furthest[measure] > 0:
            head = int(at[measure])
            arrays = values, usual.means[bin_of], usual.deviations[bin_of]
            value, mean, deviation = (_rounded(float(array[head, measure])) for array in arrays)
            said = Unlike(heads[head], usual.measures[measure], value, mean, deviation)
            told.setdefault((value, mean, deviation), said)
    return tuple(told.values())[:UNLIKE]


def _lengths(usual: Usual, bin_of: int) -> tuple[int | None, int | None]:
    """The least and the most tokens of the sentences that it is held against."""
    least = usual.edges[bin_of - 1] if bin_of else None
    most = usual.edges[bin_of] - 1 if bin_of < len(usual.edges) else None
    return least, most


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
