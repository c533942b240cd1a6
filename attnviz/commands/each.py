"""`attnviz report --each`: a report for each text, made with one model that is loaded once."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from attnviz import signals
from attnviz.commands.inputs import hear
from attnviz.commands.output import Output
from attnviz.console import complain, put, tell
from attnviz.errors import AttnvizError, ExitCode, UsageError, WriteError
from attnviz.progress import Silent
from attnviz.settings import Settings
from attnviz.text.showable import showable

if TYPE_CHECKING:
    from attnviz.models.load import LoadedModel
    from attnviz.report.index import Entry
    from attnviz.rules.gate import Gate

_STDIN, _STDIN_NAME = "-", "stdin"
_TAKEN = ("index.html",)


def report_each(
    model: str, texts: Sequence[str], settings: Settings, out: Output, gates: Sequence[Gate]
) -> int:
    """Reports on each text, and returns the exit code: that of the first text that has no report.

    A text that can't be reported on is told, and the others are. Raises what concerns all of them:
    UsageError, InputError for a model, WriteError.
    """
    from attnviz import saving

    folder = out.folder
    assert folder is not None, "a report for humans has a folder"  # noqa: S101
    names = folder_names(texts)
    hear(texts, "", quiet=out.quiet)
    with out.progress() as progress:
        progress.stage("starting")
        replace(out, folder=None).check(settings)
        saving.check_each(folder, names)
        out.load_libraries()
        from attnviz import pipeline
        from attnviz.report import index

        loaded = pipeline.loaded_for(model, settings, progress)
        made = _Made(model, loaded, settings, out, gates, progress, _shown(texts, names))
        for number, (text, name) in enumerate(zip(texts, names, strict=True), 1):
            progress.stage(f"text {number} of {len(texts)}, {showable(text)}")
            with signals.unsettled():
                made.add(text, folder / name)
                if made.any:
                    saving.save_index(folder, loaded.name, made.entries)
    if made.any:
        made.show(folder / index.NAME)
    return made.code


class _Made:
    """The reports that were made so far, `entries` of the page that lists them, and the code.

    `shown` are the names of texts on that page, by the texts as they were given.
    """

    def __init__(
        self,
        model: str,
        loaded: LoadedModel,
        settings: Settings,
        out: Output,
        gates: Sequence[Gate],
        progress: Silent,
        shown: Mapping[str, str],
    ) -> None:
        self._model, self._loaded, self._settings = model, loaded, settings
        self._out, self._gates, self._progress = out, gates, progress
        self._shown = shown
        self.entries: list[Entry] = []
        self._lines: list[str] = []
        self._errors: list[int] = []
        self._failed = False

    @property
    def code(self) -> int:
        """That of the first error, else that of a check that failed."""
        failed = int(ExitCode.CHECK_FAILED) if self._failed else int(ExitCode.OK)
        return next(iter(self._errors), failed)

    @property
    def any(self) -> bool:
        """Whether there is a report, and so a folder."""
        return bool(self._lines)

    def add(self, text: str, folder: Path) -> None:
        """Makes the report on a text, or says why there is none."""
        from attnviz.report.index import Entry

        try:
            self._report(text, folder)
        except WriteError:
            raise
        except AttnvizError as error:
            self._errors.append(int(error.exit_code))
            self.entries.append(Entry(self._shown[text], folder.name, error=error.message))
            message = error.message if text in error.message else f"{text}: {error.message}"
            complain(message, error.hint, code=int(error.exit_code))

    def _report(self, text: str, folder: Path) -> None:
        from attnviz import pipeline
        from attnviz.report.index import Entry
        from attnviz.text.files import read

        stdin = sys.stdin.buffer if sys.stdin else None
        files = read([text], stdin, command=f"attnviz report {shlex.quote(self._model)}")
        report, measurement = pipeline.analyse_with(
            self._loaded, files, self._settings, self._progress
        )
        out = replace(self._out, folder=folder)
        report, page = out.save(report, measurement, self._settings, self._progress)
        entry = Entry.of(self._shown[text], folder.name, report)
        self.entries.append(entry)
        self._lines.append(f"{showable(f'{text}: {entry.says}')}\n  {showable(page)}\n")
        for gate in self._gates:
            if reason := gate.reason(report):
                self._failed = True
                tell(f"{text}: {reason}", label="failed", style="bold red")

    def show(self, page: Path) -> None:
        """Prints a line on each report, and where the page is that lists them."""
        if not self._out.quiet:
            put("".join([*self._lines, f"{showable(str(page))}\n"]).encode())


def _shown(texts: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """The names of files without their folders, where they tell the files apart."""
    ends = [Path(text).name for text in texts]
    return {
        text: end if ends.count(end) == 1 else name
        for text, end, name in zip(texts, ends, names, strict=True)
    }


def folder_names(texts: Sequence[str]) -> list[str]:
    """A name for the folder of each text's report: the file's, with no more than tells them apart.

    That is the name without its suffix, with it, or with the folder's name before it, or else with
    a number behind it; letters of either case are alike, as on some disks. Raises UsageError where
    a text is named twice.
    """
    paths = [Path(_STDIN_NAME if text == _STDIN else text) for text in texts]
    _refuse_twice(texts)
    named: dict[int, str] = {}
    taken = {name.casefold() for name in _TAKEN}
    ways: tuple[Callable[[Path], str], ...] = (
        lambda path: path.stem,
        lambda path: path.name,
        lambda path: f"{path.absolute().parent.name}-{path.name}",
    )
    for way in ways:
        names = {place: way(path) for place, path in enumerate(paths) if place not in named}
        many = Counter(name.casefold() for name in names.values())
        free = {name for name in many if many[name] == 1 and name not in taken}
        named |= {place: name for place, name in names.items() if name.casefold() in free}
        taken |= free
    for place, path in enumerate(paths):
        number = 1
        while place not in named:
            name = f"{path.stem}-{number}"
            if name.casefold() not in taken:
                named[place] = name
                taken.add(name.casefold())
            number += 1
    return [named[place] for place in range(len(paths))]


def _refuse_twice(texts: Sequence[str]) -> None:
    seen: dict[Path, str] = {}
    for text in texts:
        place = Path(text).resolve() if text != _STDIN else Path(text)
        if place in seen:
            raise UsageError(
                f"{text} is named twice" + (f", as {seen[place]}." if seen[place] != text else "."),
                "Name each text once.",
            )
        seen[place] = text
