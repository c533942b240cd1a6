"""`attnviz report`: what each head of a model does on a text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from attnviz.commands.again import judged
from attnviz.commands.command import Command
from attnviz.commands.flags import (
    LogForm,
    OptionalModel,
    Quiet,
    ReportFolder,
    ReportFormat,
    Verbose,
    When,
    with_settings,
)
from attnviz.commands.inputs import read_inputs
from attnviz.commands.output import HUMAN, Output
from attnviz.console import set_colour
from attnviz.errors import UsageError
from attnviz.settings import Settings, creation_date
from attnviz.sources import resolve
from attnviz.surroundings import check_address_space, working_folder

DEFAULT_FOLDER = Path("attnviz-report")

Texts = Annotated[
    list[str] | None,
    typer.Argument(metavar="TEXT", help="UTF-8 text or .conllu files; - is standard input."),
]
From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="DIR",
        rich_help_panel="Text",
        show_default=False,
        help="Report on what a scan or report in DIR measured, without MODEL and TEXT.",
    ),
]


@with_settings
def report(
    model: OptionalModel = None,
    text: Texts = None,
    from_: From = None,
    output: ReportFolder = None,
    format: ReportFormat = "human",  # noqa: A002 - the flag's name
    quiet: Quiet = False,
    verbose: Verbose = False,
    log: LogForm = "human",
    color: When = "auto",
    **flags: Any,  # noqa: ANN401 - the settings' own types
) -> None:
    """Report what each head of MODEL does on TEXT: roles, statistics, figures.

    [dim]attnviz report minilm samples/quickstart.txt -o out[/dim]
    """
    set_colour(color)
    check_address_space()
    folder = output or (DEFAULT_FOLDER if format == HUMAN else None)
    out = Output(folder=folder, format=format, quiet=quiet, verbose=verbose, log=log)
    out.hear_libraries()
    from attnviz.models import names

    # Whatever can be wrong with the command is said at once, not after minutes of work.
    settings = resolve(flags, os.environ, working_folder())
    creation_date(os.environ)
    out.check_format()
    if from_ is not None:
        given = [*filter(None, [model]), *(text or ())]
        _from_measurement(from_, given, flags, settings, out)
        return
    if model is None or not text:
        missing = "TEXT" if model else "MODEL"
        raise UsageError(f"Missing argument '{missing}'.", "See attnviz report --help.")
    names.resolve(model, allow_pickle=settings.allow_pickle)
    files, target = read_inputs(model, text, settings.target, quiet=quiet)
    with out.progress() as progress:
        progress.stage("starting")
        out.check(settings)
        from attnviz import pipeline
        from attnviz.models import heap

        # Once more: libraries add handlers of their own when they are imported.
        out.hear_libraries()
        heap.keep()
        made, measurement = pipeline.analyse(model, files, settings, progress, target)
        made, page = out.save(made, measurement, settings, progress)
    out.show(made, page)


def _from_measurement(
    folder: Path, given: list[str], flags: dict[str, Any], settings: Settings, out: Output
) -> None:
    with out.progress() as progress:
        progress.stage("weighing evidence")
        out.check(settings)
        made, measurement = judged(folder, given, flags, settings)
        made, page = out.save(made, measurement, settings, progress)
    out.show(made, page)


COMMAND = Command("report", report, order=1)
