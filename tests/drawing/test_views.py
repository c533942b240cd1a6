"""What every view must do, whatever it shows: its width, vectors, text, the same bytes."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from attnviz.drawing.drawing import Drawing, Panel
from attnviz.drawing.picture_file import picture
from attnviz.drawing.registry import views
from attnviz.drawing.view import DrawingStyle
from attnviz.errors import UsageError
from attnviz.figures.style import FigureStyle
from tests.helpers.drawn import as_flow, drawing, labels, random, says, streams, svg, words, written
from tests.helpers.pictured import HOSTILE
from tests.helpers.pictured import labels as hostile

NAMES = tuple(views())
SENTENCE = "[CLS] the cat sat on the mat [SEP]"


def some(query: tuple[int, ...] = (), name: str = "") -> Drawing:
    return as_flow(name, drawing(SENTENCE, random(8), query=query))


def test_the_views_in_their_order() -> None:
    assert NAMES == ("matrix", "mosaic", "arcs", "text", "rollout", "flow")
    assert all(view.about.endswith(".") for view in views().values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [1.5, 3.3, 7.0])
def test_a_picture_is_exactly_as_wide_as_it_was_asked_for(name: str, width: float) -> None:
    view, style = views()[name], DrawingStyle(width=width)

    pdf = picture(view, some(name=name), style, ".pdf")
    root = svg(name, some(), style)
    png = picture(view, some(name=name), style, ".png")

    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) [\d.]+ ?\]", pdf)
    assert box
    assert float(box[1]) == pytest.approx(72 * width, abs=1e-6)
    assert root.attrib["width"] == f"{72 * width:g}pt"
    assert struct.unpack(">I", png[16:20])[0] == round(150 * width)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_written_or_drawn_beyond_the_page(name: str) -> None:
    from tests.helpers.pictured import decode

    for query in ((), (2,)):
        style = DrawingStyle(width=3.3, values=True)
        pixels = decode(picture(views()[name], some(query, name), style, ".png"))
        for edge in (pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:]):
            assert (edge == 255).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [3.3, None])
def test_text_is_text_of_at_least_five_points(name: str, width: float | None) -> None:
    root = svg(name, some(), DrawingStyle(width=width, values=True))

    assert min(each.size for each in written(root)) >= 4.3  # special tokens are 0.88 of 5
    if name != "mosaic":
        assert {"cat", "sat", "mat"} <= {each.text for each in written(root)}


@pytest.mark.parametrize("name", NAMES)
def test_cells_are_vectors(name: str) -> None:
    pdf = picture(views()[name], some(name=name), DrawingStyle(), ".pdf")

    assert not list(svg(name, some()).iter("{http://www.w3.org/2000/svg}image"))
    assert b"/Subtype /Image" not in pdf
    assert b"/Subtype /Type3" not in pdf
    assert b"BT" in streams(pdf)


def test_a_cell_has_the_colour_of_its_weight_in_svg() -> None:
    weights = [[1.0, 0.0], [0.0, 1.0]]

    root = svg("matrix", drawing("a b", weights), DrawingStyle(FigureStyle(cmap="Greys")))

    paths = root.iter("{http://www.w3.org/2000/svg}path")
    cells = {path.attrib.get("d", ""): path.attrib.get("fill") for path in paths}
    assert cells["M0 0h1v1h-1zM1 1h1v1h-1z"] == "#000000"
    assert cells["M1 0h1v1h-1zM0 1h1v1h-1z"] == "#FFFFFF"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("suffix", [".pdf", ".svg", ".png"])
def test_the_same_drawing_gives_the_same_bytes(name: str, suffix: str) -> None:
    drawn = some(name=name)
    first, second = (picture(views()[name], drawn, DrawingStyle(), suffix) for _ in range(2))

    assert first == second
    for trace in (b"CreationDate", b"Matplotlib", b"dc:date"):
        assert trace not in first


@pytest.mark.slow
def test_the_same_bytes_whatever_the_seed_of_hashes() -> None:
    code = (
        "import sys, tests.drawing.test_views as t; from attnviz.drawing.view import DrawingStyle;"
        "sys.stdout.buffer.write(t.picture(t.views()['matrix'], t.some(), DrawingStyle(), '.pdf'))"
    )

    first, second = (
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    )

    assert first == second
    assert first == picture(views()["matrix"], some(), DrawingStyle(), ".pdf")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("suffix", [".pdf", ".svg", ".png"])
def test_hostile_tokens_are_drawn_as_text(name: str, suffix: str) -> None:
    tokens = hostile(len(HOSTILE) + 2)
    drawn = replace(drawing("a", random(len(tokens))), queries=tokens, keys=tokens)
    style = DrawingStyle(width=7.0)

    made = picture(views()[name], as_flow(name, drawn), style, suffix)

    assert b"</script>" not in made
    if suffix == ".svg" and name != "mosaic":
        assert {"</script>", "$x^$", "&amp;"} <= {t.text for t in written(svg(name, drawn, style))}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "flow"])
def test_cross_attention_names_both_sides(name: str) -> None:
    drawn = drawing(
        "a", random(3, 4), queries=labels("das rote Haus"), keys=labels("the red house .")
    )

    root = svg(name, replace(drawn, stream="cross"))

    assert "cross-attention" in says(root)


@pytest.mark.parametrize("name", NAMES)
def test_one_token_is_a_sentence(name: str) -> None:
    drawn = as_flow(name, drawing("a", [[1.0]]))

    assert picture(views()[name], drawn, DrawingStyle(width=3.3), ".svg")


def test_the_lens_says_what_it_took() -> None:
    panel = Panel("L5H7", random(3), 5, 7, removed=0.62)
    drawn = replace(drawing("a b c", random(3)), panels=(panel,), lens="content")

    for name in [name for name in NAMES if name != "flow"]:
        assert "Without special tokens, which took 0.62." in " ".join(
            says(svg(name, drawn)).split()
        )


def test_colours_that_end_at_the_largest_weight_have_its_number_on_their_bar() -> None:
    weights = np.array([[0.75, 0.25], [0.63, 0.37]])

    own = {each.text for each in written(svg("rollout", drawing("a b", weights)))}
    fixed = {each.text for each in written(svg("matrix", drawing("a b", weights)))}

    assert {"0", "0.2", "0.4", "0.6", "0.75"} <= own
    assert {"0", "0.05", "0.2", "0.5", "1"} <= fixed
    assert "Colours end at the largest weight." in says(svg("rollout", drawing("a b", weights)))


def test_the_model_stands_at_the_foot_and_in_the_metadata() -> None:
    drawn = replace(some(), model="models/" + "very-" * 20 + "long")
    narrow = DrawingStyle(width=1.5)
    picture_of = {
        kind: picture(views()["matrix"], drawn, narrow, kind) for kind in (".svg", ".pdf")
    }

    # Of a long name the end has room.
    assert re.search(r" …[a-z-]*very-long$", says(ET.fromstring(picture_of[".svg"])))
    title = f"L0H0, {drawn.model}"
    assert ET.fromstring(picture_of[".svg"]).findtext("{*}title") == title
    assert f"/Title ({title})".encode() in picture_of[".pdf"]


def test_another_format_or_width_is_refused() -> None:
    view = views()["matrix"]

    with pytest.raises(UsageError, match=r"\.jpg.*no pictures") as caught:
        picture(view, some(), DrawingStyle(), ".jpg")
    assert ".pdf, .svg, .png" in caught.value.hint
    with pytest.raises(UsageError, match=r"can’t be 0.2 in wide"):
        picture(view, some(), DrawingStyle(width=0.2), ".pdf")


def test_long_sentences_have_blocks_for_cells_and_say_how_many_labels_are_left_out() -> None:
    said = says(svg("matrix", drawing(words(300), random(300)), DrawingStyle(width=3.3)))

    assert "share of attention that 3 queries on average give to 3 keys" in said
    assert re.search(r"Every \d+th token is labelled, with its place from 0; \d+ labels", said)
