"""What goes into a run: which sentences can be measured, and what is said of those that can't."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from attnviz.attention.merge import Wording
from attnviz.errors import InputError, NothingToAnalyseError, UsageError
from attnviz.evidence.bootstrap import FEWEST
from attnviz.models.load import LoadedModel, quiet
from attnviz.measurement.source import FileInfo, InputInfo
from attnviz.report.numbers import counted
from attnviz.settings import Settings
from attnviz.text.chat import rendered
from attnviz.text.facing import facing
from attnviz.text.merge import merged
from attnviz.text.showable import showable
from attnviz.text.special import Reading, SpecialTokens, unread, written_in
from attnviz.text.split import sentences as split_sentences
from attnviz.text.tokenize import tokenize_all, tokenize_targets
from attnviz.text.types import Sentence, SourceFile, Tokens
from attnviz.text.unknown import unknown_warning
from attnviz.text.word_splitter import scripts_without_words

_NAMED = 10

Sides = tuple[list[Tokens], list[Tokens] | None, list[str]]
"""What the model reads, what its decoder reads, and warnings."""


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


def checked(settings: Settings, target: SourceFile | None) -> Settings:
    """The settings of a run whose decoder reads `target`: a sentence is then a line.

    Raises UsageError for settings that contradict each other.
    """
    if settings.chat:
        _check_chat(settings)
    elif settings.input_format == "jsonl":
        raise UsageError(
            "JSON Lines are read as conversations only.",
            "Add --chat, or extract the sentences first, as with `jq -r .text`.",
        )
    if target is None:
        return settings
    if settings.generate:
        raise UsageError(
            "--target and --generate are two texts for one decoder.", "Leave out one of them."
        )
    if settings.split == "sentence":
        raise UsageError(
            "With --target a sentence is a line, for which the target has a line too.",
            "Use --split line (a line a sentence), or --split document (a file each).",
        )
    return replace(settings, split="line") if settings.split == "auto" else settings


def _check_chat(settings: Settings) -> None:
    for name, stands in (
        ("--split pair", settings.split == "pair"),
        ("--annotate", bool(settings.annotate)),
        ("--input-format conllu", settings.input_format == "conllu"),
    ):
        if stands:
            raise UsageError(
                f"--chat and {name} don't go together.",
                "The chat template makes the text anew; leave out one of them.",
            )


def read_sentences(
    files: Sequence[SourceFile], target: SourceFile | None, settings: Settings
) -> tuple[tuple[Sentence, ...], tuple[Sentence, ...] | None]:
    """The sentences of the files, and what a decoder reads with each, None where there is no file.

    Raises InputError where the lines of the target don't match those of the text.
    """
    files = [_as_told(file, settings) for file in files]
    target = target and named([target])[0]
    split, language, chat = settings.split, settings.language, settings.chat
    if target is None:
        return split_sentences(files, split, language, chat=chat), None
    if settings.input_format == "text":
        target = _as_told(target, settings)
    sources = split_sentences(files, split, language, chat=chat, blank_lines=True)
    document = split == "document"
    lines = split_sentences(
        [target], "document" if document else "line", language, blank_lines=True
    )
    return facing(sources, lines, "document" if document else "line")


def _as_told(file: SourceFile, settings: Settings) -> SourceFile:
    return replace(file, format=settings.input_format) if file.format == "auto" else file


def tokenized(
    found: Sequence[Sentence],
    answers: Sequence[Sentence] | None,
    loaded: LoadedModel,
    settings: Settings,
) -> Sides:
    """Both sides as the model's tokens, and warnings about special tokens that they hold."""
    special = SpecialTokens(loaded.tokenizer)
    warnings = []
    reading: Reading = "parse" if settings.parse_special_tokens else "text"
    if settings.chat:
        warnings = _of_chat(found, loaded, special)
        with quiet():
            found = rendered(found, loaded.tokenizer, loaded.name, answered=settings.generate > 0)
    tokens = tokenize_all(
        found, loaded.tokenizer, loaded.limit, reading="chat" if settings.chat else reading
    )
    targets = None
    if answers is not None:
        start = loaded.decoder_start
        most = loaded.target_limit
        targets = tokenize_targets(answers, loaded.tokenizer, most, start, reading=reading)
    if loaded.tokenizer.is_fast:
        warnings += _of_unread([*tokens, *(targets or ())], loaded, special)
    return list(tokens), None if targets is None else list(targets), warnings


def _of_chat(found: Sequence[Sentence], loaded: LoadedModel, special: SpecialTokens) -> list[str]:
    """Warnings about what a conversation or its template brings along."""
    warnings = []
    if many := written_in([one.text for one in found], special):
        warnings.append(
            f"{counted(many, 'conversation')} with special tokens in what is said: the model "
            "reads them as its own."
        )
    if "strftime_now" in str(loaded.tokenizer.chat_template):
        warnings.append(
            "The chat template may write today's date, and then the numbers change with the day."
        )
    return warnings


def _of_unread(texts: Sequence[Tokens], loaded: LoadedModel, special: SpecialTokens) -> list[str]:
    """The warning about special tokens that were read as text, if any."""
    many, names = unread(texts, special)
    if not many:
        return []
    shown = ", ".join(showable(name) for name, _ in names.most_common(3))
    more = ", …" if len(names) > 3 else ""
    fix = "--parse-special-tokens reads them as special tokens"
    if getattr(loaded.tokenizer, "chat_template", None):
        fix += ", --chat applies the model's chat template"
    held = f"{counted(names.total(), 'special token')} ({shown}{more})"
    where = counted(many, "sentence")
    return [f"{held} in {where} read as plain text, split like any word: {fix}."]


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
        if _is_whole(one) and (targets is None or "" in targets[place].kinds)
    ]
    kept = [tokens[place] for place in usable]
    matching = None if targets is None else [targets[place] for place in usable]
    if not kept:
        raise NothingToAnalyseError(
            "No sentence has a token that could be analysed.", "Give a text with words in it."
        )
    if len(kept) < len(tokens):
        there = set(usable)
        lost = [one.sentence for place, one in enumerate(tokens) if place not in there]
        warnings.append(_left_out(lost, paired=targets is not None))
    sides = (kept, loaded.limit, ""), (matching or (), loaded.target_limit, "target of ")
    for side, limit, of in sides:
        if long := [one for one in side if one.cut]:
            warnings.append(_long(long, limit, of, loaded, settings))
    warnings += unknown_warning([*kept, *(matching or ())])
    if scripts := scripts_without_words(one.sentence.text for one in [*kept, *(matching or ())]):
        warnings.append(
            f"The words of {' and '.join(scripts)} text can't be told apart without ICU: each "
            'character counts as one. Install it: pip install "attnviz[icu]"'
        )
    if len(kept) < FEWEST:
        warnings.append(
            f"Only {counted(len(kept), 'sentence')}: too few for intervals, so there are no "
            "verdicts. Five give the first, fifty are enough for most roles."
        )
    else:
        warnings += _repeated([one.sentence for one in kept])
    return kept, matching, warnings


def _repeated(sentences: Sequence[Sentence]) -> list[str]:
    """A warning where there are fewer units of evidence than sentences, or none."""
    units = len({one.unit for one in sentences})
    documents = any(one.document for one in sentences)
    if units < FEWEST:
        what = counted(units, "document" if documents else "different sentence")
        return [f"Only {what}: too few for intervals, so there are no verdicts."]
    if documents or units == len(sentences):
        return []
    warning = (
        f"Of {counted(len(sentences), 'sentence')} {units:,} are different: one that comes again "
        "is no further evidence, in intervals and verdicts."
    )
    return [warning]


def _is_whole(tokens: Tokens) -> bool:
    """Whether a sentence has a content token, a pair one in each text."""
    of = zip(tokens.segments or (0,) * len(tokens), tokens.kinds, strict=True)
    return {segment for segment, kind in of if not kind} >= {0, *({1} if tokens.segments else ())}


def _left_out(lost: Sequence[Sentence], *, paired: bool) -> str:
    """The warning that names the sentences that can't be measured by their lines."""
    paired = paired or any(one.pair for one in lost)
    several = len({one.source for one in lost}) > 1
    lines = [f"{one.source} line {one.line}" if several else str(one.line) for one in lost]
    where = f"{'' if several else 'line ' if len(lost) == 1 else 'lines '}"
    return (
        f"Left out, for want of any content token{' on one side' * paired}: "
        f"{counted(len(lost), 'pair' if paired else 'sentence')} "
        f"({where}{_first(lines)})."
    )


def _long(
    long: Sequence[Tokens], limit: int | None, of: str, loaded: LoadedModel, settings: Settings
) -> str:
    """The warning about texts that were cut, or the error where that is not wanted.

    `limit` is that of their side of the model, `of` is what they are of a sentence.
    """
    takes = counted(limit or 0, "token")
    first = long[0]
    if settings.long == "error":
        who = f"the decoder of {loaded.name}" if of else loaded.name
        raise InputError(
            f"{f'{of}sentence'.capitalize()} {_place(first)} has "
            f"{counted(len(first) + first.cut, 'token')}, and {who} takes {takes}; "
            f"{_many(long, of)} too long.",
            "Split the text with --split sentence, or let them be cut: --long truncate.",
        )
    who = "decoder" if of else "model"
    return (
        f"Cut to the {who}'s limit of {takes}: {_many(long, of)} ({_numbers(long)}), "
        f"{counted(sum(one.cut for one in long), 'token')} lost."
    )


def unwritten(
    before: Sequence[Tokens], after: Sequence[Tokens], loaded: LoadedModel, settings: Settings
) -> list[str]:
    """A warning for what the model had no room to write, or the error with `--long error`."""
    missing = [
        new.cut - (0 if loaded.encoder_decoder else old.cut)
        for old, new in zip(before, after, strict=True)
    ]
    full = [one for one, lost in zip(after, missing, strict=True) if lost]
    if not full:
        return []
    limit = loaded.target_limit if loaded.encoder_decoder else loaded.limit
    takes = counted(limit or 0, "token")
    said = f"for {counted(max(missing), 'token')} of the {settings.generate} that were asked for"
    if settings.long == "error":
        raise InputError(
            f"There is no room after sentence {_place(full[0])} {said}: {loaded.name} takes "
            f"{takes}; {counted(len(full), 'sentence')} without enough room.",
            "Ask for fewer with --generate, or let them be left out: --long truncate.",
        )
    lost = counted(sum(missing), "token")
    return [
        f"Not written, as the model takes {takes}: {lost} of {_many(full, '')} ({_numbers(full)})."
    ]


def _place(one: Tokens) -> str:
    return f"{one.sentence.id} ({one.sentence.source}, line {one.sentence.line})"


def _many(long: Sequence[Tokens], of: str) -> str:
    return counted(len(long), "target" if of else "sentence")


def _numbers(long: Sequence[Tokens]) -> str:
    return _first([str(one.sentence.id) for one in long])


def _first(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    told = ", ".join(names[:_NAMED])
    return f"{told} and {len(names) - _NAMED} more" if len(names) > _NAMED else told


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
    targets: Sequence[Tokens] | None = None,
) -> InputInfo:
    """What the report says of its input. A sentence is truncated if either of its sides was cut."""
    cut = [one.cut for one in kept]
    if targets is not None:
        cut = [source + target.cut for source, target in zip(cut, targets, strict=True)]
    return InputInfo(
        files=tuple(
            FileInfo(file.name, file.sha256, sum(one.sentence.source == file.name for one in kept))
            for file in files
        ),
        split=settings.split,
        sentences=len(kept),
        tokens=sum(map(len, kept)),
        truncated=sum(lost > 0 for lost in cut),
        words=sum(len(one.tokens) for one in wording.sentences) if wording else 0,
        documents=len({one.sentence.unit for one in kept if one.sentence.document}),
    )
