"""What a command declares, and the application that all commands make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from attnviz.registry import discover
from attnviz.version import __version__


@dataclass(frozen=True, slots=True)
class Command:
    """A command: each module of `commands` that has one defines it as `COMMAND`.

    `run` is a function as Typer has it: its parameters are arguments and flags, its docstring is
    the help. `order` is its place among the others.
    """

    name: str
    run: Callable[..., None]
    order: int


class _ManPage(TyperCommand):
    """A command whose usage line names what is required without braces, as man pages do."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401 - Typer's own context
        """`[OPTIONS]`, `MODEL`, `TEXT...`."""
        pieces: list[str] = super().collect_usage_pieces(ctx)
        return [piece.replace("{", "").replace("}", "") for piece in pieces]


def application() -> typer.Typer:
    """`attnviz` with every command that there is."""
    app = typer.Typer(
        name="attnviz",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_common)
    for command in discover("attnviz.commands", "COMMAND", Command):
        app.command(command.name, cls=_ManPage)(command.run)
    return app


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"attnviz {__version__}")
        raise typer.Exit


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
