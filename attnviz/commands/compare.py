"""`attnviz compare`: what differs between models on one text, over checkpoints say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from attnviz.commands.command import Command
from attnviz.commands.flags import LogForm, Quiet, RowFormat, Verbose, When, with_flags
from attnviz.commands.inputs import read_inputs
from attnviz.commands.output import HUMAN, Output
from attnviz.console import put, set_colour, tell
from attnviz.dates import creation_date
from attnviz.errors import UsageError
from attnviz.settings import Settings, declarations, flag
from attnviz.sources import resolve
from attnviz.surroundings import check_address_space, working_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.comparison.several import Comparisons
    from attnviz.text.types import SourceFile

DEFAULT_FOLDER = Path("attnviz-compare")

_NOT_COMPARED = (
    "revision",
    "labels",
    "illustrate",
    "sentences",
    "explore_heads",
    "scale",
    "jobs",
    "export",
    "rollout_residual",
)
"""Settings that a comparison has no use for; a revision stands behind its model's name."""

_SETTINGS = [declared for name, declared in declarations().items() if name not in _NOT_COMPARED]

Models = Annotated[
    list[str],
    typer.Argument(
        metavar="MODEL",
        show_default=False,
        help="Models, each with a number format or revision if need be (minilm@float16), folders "
        "of checkpoints, or folders of reports or scans.",
    ),
]
TextFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--text",
        rich_help_panel="Text",
        metavar="FILE",
        show_default=False,
        help="The text that models are run on; may be given several times; - is standard input.",
    ),
]
CompareFolder = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        rich_help_panel="Output",
        metavar="DIR",
        show_default=False,
        help="Folder of the page. [dim]\\[default: attnviz-compare; none with --format json or "
        "markdown][/dim]",
    ),
]
Match = Annotated[
    Literal["auto", "number", "best"],
    typer.Option(
        "--match",
        rich_help_panel="Measuring",
        metavar="HOW",
        show_default=False,
        help="Compare heads of one number, or the most alike (best); auto: by number unless shapes "
        "differ or heads of a layer changed places. [dim]\\[default: auto][/dim]",
    ),
]


@with_flags(_SETTINGS)
def compare(
    model: Models,
    text: TextFiles = None,
    match: Match = "auto",
    output: CompareFolder = None,
    format: RowFormat = "human",  # noqa: A002 - the flag's name
    quiet: Quiet = False,
    verbose: Verbose = False,
    log: LogForm = "human",
    color: When = "auto",
    **flags: Any,  # noqa: ANN401 - the settings' own types
) -> None:
    """Compare what heads do in two models or more, on one text: roles, statistics, maps.

    [dim]attnviz compare minilm minilm@float16 --text samples/quickstart.txt -o out[/dim]
    """
    set_colour(color)
    check_address_space()
    folder = output or (DEFAULT_FOLDER if format == HUMAN else None)
    out = Output(folder=None, format=format, quiet=quiet, verbose=verbose, log=log)
    out.hear_libraries()
    from attnviz import saving
    from attnviz.compared import compared
    from attnviz.figures.scale import colormap

    # Whatever can be wrong with the command is said at once, not after minutes of work.
    settings = resolve(flags, os.environ, working_folder())
    creation_date(os.environ)
    colormap(settings.cmap)
    if folder is not None:
        saving.check_comparison(folder)
    given = [name for name, value in flags.items() if value is not None]
    every = compared(model, settings, given, flag)
    run = [each for each in every if each.model]
    _check_text(text or [], [each.model for each in run])
    files, target = _texts(run[0].model if run else "", text or [], settings, quiet=quiet)
    with out.progress() as progress:
        progress.stage("starting")
        out.load_libraries()
        from attnviz import pipeline

        made = pipeline.compared(every, files, settings, progress, target, matching=match)
        page = ""
        if folder is not None:
            page = str(saving.save_comparison(made, folder, progress))
    _show(made, out, page)


def _texts(
    model: str, text: list[str], settings: Settings, *, quiet: bool
) -> tuple[list[SourceFile], SourceFile | None]:
    """The files that models are run on."""
    if not (model and text):
        return [], None
    files, target, _ = read_inputs(model, text, settings.target, "", quiet=quiet)
    return list(files), target


def _check_text(text: list[str], run: Sequence[str]) -> None:
    """Raises UsageError where models have no text, or a text no model."""
    from attnviz.models.names import EMBEDDED
    from attnviz.text.showable import showable

    if run and not text:
        absent = [name for name in run if name != EMBEDDED and not Path(name).expanduser().exists()]
        if absent:
            raise UsageError(
                f"{showable(absent[0])} is no folder here, and so a model's name; there is no text "
                "to run it on.",
                "If it is a report or scan, check its path; if a model, name a text: --text FILE.",
            )
        raise UsageError("There is no text to run the models on.", "Name it: --text FILE.")
    if text and not run:
        raise UsageError(
            "--text is for models, and what was measured holds its own text.", "Leave it out."
        )


def _show(made: Comparisons, out: Output, page: str) -> None:
    """Prints what was asked for."""
    from attnviz.comparison.formats import json_comparison, markdown, terminal

    if out.format == "json":
        put(json_comparison.write(made))
    elif out.format == "markdown":
        put(markdown.write(made))
    elif not out.quiet:
        put(terminal.summary(made, page))
    if not out.quiet and (out.verbose or out.format != HUMAN):
        for warning in made.warnings:
            tell(warning, label="warning", style="yellow")


COMMAND = Command("compare", compare, order=6)
