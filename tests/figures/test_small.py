"""The drawing for the page: the same picture as the files, with text as text."""

from __future__ import annotations

import base64
import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from attnviz.figures import small
from attnviz.figures.gallery import draw_all
from attnviz.figures.png import encode_palette
from attnviz.figures.sheet import Page, Sheet
from attnviz.figures.style import FigureStyle
from tests.helpers.pictured import HOSTILE, decode, sentence, style_for

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("colours", [1, 2, 4, 5, 16, 17, 256])
def test_a_palette_keeps_every_colour(colours: int) -> None:
    shades = np.arange(colours, dtype=np.uint8)[:, None] * (1, 0, 0) + (0, 7, 9)
    pixels = shades.astype(np.uint8)[np.arange(7 * 41).reshape(7, 41) % colours]

    assert np.array_equal(decode(encode_palette(pixels)), pixels)


def test_of_too_many_colours_the_rarest_become_their_neighbours() -> None:
    pixels = np.zeros((300, 300, 3), dtype=np.uint8)
    pixels[:256, :256, 0] = np.arange(256)
    pixels[299, :10, 1] = np.arange(10)

    kept = decode(encode_palette(pixels))

    assert np.abs(kept.astype(int) - pixels).max() <= 10
    assert np.array_equal(kept[:256, :256], pixels[:256, :256])


def test_text_is_text_as_wide_as_it_was_laid_out_whatever_it_says() -> None:
    sheet = Sheet(style_for())
    for row, text in enumerate(HOSTILE):
        sheet.text(3.0, 10.0 * row, text, upright=row % 2 == 1)
    (page,) = sheet.figure(100.0, 200.0).artists
    assert isinstance(page, Page)

    root = ET.fromstring(page.small(100.0, 200.0).decode())

    texts = list(root.iter(f"{SVG}text"))
    assert sorted(each.text or "" for each in texts) == sorted(map(sheet.shown, HOSTILE))
    for each in texts:
        if len(each.text or "") > 1:
            assert float(each.attrib["textLength"]) == pytest.approx(
                sheet.measure(each.text or "", 7.0), abs=0.01
            )


def test_large_cells_are_one_pixel_each_and_small_ones_two_by_two() -> None:
    pixels = np.full((4, 6, 3), 100, dtype=np.uint8)
    pixels[0, 0] = 255

    for side, times in ((5.0, 1), (1.0, 2)):
        element = ET.fromstring(small.image(0.0, 0.0, 6 * side, 4 * side, pixels))
        uri = element.attrib["href"]
        shown = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
        assert shown.size == (6 * times, 4 * times)
        assert np.asarray(shown.convert("RGB"))[0, 0].tolist() == [255, 255, 255]


def test_paths_keep_their_corners() -> None:
    vertices = np.array([[0.0, 0.0], [5.0, 0.0], [5.0, 2.5], [0.0, 0.0], [0.0, 0.0]])
    drawn = small.shape(
        vertices, np.array([1, 2, 2, 2, 79], dtype=np.uint8), fill=None, edge="#123456", line=0.5
    )
    assert ET.fromstring(drawn).attrib["d"] == "M0 0H5V2.5L0 0z"


def test_every_picture_has_a_drawing_that_is_smaller_than_its_file() -> None:
    for made in draw_all(None, [sentence(9)], FigureStyle()):
        assert made.small.startswith(b"<svg")
        assert len(made.small) < 0.6 * len(made.svg)
