"""Many small heatmaps as one image with white gutters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np

from attnviz.figures.palette import QUIET
from attnviz.figures.scale import pool, shade
from attnviz.figures.sheet import Sheet
from attnviz.figures.views import Floats

_FINEST = 3.5
"""Points: larger cells are split, so that gutters are no wider than they need to be."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """An arrangement of `rows` x `columns` tiles, in points.

    A tile has `tall` x `wide` cells, each drawn as `split` x `split` image pixels of `pixel`
    points; `across` and `down` count the image pixels of the gutters.
    """

    rows: int
    columns: int
    tall: int
    wide: int
    split: int
    pixel: float
    across: int
    down: int

    @property
    def tile_width(self) -> float:
        """A tile's width in points."""
        return self.wide * self.split * self.pixel

    @property
    def tile_height(self) -> float:
        """A tile's height in points."""
        return self.tall * self.split * self.pixel

    @property
    def width(self) -> float:
        """The width of all tiles and their gutters in points."""
        return self.columns * self.tile_width + (self.columns - 1) * self.across * self.pixel

    @property
    def height(self) -> float:
        """The height of all tiles and their gutters in points."""
        return self.rows * self.tile_height + (self.rows - 1) * self.down * self.pixel

    def corner(self, row: int, column: int) -> tuple[float, float]:
        """The (x, y) of a tile's top left corner, from that of the whole."""
        return (
            column * (self.tile_width + self.across * self.pixel),
            row * (self.tile_height + self.down * self.pixel),
        )


def arrange_tiles(
    sheet: Sheet,
    rows: int,
    columns: int,
    cells: tuple[int, int],
    cell: float,
    gutters: tuple[float, float] = (3.0, 3.0),
) -> Tiling:
    """Arrange tiles of `cells` (down, across) cells of about `cell` points.

    `gutters` are (across, down) points.
    """
    split = ceil(cell / _FINEST)
    pixel = sheet.snap(cell / split)
    across, down = (max(1, ceil(gutter / pixel - 1e-6)) for gutter in gutters)
    return Tiling(rows, columns, *cells, split, pixel, across, down)


def draw_tiles(
    sheet: Sheet,
    x: float,
    y: float,
    tiling: Tiling,
    tiles: Mapping[tuple[int, int], Floats],
) -> None:
    """Draw the tiles, (row, column) -> weights [query, key], as one image, each finely framed.

    A tile of NaN is a head that doesn't exist: grey and crossed out. Places without a tile stay
    white.
    """
    tall, wide = tiling.tall * tiling.split, tiling.wide * tiling.split
    shape = (
        tiling.rows * tall + (tiling.rows - 1) * tiling.down,
        tiling.columns * wide + (tiling.columns - 1) * tiling.across,
    )
    pixels = np.full((*shape, 3), 255, dtype=np.uint8)
    for (row, column), weights in tiles.items():
        top, left = row * (tall + tiling.down), column * (wide + tiling.across)
        colours = shade(weights, sheet.style).repeat(tiling.split, 0).repeat(tiling.split, 1)
        pixels[top : top + tall, left : left + wide] = colours
    sheet.image(x, y, tiling.width, tiling.height, pixels)
    corners = [(x + dx, y + dy) for dx, dy in (tiling.corner(*place) for place in tiles)]
    sheet.frames(corners, tiling.tile_width, tiling.tile_height)
    absent = [
        corner
        for corner, weights in zip(corners, tiles.values(), strict=True)
        if bool(np.isnan(weights).all())
    ]
    crosses = [
        [(left, top + tiling.tile_height), (left + tiling.tile_width, top)] for left, top in absent
    ]
    sheet.lines(np.array(crosses), QUIET, 0.35)


def shrink(weights: Floats, limit: int) -> tuple[Floats, int]:
    """Pool [..., query, key] to at most `limit` cells a side; the means, and tokens a cell."""
    block = ceil(max(weights.shape[-2:]) / max(1, limit))
    return pool(weights, block), block


def numbered(count: int, room: float, least: float) -> Iterator[int]:
    """The numbers below `count` that fit when each has `room` points and needs `least`."""
    return iter(range(0, count, max(1, ceil(least / room))))
