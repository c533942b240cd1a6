"""`attnviz report`: what each head of a model does on a text."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attnviz.commands.again import Source, judged
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
from attnviz.console import set_colour, tell
from attnviz.dates import creation_date
from attnviz.errors import ExitCode, UsageError
from attnviz.settings import Settings
from attnviz.sources import resolve
from attnviz.surroundings import check_address_space, working_folder

if TYPE_CHECKING:
    from attnviz.report.model import Report

DEFAULT_FOLDER = Path("attnviz-report")

Texts = Annotated[
    list[str] | None,
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
From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="DIR",
        rich_help_panel="Text",
        show_default=False,
        help="Report on what a scan or report in DIR measured. Examples and pictures are made "
        "where its model and texts are at hand; MODEL and TEXT say where they are now.",
    ),
]
WithoutText = Annotated[
    bool,
    typer.Option(
        "--without-text",
        rich_help_panel="Text",
        show_default=False,
        help="With --from: numbers, tables and maps only, without model and texts.",
    ),
]
Each = Annotated[
    bool,
    typer.Option(
        "--each",
        rich_help_panel="Text",
        show_default=False,
        help="A report for each TEXT, in a folder of its own, with a page that lists them.",
    ),
]


@with_settings
def report(
    model: OptionalModel = None,
    text: Texts = None,
    from_: From = None,
    without_text: WithoutText = False,
    each: Each = False,
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
    from attnviz.rules import gate

    # Whatever can be wrong with the command is said at once, not after minutes of work.
    settings = resolve(flags, os.environ, working_folder())
    creation_date(os.environ)
    gates = [gate.read(what) for what in fail_if or ()]
    out.check_format()
    out.check_folder(flags["export"])
    if each:
        _refuse_others(from_, format, settings)
        from attnviz.commands.each import report_each

        if code := report_each(*_given(model, text), settings, out, gates):
            raise typer.Exit(code)
        return
    if from_ is None:
        if without_text:
            raise UsageError("--without-text goes with --from.", "Leave it out.")
        made, page = _measured(model, text, settings, out)
    else:
        source = Source(folder=from_, model=model, texts=text or (), without_text=without_text)
        made, page = _judged(source, flags, settings, out)
    out.show(made, page)
    reasons = [reason for gate in gates if (reason := gate.reason(made))]
    for reason in reasons:
        tell(reason, label="failed", style="bold red")
    if reasons:
        raise typer.Exit(int(ExitCode.CHECK_FAILED))


def _refuse_others(from_: Path | None, form: str, settings: Settings) -> None:
    """Raises UsageError for what --each does not go with."""
    for name, stands, fix in (
        ("--from", from_ is not None, "A measurement has one report."),
        (f"--format {form}", form != HUMAN, "Each report's folder holds it in every format."),
        ("--target", bool(settings.target), "Its lines are those of one text: leave out --each."),
        ("--labels", bool(settings.labels), "Its lines are those of one text: leave out --each."),
    ):
        if stands:
            raise UsageError(f"{name} and --each don't go together.", fix)


def _given(model: str | None, text: list[str] | None) -> tuple[str, list[str]]:
    """Both. Raises UsageError where either is missing."""
    if model is None or not text:
        missing = "TEXT" if model else "MODEL"
        raise UsageError(f"Missing argument '{missing}'.", "See attnviz report --help.")
    return model, text


def _measured(
    model: str | None, text: list[str] | None, settings: Settings, out: Output
) -> tuple[Report, str]:
    """The report of a run over texts, and the path of its page, "" without a folder."""
    model, text = _given(model, text)
    from attnviz.models import names

    names.resolve(model, allow_pickle=settings.allow_pickle)
    quiet = out.quiet
    files, target, labels = read_inputs(model, text, settings.target, settings.labels, quiet=quiet)
    with out.progress() as progress:
        progress.stage("starting")
        out.check(settings)
        out.load_libraries()
        from attnviz import pipeline

        made, measurement = pipeline.analyse(model, files, settings, progress, target, labels)
        return out.save(made, measurement, settings, progress)


def _judged(
    source: Source, flags: dict[str, Any], settings: Settings, out: Output
) -> tuple[Report, str]:
    """The report of what was measured before, and the path of its page, "" without a folder."""
    with out.progress() as progress:
        progress.stage("starting")
        out.check(settings)
        if not source.without_text:
            out.load_libraries()
        made, measurement = judged(source, flags, settings, progress)
        return out.save(made, measurement, settings, progress)


COMMAND = Command("report", report, order=1)
