"""`attnviz merge`: scans of the parts of a corpus become one measurement."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attnviz.commands.command import Command
from attnviz.commands.flags import Quiet, When
from attnviz.commands.scan import Against, ScanFolder, SummaryFormat, show
from attnviz.console import set_colour

Folders = Annotated[
    list[Path],
    typer.Argument(metavar="DIR", show_default=False, help="Folders of finished scans."),
]


def merge(
    folder: Folders,
    output: ScanFolder,
    against: Against = None,
    format: SummaryFormat = "human",  # noqa: A002 - the flag's name
    quiet: Quiet = False,
    color: When = "auto",
) -> None:
    """Add up scans: all parts of a corpus, or corpora scanned with one --pilot.

    [dim]attnviz merge part1 part2 part3 part4 -o scan[/dim]
    """
    set_colour(color)
    from attnviz.corpus import merge as merging

    show(merging.merge(folder, output, against), format, quiet=quiet)


COMMAND = Command("merge", merge, order=4)
