"""What goes into a run: which sentences can be measured, and what is said of those that can't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from attnviz.attention.merge import Wording
from attnviz.errors import InputError, NothingToAnalyseError, UsageError
from attnviz.evidence.bootstrap import FEWEST
from attnviz.models.load import LoadedModel
from attnviz.report.given import FileInfo, InputInfo
from attnviz.report.numbers import counted
from attnviz.settings import Settings
from attnviz.text.merge import merged
from attnviz.text.split import sentences as split_sentences
from attnviz.text.tokenize import tokenize_targets
from attnviz.text.types import Sentence, SourceFile, Tokens
from attnviz.text.word_splitter import scripts_without_words

_NAMED = 10


def named(files: Sequence[SourceFile]) -> list[SourceFile]:
    """Files under the shortest ends of their paths that tell them apart.

    A report then doesn't depend on the folder that it was made in.
    """
    paths = [Path(file.name) for file in files]
    deepest = max((len(path.parts) for path in paths), default=1)
    for depth in range(1, deepest + 1):
        names = [Path(*path.parts[-depth:]).as_posix() for path in paths]
        if len(set(names)) == len(set(paths)):
            break
    return [replace(file, name=name) for file, name in zip(files, names, strict=True)]


def with_target(settings: Settings, target: SourceFile | None) -> Settings:
    """The settings of a run whose decoder reads `target`: a sentence is then a line, or a pair.

    Raises UsageError where the decoder's text is to be read and written at once.
    """
    if target is None:
        return settings
    if settings.generate:
        raise UsageError(
            "--target and --generate are two texts for one decoder.", "Leave out one of them."
        )
    return settings if settings.split == "pair" else replace(settings, split="line")


def targets(
    file: SourceFile | None, sentences: Sequence[Sentence], loaded: LoadedModel
) -> list[Tokens] | None:
    """What a decoder reads, a line a sentence; None where there is no file.

    Raises InputError where the lines don't match the sentences.
    """
    if file is None:
        return None
    lines = split_sentences([file], "line")
    if len(lines) != len(sentences):
        raise InputError(
            f"{file.name} has {counted(len(lines), 'line')} for "
            f"{counted(len(sentences), 'sentence')}.",
            "Give the target of each line of the text on the same line of the target file.",
        )
    return list(tokenize_targets(lines, loaded.tokenizer, loaded.limit, loaded.decoder_start))


Sides = tuple[list[Tokens], list[Tokens] | None, list[str]]


def usable(
    tokens: Sequence[Tokens],
    targets: Sequence[Tokens] | None,
    loaded: LoadedModel,
    settings: Settings,
) -> Sides:
    """The sentences that have a content token, their targets, and warnings for what was lost.

    Raises NothingToAnalyseError where none has, InputError for long ones with `--long error`.
    """
    warnings = []
    usable = [
        place
        for place, one in enumerate(tokens)
        if "" in one.kinds and (targets is None or "" in targets[place].kinds)
    ]
    kept = [tokens[place] for place in usable]
    matching = None if targets is None else [targets[place] for place in usable]
    if not kept:
        raise NothingToAnalyseError(
            "No sentence has a token that could be analysed.", "Give a text with words in it."
        )
    if len(kept) < len(tokens):
        lost = counted(len(tokens) - len(kept), "sentence")
        warnings.append(f"Left out, for want of any content token: {lost}.")
    if long := [one for one in [*kept, *(matching or ())] if one.cut]:
        warnings.append(_long(long, loaded, settings))
    if scripts := scripts_without_words(one.sentence.text for one in [*kept, *(matching or ())]):
        warnings.append(
            f"The words of {' and '.join(scripts)} text can't be told apart without ICU: each "
            'character counts as one. Install it: pip install "attnviz[icu]"'
        )
    if len(kept) < FEWEST:
        warnings.append(
            f"Only {counted(len(kept), 'sentence')}: too few for intervals, so no verdict is more "
            f"than tentative. Fifty sentences are enough for most roles."
        )
    elif (units := len({one.sentence.unit for one in kept})) < FEWEST:
        what = "document" if any(one.sentence.document for one in kept) else "different sentence"
        warnings.append(
            f"Only {counted(units, what)}: too few for intervals, so no verdict is more than "
            "tentative."
        )
    return kept, matching, warnings


def _long(long: Sequence[Tokens], loaded: LoadedModel, settings: Settings) -> str:
    """The warning about sentences that were cut, or the error where that is not wanted."""
    limit = counted(loaded.limit or 0, "token")
    first = long[0]
    if settings.long == "error":
        raise InputError(
            f"Sentence {first.sentence.id} ({first.sentence.source}, line {first.sentence.line}) "
            f"has {counted(len(first) + first.cut, 'token')}, and {loaded.name} takes {limit}; "
            f"{counted(len(long), 'sentence')} too long.",
            "Split the text with --split sentence, or let them be cut: --long truncate.",
        )
    numbers = ", ".join(str(one.sentence.id) for one in long[:_NAMED])
    more = f" and {len(long) - _NAMED} more" if len(long) > _NAMED else ""
    return (
        f"Cut to the model's limit of {limit}: {counted(len(long), 'sentence')} ({numbers}{more}), "
        f"{counted(sum(one.cut for one in long), 'token')} lost."
    )


def check_illustrated(wanted: Sequence[int], kept: Sequence[Tokens]) -> None:
    """Raises UsageError for a sentence to be drawn that isn't there."""
    there = {one.sentence.id for one in kept}
    for number in wanted:
        if number not in there:
            raise UsageError(
                f"There is no sentence {number} to illustrate.",
                f"Sentences count from {min(there)} to {max(there)}.",
            )


def wording(
    kept: Sequence[Tokens], targets: Sequence[Tokens] | None, settings: Settings
) -> Wording | None:
    """The texts in words, where that is asked for; the same words get the same ids in both."""
    if not settings.words:
        return None
    found = merged([*kept, *(targets or ())])
    several = found[len(kept) :] if targets is not None else None
    return Wording(found[: len(kept)], several, settings.pieces)


def info(
    files: Sequence[SourceFile],
    kept: Sequence[Tokens],
    settings: Settings,
    wording: Wording | None = None,
) -> InputInfo:
    """What the report says of its input."""
    return InputInfo(
        files=tuple(
            FileInfo(file.name, file.sha256, sum(one.sentence.source == file.name for one in kept))
            for file in files
        ),
        split=settings.split,
        sentences=len(kept),
        tokens=sum(map(len, kept)),
        truncated=sum(one.cut > 0 for one in kept),
        words=sum(len(one.tokens) for one in wording.sentences) if wording else 0,
        documents=len({one.sentence.unit for one in kept if one.sentence.document}),
    )
