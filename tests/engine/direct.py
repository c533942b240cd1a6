"""Every score and statistic once more, the plain way: loops over full matrices, from the formulas.

Nothing of attnviz is used here but the names of roles and statistics, so that the two can only
agree by both being right.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

TERMINAL = set(".!?…。！？؟։۔।॥") - {"…"}
COMMAS = set(",،、，")


@dataclass
class Words:
    """What the reference needs to know of a sentence's tokens."""

    ids: Sequence[int]
    kinds: Sequence[str]
    surfaces: Sequence[str]

    @property
    def content(self) -> list[int]:
        return [i for i, kind in enumerate(self.kinds) if kind == ""]

    def made_of(self, test: Callable[[str], bool]) -> set[int]:
        return {
            i
            for i in self.content
            if self.surfaces[i].strip() and all(map(test, self.surfaces[i].strip()))
        }


@dataclass
class Sums:
    """score and chance as ratios of sums, per head."""

    mass: float | np.ndarray = 0.0
    chance: float = 0.0
    events: int = 0


@dataclass
class Direct:
    """Adds up sentences; `attention` [layer, head, query, key] of one sentence at a time."""

    causal: bool
    roles: dict[str, Sums] = field(default_factory=dict)
    statistics: dict[str, list] = field(default_factory=dict)

    def add(self, attention: np.ndarray, words: Words) -> None:
        size = attention.shape[-1]
        visible = [range(i + 1) if self.causal else range(size) for i in range(size)]
        for name, target in targets(words).items():
            self._role(name, attention, visible, target)
        self._shapes(attention, words, visible)
        self._statistics(attention, words, visible)

    def _role(self, name, attention, visible, target) -> None:
        sums = self.roles.setdefault(name, Sums())
        for i, keys in target.items():
            seen = [j for j in keys if j in visible[i]]
            if seen:
                sums.mass = sums.mass + attention[:, :, i, seen].sum(-1)
                sums.chance += len(seen) / len(visible[i])
                sums.events += 1

    def _shapes(self, attention, words, visible) -> None:
        sparse = self.roles.setdefault("sparse", Sums())
        broad = self.roles.setdefault("broad", Sums())
        for i in words.content:
            count = len(visible[i])
            row = attention[:, :, i]
            if count > 3:
                sparse.mass = sparse.mass + np.sort(row)[..., -3:].sum(-1)
                sparse.chance += 3 / count
                sparse.events += 1
            if count > 1:
                broad.mass = broad.mass + entropy(row) / math.log(count)
                broad.chance += sum(1 / k for k in range(2, count + 1)) / math.log(count)
                broad.events += 1
        strip = self.roles.setdefault("vertical-strip", Sums())
        if words.content:
            columns = attention[:, :, words.content][..., words.content].sum(-2)
            strip.mass = strip.mass + columns.max(-1)
            strip.chance += max(
                sum(1 / len(visible[i]) for i in words.content if j in visible[i])
                for j in words.content
            )
            strip.events += len(words.content)

    def _statistics(self, attention, words, visible) -> None:
        for i in words.content:
            seen = list(visible[i])
            row = attention[:, :, i][..., seen]
            steps = np.abs(np.array(seen) - i)
            self._count("entropy", entropy(row))
            self._count("distance", (row * steps).sum(-1))
            self._count("uniform_distance", np.full(row.shape[:-1], steps.mean()))
            self._count("confidence", row.max(-1))
            if len(seen) > 1:
                self._count("normalized_entropy", entropy(row) / math.log(len(seen)))
                self._count("gini", gini(row))
        if words.content:
            self._count("received", attention[:, :, words.content].mean(-2).max(-1))

    def _count(self, name: str, value: np.ndarray) -> None:
        kept = self.statistics.setdefault(name, [0.0, 0])
        kept[0] = kept[0] + value
        kept[1] += 1


def entropy(row: np.ndarray) -> np.ndarray:
    safe = np.where(row > 0, row, 1.0)
    return -(safe * np.log(safe)).sum(-1)


def gini(row: np.ndarray) -> np.ndarray:
    """By definition: half the mean absolute difference of two weights over their mean."""
    apart = np.abs(row[..., :, None] - row[..., None, :]).mean((-2, -1))
    return apart / (2 * row.mean(-1))


def targets(words: Words) -> dict[str, dict[int, Iterable[int]]]:
    """S_i of every role that has targets, query by query, from the design's table."""
    size, content = len(words.ids), words.content
    inside = range(size)
    punctuation = words.made_of(lambda c: unicodedata.category(c)[0] in "PS")
    ends = words.made_of(TERMINAL.__contains__)
    commas = words.made_of(COMMAS.__contains__)
    separators = {i for i in inside if words.kinds[i] == "sep"}
    same = {i: [j for j in content if j != i and words.ids[j] == words.ids[i]] for i in content}
    found = {
        "self": {i: [i] for i in content},
        "previous-token": {i: [i - 1] for i in content if i - 1 in inside},
        "next-token": {i: [i + 1] for i in content if i + 1 in inside},
        "local-window": {i: [j for j in inside if 0 < abs(i - j) <= 2] for i in content},
        "first-token": {i: [0] for i in content if i >= 1},
        "cls": {i: [j for j in inside if words.kinds[j] == "cls"] for i in content},
        "separator": {i: separators for i in content},
        "separator-self": {i: separators for i in separators},
        "punctuation": {i: punctuation for i in content},
        "sentence-end": {i: ends for i in content},
        "comma": {i: commas for i in content},
        "duplicate-token": same,
        "induction": {
            i: {j + 1 for j in same[i] if j + 1 < i and words.kinds[j + 1] == ""} for i in content
        },
    }
    for k in range(-8, 9):
        if abs(k) > 1:
            found[f"fixed-offset {k:+d}"] = {i: [i + k] for i in content if i + k in inside}
    return found
