"""The same report from a script or a notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import attnviz
from attnviz import AttnvizError
from attnviz.errors import InputError, NothingToAnalyseError, UsageError
from tests.conftest import SAMPLES
from tests.helpers.tool import content

pytestmark = pytest.mark.slow

FEW: dict[str, Any] = {"illustrate": 0, "resamples": 100}


def test_the_top_level_exports_few_names() -> None:
    names = "AttnvizError Comparisons Measurement Report Settings __version__"
    functions = "analyze check compare judge measure scan weights"
    assert dir(attnviz) == [*names.split(), *functions.split()]
    assert all(getattr(attnviz, name) is not None for name in dir(attnviz))
    with pytest.raises(AttributeError, match="no attribute 'analyse'"):
        attnviz.analyse  # noqa: B018


def test_a_sentence_an_item(tiny: Path) -> None:
    sentences = ["The dog sat. The cat ran!", "A bird\non the mat", "then it was red."]
    found = attnviz.analyze(str(tiny), sentences, **FEW)
    assert [one.text for one in found.sentences] == [one.replace("\n", " ") for one in sentences]


def test_a_text_is_split(tiny: Path) -> None:
    found = attnviz.analyze(tiny, "The dog sat. The cat ran!", **FEW)
    assert [one.text for one in found.sentences] == ["The dog sat.", "The cat ran!"]


def test_paths(tiny: Path, text: Path) -> None:
    one = attnviz.analyze(tiny, text, **FEW)
    two = attnviz.analyze(tiny, [text, text], **FEW)
    assert (len(one.sentences), len(two.sentences)) == (3, 6)


def test_saving_and_showing(tiny: Path, text: Path, tmp_path: Path) -> None:
    found = attnviz.analyze(tiny, text, **FEW)
    assert found.save(tmp_path / "out") == tmp_path / "out" / "report.html"
    assert json.loads(content(tmp_path / "out")["report.json"])["model"]["name"] == "tiny"
    assert found.save(str(tmp_path / "out")).exists()
    assert found._repr_html_().startswith("<")


def test_errors_are_ours(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingToAnalyseError, match="No text was given"):
        attnviz.analyze(tiny, [])
    with pytest.raises(NothingToAnalyseError):
        attnviz.analyze(tiny, ["", " "])
    wrong: Any
    for wrong in (["a text", tmp_path], 5, None, [("a", "b")], [["a", "cat"]]):
        with pytest.raises(UsageError, match="neither a text nor sentences nor paths"):
            attnviz.analyze(tiny, wrong)
    with pytest.raises(UsageError, match="no setting ilustrate") as caught:
        attnviz.analyze(tiny, ["a"], ilustrate=1)
    assert caught.value.hint == "Did you mean illustrate?"
    with pytest.raises(AttnvizError, match="There is no folder") as missing:
        attnviz.analyze("no-such/model", ["a"])
    assert missing.value.hint


TRANSLATION = SAMPLES / "translation"


def test_targets_come_as_the_texts_do(tmp_path: Path) -> None:
    sources = ["the king works .", "the old cat sees the dog ."]
    targets = ["le roi travaille .", "le vieux chat voit le chien ."]
    (tmp_path / "target.txt").write_text("\n".join(targets))
    model = TRANSLATION / "model"
    listed = attnviz.analyze(model, sources, targets=targets, **FEW)
    filed = attnviz.analyze(model, sources, targets=tmp_path / "target.txt", **FEW)
    for found in (listed, filed):
        assert [one.text for one in found.part("cross").sentences] == targets
        assert isinstance(found.part("cross"), attnviz.Report)
        assert [one.text for one in found.part("encoder").sentences] == sources
    assert [head.roles for head in listed.part("cross").heads] == [
        head.roles for head in filed.part("cross").heads
    ]


def test_a_blank_target_is_of_its_place() -> None:
    sources = ["the king works .", "", "the dog ."]
    targets = ["le roi travaille .", "un chat .", ""]
    found = attnviz.analyze(TRANSLATION / "model", sources, targets=targets, **FEW)
    assert [one.text for one in found.part("encoder").sentences] == sources[:1]
    assert [one.text for one in found.part("cross").sentences] == targets[:1]
    assert any("on one side: 2 pairs (lines 2, 3)." in warning for warning in found.warnings)


def test_a_whole_of_parts_has_no_heads_of_its_own() -> None:
    found = attnviz.analyze(
        TRANSLATION / "model", ["the king works ."], targets=["le roi travaille ."], **FEW
    )
    assert (found.heads, found.sentences) == ((), ())
    assert found.part("cross").head(1, 3).attention == "cross"
    for name in ("", "encoders"):
        with pytest.raises(KeyError):
            found.part(name)


def test_targets_that_dont_fit(tiny: Path) -> None:
    with pytest.raises(InputError, match="has 1 line for 2 lines of text"):
        attnviz.analyze(TRANSLATION / "model", ["the king .", "a cat ."], targets=["le roi ."])
    with pytest.raises(InputError, match="takes no targets"):
        attnviz.analyze(tiny, ["The dog sat."], targets=["The cat ran."], **FEW)


def test_a_script_may_limit_memory_too(tiny: Path) -> None:
    with pytest.raises(InputError, match=r"needs about .* 1\.0 KiB are allowed") as caught:
        attnviz.analyze(tiny, ["The dog sat."], max_memory="1KiB", **FEW)
    assert "--split sentence" in caught.value.hint
    enough = attnviz.analyze(tiny, ["The dog sat."], max_memory="1MiB", **FEW)
    assert enough.options.max_memory == "1MiB"
    assert len(enough.sentences[0].rollout) == len(enough.sentences[0].tokens)
