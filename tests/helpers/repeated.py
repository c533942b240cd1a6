"""A tokenizer of whole words, some of which are no text, for draws of random tokens."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from attnviz.models.load import LoadedModel
from tests.helpers import tiny

SPECIAL = ["<pad>", "[CLS]", "[SEP]"]
NO_TEXT = [
    "[unused0]",
    "<0x0A>",
    "<|reserved_1|>",
    "<extra_id_0>",
    "madeupword0001",
    "\u200b",
    "\t",
]
WORDS = [f"w{k}" for k in range(70)]
KNOWN = 61  # tokens that tiny models have an embedding for


@cache
def tokenizer(*, ends: bool) -> Any:
    """Of whole words, with special tokens around a text or without."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    entries = [*SPECIAL, *NO_TEXT, "a", *WORDS]
    made = Tokenizer(models.WordLevel({one: k for k, one in enumerate(entries)}, "<pad>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    if ends:
        made.post_processor = processors.TemplateProcessing(
            "[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
        )
    names = {"pad_token": "<pad>", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return PreTrainedTokenizerFast(tokenizer_object=made, **names)  # type: ignore[no-untyped-call]


@cache
def encoder() -> LoadedModel:
    return replace(tiny.loaded("bert"), tokenizer=tokenizer(ends=True))
