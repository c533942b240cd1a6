"""`attnviz check`: rules that say where attention must go, and whether it does."""

from __future__ import annotations

import os
from collections.abc import Mapping
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
    from attnviz.rules.verdict import Verdicts

_FOLDER = folder.Signature("attnviz.check/1", ("report.json", "report.md", "junit.xml"))
"""How a folder that `--report` wrote is recognised."""

_OF_REPORTS = {
    *("kernel", "illustrate", "sentences", "max_size", "explore_heads", "scale", "jobs"),
}

_SETTINGS = [
    declared for declared in declarations(Settings).values() if declared.name not in _OF_REPORTS
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
        help="The folder of a report or scan, or its measurement, to take numbers from: the model "
        "isn't run.",
    ),
]
Against = Annotated[
    Path | None,
    typer.Option(
        "--against",
        rich_help_panel="Earlier measurement",
        metavar="DIR",
        show_default=False,
        help="The folder of an earlier report: its text is measured again, and what surely changed "
        "is told.",
    ),
]
Margin = Annotated[
    float | None,
    typer.Option(
        "--margin",
        rich_help_panel="Earlier measurement",
        metavar="X",
        min=0.0,
        max=1.0,
        show_default="0.1",
        help="With --against: a head that surely changed by more than this fails; of nats and "
        "tokens it is a proportion.",
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
TextFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--text",
        rich_help_panel="Text",
        metavar="FILE",
        show_default=False,
        help="The text of rules that name none; with --against, where its text is; may then be "
        "given several times.",
    ),
]


@with_flags(_SETTINGS)
def check(
    model: Model,
    rules: Rules = None,
    against: Against = None,
    margin: Margin = None,
    init: Init = None,
    source: MeasurementFile = None,
    update: Update = False,
    text: TextFiles = None,
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

    [dim]attnviz check minilm --against report[/dim]

    [dim]attnviz check minilm --init rules.toml --text corpus.txt[/dim]
    """
    set_colour(color)
    check_address_space()
    out = Output(folder=None, format=HUMAN, quiet=quiet, verbose=verbose, log=log)
    out.hear_libraries()
    from attnviz.commands import checking, new_rules
    from attnviz.compared import with_settings

    # Whatever can be wrong with the command is said at once, not after minutes of work.
    settings = resolve(flags, os.environ, working_folder())
    model, settings = with_settings(model, settings)  # as compare takes it: minilm@float16
    tags = _tags(tag or [])
    texts = text or []
    _check_flags(texts, rules, against, init, source, flags["target"], margin, update=update)
    name = texts[0] if texts else ""
    if init is not None:
        new_rules.write(model, init, source, name, settings, out)
        return
    work = checking.Work(model, settings, tags, drawn=report is not None)
    if source is not None:
        work = work.measured_in(source)
    if rules is not None:
        work = work.with_rules(rules, name)
    if against is not None:
        work = work.held_against(against, texts, margin, flags)
    if source is None:
        work.check_model()
    if junit is not None:
        with checking.written_with("--junit"):
            folder.check_files([junit])
    if report is not None:
        with checking.written_with("--report"):
            folder.check(report, _FOLDER)
    verdicts, pictures = work.run(out)
    if update and rules and work.rules and new_rules.update(rules, work.rules, verdicts, out):
        verdicts, pictures = work.with_rules(rules, name).run(out)
    if report is not None:
        with checking.written_with("--report"):
            folder.write(report, _contents(verdicts, pictures), _FOLDER)
    _show(verdicts, out, junit, format)
    raise typer.Exit(int(verdicts.exit_code))


def _check_flags(
    texts: list[str],
    rules: Path | None,
    against: Path | None,
    init: Path | None,
    source: Path | None,
    target: str | None,
    margin: float | None,
    *,
    update: bool,
) -> None:
    """Raises UsageError for flags that don't go together."""
    if "-" in texts:
        raise UsageError("--text is standard input, which no rule can name.", "Name a file.")
    if len(texts) > 1 and against is None:
        raise UsageError("--text is given twice.", "Name one file.")
    if margin is not None and against is None:
        raise UsageError(
            "--margin goes with --against.", "Leave it out, or name an earlier report."
        )
    if target and against is None:
        raise UsageError("--target goes with --against.", "In a rule it is target or target_file.")
    if init is not None:
        if rules is not None:
            raise UsageError("--init writes rules, and reads none.", f"Leave out {rules}.")
        if against is not None:
            raise UsageError("--init writes rules, and checks nothing.", "Leave out --against.")
        return
    if rules is None and against is None:
        raise UsageError(
            "No file of rules was given.", "Name it, write one with --init, or use --against DIR."
        )
    if update:
        _check_update(rules, source)


def _check_update(rules: Path | None, source: Path | None) -> None:
    """Raises UsageError where there is nothing to update, or no model that runs."""
    if rules is None:
        raise UsageError(
            "--update rewrites RULES, and none are named.", "Name them, or leave out --update."
        )
    if source is not None:
        raise UsageError(
            "--update runs the model, and --from doesn't.", "Leave out --update or --from."
        )


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
    from attnviz.commands.checking import written_with
    from attnviz.rules.formats import json_verdicts, markdown_verdicts, terminal
    from attnviz.rules.formats import junit as junit_verdicts

    if junit is not None:
        with written_with("--junit"):
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
