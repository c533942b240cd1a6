"""Models of fewer bits: how they are named, and what is missing for them.

bitsandbytes runs where it is installed; it is no part of what the tests install.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import attnviz
from attnviz.errors import InputError
from attnviz.models import names, quantized
from attnviz.models.load import load
from attnviz.models.names import ModelName
from attnviz.models.placing import Placing
from tests.helpers.models import copied, write_model

NAME = ModelName("m", "folder", "m")
ON_CPU = Placing(torch.device("cpu"))
GPTQ = {"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128}}
NF4 = {
    "quantization_config": {
        "quant_method": "bitsandbytes",
        "load_in_4bit": True,
        "bnb_4bit_quant_type": "nf4",
    }
}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, ""),
        (GPTQ, "gptq, 4 bits, groups of 128"),
        (NF4, "bitsandbytes, 4 bits, nf4"),
        ({"quantization_config": {"load_in_8bit": True}}, "bitsandbytes, 8 bits"),
        ({"quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 64}},
         "awq, 4 bits, groups of 64"),
        ({"quantization_config": {"quant_method": "fp8"}}, "fp8"),
        ({"quantization_config": {"quant_method": "gguf"}}, ""),  # unpacked when it is loaded
    ],
)  # fmt: skip
def test_how_a_model_is_quantised_is_said(config: dict[str, Any], said: str) -> None:
    assert quantized.described(SimpleNamespace(**config)) == said


@pytest.mark.parametrize(
    ("config", "dtype", "extra"),
    [
        (GPTQ, "auto", "gptq"),
        ({"quantization_config": {"quant_method": "awq"}}, "auto", "awq"),
        (NF4, "auto", "bitsandbytes"),
        ({}, "4bit", "bitsandbytes"),
        ({}, "8bit", "bitsandbytes"),
    ],
)
def test_what_is_missing_is_named_by_its_extra(
    config: dict[str, Any], dtype: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=f"extra `{extra}`") as caught:
        quantized.options(NAME, config, dtype, torch.float32, ON_CPU)
    assert caught.value.hint == f'Run: pip install "attnviz[{extra}]"'


def test_what_is_quantised_is_not_quantised_again() -> None:
    with pytest.raises(InputError, match="m is quantised already \\(gptq\\)"):
        quantized.options(NAME, GPTQ, "4bit", torch.float32, ON_CPU)
    of_gguf = ModelName("m.gguf", "gguf", ".", "m.gguf")
    with pytest.raises(InputError, match="quantised already \\(gguf\\)"):
        quantized.options(of_gguf, {}, "8bit", torch.float32, ON_CPU)


def test_plain_models_are_loaded_as_ever() -> None:
    assert quantized.options(NAME, {}, "auto", torch.float32, ON_CPU) == {}


@pytest.mark.slow
def test_a_checkpoint_whose_package_is_missing_is_refused(tmp_path: Path) -> None:
    plain = write_model(tmp_path / "plain", "llama")
    folder = copied(plain, tmp_path / "packed", **GPTQ)
    if importlib.util.find_spec("gptqmodel") is not None:
        pytest.skip("gptqmodel is installed")
    with pytest.raises(InputError, match="A model quantised by gptq needs the extra `gptq`"):
        load(names.resolve(str(folder)), device=torch.device("cpu"))


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "apart"), [("8bit", 0.1), ("4bit", 0.3)])
def test_weights_of_fewer_bits_give_nearly_the_same(
    dtype: str, apart: float, tmp_path: Path
) -> None:
    pytest.importorskip("bitsandbytes")
    folder = write_model(
        tmp_path / "llama", "llama", hidden_size=64, intermediate_size=128, initializer_range=0.3
    )
    texts = ["the cat sat on the mat .", "a dog saw a bird and then it ran .", "it was red ."]
    full, packed = (attnviz.measure(str(folder), texts, dtype=each) for each in ("auto", dtype))
    assert packed.source is not None
    assert full.source is not None
    model = packed.source.model
    assert model.dtype == dtype
    assert model.quantization.startswith(f"bitsandbytes, {dtype[0]} bits")
    assert model.parameters == full.source.model.parameters
    both = zip(attnviz.judge(full).heads, attnviz.judge(packed).heads, strict=True)
    differences = [
        abs((one.statistics["confidence"].mean or 0) - (other.statistics["confidence"].mean or 0))
        for one, other in both
    ]
    assert 0 < max(differences) < apart
