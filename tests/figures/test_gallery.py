"""The whole set of pictures: paths, order, processes, reproducibility."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from attnviz.figures import roles, similarity
from attnviz.figures.gallery import draw_all, perform, tasks
from attnviz.figures.picture import Picture
from attnviz.figures.style import FigureStyle
from tests.helpers.pictured import model, sentence

pytestmark = pytest.mark.slow

ONCE = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from tests.helpers.pictured import model, sentence
from attnviz.figures.gallery import draw_all
found = draw_all(model(), [sentence(9)])
assert not {"torch", "transformers", "matplotlib.pyplot"} & set(sys.modules)
print(hashlib.sha256(b"".join(p.png + p.svg for p in found)).hexdigest())
"""
ROOT = Path(__file__).resolve().parents[2]


def test_paths_name_the_sentence_and_the_head() -> None:
    paths = [task.path for task in tasks(model(), [sentence(3)])]

    assert paths[:2] == ["figures/roles", "figures/entropy"]
    assert "figures/s007/mosaic" in paths
    assert paths[-2:] == [
        "figures/s007/L0H1",
        "figures/s007/L1H2",
    ]


def test_no_two_pictures_share_a_path() -> None:
    view = sentence(3)
    twice = replace(view, heads=view.heads[:1] * 2)

    paths = [task.path for task in tasks(None, [twice])]

    assert paths[-2:] == [
        "figures/s007/L0H1",
        "figures/s007/L0H1-2",
    ]


def test_figures_that_do_not_apply_are_left_out() -> None:
    names = [task.figure for task in tasks(replace(model(), dissimilarity=None), [])]

    assert "similarity" not in names
    assert "roles" in names


def test_two_processes_make_the_same_pictures_in_the_same_order() -> None:
    views = [sentence(3), replace(sentence(4), id=8)]
    seen: list[Picture] = []

    alone = draw_all(None, views)
    shared = draw_all(None, views, jobs=2, progress=seen.append)

    assert shared == alone == tuple(seen)


def test_bytes_depend_neither_on_hashes_nor_on_folder_nor_on_settings(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_text("savefig.bbox: tight\nfont.size: 30\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", ONCE, str(ROOT)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    here = b"".join(made.png + made.svg for made in draw_all(model(), [sentence(9)]))
    assert done.stdout.strip() == hashlib.sha256(here).hexdigest()


def test_an_interrupt_reaches_the_caller_with_the_workers_gone() -> None:
    def interrupt(_: Picture) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_all(None, [sentence(3)], jobs=2, progress=interrupt)
    assert not multiprocessing.active_children()


def test_a_picture_knows_what_it_shows() -> None:
    task = tasks(None, [replace(sentence(3), stream="cross")])[-1]
    picture = perform(task, FigureStyle())

    assert picture.path == "figures/cross/s007/L1H2"
    assert (picture.stream, picture.sentence, picture.heads) == ("cross", 7, ((1, 2),))


def test_captions_say_the_finding_with_numbers() -> None:
    captions = {made.path: made.caption for made in draw_all(model(), [sentence(5)])}

    assert captions["figures/s007/L0H1"].startswith("L0H1 puts 0.83 of its")
    assert "would put 0.041" in captions["figures/s007/L0H1"]
    assert captions["figures/s007/L1H2"].startswith("L1H2 has no target as Subject <b>")
    assert captions["figures/roles"].startswith("2 of 6 heads have a supported role")
    assert "2 heads form 1 redundant group" in captions["figures/similarity"]


def test_heads_that_do_not_exist_are_not_counted() -> None:
    view = model()
    gaps = {name: values.copy() for name, values in view.statistics.items()}
    for values in gaps.values():
        values[0, 2] = np.nan
    hybrid = replace(view, statistics=gaps)

    assert roles.caption(hybrid).startswith("2 of 5 heads")
    assert "on average" in {made.title: made.caption for made in draw_all(hybrid, [])}["Entropy"]


def test_letters_are_small_where_the_evidence_is_tentative() -> None:
    first, _, third = model().roles[0]

    assert roles.letters(first) == "Pj"
    assert roles.letters(third) == "j"


def test_similarity_without_groups_still_names_the_closest_pair() -> None:
    view = replace(model(1, 2), groups=(), dissimilarity=np.array([[0.0, 0.25], [0.25, 0.0]]))

    assert similarity.caption(view).startswith(
        "No heads are surely redundant; the most alike are L0H0 and L0H1 (0.25)."
    )
