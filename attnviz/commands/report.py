"""`attnviz report`: what each head of a model does on a text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from attnviz.commands.command import Command
from attnviz.commands.flags import (
    LogForm,
    Model,
    Quiet,
    ReportFolder,
    ReportFormat,
    Verbose,
    When,
    with_settings,
)
from attnviz.commands.inputs import read_inputs
from attnviz.commands.output import HUMAN, Output
from attnviz.console import set_colour, tell
from attnviz.errors import ExitCode
from attnviz.settings import creation_date
from attnviz.sources import resolve
from attnviz.surroundings import check_address_space, working_folder

DEFAULT_FOLDER = Path("attnviz-report")

Texts = Annotated[
    list[str],
    typer.Argument(metavar="TEXT", help="UTF-8 text or .conllu files; - is standard input."),
]
FailIf = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-if",
        rich_help_panel="Output",
        metavar="WHAT",
        show_default=False,
        help="Exit 1 if a number of the report is so: 'max first-token > 0.9'. max, min or mean "
        "over heads of a role's score or a statistic, or count of a role's supported heads; may be "
        "given several times.",
    ),
]


@with_settings
def report(
    model: Model,
    text: Texts,
    output: ReportFolder = None,
    fail_if: FailIf = None,
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
    from attnviz.rules import gate

    # Whatever can be wrong with the command is said at once, not after minutes of work.
    settings = resolve(flags, os.environ, working_folder())
    creation_date(os.environ)
    gates = [gate.read(each) for each in fail_if or ()]
    out.check_format()
    out.check_folder(flags["export"])
    names.resolve(model, allow_pickle=settings.allow_pickle)
    files, target, labels = read_inputs(model, text, settings.target, settings.labels, quiet=quiet)
    with out.progress() as progress:
        progress.stage("starting")
        out.check(settings)
        from attnviz import pipeline
        from attnviz.models import heap

        # Once more: libraries add handlers of their own when they are imported.
        out.hear_libraries()
        heap.keep()
        made, measurement = pipeline.analyse(model, files, settings, progress, target, labels)
        made, page = out.save(made, measurement, settings, progress)
    out.show(made, page)
    reasons = [reason for each in gates if (reason := each.reason(made))]
    for reason in reasons:
        tell(reason, label="failed", style="bold red")
    if reasons:
        raise typer.Exit(int(ExitCode.CHECK_FAILED))


COMMAND = Command("report", report, order=1)
