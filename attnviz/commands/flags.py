"""Flags that commands share: those of the output, and one for each setting."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer

from attnviz.console import Colour, Log
from attnviz.settings import Declaration, Panel, declarations


def with_settings(run: Callable[..., None]) -> Callable[..., None]:
    """Gives a command a flag for each setting, in place of its `**settings`.

    A flag that isn't given is None: the environment or pyproject.toml decide.
    """
    return with_flags(declarations().values())(run)


def with_flags(
    declared: Iterable[Declaration],
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command a flag for each of these settings, in place of its `**settings`."""
    panels = get_args(Panel)
    in_help = sorted(
        declared,
        key=lambda each: (panels.index(each.setting.panel), not each.setting.first),
    )

    def decorated(run: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(run, eval_str=True)
        params = signature.parameters.values()
        own = [param for param in params if param.kind is not param.VAR_KEYWORD]
        parameters = [*own, *map(_parameter, in_help)]
        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return run

    return decorated


def _parameter(declared: Declaration) -> inspect.Parameter:
    """The flag of a setting.

    What is neither a choice nor a switch stays text, which is read as that of all other sources.
    """
    setting, switch = declared.setting, declared.type is bool
    default = setting.default or ("" if switch else str(declared.default))
    about = setting.help.replace("[", "\\[")
    option = typer.Option(
        "/".join(declared.flags),
        rich_help_panel=setting.panel,
        metavar=setting.metavar,
        help=_with_default(about, default) if default else about,
    )
    taken = declared.type if switch or get_origin(declared.type) is Literal else str
    return inspect.Parameter(
        declared.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[taken | None, option],
    )


def _with_default(about: str, default: str) -> str:
    return f"{about} [dim]\\[default: {default}][/dim]"


def _output(*names: str, about: str, metavar: str = "", default: str = "", **more: Any) -> Any:  # noqa: ANN401 - Typer's
    return typer.Option(
        *names,
        rich_help_panel="Output",
        metavar=metavar,
        help=_with_default(about, default) if default else about,
        show_default=False,
        **more,
    )


def _formats() -> Iterable[str]:
    """What completes `--format`."""
    from attnviz.report.format import formats

    return ["human", *formats()]


_MODEL = typer.Argument(
    metavar="MODEL",
    show_default=False,
    help="A Hub name, a model folder, a .gguf file, or minilm (embedded).",
)
Model = Annotated[str, _MODEL]
OptionalModel = Annotated[str | None, _MODEL]
ReportFolder = Annotated[
    Path | None,
    _output(
        "-o",
        "--output",
        about="Folder of the report.",
        metavar="DIR",
        default="attnviz-report; none with --format json, markdown, …",
    ),
]
ReportFormat = Annotated[
    str,
    _output(
        "--format",
        about="What stdout gets: human, or the report as json, markdown, …",
        metavar="FORMAT",
        default="human",
        autocompletion=_formats,
    ),
]
DrawnFiles = Annotated[
    list[Path] | None,
    _output(
        "-o",
        "--output",
        about="A file to write: .pdf, .svg, .png, .csv, .npz or .parquet; may be given several "
        "times.",
        metavar="FILE",
        default="none, a drawing in the terminal",
    ),
]
RowFormat = Annotated[
    Literal["human", "json", "markdown"],
    _output(
        "--format",
        about="What stdout gets: human, json or markdown.",
        metavar="FORMAT",
        default="human",
    ),
]
Quiet = Annotated[bool, _output("-q", "--quiet", about="Errors only.")]
Verbose = Annotated[
    bool,
    _output(
        "-v",
        "--verbose",
        about="Every finding and warning, on standard error; stages with their times where that is "
        "no terminal.",
    ),
]
LogForm = Annotated[
    Log,
    _output(
        "--log",
        about="What standard error gets: human or json. As json each line is an object with time "
        "and event; begin, progress and end have stage, done, total and seconds, warning and "
        "finding a message, error a message, a hint and an exit_code.",
        metavar="FORM",
        default="human",
    ),
]
When = Annotated[
    Colour,
    _output("--color", about="Colours: auto, always or never.", metavar="WHEN", default="auto"),
]
