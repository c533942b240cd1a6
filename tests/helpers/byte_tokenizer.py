"""A tokenizer of bytes for the tiny models that write."""

from __future__ import annotations

import string
from typing import Any


def tokenizer() -> Any:
    """A byte-level one like GPT-2's, of 61 entries and with few merges, so that tokens vary."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    marks = [*string.ascii_lowercase, "Ġ", "ð", "Ł", "¦", "Ģ", "Ċ", ".", ","]
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("a", "t"), ("Ġ", "c"), ("Ġ", "s"), ("o", "n")]
    merges += [("Ġc", "at"), ("a", "n"), ("an", "d"), ("Ġ", "and"), ("m", "at"), ("Ġ", "mat")]
    entries = ["<pad>", "<s>", "</s>", *marks, *("".join(pair) for pair in merges)]
    entries += [f"<extra_{k}>" for k in range(61 - len(entries))]
    model = models.BPE({entry: k for k, entry in enumerate(entries)}, merges)
    made = Tokenizer(model)
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=made, **special)  # type: ignore[no-untyped-call]
