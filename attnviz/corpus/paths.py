"""PATHS become the files of a corpus: files, folders and patterns, each file once."""

from __future__ import annotations

import glob
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from attnviz.errors import InputError, NothingToAnalyseError, UsageError
from attnviz.survey.texts import shortest_ends
from attnviz.text.files import STDIN
from attnviz.text.missing import absent
from attnviz.text.showable import showable

Kind = Literal["text", "conllu", "jsonl", "csv", "parquet", ""]

_KINDS: dict[str, Kind] = {
    **dict.fromkeys((".txt", ".text", ".md"), "text"),
    **dict.fromkeys((".conllu", ".conllup", ".conll"), "conllu"),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), "jsonl"),
    **dict.fromkeys((".csv", ".tsv", ".tab"), "csv"),
    ".parquet": "parquet",
}
_PACKED = (".gz", ".zst", ".zstd")
_PATTERN = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class CorpusFile:
    """A file of a corpus: where it lies, what it is called, and what its name says it holds.

    `name` is the shortest end of its path that tells it from the others; `kind` is "" where the
    name says nothing.
    """

    path: Path
    name: str
    kind: Kind

    @property
    def shown(self) -> str:
        """The name as messages have it."""
        return "standard input" if self.name == STDIN else self.name


@dataclass(frozen=True)
class CorpusFiles:
    """The files of a corpus in their order; `skipped` says what folders hold besides, if any."""

    files: tuple[CorpusFile, ...]
    skipped: str = ""

    @property
    def standard_input(self) -> bool:
        """Whether one of them is standard input."""
        return any(file.name == STDIN for file in self.files)


def corpus_files(paths: Sequence[str | Path], without: Path | None = None) -> CorpusFiles:
    """The files that paths name: of a folder those with texts, of a pattern those that match.

    Both come in the order of their names, and a file that is named twice comes once; what lies in
    the folder `without`, where the scan is written, is no part of the corpus. Raises
    UsageError for standard input beside others or an empty name, InputError for what isn't there,
    NothingToAnalyseError for a folder without texts.
    """
    names = [str(path) for path in paths]
    if "" in names:
        raise UsageError("A path is empty.", "Check the quotes and variables of the command.")
    if STDIN in names and len(names) > 1:
        raise UsageError(
            "Standard input (-) is read by itself.", "Name only it, or only files and folders."
        )
    if names == [STDIN]:
        return CorpusFiles((CorpusFile(Path(STDIN), STDIN, ""),))
    others = Counter[str]()
    left_out = without and without.resolve()
    by_place = {
        path.resolve(): path for name in names for path in _expanded(name, others, left_out)
    }
    ends = shortest_ends([str(path) for path in by_place.values()])
    files = (
        CorpusFile(path, showable(end), _kind(path))
        for path, end in zip(by_place.values(), ends, strict=True)
    )
    return CorpusFiles(tuple(files), _told(others))


def _expanded(name: str, others: Counter[str], without: Path | None) -> Iterator[Path]:
    """The files of one path; endings of those that are left out are counted in `others`."""
    path = Path(name)
    if path.is_dir():
        below = [each for each in _below(path) if not _lies_in(each, without)]
        texts = [each for each in below if _kind(each)]
        others.update(each.suffix or each.name for each in below if not _kind(each))
        if not texts:
            raise NothingToAnalyseError(
                f"There are no texts in the folder {showable(name)}.",
                f"Texts are files that end in {', '.join(_KINDS)}, and .gz or .zst after that; "
                "others can be named one by one.",
            )
        yield from texts
    elif path.exists() or not _PATTERN.search(name):
        if not path.exists():
            raise absent(path, showable(name), "")
        yield path
    else:
        matches = [each for each in _matches(path) if not _lies_in(each, without)]
        if not matches:
            raise InputError(
                f"No file matches {showable(name)}.", "Check the pattern; ** goes into folders."
            )
        yield from matches


def _matches(pattern: Path) -> list[Path]:
    """The files that match a pattern, in the order of their names.

    As those below a folder, what `**` finds is neither hidden nor behind a link to a folder: such
    links may go in circles.
    """
    until = pattern.parts.index("**") if "**" in pattern.parts else len(pattern.parts)
    starts = glob.glob(str(Path(*pattern.parts[:until])))  # noqa: PTH207 - absolute ones, too
    rest = pattern.parts[until:]
    matches = {
        path
        for start in map(Path, starts)
        for path in (_below(start) if rest else [start])
        if path.is_file() and _fits(path.relative_to(start).parts, rest)
    }
    return sorted(matches)


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path fits a pattern, both in parts; `**` stands for any number of folders."""
    if not pattern:
        return not parts
    rest = pattern[1:]
    if pattern[0] == "**":
        return not rest or any(_fits(parts[place:], rest) for place in range(len(parts)))
    return bool(parts) and fnmatch(parts[0], pattern[0]) and _fits(parts[1:], rest)


def _below(folder: Path) -> list[Path]:
    """All files below a folder but hidden ones, in the order of their names."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


def _lies_in(path: Path, folder: Path | None) -> bool:
    return folder is not None and path.resolve().is_relative_to(folder)


def _kind(path: Path) -> Kind:
    name = path.name.lower()
    for ending in _PACKED:
        name = name.removesuffix(ending)
    return _KINDS.get(Path(name).suffix, "")


def _told(others: Counter[str]) -> str:
    """What folders hold besides texts, in words."""
    if not others:
        return ""
    ends = ", ".join(showable(end) for end, _ in others.most_common(3))
    more = ", …" if len(others) > 3 else ""
    return f"Left out of folders, for their names say nothing of text: {ends}{more} " + (
        f"({others.total():,} files)." if others.total() > 1 else "(1 file)."
    )
