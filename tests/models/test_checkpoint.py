"""Checkpoints that ask for too much, hold what is no number, or name files they should not."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from attnviz.models.checkpoint import INDEX, WEIGHTS
from tests.helpers.models import VOCABULARY, copied, loaded, refusal, write_model
from tests.helpers.tool import Tool

pytestmark = pytest.mark.slow

# Sizes, in models of their own -------------------------------------------------------------------

SIZES: dict[str, tuple[str, dict[str, Any], str]] = {
    "a million layers": ("bert", {"num_hidden_layers": 10**6}, "num_hidden_layers is 1,000,000"),
    "of a GPT-2": ("gpt2", {"n_layer": 10**6}, "n_layer is 1,000,000"),
    "that are shared": ("albert", {"num_hidden_layers": 10**12}, "num_hidden_layers is 1,000,000"),
    "of a decoder": ("t5", {"num_decoder_layers": 10**6}, "num_decoder_layers is 1,000,000"),
    "listed layers": ("gpt_neo", {"attention_types": [[["global"], 10**12]]}, "attention_types[0]"),
    "a wide model": ("bert", {"hidden_size": 10**9}, "hidden_size is 1,000,000,000"),
    "beyond numbers": ("bert", {"hidden_size": 10**15}, "hidden_size is 1,000,000,000,000,000"),
    "many words": ("bert", {"vocab_size": 10**12}, "vocab_size is 1,000,000,000,000"),
    "many places": ("bert", {"max_position_embeddings": 10**12}, "max_position_embeddings is 1,0"),
    "inner size": ("llama", {"intermediate_size": 10**9}, "intermediate_size is 1,000,000,000"),
    "many heads": (
        "llama",
        {"num_attention_heads": 10**6, "num_key_value_heads": 10**6, "head_dim": 64},
        "attention heads (1000000)",
    ),
    "many experts": ("mixtral", {"num_local_experts": 10**6}, "num_local_experts is 1,000,000"),
    "fewer than none": ("bert", {"num_attention_heads": -2}, "num_attention_heads is -2"),
    "none": ("gpt2", {"n_head": 0}, "n_head is 0"),
    "a word": ("bert", {"num_hidden_layers": "many"}, "num_hidden_layers is 'many'"),
    "nothing": ("bert", {"hidden_size": None}, "hidden_size is null"),
    "a truth": ("bert", {"num_hidden_layers": True}, "num_hidden_layers is True"),
    "heads that don't divide": ("bert", {"num_attention_heads": 5}, "attention heads (5)"),
}


@pytest.mark.parametrize("case", SIZES)
def test_a_config_of_sizes_that_the_weights_dont_have(tmp_path: Path, case: str) -> None:
    kind, sizes, message = SIZES[case]
    folder = copied(write_model(tmp_path / "whole", kind, **_SMALL.get(kind, {})), tmp_path / "m")
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | sizes))
    start = time.process_time()
    assert message in refusal(folder)
    assert time.process_time() - start < 5


_T5 = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2}
_T5 |= {"num_decoder_layers": 1, "decoder_start_token_id": 0}
_SMALL: dict[str, dict[str, Any]] = {
    "t5": _T5,
    "gpt2": {"n_layer": 1, "n_head": 2, "n_embd": 16},
    "gpt_neo": {"attention_types": [[["global"], 2]], "num_layers": 2, "num_heads": 2},
    "mixtral": {"num_local_experts": 2, "num_key_value_heads": 1},
    "llama": {"num_key_value_heads": 1},
    "albert": {"embedding_size": 8},
}


def test_layers_that_share_their_weights_may_be_more_than_tensors(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m", "albert", embedding_size=8, num_hidden_layers=60)
    assert loaded(folder).layers == 60


# Numbers that are none ---------------------------------------------------------------------------

_QUERY = "encoder.layer.1.attention.self.query.weight"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_weight_that_is_no_number_is_named(tiny: Path, tmp_path: Path, value: float) -> None:
    folder = copied(tiny, tmp_path / "m")
    tensors = load_file(folder / WEIGHTS)
    tensors[_QUERY][3, 2] = value
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    assert f"{_QUERY} has 1 of 256 numbers that are NaN or infinite" in refusal(folder)


NUMBERS: dict[str, tuple[str, dict[str, Any], str]] = {
    "an epsilon": ("bert", {"layer_norm_eps": float("nan")}, "layer_norm_eps = nan"),
    "by hooks": ("deberta-v2", {"layer_norm_eps": float("nan")}, "layer_norm_eps = nan"),
    "a base of angles": (
        "llama",
        {"rope_parameters": {"rope_theta": 0.0, "rope_type": "default"}},
        "rope_theta = 0",
    ),
    "a scale": ("granite", {"attention_multiplier": float("inf")}, "attention_multiplier = inf"),
    "a cap": ("gemma2", {"attn_logit_softcapping": 0.0, "head_dim": 8}, "softcapping = 0"),
}


@pytest.mark.parametrize("case", NUMBERS)
def test_the_first_layer_that_gives_no_number_is_named(tmp_path: Path, case: str) -> None:
    kind, config, setting = NUMBERS[case]
    whole = write_model(tmp_path / "whole", kind, num_key_value_heads=1, **_HEAD.get(kind, {}))
    said = refusal(copied(whole, tmp_path / "m", **config))
    assert "Layer 0 gives NaN or infinity" in said
    assert setting in said


_HEAD: dict[str, dict[str, Any]] = {"gemma2": {"head_dim": 8}, "bert": {}, "granite": {}}


def test_products_too_large_for_a_float_are_seen(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "m")
    tensors = load_file(folder / WEIGHTS)
    for part in ("query", "key"):
        tensors[f"encoder.layer.1.attention.self.{part}.weight"].fill_(1e25)
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    assert "Layer 1 gives NaN or infinity: its scores" in refusal(folder)


def test_a_sum_that_overflows_later_stops_the_run_and_writes_nothing(
    tool: Tool, tmp_path: Path
) -> None:
    """Word and place are added up: here only a cat at place 20, which the first look never sees."""
    folder = write_model(tmp_path / "m", "gpt2", n_layer=2, n_head=2, n_embd=16, n_positions=64)
    tensors = load_file(folder / WEIGHTS)
    tensors["wte.weight"][VOCABULARY.index("cat")] = 3e38
    tensors["wpe.weight"][20] = 3e38
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    text = tmp_path / "a.txt"
    text.write_text("the " * 19 + "cat cat sat\n")
    done = tool("report", folder, text, "-o", tmp_path / "out", "--kernel", "tiles")
    assert done.code == 3
    assert "Layer 0 gives NaN or infinity: its queries" in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


# Files that an index names -----------------------------------------------------------------------


def _indexed(folder: Path, shard: object, of: str = INDEX) -> Path:
    """The model's only file of weights, moved to a name that an index gives."""
    names = dict.fromkeys(load_file(folder / WEIGHTS), shard)
    (folder / of).write_text(json.dumps({"metadata": {}, "weight_map": names}))
    return folder


@pytest.mark.parametrize(
    "shard",
    [
        "weights.bin",
        "../outside.bin",
        "../outside.safetensors",
        "/outside.safetensors",
        7,
        "C:\\outside.safetensors",
        "sub\\..\\..\\outside.safetensors",
    ],
)
def test_shards_stay_in_the_folder_and_are_safetensors(
    tiny: Path, tmp_path: Path, shard: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _indexed(copied(tiny, tmp_path / "m"), shard)
    tensors = load_file(folder / WEIGHTS)
    for name in ("weights.bin", "../outside.bin"):
        torch.save(tensors, folder / name)
    (folder / WEIGHTS).rename(folder / "../outside.safetensors")
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("a pickle was opened"))
    assert "no safetensors file in its folder" in refusal(folder)


def test_a_config_that_names_its_own_index(tiny: Path, tmp_path: Path) -> None:
    other = "other.safetensors.index.json"
    folder = copied(tiny, tmp_path / "m", transformers_weights=other)
    _indexed(folder, "../outside.bin", other)
    assert "no safetensors file in its folder" in refusal(folder)


def test_a_pickle_by_the_name_of_safetensors_is_not_unpickled(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _indexed(copied(tiny, tmp_path / "m"), "a.safetensors")
    torch.save(load_file(folder / WEIGHTS), folder / "a.safetensors")
    (folder / WEIGHTS).unlink()
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("a pickle was opened"))
    assert "are damaged" in refusal(folder)


def test_an_index_of_pickles_needs_trust(tiny: Path, tmp_path: Path) -> None:
    folder = copied(tiny, tmp_path / "m")
    _indexed(folder, "../outside.bin", "pytorch_model.bin.index.json")
    (folder / WEIGHTS).unlink()
    assert "only pickled weights" in refusal(folder)


def test_links_out_of_the_folder_work_as_in_the_cache_of_the_hub(
    tiny: Path, tmp_path: Path
) -> None:
    folder = _indexed(copied(tiny, tmp_path / "m"), "a.safetensors")
    (tmp_path / "blobs").mkdir()
    (folder / WEIGHTS).rename(tmp_path / "blobs" / "53aa51")
    (folder / "a.safetensors").symlink_to("../blobs/53aa51")
    assert loaded(folder).architecture == "BertModel"


# What `architectures` names ----------------------------------------------------------------------

_BART: dict[str, Any] = {"d_model": 16, "encoder_layers": 2, "decoder_layers": 1}
_BART |= {"encoder_attention_heads": 2, "decoder_attention_heads": 4, "decoder_ffn_dim": 32}
_BART |= {"encoder_ffn_dim": 32}
SAVED: dict[str, tuple[str, dict[str, Any], str, bool, int]] = {
    "T5EncoderModel": ("t5", _T5, "T5EncoderModel", False, 4),
    "MT5EncoderModel": ("mt5", _T5, "MT5EncoderModel", False, 4),
    "UMT5EncoderModel": ("umt5", _T5, "UMT5EncoderModel", False, 4),
    "LongT5EncoderModel": ("longt5", _T5, "LongT5EncoderModel", False, 4),
    "T5ForTokenClassification": ("t5", _T5, "T5EncoderModel", False, 4),
    "BartForCausalLM": ("bart", _BART, "BartDecoder", True, 4),
    "MBartForCausalLM": ("mbart", _BART, "MBartDecoder", True, 4),
    "BertForMaskedLM": ("bert", {}, "BertModel", False, 4),
    "GPT2LMHeadModel": ("gpt2", {"n_layer": 2, "n_head": 2}, "GPT2Model", True, 4),
}


@pytest.mark.parametrize("saved", SAVED)
def test_a_model_is_loaded_as_it_was_saved(tmp_path: Path, saved: str) -> None:
    kind, config, architecture, causal, heads = SAVED[saved]
    found = loaded(_write_as(tmp_path / "m", saved, kind, config))
    assert found.architecture == architecture
    assert found.causal is causal
    assert found.heads == heads
    assert found.streams == ("",)
    assert not found.encoder_decoder


def test_an_encoder_whose_config_still_speaks_of_a_decoder(tmp_path: Path) -> None:
    """As sentence-t5 has it: the config of the whole T5, and the weights of its encoder."""
    folder = _write_as(tmp_path / "m", "T5EncoderModel", "t5", _T5)
    again = copied(folder, tmp_path / "n", is_encoder_decoder=True)
    assert loaded(again).architecture == "T5EncoderModel"
    (again / "config.json").write_text(
        (again / "config.json").read_text().replace('["T5EncoderModel"]', "null")
    )
    said = refusal(again)
    assert "tensors are missing, decoder." in said
    assert "were saved without these" in said
    assert "Download" not in said


def test_names_that_differ_are_told(tiny: Path, tmp_path: Path) -> None:
    folder = copied(tiny, tmp_path / "m")
    tensors = {f"module.{name}": tensor for name, tensor in load_file(folder / WEIGHTS).items()}
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    said = refusal(folder)
    assert "BertModel has no place for, module.embeddings." in said
    assert "Download" not in said


def _write_as(folder: Path, saved: str, kind: str, config: dict[str, Any]) -> Path:
    import transformers

    write_model(folder, kind, **config)
    sizes = json.loads((folder / "config.json").read_text())
    torch.manual_seed(0)
    getattr(transformers, saved)(transformers.AutoConfig.for_model(**sizes)).save_pretrained(folder)
    return folder
