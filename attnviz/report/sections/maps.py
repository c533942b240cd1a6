"""The pictures of the whole model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report.images import by_sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.figures.picture import Picture
    from attnviz.report.model import Report


ROLES = "roles"
"""The name of the picture that says which head has which role."""


@dataclass(frozen=True, slots=True)
class Maps:
    """The pictures of all heads over all sentences."""

    title: str
    pictures: tuple[Picture, ...]


def of(report: Report, pictures: Sequence[Picture]) -> Maps | None:
    """Those of one stream but the map of roles, which stands first; None where there are none."""
    first = of_roles(pictures, report.attention)
    maps = [
        each for each in by_sentence(pictures, report.attention).get(None, ()) if each is not first
    ]
    return Maps("Maps", tuple(maps)) if maps else None


def of_roles(pictures: Sequence[Picture], stream: str) -> Picture | None:
    """The map of roles of one stream, which stands on the first screen."""
    maps = by_sentence(pictures, stream).get(None, ())
    return next((each for each in maps if each.path.rsplit("/", 1)[-1] == ROLES), None)
