"""Commands and exit codes; the work is elsewhere, and nothing heavy is imported for `--help`."""

from __future__ import annotations

import functools
import os
import signal
import sys
import traceback
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from attnviz.errors import AttnvizError, ExitCode
from attnviz.version import __version__

Result = TypeVar("Result")
Params = ParamSpec("Params")

app = typer.Typer(
    name="attnviz",
    help="See what the attention heads of a transformer do.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Colour = StrEnum("Colour", ["auto", "always", "never"])
Output = StrEnum("Output", ["human", "json", "markdown"])
Split = StrEnum("Split", ["auto", "line", "sentence", "document"])
Long = StrEnum("Long", ["truncate", "error"])
Device = StrEnum("Device", ["auto", "cpu", "cuda", "mps"])
Dtype = StrEnum("Dtype", ["auto", "float32", "float16", "bfloat16"])
Scale = StrEnum("Scale", ["sqrt", "linear"])
Topic = StrEnum("Topic", ["roles", "statistics", "figures", "models"])

_DEFAULT_FOLDER = Path("attnviz-report")
_colour: dict[str, str] = {"mode": "auto"}


def console(*, stderr: bool = False) -> Console:
    """A console that follows --color, NO_COLOR, FORCE_COLOR and TERM."""
    mode = _colour["mode"]
    return Console(
        stderr=stderr,
        highlight=False,
        soft_wrap=False,
        force_terminal=True if mode == "always" else None,
        no_color=True if mode == "never" else None,
    )


def handled(command: Callable[Params, Result]) -> Callable[Params, Result]:
    """Turns every error of a command into one message on stderr and the right exit code."""

    @functools.wraps(command)
    def wrapper(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        try:
            return command(*args, **kwargs)
        except AttnvizError as error:
            _complain(error.message, error.hint)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            _complain("Interrupted; nothing was changed.")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except BrokenPipeError:
            # The reader has gone, as `head` does: not an error, and nobody is there to read one.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(ExitCode.OK) from None
        except (typer.Exit, typer.BadParameter):
            raise
        except Exception as error:
            sys.stderr.write(traceback.format_exc())
            _complain(
                f"This is a bug in attnviz {__version__}: {type(error).__name__}.",
                "Please report it with the lines above and the output of `attnviz env`.",
            )
            raise typer.Exit(ExitCode.BUG) from None

    return wrapper


def _complain(message: str, hint: str = "") -> None:
    err = console(stderr=True)
    err.print(Text.assemble(("error: ", "bold red"), message))
    if hint:
        err.print(Text.assemble(("hint: ", "bold"), hint))


def _show_version(asked: bool) -> None:  # noqa: FBT001 - typer's callback
    if asked:
        typer.echo(f"attnviz {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """See what the attention heads of a transformer do."""


_TEXT, _MODEL, _MEASURE, _LOOK, _TELL = "Text", "Model", "Measuring", "Figures", "Output"


@app.command()
@handled
def report(
    model: Annotated[
        str,
        typer.Argument(help="A Hub name, a model folder, a .gguf file, or minilm (embedded).",),
    ],
    text: Annotated[
        list[str], typer.Argument(help="UTF-8 text or .conllu files; - is standard input.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", rich_help_panel=_TELL,
            help="Folder of the report. [dim]\\[default: attnviz-report; none with --format json or markdown][/dim]",
        ),
    ] = None,
    format: Annotated[  # noqa: A002 - the flag's name
        Output, typer.Option(rich_help_panel=_TELL, help="What standard output gets.")
    ] = Output.human,
    split: Annotated[Split | None, typer.Option(rich_help_panel=_TEXT, help="What a sentence is: a line, a sentence of prose, a whole file. [dim]\\[default: auto][/dim]")] = None,
    language: Annotated[str | None, typer.Option(rich_help_panel=_TEXT, metavar="CODE", help="Language of the prose to split. [dim]\\[default: en][/dim]")] = None,
    long: Annotated[Long | None, typer.Option(rich_help_panel=_TEXT, help="What happens to sentences longer than the model takes. [dim]\\[default: truncate][/dim]")] = None,
    revision: Annotated[str | None, typer.Option(rich_help_panel=_MODEL, help="Branch, tag or commit on the Hub.")] = None,
    device: Annotated[Device | None, typer.Option(rich_help_panel=_MODEL, help="Where to run. [dim]\\[default: auto][/dim]")] = None,
    dtype: Annotated[Dtype | None, typer.Option(rich_help_panel=_MODEL, help="Precision to run in; attention is always measured in float32. [dim]\\[default: auto][/dim]")] = None,
    allow_pickle: Annotated[bool | None, typer.Option("--allow-pickle", rich_help_panel=_MODEL, help="Load pickled weights; they can run code.")] = None,
    trust_remote_code: Annotated[bool | None, typer.Option("--trust-remote-code", rich_help_panel=_MODEL, help="Run code that comes with the model.")] = None,
    rollout_residual: Annotated[bool | None, typer.Option("--rollout-residual/--no-rollout-residual", rich_help_panel=_MEASURE, help="Count the residual stream in rollout. [dim]\\[default: yes][/dim]")] = None,
    resamples: Annotated[int | None, typer.Option(rich_help_panel=_MEASURE, help="Bootstrap resamples. [dim]\\[default: 2000][/dim]")] = None,
    seed: Annotated[int | None, typer.Option(rich_help_panel=_MEASURE, help="Seed of the bootstrap. [dim]\\[default: 0][/dim]")] = None,
    illustrate: Annotated[int | None, typer.Option(rich_help_panel=_LOOK, metavar="N", help="How many sentences get figures. [dim]\\[default: 8][/dim]")] = None,
    sentences: Annotated[str | None, typer.Option(rich_help_panel=_LOOK, metavar="3,7", help="Which sentences get figures instead.")] = None,
    scale: Annotated[Scale | None, typer.Option(rich_help_panel=_LOOK, help="Colour by the square root of a weight, or by the weight. [dim]\\[default: sqrt][/dim]")] = None,
    cmap: Annotated[str | None, typer.Option(rich_help_panel=_LOOK, metavar="NAME", help="Colour map of matplotlib's. [dim]\\[default: Blues][/dim]")] = None,
    dpi: Annotated[int | None, typer.Option(rich_help_panel=_LOOK, help="Resolution of PNG figures. [dim]\\[default: 150][/dim]")] = None,
    jobs: Annotated[int | None, typer.Option(rich_help_panel=_LOOK, help="Processes that draw. [dim]\\[default: one a processor][/dim]")] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", rich_help_panel=_TELL, help="Errors only.")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", rich_help_panel=_TELL, help="Every finding and warning.")] = False,
    color: Annotated[Colour, typer.Option(rich_help_panel=_TELL, help="Colours on the terminal.")] = Colour.auto,
) -> None:
    """Report what each head of MODEL does on TEXT: roles, statistics, figures.

    [dim]attnviz report minilm samples/quickstart.txt -o out[/dim]
    """
    given = {key: value for key, value in locals().items() if key not in _NOT_SETTINGS}
    _colour["mode"] = color.value
    from attnviz import commands

    wanted = commands.Wanted(
        folder=output or (_DEFAULT_FOLDER if format is Output.human else None),
        output=format.value,
        quiet=quiet,
        verbose=verbose,
        out=console(),
        err=console(stderr=True),
    )
    commands.report(model, text, given, wanted)


_NOT_SETTINGS = ("model", "text", "output", "format", "quiet", "verbose", "color")


@app.command("list")
@handled
def list_(
    topic: Annotated[Topic, typer.Argument(help="What to list.")],
    format: Annotated[Output, typer.Option(help="What standard output gets.")] = Output.human,  # noqa: A002
    color: Annotated[Colour, typer.Option(help="Colours on the terminal.")] = Colour.auto,
) -> None:
    """List roles, statistics, figures or models, each with its formula and source."""
    _colour["mode"] = color.value
    from attnviz import catalogue

    catalogue.show(topic.value, format.value, console())


@app.command()
@handled
def env(
    format: Annotated[Output, typer.Option(help="What standard output gets.")] = Output.human,  # noqa: A002
) -> None:
    """Print versions and devices, for bug reports."""
    from attnviz import catalogue

    catalogue.show("env", format.value, console())


def main() -> NoReturn:
    """The console script."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    sys.exit(ExitCode.OK)


def _terminated(number: int, _: Any) -> NoReturn:  # noqa: ANN401 - a frame
    # As an exception, so that everything half done is undone on the way out.
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()
