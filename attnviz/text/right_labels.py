"""The right labels of sentences, from a file with a label for each line of the text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attnviz.errors import InputError
from attnviz.text.pairs import lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.text.types import Sentence, SourceFile


@dataclass(frozen=True, slots=True)
class RightLabels:
    """The label of each sentence that has one, by the sentence's number.

    `shown` is the file as messages name it, `lines` the line on which each label is met first.
    """

    shown: str
    by_sentence: dict[int, str] = field(repr=False)
    lines: dict[str, int] = field(repr=False)

    def check(self, model: str, known: Sequence[str]) -> None:
        """Raises InputError unless every label is one of those that the model knows."""
        if not known:
            raise InputError(
                f"{model} gives a text no label, so that none of {self.shown} can be right.",
                "Leave out --labels, or use a model for sequence classification whose head was "
                "trained.",
            )
        for label, line in self.lines.items():
            if label not in known:
                raise InputError(
                    f"{self.shown}, line {line}: {model} knows no label {label!r}.",
                    f"Its labels are: {', '.join(known)}.",
                )


def right_labels(file: SourceFile, sentences: Sequence[Sentence]) -> RightLabels:
    """The labels of a text; a blank line gives its sentence none.

    `sentences` are those of the text, blank lines among them (see `attnviz.text.split`). Raises
    InputError where one has more lines with text than the other has lines.
    """
    given = [line.strip() for _, line in lines(file.text)]
    if max(_length(given), _length([each.text for each in sentences])) > min(
        len(given), len(sentences)
    ):
        raise InputError(
            f"{file.shown} has {_counted(len(given), 'line')} for "
            f"{_counted(len(sentences), 'line')} of text.",
            "Give the label of each line of the text on the same line of the file of labels; a "
            "blank line gives none.",
        )
    pairs = list(enumerate(zip(given, sentences, strict=False), 1))
    for place, (label, each) in pairs:
        if label and not each.text:
            raise InputError(
                f"{file.shown}, line {place}: a label, and line {place} of the text is blank.",
                "Leave the line blank in the file of labels, too, or in neither.",
            )
    with_text = [(label, place) for place, (label, each) in pairs if each.text]
    by_sentence = {number: label for number, (label, _) in enumerate(with_text, 1) if label}
    first: dict[str, int] = {}
    for label, place in with_text:
        if label:
            first.setdefault(label, place)
    return RightLabels(file.shown, by_sentence, first)


def _length(texts: Sequence[str]) -> int:
    """The number of lines up to the last with text."""
    return max((number for number, text in enumerate(texts, 1) if text), default=0)


def _counted(many: int, what: str) -> str:
    return f"{many:,} {what}{'' if many == 1 else 's'}"
