"""A comparison as a page, as Markdown, as JSON and on the terminal, all from the same sections."""

from __future__ import annotations

from collections.abc import Sequence

from attnviz.comparison.formats import html, json_comparison, markdown
from attnviz.comparison.several import Comparisons
from attnviz.figures.picture import Picture

PAGES = (html.FILENAME, markdown.FILENAME, json_comparison.FILENAME)
"""The files of a comparison's folder, besides its figures."""


def files(comparisons: Comparisons, pictures: Sequence[Picture]) -> dict[str, bytes]:
    """Every file of a comparison's folder: path relative to the folder -> bytes."""
    folder = {
        html.FILENAME: html.write(comparisons, pictures),
        markdown.FILENAME: markdown.write(comparisons, pictures),
        json_comparison.FILENAME: json_comparison.write(comparisons, pictures),
    }
    for picture in pictures:
        folder[f"{picture.path}.png"] = picture.png
        folder[f"{picture.path}.svg"] = picture.svg
    return folder
