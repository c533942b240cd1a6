"""Samples by the hash of the text: the sentences of smallest salted hash, in bounded memory."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

from attnviz.survey.survey import SALT

SAMPLE_SALT = 0xD1B54A32D192ED03
"""So that `--sample` takes other sentences than pilots, halves and groups do."""

_WORD = 2**64 - 1

Item = TypeVar("Item")


def salted(digest: int, salt: int = int(SALT)) -> int:
    """Another hash, 64 bits, of what a digest is of; by default the one that pilots go by."""
    mixed = (digest ^ salt) * salt & _WORD
    return mixed ^ (mixed >> 32)


class Smallest(Generic[Item]):
    """The items of the `most` smallest keys, the first of those that share one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[int, int]] = []
        self._items: dict[int, Item] = {}

    def wants(self, key: int) -> bool:
        """Whether an item of that key would be taken in."""
        full = len(self._heap) == self._most
        return key not in self._items and not (full and -self._heap[0][0] < key)

    def add(self, key: int, item: Item) -> None:
        """Takes in an item that is wanted."""
        self._items[key] = item
        heapq.heappush(self._heap, (-key, key))
        if len(self._heap) > self._most:
            del self._items[heapq.heappop(self._heap)[1]]

    def items(self) -> list[Item]:
        """The items in the order of their keys."""
        return [self._items[key] for key in sorted(self._items)]


class SampleCut:
    """Of sentences that go by, the `most` of smallest hash; text that comes again counts again."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[int, int]] = []
        self._all = True

    def add(self, digest: int, number: int) -> None:
        """Sees a sentence, by the hash of its text and its number."""
        key = (-salted(digest, SAMPLE_SALT), -number)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, key)
        else:
            self._all = False
            heapq.heappushpop(self._heap, key)

    def takes(self, digest: int, number: int) -> bool:
        """Whether a sentence that was seen is of the sample."""
        return self._all or (-salted(digest, SAMPLE_SALT), -number) >= self._heap[0]
