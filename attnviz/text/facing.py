"""Pairs each source sentence with the target a decoder reads: the same line of another file."""

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
    """The source and target sentences of each line, numbered anew from 1.

    Blank lines count, so both sides must hold them (see `attnviz.text.split`). Lines that are blank
    on both sides are left out; where one side is blank its sentence has no text. Additional blank
    lines at the end of a side don't matter. `unit` is what messages call a sentence.

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
    pairs = [
        (source, target)
        for source, target in zip(sources[:length], targets[:length], strict=True)
        if source.text or target.text
    ]
    return (
        tuple(replace(source, id=number) for number, (source, _) in enumerate(pairs, 1)),
        tuple(replace(target, id=number) for number, (_, target) in enumerate(pairs, 1)),
    )


def _length(side: Sequence[Sentence]) -> int:
    """The number of lines up to the last with text."""
    return max((number for number, sentence in enumerate(side, 1) if sentence.text), default=0)


def _counted(side: Sequence[Sentence], unit: str) -> str:
    return f"{len(side):,} {unit}{'' if len(side) == 1 else 's'}"
