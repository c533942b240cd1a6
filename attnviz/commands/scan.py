"""`attnviz scan`: a model measured on a corpus of any size, to be gone on with where it stops."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from attnviz.commands.command import Command
from attnviz.commands.flags import LogForm, Model, Quiet, Verbose, When, with_flags
from attnviz.commands.output import Output
from attnviz.console import put, set_colour, tell
from attnviz.settings import declarations
from attnviz.sources import resolve
from attnviz.surroundings import check_address_space, working_folder

if TYPE_CHECKING:
    from attnviz.corpus.finished import Finished

_CORPUS = "Corpus"
_OF_REPORTS = ("chat", "target", "generate", "rollout_residual", "resamples", "evidence")
"""Settings besides those of figures that a scan has no use for."""

_SETTINGS = [
    declared
    for name, declared in declarations().items()
    if declared.setting.panel != "Figures" and name not in _OF_REPORTS
]

Paths = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH",
        help="Texts, .jsonl, .csv, .tsv, .parquet or .conllu, plain, .gz or .zst; folders of them "
        "and patterns (in quotes); - is standard input.",
    ),
]
ScanFolder = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        rich_help_panel="Output",
        metavar="DIR",
        show_default=False,
        help="Folder of the scan; the same command goes on with one that stopped.",
    ),
]
SummaryFormat = Annotated[
    Literal["human", "json"],
    typer.Option(
        "--format",
        rich_help_panel="Output",
        metavar="FORMAT",
        show_default=False,
        help="What stdout gets: a summary for humans or as json.",
    ),
]
Against = Annotated[
    Path | None,
    typer.Option(
        "--against",
        rich_help_panel="Output",
        metavar="DIR",
        show_default=False,
        help="Also tell how attention differs from what an earlier scan or report in DIR measured.",
    ),
]


def _option(*names: str, metavar: str, about: str) -> Any:  # noqa: ANN401 - Typer's
    return typer.Option(
        *names, rich_help_panel=_CORPUS, metavar=metavar, help=about, show_default=False
    )


@with_flags(_SETTINGS)
def scan(
    model: Model,
    path: Paths,
    output: ScanFolder,
    field: Annotated[
        str,
        _option("--field", metavar="NAME", about="Field of JSON Lines and tables with the text."),
    ] = "",
    id_: Annotated[
        str,
        _option("--id", metavar="NAME", about="Field that names the document a record is of."),
    ] = "",
    group: Annotated[
        str,
        _option(
            "--group",
            metavar="NAME",
            about="Field by whose values all is measured apart, too, and compared; source is the "
            "file.",
        ),
    ] = "",
    label: Annotated[
        str,
        _option(
            "--label",
            metavar="NAME",
            about="Field with the right label: groups what a classifier gets right and wrong.",
        ),
    ] = "",
    sample: Annotated[
        int,
        _option("--sample", metavar="N", about="Take so many sentences, by the text's hash."),
    ] = 0,
    part: Annotated[
        str,
        _option("--part", metavar="K/N", about="Measure the K-th of N parts: see attnviz merge."),
    ] = "1/1",
    pilot: Annotated[
        Path | None,
        _option(
            "--pilot",
            metavar="DIR",
            about="Use the pilot of an earlier scan or report, so that both can be added.",
        ),
    ] = None,
    keep_going: Annotated[
        bool,
        _option("--keep-going", metavar="", about="Set aside what can't be read, and count it."),
    ] = False,
    time_limit: Annotated[
        str,
        _option(
            "--time-limit", metavar="TIME", about="Stop after 30m, 1h30m ..., with exit code 75."
        ),
    ] = "",
    rows: Annotated[
        bool,
        _option("--rows", metavar="", about="Write a row per sentence, head and measure: Parquet."),
    ] = False,
    engine: Annotated[
        Literal["local", "ray"],
        _option(
            "--engine",
            metavar="NAME",
            about="Who measures: local, this machine, or ray, the workers of a Ray cluster.",
        ),
    ] = "local",
    workers: Annotated[
        int,
        _option(
            "--workers",
            metavar="N",
            about="Processes that measure, each with a model of its own: by default as many as "
            "pay off; 1: this process. With --engine ray one a GPU, or for up to four CPUs.",
        ),
    ] = 0,
    against: Against = None,
    format: SummaryFormat = "human",  # noqa: A002 - the flag's name
    quiet: Quiet = False,
    verbose: Verbose = False,
    log: LogForm = "human",
    color: When = "auto",
    **flags: Any,  # noqa: ANN401 - the settings' own types
) -> None:
    """Measure each head of MODEL over a corpus: sums that add, for `attnviz report --from`.

    [dim]attnviz scan minilm texts/ -o scan[/dim]
    """
    set_colour(color)
    check_address_space()
    out = Output(folder=None, format="human", quiet=quiet, verbose=verbose, log=log)
    out.hear_libraries()
    settings = resolve(flags, os.environ, working_folder())
    with out.progress() as progress:
        progress.stage("starting")
        from attnviz.corpus import options
        from attnviz.corpus import scan as scanning
        from attnviz.corpus.records import Fields

        chosen = options.ScanOptions(
            fields=Fields(field, id_, group, label),
            part=options.part(part),
            sample=sample,
            pilot=pilot,
            keep_going=keep_going,
            seconds=options.seconds(time_limit) if time_limit else None,
            rows=rows,
            engine=engine,
            workers=workers,
            against=against,
        )
        out.load_libraries()
        stdin = sys.stdin.buffer if sys.stdin else None
        try:
            done = scanning.scan(model, path, output, settings, chosen, progress, stdin)
        except KeyboardInterrupt:
            if scanning.goes_on(output) and not quiet:
                tell("The same command goes on where this one stopped.", label="hint", style="bold")
            raise
    show(done, format, quiet=quiet)


def show(done: Finished, form: str, *, quiet: bool) -> None:
    """Prints the summary of a finished scan; warnings are in it."""
    if form == "json":
        put(f"{json.dumps(done.json(), indent=2, ensure_ascii=False)}\n".encode())
        if not quiet:
            for warning in done.warnings:
                tell(warning, label="warning", style="yellow")
    elif not quiet:
        put(f"{done.text()}\n".encode())


COMMAND = Command("scan", scan, order=3)
