"""Puts each sentence beside what a decoder reads with it: the same line of another file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from attnviz.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.text.types import Sentence


def facing(
    sources: Sequence[Sentence], targets: Sequence[Sentence], unit: str = "line"
) -> tuple[tuple[Sentence, ...], tuple[Sentence, ...]]:
    """The sentences of both sides that stand at the same place, numbered anew from 1.

    Blank lines count as lines, so both sides are to have them (see `attnviz.text.split`). Where
    both are blank there is nothing; where one is, its sentence has no text. Blank lines that one
    side has more at its end don't matter. `unit` is what messages call a sentence.

    Raises `InputError` where one side has more lines with text than the other has lines.
    """
    length = max(_length(sources), _length(targets))
    if length > min(len(sources), len(targets)):
        raise InputError(
            f"{targets[0].source} has {_counted(targets, unit)} for {_counted(sources, unit)} of "
            "text.",
            "Give the target of each line of the text on the same line of the target file; a pair "
            "of which one line is blank is left out.",
        )
    both = [
        (source, target)
        for source, target in zip(sources[:length], targets[:length], strict=True)
        if source.text or target.text
    ]
    return (
        tuple(replace(source, id=number) for number, (source, _) in enumerate(both, 1)),
        tuple(replace(target, id=number) for number, (_, target) in enumerate(both, 1)),
    )


def _length(side: Sequence[Sentence]) -> int:
    """How many lines there are up to the last one with text."""
    return max((number for number, each in enumerate(side, 1) if each.text), default=0)


def _counted(side: Sequence[Sentence], unit: str) -> str:
    return f"{len(side):,} {unit}{'' if len(side) == 1 else 's'}"
