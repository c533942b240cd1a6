"""Reads the mentions of entities from the `Entity` brackets of CorefUD."""

from __future__ import annotations

from collections import defaultdict
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import regex

from attnviz.text.types import Mention

if TYPE_CHECKING:
    from collections.abc import Sequence

# What a bracket holds, unless `# global.Entity` says otherwise.
ORDER = ("eid", "etype", "head", "other")

_BRACKET = regex.compile(r"(?P<opens>\()?(?P<label>[^()]+)(?P<closes>\))?")
_PART = regex.compile(r"(?P<entity>.+)\[(?P<part>\d+)/\d+\]")
# The head's number within the mention; where there are several, the first.
_NUMBER = regex.compile(r"0*([1-9][0-9]{0,5})(?:,|$)")


class _Opened(NamedTuple):
    entity: str
    node: int
    head: int


def entity_mentions(
    brackets: Sequence[str],
    places: Sequence[int],
    heads: Sequence[int],
    order: Sequence[str] = ORDER,
) -> tuple[Mention, ...]:
    """Read the mentions of a sentence, in the order of the text, the longer first.

    `brackets` are the values of `Entity`, "" for none, and `places` the places among the words,
    one a node: empty nodes have -1. `heads` are the places of the words' heads, `order` names the
    fields of a bracket.

    Of a discontinuous mention only the first stretch of words is read. Mentions that aren't opened
    and closed in the sentence are left out, as are those of empty nodes alone.
    """
    tree = _Tree(heads)
    counts = [0, *accumulate(place >= 0 for place in places)]
    opened: dict[str, list[_Opened]] = defaultdict(list)
    mentions: list[Mention] = []
    for node, value in enumerate(brackets):
        for bracket in _BRACKET.finditer(value):
            label = bracket["label"]
            if bracket["opens"]:
                fields = dict(zip(order, label.split("-"), strict=False))
                label = fields.get("eid") or fields.get("GRP") or ""
                opened[label].append(_opened(label, fields, node))
            if bracket["closes"] and opened[label]:
                mentions += _closed(opened[label].pop(), node, places, counts, tree)
    return tuple(
        sorted(mentions, key=lambda mention: (mention.start, -mention.end, mention.entity))
    )


def _opened(label: str, fields: dict[str, str], node: int) -> _Opened:
    part = _PART.fullmatch(label)
    entity = label if part is None else part["entity"] if int(part["part"][:9]) == 1 else ""
    # GUM writes heads as `minspan`.
    number = _NUMBER.match(fields.get("head") or fields.get("minspan") or "")
    return _Opened(entity, node, int(number[1]) if number else 0)


def _closed(
    mention: _Opened, last: int, places: Sequence[int], counts: Sequence[int], tree: _Tree
) -> list[Mention]:
    # Words are numbered in their order, so that counting those before a node gives a place.
    start, end = counts[mention.node], counts[last + 1]
    if not mention.entity or start == end:
        return []
    # The number counts empty nodes too.
    node = mention.node + mention.head - 1
    named = places[node] if mention.head and node <= last else -1
    head = named if named >= 0 else tree.topmost(start, end - 1)
    return [Mention(mention.entity, start, end, head)]


class _Tree:
    """The depth of each word in the dependency tree of a sentence."""

    def __init__(self, heads: Sequence[int]) -> None:
        depths = [-1] * len(heads)
        for word in range(len(heads)):
            chain = []
            above = word
            while above >= 0 and depths[above] < 0:
                chain.append(above)
                above = heads[above]
            depth = depths[above] if above >= 0 else -1
            for below in reversed(chain):
                depths[below] = depth = depth + 1
        self._depths = np.array(depths, dtype=np.int64)

    def topmost(self, first: int, last: int) -> int:
        """The word nearest the root from `first` to `last`; the last of several."""
        return last - int(self._depths[first : last + 1][::-1].argmin())
