"""The commands and their flags; what they do is in commands.py and catalogue.py.

Nothing heavy is imported here: `--help` answers at once.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from attnviz.console import Colour, Log, set_colour
from attnviz.settings import (
    Device,
    Dtype,
    InputFormat,
    Kernel,
    Long,
    Pieces,
    Scale,
    Settings,
    Split,
)
from attnviz.surroundings import check_address_space
from attnviz.version import __version__

Output = Literal["human", "json", "markdown"]
Topic = Literal["roles", "statistics", "figures", "models"]

DEFAULT_FOLDER = Path("attnviz-report")
_SETTINGS = tuple(field.name for field in fields(Settings))
_TEXT, _MODEL, _MEASURE, _LOOK, _TELL = "Text", "Model", "Measuring", "Figures", "Output"


class _Command(TyperCommand):
    """A command whose usage line names what is required without braces, as man pages do."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401 - Typer's own context
        """`[OPTIONS]`, `MODEL`, `TEXT...`."""
        pieces: list[str] = super().collect_usage_pieces(ctx)
        return [piece.replace("{", "").replace("}", "") for piece in pieces]


def _default(about: str, default: object) -> str:
    return f"{about} [dim]\\[default: {default}][/dim]"


def _setting(name: str, panel: str, about: str, metavar: str = "", default: str = "") -> Any:  # noqa: ANN401 - Typer's
    """A setting's flag; where it isn't given, the environment or pyproject.toml decide."""
    about = _default(about, default or getattr(Settings, name))
    return typer.Option(rich_help_panel=panel, metavar=metavar, help=about)


def _switch(flag: str, panel: str, about: str) -> Any:  # noqa: ANN401 - Typer's
    return typer.Option(flag, rich_help_panel=panel, metavar="", help=about)


def _telling(name: str, metavar: str, about: str, default: str) -> Any:  # noqa: ANN401 - Typer's
    about = _default(about, default)
    return typer.Option(
        name, rich_help_panel=_TELL, metavar=metavar, help=about, show_default=False
    )


_Format = Annotated[
    Output,
    _telling("--format", "FORMAT", "What stdout gets: human, json or markdown.", "human"),
]
_LOG = (
    "What standard error gets: human or json. As json each line is an object with time and event; "
    "begin, progress and end have stage, done, total and seconds, warning and finding a message, "
    "error a message, a hint and an exit_code."
)
_Number = str
"""A flag's number goes to the settings as it was written: all sources are read the same way."""

_Colour = Annotated[Colour, _telling("--color", "WHEN", "Colours: auto, always or never.", "auto")]

app = typer.Typer(
    name="attnviz",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"attnviz {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            metavar="",
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """See what the attention heads of a transformer do."""


@app.command(cls=_Command)
def report(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            show_default=False,
            help="A Hub name, a model folder, a .gguf file, or minilm (embedded).",
        ),
    ],
    text: Annotated[
        list[str],
        typer.Argument(metavar="TEXT", help="UTF-8 text or .conllu files; - is standard input."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            rich_help_panel=_TELL,
            metavar="DIR",
            help=_default(
                "Folder of the report.", f"{DEFAULT_FOLDER}; none with --format json or markdown"
            ),
        ),
    ] = None,
    format: _Format = "human",  # noqa: A002 - the flag's name
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", rich_help_panel=_TELL, metavar="", help="Errors only.")
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "-v",
            "--verbose",
            rich_help_panel=_TELL,
            metavar="",
            help="Every finding and warning, on standard error; stages with their times where that "
            "is no terminal.",
        ),
    ] = False,
    log: Annotated[Log, _telling("--log", "FORM", _LOG, "human")] = "human",
    color: _Colour = "auto",
    split: Annotated[
        Split | None,
        _setting(
            "split",
            _TEXT,
            "A sentence is: a line, sentence or document, or a pair of texts on a line with a tab "
            "between them.",
            "UNIT",
        ),
    ] = None,
    input_format: Annotated[
        InputFormat | None,
        _setting(
            "input_format",
            _TEXT,
            "What TEXT holds: text, conllu, or jsonl (conversations, with --chat); auto is what "
            "its name and content tell.",
            "FORMAT",
        ),
    ] = None,
    chat: Annotated[
        bool | None,
        _switch(
            "--chat",
            _TEXT,
            "Apply the model's chat template: to conversations in JSON Lines, or to each line of "
            "text as a user's message.",
        ),
    ] = None,
    parse_special_tokens: Annotated[
        bool | None,
        _switch(
            "--parse-special-tokens",
            _TEXT,
            "Read special tokens in the text, such as \\[MASK], as such.",
        ),
    ] = None,
    language: Annotated[
        str | None,
        _setting("language", _TEXT, "Language of the text, for its sentences and words.", "CODE"),
    ] = None,
    long: Annotated[
        Long | None,
        _setting("long", _TEXT, "Sentences longer than the model takes: truncate or error.", "HOW"),
    ] = None,
    target: Annotated[
        str | None,
        _setting(
            "target",
            _TEXT,
            "What the decoder of an encoder-decoder model reads, line by line with TEXT.",
            "FILE",
            "none",
        ),
    ] = None,
    generate: Annotated[
        _Number | None,
        _setting("generate", _TEXT, "Let the model write so many tokens, the likeliest.", "N"),
    ] = None,
    revision: Annotated[
        str | None,
        _setting("revision", _MODEL, "Branch, tag or commit on the Hub.", "REV", "the newest"),
    ] = None,
    device: Annotated[
        Device | None, _setting("device", _MODEL, "Run on: cpu, cuda or mps.", "WHERE")
    ] = None,
    dtype: Annotated[
        Dtype | None,
        _setting(
            "dtype",
            _MODEL,
            "Run in float32, float16 or bfloat16; attention is measured in float32 always.",
            "TYPE",
        ),
    ] = None,
    allow_pickle: Annotated[
        bool | None, _switch("--allow-pickle", _MODEL, "Load pickled weights; they can run code.")
    ] = None,
    trust_remote_code: Annotated[
        bool | None,
        _switch("--trust-remote-code", _MODEL, "Run code that comes with the model."),
    ] = None,
    kernel: Annotated[
        Kernel | None,
        _setting("kernel", _MEASURE, "Who measures: auto, dense, tiles or fused.", "NAME"),
    ] = None,
    annotate: Annotated[
        str | None,
        _setting(
            "annotate",
            _TEXT,
            "Parse the text: spacy, or spacy:MODEL.",
            "PARSER",
            "what .conllu files bring",
        ),
    ] = None,
    words: Annotated[
        bool | None,
        typer.Option(
            "--words/--tokens",
            rich_help_panel=_MEASURE,
            metavar="",
            help=_default("Measure and draw whole words, their tokens merged.", "tokens"),
        ),
    ] = None,
    pieces: Annotated[
        Pieces | None,
        _setting(
            "pieces",
            _MEASURE,
            "Which tokens of a split word look for it: mean, last, or auto, the last in a causal "
            "model.",
            "WHICH",
        ),
    ] = None,
    max_memory: Annotated[
        str | None,
        _setting(
            "max_memory",
            _MEASURE,
            "Most memory for a batch, as 4GiB.",
            "SIZE",
            "most of what is free",
        ),
    ] = None,
    rollout_residual: Annotated[
        bool | None,
        typer.Option(
            "--rollout-residual/--no-rollout-residual",
            rich_help_panel=_MEASURE,
            metavar="",
            help=_default("Count the residual stream in rollout.", "yes"),
        ),
    ] = None,
    resamples: Annotated[
        _Number | None, _setting("resamples", _MEASURE, "Bootstrap resamples.", "N")
    ] = None,
    seed: Annotated[
        _Number | None, _setting("seed", _MEASURE, "Seed of the bootstrap.", "N")
    ] = None,
    evidence: Annotated[
        str | None,
        _setting(
            "evidence",
            _MEASURE,
            "What a verdict takes: margins of roles, least sentences and events.",
            "KEY=N,KEY=N",
            "each role's own margin, sentences=50,events=100",
        ),
    ] = None,
    illustrate: Annotated[
        _Number | None, _setting("illustrate", _LOOK, "How many sentences get figures.", "N")
    ] = None,
    sentences: Annotated[
        str | None,
        _setting("sentences", _LOOK, "The sentences that get figures.", "3,7", "chosen by roles"),
    ] = None,
    scale: Annotated[
        Scale | None,
        _setting("scale", _LOOK, "Colour by a weight's root (sqrt) or itself (linear).", "SCALE"),
    ] = None,
    cmap: Annotated[
        str | None, _setting("cmap", _LOOK, "Colour map of matplotlib's.", "NAME")
    ] = None,
    dpi: Annotated[
        _Number | None, _setting("dpi", _LOOK, "Resolution of PNG figures.", "N")
    ] = None,
    jobs: Annotated[
        _Number | None, _setting("jobs", _LOOK, "Processes that draw.", "N", "one a processor")
    ] = None,
) -> None:
    """Report what each head of MODEL does on TEXT: roles, statistics, figures.

    [dim]attnviz report minilm samples/quickstart.txt -o out[/dim]
    """
    arguments = locals()
    set_colour(color)
    check_address_space()
    from attnviz import commands

    wanted = commands.Wanted(
        folder=output or (DEFAULT_FOLDER if format == "human" else None),
        output=format,
        quiet=quiet,
        verbose=verbose,
        log=log,
    )
    commands.report(model, text, {name: arguments[name] for name in _SETTINGS}, wanted)


@app.command("list", cls=_Command)
def list_(
    topic: Annotated[
        Topic,
        typer.Argument(
            metavar="TOPIC", show_choices=False, help="roles, statistics, figures or models."
        ),
    ],
    format: _Format = "human",  # noqa: A002 - the flag's name
    color: _Colour = "auto",
) -> None:
    """List roles, statistics, figures or models, each with its formula and source."""
    set_colour(color)
    from attnviz import catalogue

    catalogue.show(topic, format)


@app.command(cls=_Command)
def env(format: _Format = "human", color: _Colour = "auto") -> None:  # noqa: A002 - as above
    """Print versions and devices, for bug reports."""
    set_colour(color)
    from attnviz import catalogue

    catalogue.show("env", format)
