"""One sentence's attention from a script or a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import attnviz
from attnviz.errors import InputError, NothingToAnalyseError, UsageError, WriteError
from tests.conftest import SAMPLES
from tests.helpers.tool import content

pytestmark = pytest.mark.slow

TRANSLATION = SAMPLES / "translation"


@pytest.fixture(scope="module")
def found(tiny: Path) -> Any:
    return attnviz.weights(tiny, "The dog sat on the mat.")


def test_what_it_is(found: Any) -> None:
    assert repr(found) == "<Weights of tiny: 4 heads, 9 queries, 9 keys>"
    assert found.tokens == found.keys
    assert found.tokens == ("[CLS]", "The", "dog", "sat", "on", "the", "mat", ".", "[SEP]")
    assert found.words == ("The", "dog", "sat", "on", "the", "mat", ".")
    assert found.weights.shape == (2, 2, 9, 9)
    assert found.weights.sum(-1) == pytest.approx(1.0)
    assert found.notes == ()


def test_a_data_frame(found: Any) -> None:
    frame = found.frame()
    assert len(frame) == 4 * 9 * 9
    [row] = frame.query("name == 'L1H0' and query_token == 'dog' and key_token == 'mat'").weight
    assert row == found.head("L1H0")[2, 6]


def test_a_drawing_shows_and_saves_itself(found: Any, tmp_path: Path) -> None:
    drawn = found.draw(heads=["L0H1"], view="matrix", size="3in", scale="own", cmap="viridis")
    assert drawn._repr_png_().startswith(b"\x89PNG")
    drawn.save(tmp_path / "a.pdf", str(tmp_path / "a.csv"))
    assert set(content(tmp_path)) == {"a.pdf", "a.csv"}
    with pytest.raises(UsageError, match=r"ends in \.jpg"):
        drawn.save(tmp_path / "a.jpg")
    with pytest.raises(WriteError, match="doesn't exist"):
        drawn.save(tmp_path / "none" / "a.pdf")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"haeds": "L0H0"}, "no setting haeds"),
        ({"sentence": 2}, "no setting sentence"),
        ({"view": "circle"}, "no view 'circle'"),
        ({"heads": "L9H9"}, "no head L9H9"),
        ({"query": "cow"}, "no word or token 'cow'"),
        ({"view": "arcs"}, "arcs shows one head"),
        ({"cmap": "Bleus"}, "no colour map"),
        ({"layers": 7}, "no head L7H0"),
    ],
)
def test_what_cant_be_drawn(found: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        found.draw(**settings)
    assert caught.value.hint


def test_only_some_heads_are_kept(tiny: Path) -> None:
    found = attnviz.weights(tiny, "The dog sat.", heads=["L1H1", "L0H0"])
    assert found.names == ("L0H0", "L1H1")
    assert attnviz.weights(tiny, "The dog sat.", layers=1).names == ("L1H0", "L1H1")
    with pytest.raises(UsageError, match="There is no head L2H0") as caught:
        attnviz.weights(tiny, "The dog sat.", heads="L2H0")
    assert caught.value.hint == "Layers are 0 to 1, heads 0 to 1."
    with pytest.raises(UsageError, match="There is no layer 2"):
        attnviz.weights(tiny, "The dog sat.", layers=[2])


def test_texts(tiny: Path, text: Path) -> None:
    assert attnviz.weights(tiny, text, sentence=2).tokens[2] == "cat"
    pair = attnviz.weights(tiny, ("The dog sat.", "A cat\tran."))
    assert pair.tokens.count("[SEP]") == 2
    whole = attnviz.weights(tiny, "The dog sat. A cat\nran!")
    assert whole.tokens[-2] == "!"
    wrong: Any
    for wrong in (5, None, ["a"], ("a", "b", "c")):
        with pytest.raises(UsageError, match="neither a sentence nor a path nor a pair"):
            attnviz.weights(tiny, wrong)
    with pytest.raises(UsageError, match="There is no sentence 4") as caught:
        attnviz.weights(tiny, text, sentence=4)
    assert caught.value.hint == "Sentences count from 1 to 3."
    with pytest.raises(NothingToAnalyseError):
        attnviz.weights(tiny, " ")
    with pytest.raises(UsageError, match="no setting resamples"):
        attnviz.weights(tiny, "a", resamples=100)
    with pytest.raises(InputError, match="takes no targets"):
        attnviz.weights(tiny, "The dog sat.", target="The cat ran.")


def test_streams_of_an_encoder_and_a_decoder() -> None:
    source, target = "the king works .", "le roi travaille ."
    model = TRANSLATION / "model"
    cross = attnviz.weights(model, source, target=target)
    assert (cross.stream, cross.rollout, cross.causal) == ("cross", None, False)
    assert cross.matrices.shape[1:] == (len(cross.tokens), len(cross.keys))
    assert ("roi" in cross.tokens, "king" in cross.keys) == (True, True)
    decoder = attnviz.weights(model, source, target=target, stream="decoder")
    assert decoder.causal
    assert decoder.tokens == decoder.keys == cross.tokens
    encoder = attnviz.weights(model, source, target=target, stream="encoder")
    assert not encoder.causal
    assert encoder.tokens == cross.keys
    report = attnviz.analyze(model, [source], targets=[target], resamples=100)
    for found in (cross, decoder, encoder):
        [view] = report.part(found.stream).illustrations
        assert found.weights == pytest.approx(view.attention, abs=1e-5)
    with pytest.raises(InputError, match="nothing for the decoder"):
        attnviz.weights(model, source)


def test_what_doesnt_fit_is_refused(tiny: Path) -> None:
    with pytest.raises(InputError) as caught:
        attnviz.weights(tiny, "The dog sat.", max_memory="1KiB")
    assert "--split sentence" in caught.value.hint
    found = attnviz.weights(tiny, "the " * 60, max_memory="300KiB", heads="L0H0")
    assert found.matrices.shape == (1, 62, 62)
    with pytest.raises(InputError, match=r"matrices of 4 heads .* 62 tokens need about") as caught:
        attnviz.weights(tiny, "the " * 60, max_memory="100KiB")
    assert "--heads or --layers" in caught.value.hint
