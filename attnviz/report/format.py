"""What every report format declares, how they are found, and the folder that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.errors import UsageError
from attnviz.registry import discover

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attnviz.figures.picture import Picture
    from attnviz.report.model import Report


@dataclass(frozen=True, slots=True)
class Format:
    """A report format: each module of `formats` defines one as `FORMAT`.

    `write` makes the bytes of `filename`; equal reports make equal bytes.
    """

    name: str
    filename: str
    about: str
    write: Callable[[Report, Sequence[Picture]], bytes]


def formats() -> dict[str, Format]:
    """All formats by name, sorted."""
    return {known.name: known for known in discover("attnviz.report.formats", "FORMAT", Format)}


def find(name: str) -> Format:
    """The format of that name; UsageError lists the choices where there is none."""
    known = formats()
    if name not in known:
        choices = ", ".join(known)
        raise UsageError(f"There is no report format '{name}'.", f"Choose from: {choices}.")
    return known[name]


def files(report: Report, pictures: Sequence[Picture]) -> dict[str, bytes]:
    """Every file of the report folder: path relative to the folder -> bytes."""
    folder = {known.filename: known.write(report, pictures) for known in formats().values()}
    for picture in pictures:
        folder[f"{picture.path}.png"] = picture.png
        folder[f"{picture.path}.svg"] = picture.svg
    return folder
