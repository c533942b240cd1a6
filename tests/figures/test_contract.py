"""What every registered figure must do, whatever it shows."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from PIL import Image

from attnviz.figures.figure import ReportFigure
from attnviz.figures.gallery import Task, perform, tasks
from attnviz.figures.picture import Picture
from attnviz.figures.registry import figures
from attnviz.figures.views import ModelView, SentenceView
from tests.helpers.pictured import (
    compared,
    cross,
    decode,
    hybrid,
    long,
    model,
    sentence,
    style_for,
    window,
)

pytestmark = pytest.mark.slow

SIZES = (1, 3, 25, 60, 61, 200)
STYLE = style_for("some/model <b>")


def every_task() -> list[Task]:
    found = list(tasks(model(), ()))
    for size in SIZES:
        found += tasks(None, (sentence(size, causal=size == 25),))
    for queries, keys in ((7, 9), (1, 130), (90, 3), (300, 200)):
        found += tasks(None, (cross(queries, keys),))
    windows = window((300, 340), (280, 320)), window((0, 12), (3, 40)), window((690, 700), (0, 1))
    found += tasks(None, (long(700, *windows), long(8192, window((8152, 8192), (0, 40)))))
    maps, drawn = hybrid()
    found += tasks((maps, replace(maps, stream="cross")), (drawn,))
    for models, layers, heads in ((2, 6, 12), (13, 2, 4), (20, 3, 2)):
        found += tasks(None, compared(models, layers, heads))
    return found


TASKS = every_task()


def name(index: int) -> str:
    task = TASKS[index]
    size = len(task.view.labels) if hasattr(task.view, "labels") else "model"
    return f"{task.path.rpartition('/')[2]}-{size}"


@cache
def made(index: int) -> Picture:
    return perform(TASKS[index], STYLE)


@pytest.mark.parametrize("index", range(len(TASKS)), ids=name)
def test_every_figure_renders_the_same_bytes_twice_as_png_and_well_formed_svg(index: int) -> None:
    task, picture = TASKS[index], made(index)

    assert perform(task, STYLE) == picture
    height, width, _ = decode(picture.png).shape
    assert (round(width / 150 * 96), round(height / 150 * 96)) == (picture.width, picture.height)
    assert ET.fromstring(picture.svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert picture.path == task.path
    assert picture.title
    assert picture.caption.endswith(".")


@pytest.mark.parametrize("index", range(len(TASKS)), ids=name)
def test_nothing_is_clipped_at_the_edges(index: int) -> None:
    pixels = decode(made(index).png)

    margin = 6
    for edge in (pixels[:margin], pixels[-margin:], pixels[:, :margin], pixels[:, -margin:]):
        assert (edge == 255).all()


@pytest.mark.parametrize("figure", figures(), ids=lambda figure: figure.name)
def test_every_figure_says_what_it_is(figure: ReportFigure[Any]) -> None:
    assert figure.title
    assert figure.about.endswith(".")
    assert figure.name == figure.name.lower()


def test_registry_finds_the_figures_in_their_order() -> None:
    found = [(figure.view, figure.name) for figure in figures()]
    assert [name for view, name in found if view is ModelView] == [
        "roles",
        "entropy",
        "distance",
        "confidence",
        "similarity",
    ]
    assert [name for view, name in found if view is SentenceView] == [
        "mosaic",
        "layers",
        "received",
        "rollout",
        "head",
    ]


def test_files_hold_no_date_no_program_and_no_token_text() -> None:
    task = tasks(None, (sentence(25),))[-2]
    picture = perform(task, STYLE)

    for trace in (b"Matplotlib", b"dc:date", b"script", b"INST"):
        assert trace not in picture.png
        assert trace not in picture.svg


def test_files_name_the_figure_and_the_model_which_stands_at_its_foot() -> None:
    task = tasks(None, (sentence(25),))[0]
    unnamed, named = (perform(task, replace(STYLE, model=name)) for name in ("", "a/model <b>\x1b"))

    title = "All heads, a/model <b><U+001B>"
    assert Image.open(io.BytesIO(named.png)).info["Title"] == title
    root = ET.fromstring(named.svg)
    assert root.findtext("{http://www.w3.org/2000/svg}title") == title
    assert "a/model &lt;b&gt;&lt;U+001B&gt;" in named.small.decode()
    assert (unnamed.width, unnamed.height) < (named.width, named.height)
    assert named.height - unnamed.height < 8


@pytest.mark.parametrize(("layers", "heads"), [(1, 1), (30, 9), (2, 64), (48, 4)])
def test_models_of_any_shape_fit_on_a_page(layers: int, heads: int) -> None:
    view = sentence(12, layers, heads)
    found = [task for task in tasks(model(layers, heads), (view,)) if not task.subject.heads]
    found += tasks(None, compared(4, layers, heads))

    for picture in (perform(task, STYLE) for task in found if task.figure != "received"):
        assert picture.width < 1130, picture.path
        assert picture.height < 1300, picture.path
