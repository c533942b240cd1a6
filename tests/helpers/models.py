"""Model folders made on the spot: one that works, and copies of it that can't."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from attnviz.errors import InputError
from attnviz.models import load, names

_SPECIAL = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
_WORDS = "the a dog cat bird sat saw ran on by mat tree and then it was red blue . , ! ##s ##ed"
VOCABULARY = (*_SPECIAL.values(), *_WORDS.split())

_SIZES: dict[str, Any] = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 64,
}


def write_tokenizer(folder: Path) -> None:
    """A WordPiece tokenizer of few words."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    places = {word: place for place, word in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(models.WordPiece(places, unk_token=_SPECIAL["unk"]))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(
        (_SPECIAL["sep"], places[_SPECIAL["sep"]]), (_SPECIAL["cls"], places[_SPECIAL["cls"]])
    )
    special = {f"{name}_token": token for name, token in _SPECIAL.items()}
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, model_max_length=64, **special
    ).save_pretrained(folder)


def write_model(folder: Path, kind: str = "bert", *, head: str = "", **more: Any) -> Path:
    """A tiny model of `kind` with random weights and the tokenizer of few words.

    `head` is the end of the auto class that it is made by: "ForCausalLM", "ForSeq2SeqLM".
    """
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.AutoConfig.for_model(kind, **(_SIZES | more))
    model = getattr(transformers, f"AutoModel{head}").from_config(config)
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return folder


def copied(model: Path, folder: Path, **config: Any) -> Path:
    """A copy of `model` with other values in its config."""
    shutil.copytree(model, folder)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return folder


def refusal(model: Path | str, *, allow_pickle: bool = False) -> str:
    """The message and the hint with which a model is refused."""
    with pytest.raises(InputError) as caught:
        loaded(model, allow_pickle=allow_pickle)
    assert caught.value.exit_code == 3
    assert caught.value.hint
    return f"{caught.value.message} {caught.value.hint}"


def loaded(model: Path | str, *, allow_pickle: bool = False) -> load.LoadedModel:
    import torch

    name = names.resolve(str(model), allow_pickle=allow_pickle)
    return load.load(name, device=torch.device("cpu"), allow_pickle=allow_pickle)
