"""`attnviz check`: rules that say where attention must go, and whether it does."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attnviz import folder
from attnviz.commands.command import Command
from attnviz.commands.flags import (
    LogForm,
    Model,
    Quiet,
    RowFormat,
    Verbose,
    When,
    with_flags,
)
from attnviz.commands.output import HUMAN, Output
from attnviz.console import put, set_colour, tell
from attnviz.errors import UsageError
from attnviz.settings import Settings, declarations
from attnviz.sources import resolve
from attnviz.surroundings import check_address_space, working_folder

if TYPE_CHECKING:
    from attnviz.rules.read import RuleFile
    from attnviz.rules.verdict import Verdicts
    from attnviz.text.types import SourceFile

_FOLDER = folder.Signature("attnviz.check/1", ("report.json", "report.md", "junit.xml"))
"""How a folder that `--report` wrote is recognised."""

_SETTINGS = [
    declared
    for declared in declarations(Settings).values()
    if declared.name
    not in ("target", "kernel", "illustrate", "sentences", "max_size", "scale", "jobs")
]

Rules = Annotated[
    Path | None,
    typer.Argument(metavar="RULES", show_default=False, help="A file of rules in TOML."),
]
Update = Annotated[
    bool,
    typer.Option(
        "--update",
        rich_help_panel="New rules",
        metavar="",
        help="Rewrite the bounds in RULES that don't hold, after a change that was meant, and "
        "check again.",
    ),
]
Init = Annotated[
    Path | None,
    typer.Option(
        "--init",
        rich_help_panel="New rules",
        metavar="RULES",
        show_default=False,
        help="Write rules that pass on the text of --text, instead of checking any.",
    ),
]
MeasurementFile = Annotated[
    Path | None,
    typer.Option(
        "--from",
        rich_help_panel="New rules",
        metavar="DIR",
        show_default=False,
        help="With --init: the report's folder, or measurement, to take numbers from; the model "
        "isn't run.",
    ),
]
JUnit = Annotated[
    Path | None,
    typer.Option(
        "--junit",
        rich_help_panel="Output",
        metavar="FILE",
        show_default=False,
        help="Write the verdicts as JUnit XML, too.",
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report",
        rich_help_panel="Output",
        metavar="DIR",
        show_default=False,
        help="Write a folder with the verdicts in every format, and pictures of what fails.",
    ),
]
Tags = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        rich_help_panel="Output",
        metavar="KEY=VALUE",
        show_default=False,
        help="Mark the outputs, as with git.sha=…; may be given several times.",
    ),
]
TextFile = Annotated[
    str,
    typer.Option(
        "--text",
        rich_help_panel="Text",
        metavar="FILE",
        show_default=False,
        help="The text of rules that name none.",
    ),
]


@with_flags(_SETTINGS)
def check(
    model: Model,
    rules: Rules = None,
    init: Init = None,
    source: MeasurementFile = None,
    update: Update = False,
    text: TextFile = "",
    junit: JUnit = None,
    report: Report = None,
    tag: Tags = None,
    format: RowFormat = "human",  # noqa: A002 - the flag's name
    quiet: Quiet = False,
    verbose: Verbose = False,
    log: LogForm = "human",
    color: When = "auto",
    **flags: Any,  # noqa: ANN401 - the settings' own types
) -> None:
    """Check that the attention of MODEL goes where RULES say; exit 1 where it doesn't.

    [dim]attnviz check minilm rules.toml --junit junit.xml[/dim]

    [dim]attnviz check minilm --init rules.toml --text corpus.txt[/dim]
    """
    set_colour(color)
    check_address_space()
    out = Output(folder=None, format=HUMAN, quiet=quiet, verbose=verbose, log=log)
    out.hear_libraries()
    from attnviz.commands import new_rules
    from attnviz.models import names
    from attnviz.rules import files

    # Whatever can be wrong with the command is said at once, not after minutes of work.
    settings = resolve(flags, os.environ, working_folder())
    tags = _tags(tag or [])
    if text == "-":
        raise UsageError("--text is standard input, which no rule can name.", "Name a file.")
    if init is not None:
        if rules is not None:
            raise UsageError("--init writes rules, and reads none.", f"Leave out {rules}.")
        new_rules.write(model, init, source, text, settings, out)
        return
    if rules is None:
        raise UsageError("No file of rules was given.", "Name it, or write one with --init.")
    if source is not None:
        raise UsageError("--from goes with --init.", "Leave it out.")
    known = files.open_rules(rules, text)
    sources = files.open_texts(known, rules.parent)
    names.resolve(model, allow_pickle=settings.allow_pickle)
    if junit is not None:
        folder.check_files([junit])
    if report is not None:
        folder.check(report, _FOLDER)
    run = partial(_run, out, model, settings, tags, drawn=report is not None)
    verdicts, pictures = run(known, sources)
    if update and new_rules.update(rules, known, verdicts, out):
        known = files.open_rules(rules, text)
        verdicts, pictures = run(known, sources)
    if report is not None:
        folder.write(report, _contents(verdicts, pictures), _FOLDER)
    _show(verdicts, out, junit, format)
    raise typer.Exit(int(verdicts.exit_code))


def _run(
    out: Output,
    model: str,
    settings: Settings,
    tags: Mapping[str, str],
    known: RuleFile,
    sources: Mapping[str, SourceFile],
    *,
    drawn: bool,
) -> tuple[Verdicts, Mapping[str, bytes]]:
    """The verdicts, and pictures of those that fail where they are to be `drawn`."""
    with out.progress() as progress:
        progress.stage("starting")
        out.load_libraries()
        from attnviz import pipeline

        return pipeline.checked_rules(model, known, sources, settings, progress, tags, drawn=drawn)


def _contents(verdicts: Verdicts, pictures: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a folder with verdicts."""
    from attnviz.rules.formats import json_verdicts, markdown_verdicts
    from attnviz.rules.formats import junit as junit_verdicts

    return {
        "report.json": json_verdicts.write(verdicts),
        "report.md": markdown_verdicts.write(verdicts, pictures=True),
        "junit.xml": junit_verdicts.write(verdicts),
        **pictures,
    }


def _show(verdicts: Verdicts, out: Output, junit: Path | None, format: str) -> None:  # noqa: A002 - the flag's name
    """Writes and prints what was asked for."""
    from attnviz.rules.formats import json_verdicts, markdown_verdicts, terminal
    from attnviz.rules.formats import junit as junit_verdicts

    if junit is not None:
        folder.write_files({junit: junit_verdicts.write(verdicts)})
    if format == "json":
        put(json_verdicts.write(verdicts))
    elif format == "markdown":
        put(markdown_verdicts.write(verdicts))
    elif not out.quiet or not verdicts.passed:
        put(terminal.summary(verdicts), whole_lines=True)
    if not out.quiet:
        for warning in verdicts.warnings:
            tell(warning, label="warning", style="yellow")


def _tags(marks: list[str]) -> dict[str, str]:
    """The marks of a run by name; UsageError for what is none."""
    tags: dict[str, str] = {}
    for each in marks:
        name, equals, value = each.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"--tag is {each!r}.", "Use KEY=VALUE, such as git.sha=3f2a1c.")
        tags[name.strip()] = value
    return tags


COMMAND = Command("check", check, order=5)
