"""Models of fewer bits: how they are named, measured as what they stand for, and refused.

bitsandbytes, AWQ and GPTQ run where their packages are installed; the tests don't install them.
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
from attnviz.models import names, quantized, sizes
from attnviz.models.checkpoint import Stored
from attnviz.models.explain import explained
from attnviz.models.load import load
from attnviz.models.names import ModelName
from attnviz.models.placing import Placing
from tests.helpers.models import copied, refusal, write_model
from tests.helpers.packed import write_packed

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


TEXTS = ["the cat sat on the mat .", "a dog saw a bird and then it ran .", "it was red ."]
_PACKAGES = {"awq": ("gptqmodel",), "gptq": ("gptqmodel", "optimum"), "fp8": ("accelerate",)}


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # gptqmodel and what it imports have their own
@pytest.mark.parametrize("how", ["awq", "gptq", "fp8"])
def test_packed_weights_are_measured_as_the_numbers_they_stand_for(
    how: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for package in _PACKAGES[how]:
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package}, which unpacks {how}, is not installed")
    packed, plain = write_packed(tmp_path, how)
    # Products are made in 16 bits by the kernels of AWQ and GPTQ.
    within = 1e-6 if how == "fp8" else 1e-2
    seen, others = (attnviz.weights(str(model), TEXTS[1]).weights for model in (packed, plain))
    assert seen == pytest.approx(others, abs=within)
    assert seen.max(-1).mean() > 0.5  # which even attention would not be
    assert capfd.readouterr().out == ""


@pytest.mark.slow
def test_a_checkpoint_that_does_not_say_it_is_packed_is_told_so(tmp_path: Path) -> None:
    packed, _ = write_packed(tmp_path, "gptq")
    said = refusal(copied(packed, tmp_path / "silent", quantization_config=None))
    assert "14 tensors are missing" in said
    assert "They are packed, as by GPTQ or AWQ, and its config.json doesn't say so" in said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "said"),
    [
        # Its weights of eight bits would be taken for plain ones, and their scales left out.
        ({"quant_method": "modelopt", "quant_algo": "FP8"},
         "is quantised by modelopt, which the installed transformers can't unpack. Give the model"),
        ({"bits": 4}, "its quantization_config names no quant_method. Put the config.json there"),
        ({"quant_method": "spqr"},
         "is quantised by spqr, and can't be loaded here: GPU is required to run SpQR quantized"),
    ],
)  # fmt: skip
def test_what_cannot_be_unpacked_is_refused(
    config: dict[str, Any], said: str, tmp_path: Path
) -> None:
    plain = write_model(tmp_path / "plain", "llama")
    assert said in refusal(copied(plain, tmp_path / "packed", quantization_config=config))


def test_what_is_packed_cannot_wait_in_memory() -> None:
    # What transformers says where a model that bitsandbytes packs doesn't fit on the GPUs.
    error = ValueError("Some modules are dispatched on the CPU or the disk. Make sure you have ...")
    with (
        pytest.raises(InputError, match="m doesn't fit on the GPUs, and weights quantised by bits"),
        explained(NAME, None, "bitsandbytes"),
    ):
        raise error


def test_numbers_of_a_quantization_config_are_no_sizes() -> None:
    of_torchao = {"quant_type": {"default": {"_data": {"granularity": {"dim": -1}}}}}
    config = {"hidden_size": 16, "quantization_config": of_torchao}
    sizes.check(config, Stored(1, 1))


def test_what_loading_prints_is_not_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    with quantized.unheard():
        print("GPT-QModel : 7.7.0")
    assert capsys.readouterr().out == ""


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
    full, packed = (attnviz.measure(str(folder), TEXTS, dtype=each) for each in ("auto", dtype))
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
