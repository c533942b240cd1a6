"""`attnviz draw`: one head, one sentence, one number."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Annotated, Any

import typer

from attnviz import folder
from attnviz.commands.command import Command
from attnviz.commands.flags import (
    DrawnFiles,
    LogForm,
    Model,
    Quiet,
    Verbose,
    When,
    with_flags,
)
from attnviz.commands.inputs import read_sentence
from attnviz.commands.output import HUMAN, Output
from attnviz.console import put, set_colour, tell
from attnviz.drawing.settings import FIGURE, RUN, from_flags, taken
from attnviz.sources import resolve
from attnviz.surroundings import check_address_space, working_folder

TextOrFile = Annotated[
    str,
    typer.Argument(
        metavar="TEXT",
        show_default=False,
        help="A UTF-8 text or .conllu file, - for standard input, or the sentence itself.",
    ),
]


@with_flags(taken())
def draw(
    model: Model,
    text: TextOrFile,
    output: DrawnFiles = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    log: LogForm = "human",
    color: When = "auto",
    **flags: Any,  # noqa: ANN401 - the settings' own types
) -> None:
    """Draw what heads of MODEL look at in one sentence: a picture, a table, or the numbers.

    [dim]attnviz draw minilm "The cat sat." --heads L5H7 --size 3.3in -o head.pdf[/dim]

    [dim]attnviz draw minilm "The cat sat because it was tired." --from it --to cat[/dim]
    """
    set_colour(color)
    check_address_space()
    out = Output(folder=None, format=HUMAN, quiet=quiet, verbose=verbose, log=log)
    out.hear_libraries()
    from attnviz.models import names
    from attnviz.text.literal import names_file

    # Whatever can be wrong with the command is said at once, not after the work.
    of_run = {name: flags[name] for name in (*RUN, *FIGURE)}
    settings = resolve(of_run, os.environ, working_folder())
    asked = from_flags(flags, settings)
    names.resolve(model, allow_pickle=settings.allow_pickle)
    file, target = read_sentence(model, text, settings.target, quiet=quiet)
    if not names_file(text) and settings.split == "auto":
        settings = replace(settings, split="line")  # the sentence itself
    paths = tuple(dict.fromkeys(output or ()))
    with out.progress() as progress:
        progress.stage("starting")
        from attnviz.drawing import files

        folder.check_files(paths)
        files.check(paths, table=bool(asked.mass_from))
        looks = files.style(asked, settings.cmap, settings.dpi)
        if asked.view:
            files.view(asked.view)
        out.load_libraries()
        from attnviz import pipeline

        weights = pipeline.weights(model, file, settings, asked, progress, target)
        progress.stage("drawing")
        result = files.result(weights, asked, looks)
        folder.write_files({path: result.file(path.suffix.lower()) for path in paths})
    if not paths:
        put(result.printed())
    if not quiet:
        for note in (*weights.notes, *result.notes, *(result.of_files if paths else ())):
            tell(note, label="note", style="yellow")


COMMAND = Command("draw", draw, order=2)
