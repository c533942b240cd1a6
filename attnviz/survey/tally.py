"""What is counted of a text while it is read, and the warnings that follow from it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from attnviz.attention.merge import Wording
from attnviz.errors import InputError, NothingToAnalyseError, UsageError
from attnviz.evidence.bootstrap import FEWEST
from attnviz.measurement.source import FileInfo, InputInfo
from attnviz.models.load import LoadedModel
from attnviz.report.numbers import counted
from attnviz.settings import Settings
from attnviz.text.showable import showable
from attnviz.text.types import Sentence, SourceFile, Tokens
from attnviz.text.unknown import Unknown
from attnviz.text.word_splitter import scripts_without_words

_NAMED = 10
"""Sentences that a warning names."""


@dataclass
class Cut:
    """Sentences that lost tokens to a limit: how many, how many tokens, and the first of them."""

    sentences: int = 0
    tokens: int = 0
    first: list[Tokens] = field(default_factory=list)

    def add(self, tokens: Tokens, lost: int) -> None:
        """Counts a sentence that lost so many tokens, if any."""
        if lost:
            self.sentences += 1
            self.tokens += lost
            if len(self.first) < _NAMED:
                self.first.append(tokens)

    @property
    def numbers(self) -> str:
        """The numbers of the first sentences, and how many more there are."""
        return _first([str(tokens.sentence.id) for tokens in self.first], self.sentences)


@dataclass
class LeftOut:
    """Sentences without a content token: how many, the first of them, and what they are."""

    sentences: int = 0
    first: list[Sentence] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)
    pairs: bool = False

    def add(self, sentence: Sentence, *, paired: bool) -> None:
        """Counts a sentence, which may be half of a pair."""
        self.sentences += 1
        self.sources.add(sentence.source)
        self.pairs = self.pairs or paired or sentence.pair is not None
        if len(self.first) < _NAMED:
            self.first.append(sentence)

    def warning(self) -> str:
        """Names the sentences that can't be measured by their lines."""
        several = len(self.sources) > 1
        lines = [
            f"{sentence.source} line {sentence.line}" if several else str(sentence.line)
            for sentence in self.first
        ]
        where = f"{'' if several else 'line ' if self.sentences == 1 else 'lines '}"
        return (
            f"Left out, for want of any content token{' on one side' * self.pairs}: "
            f"{counted(self.sentences, 'pair' if self.pairs else 'sentence')} "
            f"({where}{_first(lines, self.sentences)})."
        )


class Tally:
    """Counts of the sentences that can be measured, and of what was lost or read otherwise.

    `longest` is the longest text of either side; `units`, `digests` and `ids` hold the hash of the
    unit of evidence, the sentence's own and its number, one a sentence. `drawn` are the numbers of
    sentences that are to be drawn.
    """

    def __init__(self, drawn: Collection[int] = ()) -> None:
        self._missing = set(drawn)
        self.digests, self.ids = array("Q"), array("q")
        self.sentences = self.tokens = self.words = self.truncated = 0
        self.of_file = Counter[str]()
        self.units = array("Q")
        self.documents = False
        self.longest: Tokens | None = None
        self.left_out = LeftOut()
        self.cut, self.cut_targets, self.unwritten = Cut(), Cut(), Cut()
        self.most_unwritten = 0
        self.special_said = 0
        self.unread, self.unread_names = 0, Counter[str]()
        self.unknown = Unknown()
        self.scripts: dict[str, None] = {}

    def add(self, tokens: Sequence[Tokens], targets: Sequence[Tokens] | None) -> None:
        """Counts sentences that can be measured, as the model reads them."""
        for place, sentence in enumerate(tokens):
            target = None if targets is None else targets[place]
            self._add(sentence, target)
        texts = [*tokens, *(targets or ())]
        self.unknown.add(texts)
        self.scripts |= dict.fromkeys(scripts_without_words(text.sentence.text for text in texts))

    def _add(self, tokens: Tokens, target: Tokens | None) -> None:
        sentence = tokens.sentence
        self.sentences += 1
        self.tokens += len(tokens)
        self.of_file[sentence.source] += 1
        self.units.append(sentence.unit)
        self.digests.append(sentence.digest)
        self.ids.append(sentence.id)
        self._missing.discard(sentence.id)
        self.documents = self.documents or bool(sentence.document)
        self.truncated += bool(tokens.cut or (target and target.cut))
        for text in (tokens, target):
            if text is not None and (self.longest is None or len(text) > len(self.longest)):
                self.longest = text

    def add_words(self, wording: Wording | None) -> None:
        """Counts the words that a shard's tokens were merged into."""
        if wording is not None:
            self.words += sum(len(words.tokens) for words in wording.sentences)

    def info(self, files: Sequence[SourceFile], settings: Settings) -> InputInfo:
        """What the report says of its input. A sentence is truncated if either side was cut."""
        units = len(np.unique(np.array(self.units))) if self.documents else 0
        return InputInfo(
            files=tuple(
                FileInfo(file.name, file.sha256, self.of_file[file.name]) for file in files
            ),
            split=settings.split,
            sentences=self.sentences,
            tokens=self.tokens,
            truncated=self.truncated,
            words=self.words,
            documents=units,
        )

    def checked(self, loaded: LoadedModel, settings: Settings) -> list[str]:
        """The warnings for what was lost, and for too few sentences.

        Raises NothingToAnalyseError where no sentence is left, InputError for long ones with
        `--long error`, UsageError for a sentence to be drawn that isn't there.
        """
        return [*self.lost(loaded, settings), *self._few()]

    def lost(self, loaded: LoadedModel, settings: Settings) -> list[str]:
        """The warnings for what was lost; raises as `checked` does."""
        if not self.sentences:
            raise NothingToAnalyseError(
                "No sentence has a token that could be analysed.", "Give a text with words in it."
            )
        for number in sorted(self._missing):
            raise UsageError(
                f"There is no sentence {number} to illustrate.",
                f"Sentences count from {min(self.ids)} to {max(self.ids)}.",
            )
        warnings = []
        if self.left_out.sentences:
            warnings.append(self.left_out.warning())
        sides = (self.cut, loaded.limit, ""), (self.cut_targets, loaded.target_limit, "target of ")
        for cut, limit, of in sides:
            if cut.sentences:
                warnings.append(_long(cut, limit, of, loaded, settings))
        warnings += self.unknown.warning()
        if self.scripts:
            warnings.append(
                f"The words of {' and '.join(self.scripts)} text can't be told apart without ICU: "
                'each character counts as one. Install it: pip install "attnviz[icu]"'
            )
        return warnings

    def _few(self) -> list[str]:
        """A warning where there are few units of evidence, or fewer than sentences."""
        if self.sentences < FEWEST:
            return [
                (
                    f"Only {counted(self.sentences, 'sentence')}: too few for intervals, so there "
                    "are no verdicts. Five give the first, fifty are enough for most roles."
                )
            ]
        units = len(np.unique(np.array(self.units)))
        if units < FEWEST:
            what = counted(units, "document" if self.documents else "different sentence")
            return [f"Only {what}: too few for intervals, so there are no verdicts."]
        if self.documents or units == self.sentences:
            return []
        return [
            (
                f"Of {counted(self.sentences, 'sentence')} {units:,} are different: one that comes "
                "again is no further evidence, in intervals and verdicts."
            )
        ]

    def of_unwritten(self, loaded: LoadedModel, settings: Settings) -> list[str]:
        """A warning for what the model had no room to write, or the error with `--long error`."""
        full = self.unwritten
        if not full.sentences:
            return []
        limit = loaded.target_limit if loaded.encoder_decoder else loaded.limit
        takes = counted(limit or 0, "token")
        if settings.long == "error":
            raise InputError(
                f"There is no room after sentence {_place(full.first[0])} for "
                f"{counted(self.most_unwritten, 'token')} of the {settings.generate} that were "
                f"asked for: {loaded.name} takes {takes}; {counted(full.sentences, 'sentence')} "
                "without enough room.",
                "Ask for fewer with --generate, or let them be left out: --long truncate.",
            )
        return [
            (
                f"Not written, as the model takes {takes}: {counted(full.tokens, 'token')} of "
                f"{counted(full.sentences, 'sentence')} ({full.numbers})."
            )
        ]

    def of_special(self, loaded: LoadedModel, settings: Settings) -> list[str]:
        """Warnings about special tokens that the texts hold."""
        warnings = []
        if self.special_said:
            warnings.append(
                f"{counted(self.special_said, 'conversation')} with special tokens in what is "
                "said: the model reads them as its own."
            )
        if settings.chat and "strftime_now" in str(loaded.tokenizer.chat_template):
            warnings.append(
                "The chat template may write today's date, and then the numbers change with the "
                "day."
            )
        if self.unread:
            warnings.append(_of_unread(self.unread, self.unread_names, loaded))
        return warnings


def _of_unread(sentences: int, names: Counter[str], loaded: LoadedModel) -> str:
    """The warning about special tokens that were read as text."""
    shown = ", ".join(showable(name) for name, _ in names.most_common(3))
    more = ", …" if len(names) > 3 else ""
    fix = "--parse-special-tokens reads them as special tokens"
    if getattr(loaded.tokenizer, "chat_template", None):
        fix += ", --chat applies the model's chat template"
    held = f"{counted(names.total(), 'special token')} ({shown}{more})"
    where = counted(sentences, "sentence")
    return f"{held} in {where} read as plain text, split like any word: {fix}."


def _long(cut: Cut, limit: int | None, of: str, loaded: LoadedModel, settings: Settings) -> str:
    """The warning about texts that were cut, or the error where that is not wanted.

    `limit` is that of their side of the model, `of` is what they are of a sentence.
    """
    takes, first = counted(limit or 0, "token"), cut.first[0]
    many = counted(cut.sentences, "target" if of else "sentence")
    if settings.long == "error":
        who = f"the decoder of {loaded.name}" if of else loaded.name
        raise InputError(
            f"{f'{of}sentence'.capitalize()} {_place(first)} has "
            f"{counted(len(first) + first.cut, 'token')}, and {who} takes {takes}; "
            f"{many} too long.",
            "Split the text with --split sentence, or let them be cut: --long truncate.",
        )
    who = "decoder" if of else "model"
    return (
        f"Cut to the {who}'s limit of {takes}: {many} ({cut.numbers}), "
        f"{counted(cut.tokens, 'token')} lost."
    )


def _place(tokens: Tokens) -> str:
    return f"{tokens.sentence.id} ({tokens.sentence.source}, line {tokens.sentence.line})"


def _first(names: Sequence[str], many: int) -> str:
    """The first few of so many names, and how many more there are."""
    told = ", ".join(names[:_NAMED])
    return f"{told} and {many - _NAMED} more" if many > _NAMED else told
