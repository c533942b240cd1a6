"""Adapters: merged into the base model that they name, by whatever head they were trained with."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch

from attnviz.models import names
from attnviz.models.load import LoadedModel, load
from tests.helpers.models import loaded, refusal, write_model, write_tokenizer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("peft") is None, reason="the extra peft is not there"),
    # Of what peft itself calls while these tests train.
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Setting `save_embedding_layers`:UserWarning"),
]

_LLAMA: dict[str, Any] = {"num_key_value_heads": 1}
_QUERY = "layers.1.self_attn.q_proj"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(
        tmp_path_factory.mktemp("base") / "llama", "llama", head="ForCausalLM", **_LLAMA
    )


def train(
    base: Path, folder: Path, head: str = "ForCausalLM", kind: str = "Lora", **more: Any
) -> Any:
    """Writes an adapter with random weights, and returns the model it is merged into."""
    import transformers

    peft: Any = import_module("peft")
    torch.manual_seed(1)
    whole = getattr(transformers, f"AutoModel{head}").from_pretrained(base)
    config = getattr(peft, f"{kind}Config")(**({"target_modules": ["q_proj", "v_proj"]} | more))
    model = peft.get_peft_model(whole, config)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "lora_" in name or "hada_" in name or "lokr_" in name or "ia3_" in name:
                weights.copy_(torch.randn_like(weights))
    model.save_pretrained(folder)
    return model.merge_and_unload()


def query(model: Any) -> Any:
    return model.get_submodule(_QUERY).weight


@pytest.mark.parametrize("head", ["", "ForCausalLM", "ForSequenceClassification"])
def test_a_lora_is_merged_whatever_head_it_was_trained_with(
    base: Path, tmp_path: Path, head: str
) -> None:
    tasks = {"ForCausalLM": "CAUSAL_LM", "ForSequenceClassification": "SEQ_CLS"}
    merged = train(base, tmp_path / "lora", head, task_type=tasks.get(head), lora_alpha=3)
    found = loaded(tmp_path / "lora")
    assert torch.equal(query(found.model), query(merged.base_model))
    assert not torch.equal(query(found.model), query(loaded(base).model))
    assert found.name == "lora"
    assert found.notes == ("The adapter (LORA) was merged into its base model, llama.",)


@pytest.mark.parametrize("kind", ["LoHa", "LoKr", "IA3"])
def test_other_kinds_that_change_weights(base: Path, tmp_path: Path, kind: str) -> None:
    more: dict[str, Any] = {"feedforward_modules": []} if kind == "IA3" else {"r": 2, "alpha": 4}
    merged = train(base, tmp_path / "a", kind=kind, **more)
    assert torch.allclose(query(loaded(tmp_path / "a").model), query(merged.model), atol=1e-6)


def test_an_adapter_writes_with_the_head_of_its_base(base: Path, tmp_path: Path) -> None:
    merged = train(base, tmp_path / "lora", target_modules=["q_proj", "lm_head"])
    found = _generating(tmp_path / "lora")
    assert torch.equal(query(found.model), query(merged.model))
    assert torch.equal(found.generator.lm_head.weight, merged.lm_head.weight)


def _generating(folder: Path) -> LoadedModel:
    return load(names.resolve(str(folder)), device=torch.device("cpu"), generates=True)


def test_new_tokens_and_the_tokenizer_come_with_the_adapter(base: Path, tmp_path: Path) -> None:
    import transformers

    peft: Any = import_module("peft")
    whole = transformers.AutoModelForCausalLM.from_pretrained(base)
    more = whole.config.vocab_size + 3
    whole.resize_token_embeddings(more)
    config = peft.LoraConfig(target_modules=["q_proj"], modules_to_save=["embed_tokens"])
    peft.get_peft_model(whole, config).save_pretrained(tmp_path / "lora")
    write_tokenizer(tmp_path / "lora")
    assert len(loaded(tmp_path / "lora").model.get_input_embeddings().weight) == more


def test_a_model_and_an_adapter_in_one_folder(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "both", "llama", **_LLAMA)
    merged = train(folder, folder, "")
    assert torch.equal(query(loaded(folder).model), query(merged))


def _said(folder: Path, **config: Any) -> str:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return refusal(folder)


def test_adapters_that_cant_be_used_name_the_way(base: Path, tmp_path: Path) -> None:
    folder = tmp_path / "lora"
    train(base, folder)
    lost = _said(folder, base_model_name_or_path=str(tmp_path / "gone"))
    assert "whose base model can't be used: There is no model folder" in lost
    assert "base_model_name_or_path" in lost
    assert "names no base model" in _said(folder, base_model_name_or_path=None)
    other = write_model(tmp_path / "bert")
    assert "is an adapter of another model" in _said(folder, base_model_name_or_path=str(other))
    assert "merge_and_unload()" in _said(folder, peft_type="PREFIX_TUNING")
    (folder / "adapter_model.safetensors").unlink()
    assert "an adapter without weights" in _said(folder, peft_type="LORA")
    (folder / "adapter_model.bin").write_bytes(b"")
    assert "has only pickled weights" in refusal(folder)


def test_without_peft_the_extra_is_named(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(base, tmp_path / "lora")
    monkeypatch.setattr("importlib.util.find_spec", lambda *_: None)
    assert 'pip install "attnviz[peft]"' in refusal(tmp_path / "lora")


def test_an_adapters_config_without_its_weights_is_passed_over(tmp_path: Path) -> None:
    """Left behind where an adapter was merged: the folder is the model."""
    folder = write_model(tmp_path / "m", "llama", **_LLAMA)
    (folder / "adapter_config.json").write_text(
        json.dumps({"peft_type": "LORA", "base_model_name_or_path": "org/other"})
    )
    assert loaded(folder).architecture == "LlamaModel"
