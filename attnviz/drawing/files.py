"""What was asked for as the bytes of a file, by its suffix, or for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from rich.console import RenderableType

from attnviz.drawing import tables
from attnviz.drawing.choose import Chosen, choose
from attnviz.drawing.drawing import Drawing
from attnviz.drawing.picture_file import SUFFIXES as PICTURES
from attnviz.drawing.picture_file import picture
from attnviz.drawing.ranking import Ranking
from attnviz.drawing.registry import views
from attnviz.drawing.settings import DrawSettings, inches
from attnviz.drawing.terminal import printed
from attnviz.drawing.titles import lens_note
from attnviz.drawing.view import DrawingStyle, View
from attnviz.drawing.weights import Weights
from attnviz.errors import UsageError
from attnviz.figures.scale import colormap
from attnviz.figures.style import FigureStyle
from attnviz.values import quoted

TABLES: Mapping[str, Callable[[tables.Table], bytes]] = MappingProxyType(
    {".csv": tables.csv, ".parquet": tables.parquet}
)
"""What writes a table, by the suffix of its file."""

SUFFIXES = (*PICTURES, ".csv", ".npz", ".parquet")
"""Every file that a drawing can be."""


def check(paths: Collection[Path], *, table: bool) -> None:
    """Raises UsageError for a file that can't be written, by its suffix.

    `table`: of masses, which have no picture and no matrices.
    """
    known = tuple(TABLES) if table else SUFFIXES
    for path in paths:
        suffix = path.suffix.lower()
        if suffix not in known:
            what = "has no suffix" if not suffix else f"ends in {suffix}"
            if suffix in SUFFIXES:
                what = f"ends in {suffix}, and --from and --to make a table"
            raise UsageError(f"-o {path} {what}.", f"Choose one of: {', '.join(known)}.")
        if suffix == ".parquet":
            tables.need("pyarrow", "Parquet needs")


def style(settings: DrawSettings, cmap: str, dpi: int) -> DrawingStyle:
    """How a drawing looks by these settings; UsageError for a colour map that isn't."""
    colormap(cmap)
    figure = FigureStyle(cmap=cmap, dpi=dpi)
    return DrawingStyle(
        figure=replace(figure, scale="linear") if settings.scale == "linear" else figure,
        width=inches(settings.size),
        scale=settings.scale,
        values=settings.values,
    )


def view(name: str) -> View:
    """The view of this name; UsageError, with those that there are, for another."""
    known = views()
    if name not in known:
        raise UsageError(f"There is no view {quoted(name)}.", f"Views are: {', '.join(known)}.")
    return known[name]


@dataclass(frozen=True)
class Result:
    """What a run of `draw` is for: as the bytes of a file of some suffix, and for a terminal.

    `notes` are what a reader has to know besides, `of_files` what pictures and the terminal say
    themselves, and files of numbers don't.
    """

    file: Callable[[str], bytes]
    printed: Callable[[], RenderableType]
    notes: tuple[str, ...]
    of_files: tuple[str, ...]


def result(weights: Weights, settings: DrawSettings, looks: DrawingStyle) -> Result:
    """What the settings ask for: a table of masses, or a drawing.

    `weights` are of the heads that the settings name, a table is of all of them. UsageError where
    what was asked for isn't there, and from `file` where its view can't show it.
    """
    return _masses(weights, settings) if settings.mass_from else _drawn(weights, settings, looks)


def _masses(weights: Weights, settings: DrawSettings) -> Result:
    query, key = settings.mass_from, settings.mass_to
    masses, removed = weights.ranked(query, key, settings.lens)
    table = tables.mass_table(masses, query, key)
    notes = [*weights.query_side.ambiguous(query), *weights.key_side.ambiguous(key)]
    if weights.unseen(query, key):
        notes.append(f"No “{query}” sees “{key}”, which comes later: the model looks back only.")
    of_lens = _of_lens(settings, removed)
    return Result(
        lambda suffix: TABLES[suffix](table),
        lambda: Ranking(masses, query, key, weights.model, of_lens),
        tuple(dict.fromkeys(notes)),
        of_lens,
    )


def _drawn(weights: Weights, settings: DrawSettings, looks: DrawingStyle) -> Result:
    chosen = choose(weights, settings)
    panels = chosen.drawing.panels
    removed = sum(panel.removed for panel in panels) / len(panels)
    notes = weights.query_side.ambiguous(settings.query) if settings.query else []
    several = len(panels) > 1 and chosen.drawing.flow is None
    if settings.lens == "all" and several and _resting(chosen.drawing):
        notes.append("Most of these look at special tokens most: --lens content leaves those out.")
    return Result(
        lambda suffix: contents(chosen, looks, suffix),
        lambda: printed(view(chosen.view).name, chosen.drawing, looks),
        tuple(notes),
        _of_lens(settings, removed) if chosen.drawing.flow is None else _of_flow(chosen.drawing),
    )


def _of_flow(drawing: Drawing) -> tuple[str, ...]:
    return (note,) if (note := lens_note(drawing)) else ()


def _resting(drawing: Drawing) -> bool:
    """Whether more than half of the matrices have most of their attention on a special token."""
    most = [int(panel.weights.mean(axis=0).argmax()) for panel in drawing.panels]
    return sum(drawing.keys[key].special for key in most) * 2 > len(most)


def _of_lens(settings: DrawSettings, removed: float) -> tuple[str, ...]:
    if settings.lens == "all":
        return ()
    return (f"Without special tokens, which took {removed:.2f}; the rest is made to sum to 1.",)


def contents(chosen: Chosen, looks: DrawingStyle, suffix: str) -> bytes:
    """The file of a drawing; `suffix` is one of `SUFFIXES`.

    UsageError where its view can't show it.
    """
    if suffix in TABLES:
        return TABLES[suffix](tables.long_table(chosen))
    if suffix == ".npz":
        return tables.npz(chosen)
    return picture(view(chosen.view), chosen.drawing, looks, suffix)
