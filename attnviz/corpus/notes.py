"""What was lost of a corpus or read otherwise, as counts that add up, and the warnings of it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from attnviz.errors import InputError
from attnviz.evidence.rules import USUAL
from attnviz.findings.little_evidence import little_evidence
from attnviz.measurement.measurement import Measurement
from attnviz.models.load import LoadedModel
from attnviz.report.numbers import counted
from attnviz.survey.tally import Tally


@dataclass(frozen=True)
class Notes:
    """Counts over sentences.

    `left_out` have no content token; `cut` were cut to the model's limit and lost `tokens_lost`;
    of `content` tokens `unknown` aren't in the vocabulary; `special` sentences hold special tokens
    that were read as text. `scripts` can't be split into words.
    """

    left_out: int = 0
    cut: int = 0
    tokens_lost: int = 0
    content: int = 0
    unknown: int = 0
    special: int = 0
    scripts: tuple[str, ...] = ()

    @classmethod
    def of(cls, tally: Tally) -> Notes:
        """What was counted while sentences were read."""
        return cls(
            left_out=tally.left_out.sentences,
            cut=tally.cut.sentences,
            tokens_lost=tally.cut.tokens,
            content=tally.unknown.content,
            unknown=tally.unknown.tokens,
            special=tally.unread,
            scripts=tuple(sorted(tally.scripts)),
        )

    def __add__(self, other: Notes) -> Notes:
        numbers = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in fields(self)
            if field.name != "scripts"
        }
        return Notes(**numbers, scripts=tuple(sorted({*self.scripts, *other.scripts})))

    def warnings(self, limit: int | None) -> list[str]:
        """The warnings that follow, for a model with that `limit` of tokens."""
        told = []
        if self.left_out:
            told.append(
                f"Left out, for want of any content token: {counted(self.left_out, 'sentence')}."
            )
        if self.cut:
            told.append(
                f"Cut to the model's limit of {counted(limit or 0, 'token')}: "
                f"{counted(self.cut, 'sentence')}, {counted(self.tokens_lost, 'token')} lost."
            )
        if self.unknown:
            told.append(
                f"Unknown to the model's vocabulary: {self.unknown:,} of "
                f"{counted(self.content, 'content token')}. It reads all such text alike."
            )
        if self.special:
            told.append(
                f"{counted(self.special, 'sentence')} with special tokens that were read as plain "
                "text: --parse-special-tokens reads them as special tokens."
            )
        if self.scripts:
            told.append(
                f"The words of {' and '.join(self.scripts)} text can't be told apart without ICU: "
                'each character counts as one. Install it: pip install "attnviz[icu]"'
            )
        return told


def evidence_warnings(measurement: Measurement) -> list[str]:
    """What a report says of a corpus that is little evidence: few sentences, or the same again."""
    first = next(iter(measurement.streams.values()), None)
    return little_evidence(first.units, measurement.input, USUAL) if first else []


def check_lengths(notes: Notes, loaded: LoadedModel, long: str) -> None:
    """Raises InputError where sentences were cut and `long` is "error"."""
    if notes.cut and long == "error":
        raise InputError(
            f"{loaded.name} takes {counted(loaded.limit or 0, 'token')}, and "
            f"{counted(notes.cut, 'sentence')} have more.",
            "Split the text with --split sentence, or let them be cut: --long truncate.",
        )
