"""Jinja2 set up once, so that nothing on a page can escape its escaping."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from attnviz.errors import AttnvizError
from attnviz.report.escape import harmless


@cache
def environment() -> Environment:
    """The environment of all pages: everything printed is harmless first and escaped second."""
    return Environment(
        loader=FileSystemLoader(templates(), encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def templates() -> Path:
    """The templates folder: in the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "templates", package.parent / "templates"):
        if (folder / "report.html.j2").is_file():
            return folder
    raise AttnvizError(f"The page templates are missing from {package}.", "Install attnviz again.")


def read(path: Path) -> str:
    """What one of our own files holds."""
    return path.read_text(encoding="utf-8")


@cache
def stylesheet(name: str) -> Markup:
    """One of our own stylesheets, to stand inside `<style>`: the only text not escaped."""
    css = read(templates() / name)
    if "</" in css:
        raise ValueError(f"{name} would end its style element.")
    return Markup(css)  # noqa: S704 - our own file, checked above


def _finalize(value: Any) -> Any:  # noqa: ANN401 - what a template prints may be anything
    return harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value
