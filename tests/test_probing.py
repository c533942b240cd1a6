"""The probe with repeated random tokens, from a model to its part of the report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attnviz
from attnviz import probing
from attnviz.evidence.prefix_matching import Estimate, Induction
from attnviz.models import repeated
from attnviz.report.formats import html, json_report, markdown
from tests.conftest import SAMPLES
from tests.helpers import schemas
from tests.helpers.models import write_model
from tests.helpers.planted import sentence

pytestmark = pytest.mark.slow

TEXT = ["The dog sat on the mat.", "A cat saw the bird."]
FEW: dict[str, Any] = {"illustrate": 0, "resamples": 100}


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A decoder whose embedding reads its logits too."""
    folder = tmp_path_factory.mktemp("models") / "decoder"
    return write_model(folder, "gpt2", head="ForCausalLM")


def test_an_encoder_is_probed_and_has_no_copying(tiny: Path) -> None:
    found = attnviz.analyze(tiny, TEXT, **FEW).induction
    assert found is not None
    assert (found.draws, found.tokens, found.repeats) == (10, 15, 4)  # 64 places, two of them taken
    assert found.queries == 10 * 15 * 3
    assert [(one.layer, one.head) for one in found.heads] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert all(one.copying is None for one in found.heads)
    for one in found.heads:
        assert one.prefix_matching.chance == pytest.approx(2 / 62, rel=1e-4)


def test_a_decoder_has_copying(decoder: Path) -> None:
    made = attnviz.analyze(decoder, TEXT, **FEW)
    assert made.induction is not None
    for one in made.induction.heads:
        assert one.copying is not None
        assert one.copying.chance == 0
        assert one.lifted is not None
        assert one.lifted.score is not None
        assert one.lifted.chance is not None
        assert 0 <= one.lifted.score <= 1
        assert 0 < one.lifted.chance < 1
    schemas.validate(json.loads(json_report.write(made, ())))
    for write in (html.write, markdown.write):
        assert b"Induction on repeated random tokens" in write(made, ())


def test_it_changes_nothing_else(decoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = json.loads(json_report.write(attnviz.analyze(decoder, TEXT, **FEW), ()))
    monkeypatch.setattr(probing, "probe", lambda *_: (None, "Not now."))
    without = json.loads(json_report.write(attnviz.analyze(decoder, TEXT, **FEW), ()))
    assert without.pop("induction") is None
    assert told.pop("induction")
    assert told == without


def test_the_same_seed_gives_the_same_bytes_and_another_other_draws(decoder: Path) -> None:
    one, same, other = (attnviz.analyze(decoder, TEXT, seed=seed, **FEW) for seed in (0, 0, 1))
    for write in (html.write, json_report.write, markdown.write):
        assert write(one, ()) == write(same, ())
    assert one.induction != other.induction


def test_an_encoder_decoder_model_says_why_it_is_not_probed() -> None:
    model = SAMPLES / "translation" / "model"
    found = attnviz.analyze(model, ["the king ."], targets=["le roi ."], **FEW)
    assert found.induction is None
    assert "reads two" in found.no_induction
    assert all(part.induction is None for part in found.parts)
    assert "Not measured. It is defined" in markdown.write(found, ()).decode()


def test_where_there_is_no_room_it_says_so(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = attnviz.analyze(tiny, ["The dog sat."], max_memory="60KiB", **FEW)
    assert found.induction is None
    assert found.no_induction == "62 tokens take more memory than is allowed."
    monkeypatch.setattr(repeated, "FEWEST", 100)
    found = attnviz.analyze(tiny, ["The dog sat."], **FEW)
    assert found.induction is None
    assert "has no room for" in found.no_induction


def test_what_could_not_be_measured_is_none() -> None:
    nothing, half = np.array([np.nan]), np.array([0.5])
    found = Induction(
        heads=((0, 0),),
        prefix_matching=Estimate(half, nothing, nothing),
        baselines={"chance": half / 2},
        against=("chance",),
        margin=Estimate(half / 2, nothing, nothing),
        verdicts=("no",),
        copying=Estimate(nothing, nothing, nothing),
        lifted=Estimate(half, nothing, nothing),
        lifted_chance=half / 2,
        draws=3,
        queries=12,
    )
    drawn = sentence("a b c d a b c d a b c d a b c d")
    one = probing.report(found, [drawn]).heads[0]
    assert (one.prefix_matching.score, one.prefix_matching.low) == (0.5, None)
    assert (one.baseline, one.margin_low) == (0.25, None)
    assert one.copying is not None
    assert (one.copying.score, one.copying.chance) == (None, 0)
    assert one.lifted is not None
    assert (one.lifted.score, one.lifted.low, one.lifted.chance) == (0.5, None, 0.25)
    without = replace(found, copying=None, lifted=None, lifted_chance=None)
    bare = probing.report(without, [drawn]).heads[0]
    assert (bare.copying, bare.lifted) == (None, None)
