"""How many tokens each side of a model takes: what is longer is cut and counted, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from attnviz.models.limits import limits
from tests.helpers import tiny
from tests.helpers.models import write_model
from tests.helpers.tool import Tool

pytestmark = pytest.mark.slow

# 64 places in each table, but for what is said in `tests/helpers/tiny.py`; (source, target).
LIMITS: dict[str, tuple[int, int]] = {
    "bert": (64, 64),
    "roberta": (63, 63),  # the first place of 64 is that of padding, 0 here
    "xlm-roberta": (63, 63),
    "longformer": (65, 65),  # 66 in all
    "mpnet": (62, 62),  # the padding is place 1
    "gpt2": (64, 64),
    "gpt_neo": (64, 64),
    "opt": (64, 64),  # 66 with two places that are never used
    "biogpt": (64, 64),
    "mpt": (64, 64),
    "llama": (64, 64),
    "t5": (64, 64),  # by its config alone
    "bart": (64, 64),
    "pegasus": (64, 64),
    "led": (64, 64),
    "prophetnet": (63, 62),  # its decoder looks one place ahead
}
_LEARNED = {"bert", "roberta", "xlm-roberta", "longformer", "gpt2", "gpt_neo", "opt", "biogpt"}
_LEARNED |= {"mpt", "bart", "led"}
_ENDLESS = SimpleNamespace(model_max_length=10**30)


def _run(model: Any, source: int, target: int) -> None:
    ids = torch.full((1, max(source, target)), 5)
    inputs = {"input_ids": ids[:, :source]}
    if model.config.is_encoder_decoder:
        inputs["decoder_input_ids"] = ids[:, :target]
    with torch.inference_mode():
        model(**inputs)


@pytest.mark.parametrize("kind", LIMITS)
def test_a_text_of_just_the_limit_runs_and_of_learned_places_no_longer_one(kind: str) -> None:
    model = tiny.model(kind, "eager")
    most = limits(model, _ENDLESS)
    assert tuple(most) == LIMITS[kind]
    assert most.source
    assert most.target
    _run(model, most.source, most.target)
    if kind in _LEARNED:
        with pytest.raises((IndexError, RuntimeError)):
            _run(model, most.source + 1, most.target)


def test_each_side_has_its_own_limit() -> None:
    from transformers import AutoModel

    config = tiny.config("led")
    config.max_encoder_position_embeddings = 30
    config.max_decoder_position_embeddings = 12
    config.max_position_embeddings = None
    make: Any = AutoModel.from_config
    model = make(config, attn_implementation="eager").eval()
    # The encoder pads to whole windows of 4, which must have places, too.
    assert limits(model, _ENDLESS) == (28, 12)
    _run(model, 28, 12)
    with pytest.raises(IndexError):
        _run(model, 29, 12)
    assert limits(model, SimpleNamespace(model_max_length=16)) == (16, 12)


def test_a_tokenizers_limit_counts_if_it_is_one() -> None:
    model = tiny.model("llama", "eager")
    assert limits(model, SimpleNamespace(model_max_length=20)).source == 20
    for odd in (0, -1, 1e30, "many"):
        assert limits(model, SimpleNamespace(model_max_length=odd)).source == 64


@pytest.fixture(scope="module")
def led(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An LED whose source may have 32 tokens and whose target 12."""
    folder = write_model(
        tmp_path_factory.mktemp("models") / "led",
        "led",
        head="ForSeq2SeqLM",
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        attention_window=4,
        max_encoder_position_embeddings=32,
        max_decoder_position_embeddings=12,
        decoder_start_token_id=3,
    )
    path = folder / "generation_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"eos_token_id": None}))
    return folder


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A source and a target, each with a line that is too long for its own side: 40 and 20."""
    folder = tmp_path_factory.mktemp("texts")
    source, target = folder / "source.txt", folder / "target.txt"
    source.write_text("the cat sat\n" + "the dog ran by " * 10 + "\n" + "a bird saw it\n")
    target.write_text("a cat sat\n" + "it ran\n" + "the bird ran by " * 5 + "\n")
    return source, target


_RUN = (
    "--split",
    "line",
    "--format",
    "json",
    "--illustrate",
    "0",
    "--resamples",
    "100",
    "--kernel",
    "tiles",
)


def test_what_is_too_long_for_its_side_is_cut_and_counted(
    tool: Tool, led: Path, texts: tuple[Path, Path]
) -> None:
    done = tool("report", led, texts[0], "--target", texts[1], *_RUN)
    assert done.code == 0, done.err
    # 32 places less [CLS] and [SEP] hold 30 of the 40 words; 12 less the start token 11 of 20.
    assert "Cut to the model's limit of 32 tokens: 1 sentence (2), 10 tokens lost." in done.err
    assert "Cut to the decoder's limit of 12 tokens: 1 target (3)" in done.err
    assert json.loads(done.out)["input"]["truncated"] == 2


def test_what_is_too_long_for_its_side_is_refused(
    tool: Tool, led: Path, texts: tuple[Path, Path], tmp_path: Path
) -> None:
    source, target = texts
    short = tmp_path / "short.txt"
    short.write_text("the cat\na dog\nit ran\n")
    done = tool("report", led, source, "--target", short, "--long", "error", *_RUN)
    assert done.code == 3
    assert "Sentence 2 (source.txt, line 2) has 42 tokens, and led takes 32 tokens" in done.err
    done = tool("report", led, short, "--target", target, "--long", "error", *_RUN)
    assert done.code == 3
    assert "Target of sentence 3 (target.txt, line 3) has" in done.err
    assert "the decoder of led takes 12 tokens; 1 target too long" in done.err


def test_writing_ends_where_the_decoder_ends(tool: Tool, led: Path, tmp_path: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("the cat sat\na dog ran\n")
    done = tool("report", led, text, "--generate", "20", *_RUN)
    assert done.code == 0, done.err
    # The start token takes one of the 12 places, so that 9 of 20 tokens have none.
    assert "Not written, as the model takes 12 tokens: 18 tokens of 2 sentences (1, 2)." in done.err
    done = tool("report", led, text, "--generate", "20", "--long", "error", *_RUN)
    assert done.code == 3
    assert "There is no room after sentence 1 (a.txt, line 1) for 9 tokens of the 20" in done.err


def test_a_decoder_writes_no_further_than_its_places(tool: Tool, tmp_path: Path) -> None:
    gpt2 = write_model(
        tmp_path / "m",
        "gpt2",
        head="ForCausalLM",
        n_positions=16,
        n_layer=1,
        n_head=2,
        n_embd=16,
        eos_token_id=None,
        bos_token_id=None,
        max_position_embeddings=16,
    )
    text = tmp_path / "a.txt"
    text.write_text("the cat sat\n" + "the dog ran by " * 5 + "\n")
    done = tool("report", gpt2, text, "--generate", "20", *_RUN)
    assert done.code == 0, done.err
    assert "Cut to the model's limit of 16 tokens: 1 sentence (2)" in done.err
    assert "Not written, as the model takes 16 tokens:" in done.err
