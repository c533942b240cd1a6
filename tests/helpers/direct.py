"""Every score and statistic once more, the plain way: from full matrices and the formulas.

Nothing of attnviz is used here but the names of roles and statistics, so that the two can only
agree by both being right. All in float64, `attention` being [layer, head, query, key].
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TERMINAL = set(".!?。！？؟։۔।॥")
COMMAS = set(",،、，")


@dataclass
class Words:
    """What the reference needs to know of a sentence's tokens."""

    ids: Sequence[int]
    kinds: Sequence[str]
    surfaces: Sequence[str]
    words: Sequence[int | None] = ()
    related: Sequence[tuple[int, int]] = ()

    @property
    def content(self) -> list[int]:
        return [i for i, kind in enumerate(self.kinds) if kind == ""]

    def made_of(self, test: Callable[[str], bool]) -> set[int]:
        """The content tokens all of whose characters pass."""
        stripped = {i: self.surfaces[i].strip() for i in self.content}
        return {i for i, surface in stripped.items() if surface and all(map(test, surface))}


@dataclass
class Sums:
    """A score and its chance level before division; `mass` is [layer, head]."""

    mass: Floats = field(default_factory=lambda: np.zeros(()))
    chance: float = 0.0
    events: int = 0

    def add(self, mass: Floats, chance: float, events: int) -> None:
        self.mass = self.mass + mass
        self.chance += chance
        self.events += events


@dataclass
class Mean:
    """A statistic before division; `total` is [layer, head]."""

    total: Floats = field(default_factory=lambda: np.zeros(()))
    count: int = 0

    def add(self, total: Floats, count: int) -> None:
        self.total = self.total + total
        self.count += count


@dataclass
class Direct:
    """Adds up sentences, one at a time."""

    causal: bool
    roles: dict[str, Sums] = field(default_factory=dict)
    statistics: dict[str, Mean] = field(default_factory=dict)

    def add(self, attention: Floats, words: Words) -> None:
        size = attention.shape[-1]
        visible = np.tri(size, dtype=np.bool_) if self.causal else np.ones((size, size), np.bool_)
        seen = visible.sum(1)
        for name, target in targets(words).items():
            hit = np.zeros((size, size), np.bool_)
            for query, keys in target.items():
                hit[query, list(keys)] = True
            hit &= visible
            chance = float((hit.sum(1) / seen).sum())
            mass = (attention * hit).sum((-2, -1))
            self._role(name).add(mass, chance, int(hit.any(1).sum()))
        if words.content:
            self._shapes(attention, seen, words.content, visible)
            self._statistics(attention, seen, words.content, visible)

    def _role(self, name: str) -> Sums:
        return self.roles.setdefault(name, Sums())

    def _shapes(
        self, attention: Floats, seen: NDArray[np.int64], content: list[int], visible: Bools
    ) -> None:
        several = [i for i in content if seen[i] > 3]
        top = np.sort(attention[:, :, several])[..., -3:].sum((-2, -1))
        self._role("sparse").add(top, sum(3 / seen[i] for i in several), len(several))

        several = [i for i in content if seen[i] > 1]
        expected = sum(sum(1 / k for k in range(2, n + 1)) / np.log(n) for n in seen[several])
        even = (entropy(attention[:, :, several]) / np.log(seen[several])).sum(-1)
        self._role("broad").add(even, expected, len(several))

        strips = [j for j in content if j > 0]
        if strips:
            columns = attention[:, :, content][..., strips].sum(-2).max(-1)
            by_chance = (visible / seen[:, None])[content][:, strips].sum(0).max()
            self._role("vertical-strip").add(columns, by_chance, len(content))

    def _statistics(
        self, attention: Floats, seen: NDArray[np.int64], content: list[int], visible: Bools
    ) -> None:
        rows, count = attention[:, :, content], seen[content]
        place = np.arange(attention.shape[-1])
        apart = np.abs(place[content][:, None] - place)
        several = count > 1
        # Of a long sentence 32 rows are sorted.
        few = min(len(content), 32)
        some = [k * len(content) // few for k in range(few)]
        of_rows = {
            "entropy": entropy(rows),
            "distance": (rows * apart).sum(-1),
            "uniform_distance": np.broadcast_to(
                (apart * visible[content]).sum(-1) / count, rows.shape[:-1]
            ),
            "confidence": rows.max(-1),
            "resting": 1 - rows[..., several, :][..., [j for j in content if j > 0]].sum(-1),
            "normalized_entropy": entropy(rows)[..., several] / np.log(count[several]),
            "gini": np.array([gini(layer[:, some], visible[content][some]) for layer in rows])[
                ..., several[some]
            ],
        }
        for name, values in of_rows.items():
            self.statistics.setdefault(name, Mean()).add(values.sum(-1), values.shape[-1])
        self.statistics.setdefault("received", Mean()).add(rows.mean(-2).max(-1), 1)


def entropy(row: Floats) -> Floats:
    safe = np.where(row > 0, row, 1.0)
    found: Floats = -(safe * np.log(safe)).sum(-1)
    return found


def gini(rows: Floats, visible: Bools) -> Floats:
    """By definition: half the mean absolute difference of two weights over their mean."""
    pairs = visible[:, :, None] & visible[:, None, :]
    apart = np.abs(rows[..., :, None] - rows[..., None, :]) * pairs
    mean = rows.sum(-1) / visible.sum(-1)
    found: Floats = apart.sum((-2, -1)) / pairs.sum((-2, -1)) / (2 * mean)
    return found


def on_rarest(words: Words) -> dict[int, list[int]]:
    """S_i of the rarest word, for queries that have another word as long on the same side."""
    grouped: dict[int, list[int]] = {}
    for i in words.content:
        grouped.setdefault(words.words[i] or 0, []).append(i)
    every = [
        places
        for places in grouped.values()
        if any(character.isalpha() for i in places for character in words.surfaces[i])
    ]
    spelled = {tuple(places): [words.ids[i] for i in places] for places in every}
    single = [key for key, ids in spelled.items() if list(spelled.values()).count(ids) == 1]
    if not single:
        return {}
    rarest = max(single, key=lambda key: (in_a_row(words, key), max(spelled[key])))

    def matched(query: int) -> bool:
        own = grouped[words.words[query] or 0]
        others = [key for key in spelled if key != rarest and query not in key]
        if query > rarest[0]:
            beside = [key for key in others if key[0] < own[0]]
        else:
            beside = [key for key in others if key[0] > own[0]]
        return sum(map(len, beside)) >= len(rarest)  # then a word as long, or as many tokens

    return {i: list(rarest) for i in words.content if i not in rarest and matched(i)}


def in_a_row(words: Words, places: Iterable[int]) -> int:
    """The most pieces of a word that stand in a row without a mark: "didn", "'", "t" are 1."""
    marks = "".join("x" if any(map(str.isalnum, words.surfaces[i])) else " " for i in places)
    return max(map(len, marks.split()), default=0)


def repeating(words: Words) -> set[int]:
    """The tokens in a run: of tokens, or of whole words."""
    tokens = [[i] for i in words.content]
    grouped: dict[int, list[int]] = {}
    for i in words.content:
        grouped.setdefault(words.words[i] or 0, []).append(i)
    return {
        place
        for groups in (tokens, list(grouped.values()))
        for group in stuttered([(tuple(words.ids[i] for i in group), group) for group in groups])
        for place in group
    }


def stuttered(items: list[tuple[tuple[int, ...], list[int]]]) -> list[list[int]]:
    """Items, each what it says and where it stands, that are said three times in a row, or that
    are in a stretch of four or six items with equal halves, those in a row taken as one."""
    found: list[list[int]] = []
    for k in range(len(items) - 2):
        if len({said for said, _ in items[k : k + 3]}) == 1:
            found += [where for _, where in items[k : k + 3]]
    merged: list[tuple[tuple[int, ...], list[int]]] = []
    for said, where in items:
        if merged and merged[-1][0] == said:
            merged[-1][1].extend(where)
        else:
            merged.append((said, list(where)))
    for period in (2, 3):
        for k in range(len(merged) - 2 * period + 1):
            stretch = merged[k : k + 2 * period]
            if [said for said, _ in stretch[:period]] == [said for said, _ in stretch[period:]]:
                found += [where for _, where in stretch]
    return found


def targets(words: Words) -> dict[str, Mapping[int, Iterable[int]]]:
    """S_i of every role that has targets, query by query, from the design's table."""
    size, content = len(words.ids), words.content
    inside = range(size)
    separators = {i for i in inside if words.kinds[i] == "sep"}
    starts = frozenset(i for i in inside if words.kinds[i] == "cls")
    copied = [i for i in content if i not in repeating(words)]
    same = {i: [j for j in copied if j != i and words.ids[j] == words.ids[i]] for i in copied}

    def punctuation(character: str) -> bool:
        return unicodedata.category(character)[0] in "PS"

    def from_others(keys: set[int]) -> Mapping[int, Iterable[int]]:
        return {i: keys for i in content if i not in keys}

    found: dict[str, Mapping[int, Iterable[int]]] = {
        "self": {i: [i] for i in content},
        "previous-token": {i: [i - 1] for i in content if i - 1 in inside},
        "next-token": {i: [i + 1] for i in content if i + 1 in inside},
        "local-window": {i: [j for j in inside if 0 < abs(i - j) <= 2] for i in content},
        "first-token": {i: [0] for i in content if i >= 1},
        "cls": dict.fromkeys(content, starts),
        "separator": dict.fromkeys(content, separators),
        "separator-self": dict.fromkeys(separators, separators),
        "punctuation": from_others(words.made_of(punctuation)),
        "sentence-end": from_others(words.made_of(TERMINAL.__contains__)),
        "comma": from_others(words.made_of(COMMAS.__contains__)),
        "duplicate-token": same,
        "induction": {
            i: {j + 1 for j in same[i] if j + 1 < i and words.kinds[j + 1] == ""} for i in copied
        },
        "rare-token": on_rarest(words),
        "related-words": {
            i: {j for query, j in words.related if query == i} for i, _ in words.related
        },
        "segment-block": {},  # of single texts
    }
    for k in range(-8, 9):
        if abs(k) > 1:
            found[f"fixed-offset {k:+d}"] = {i: [i + k] for i in content if i + k in inside}
    return found
