"""The pictures of the whole model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report.images import by_sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.figures.picture import Picture
    from attnviz.report.model import Report


@dataclass(frozen=True, slots=True)
class Maps:
    """The pictures of all heads over all sentences."""

    title: str
    pictures: tuple[Picture, ...]


def of(report: Report, pictures: Sequence[Picture]) -> Maps | None:
    """Those of one stream; None where there are none."""
    maps = by_sentence(pictures, report.attention).get(None, ())
    return Maps("Maps", tuple(maps)) if maps else None
