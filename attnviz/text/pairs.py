"""Pairs of texts: two on a line with a tab between them, which a model reads as one sequence."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from attnviz.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from attnviz.text.types import Sentence, SourceFile

Pair = tuple[str, str]
Segments = tuple[int | None, ...]
"""0 for a token of the first text, 1 for one of the second, None for one of neither."""

MARK = " ‖ "
"""What stands between the texts of a pair where they are shown as one; no token stands for it."""


class PairLine(NamedTuple):
    """A line of a file that holds a pair: `text` is both, with `MARK` between them."""

    line: int
    text: str
    pair: Pair


def joined(pair: Pair) -> str:
    """A pair as one text that reads well: the second begins after `MARK`."""
    return MARK.join(pair)


def second_start(pair: Pair) -> int:
    """Where the second text begins in the joined one, in characters."""
    return len(pair[0]) + len(MARK)


def continued(pair: Pair | None, text: str) -> Pair | None:
    """The pair with `text` added to its second text; None for None."""
    return pair and (pair[0], pair[1] + text)


def sides(sentences: Sequence[Sentence]) -> tuple[list[str], list[str]]:
    """The first texts and the second texts of pairs; all texts and nothing where there are none."""
    pairs = [sentence.pair for sentence in sentences if sentence.pair]
    if not pairs:
        return [sentence.text for sentence in sentences], []
    if len(pairs) < len(sentences):
        raise ValueError("pairs and single texts can't be tokenized together")
    return [first for first, _ in pairs], [second for _, second in pairs]


def pair_lines(file: SourceFile) -> Iterator[PairLine]:
    """Yield the pairs of a file, one a line, their texts stripped.

    Both texts of a blank line are empty; one may be. Raises `InputError`, with the line, for a line
    that isn't two texts with one tab between them.
    """
    for number, line in lines(file.text):
        halves = [half.strip() for half in line.split("\t")] if line.strip() else ["", ""]
        if len(halves) != 2:
            tabs = "no tab" if len(halves) == 1 else f"{len(halves) - 1} tabs"
            raise InputError(
                f"{file.shown}, line {number}: no pair: the line has {tabs}.",
                "With --split pair a line is two texts with one tab between them; --split line "
                "takes each line for one text.",
            )
        pair = halves[0], halves[1]
        yield PairLine(number, joined(pair) if any(pair) else "", pair)


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Number the lines of `text` from 1; a line feed at the end begins no further line.

    One at a time: a list of them would take several times the room of the text.
    """
    start, end = 0, len(text) - text.endswith("\n")
    for number in count(1):
        stop = text.find("\n", start, end)
        yield number, text[start : end if stop < 0 else stop]
        if stop < 0:
            return
        start = stop + 1


def segments(
    encoding: Any,  # noqa: ANN401 - a BatchEncoding
    place: int,
    added: Sequence[int],
    *,
    first: int | None,
) -> Segments:
    """The segment of each token of the pair at `place` of an encoding.

    `added` is 1 for the tokens that the tokenizer added. `first` is the number of tokens of the
    first text, where the tokenizer doesn't tell segments, else None.
    """
    if first is None:
        return tuple(encoding.sequence_ids(place))
    content = 0
    numbers: list[int | None] = []
    for by_tokenizer in added:
        numbers.append(None if by_tokenizer else int(content >= first))
        content += not by_tokenizer
    return tuple(numbers)


def fitting(segments: Segments, room: int) -> set[int]:
    """The indices of the content tokens that stay where there is `room` for so many.

    The longer text, or else the second, loses tokens from its end until both fit. So each text
    keeps a token wherever there is room for two.
    """
    first, second = (
        [at for at, segment in enumerate(segments) if segment == which] for which in (0, 1)
    )
    half = room // 2
    if len(first) <= room - half:
        lengths = len(first), room - len(first)
    elif len(second) <= half:
        lengths = room - len(second), len(second)
    else:
        lengths = room - half, half
    return {*first[: max(lengths[0], 0)], *second[: max(lengths[1], 0)]}
