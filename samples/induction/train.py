"""Trains a tiny decoder that grows an induction head, and keeps it at every stage.

A text is random words that come again in the same order, after five of them or up to sixteen. What
word comes next can't be known but from the first time that it came: by looking for the last word's
earlier copy, and at what followed that. It takes two layers, a head that tells each token what
stands before it and one that looks for that, and both appear together, within some fifty steps.

    python -m samples.induction.train [--out DIR]
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from samples import training

HERE = Path(__file__).parent
HELD_OUT_SEED = 20260
TRAIN_SEED = 1
SHOWN = 80

STEPS, EVERY = 300, 25
BATCH = 32
RATE = 8e-3
WARM_UP = 40
LENGTH = 32
SHORTEST, LONGEST = 5, 16

SPECIAL = ("<s>", "<unk>", "<pad>")
START, UNKNOWN, PAD = range(len(SPECIAL))

NOUNS = (
    "apple bell bird boat book bread bridge candle chair cloud coat corn cup door drum field fire "
    "fish flag flower fox garden glass gold hat horse house island key lake lamp leaf letter moon "
    "mountain paper pear ring river road rose ship shoe snow star stone tree wheel"
)
WORDS = NOUNS.split()
STOP = "."
VOCABULARY = {word: at for at, word in enumerate((*SPECIAL, STOP, *WORDS))}


class Texts:
    """Writes texts in which words come again in their order; the same seed writes the same."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret

    def text(self) -> list[str]:
        """The next one, of `LENGTH` words and a full stop."""
        period = self._random.randint(SHORTEST, LONGEST)
        again = self._random.choices(WORDS, k=period)
        return [*(again[at % period] for at in range(LENGTH)), STOP]


def sample_text() -> str:
    """The sample text: texts that no model is trained on, a line each."""
    texts = Texts(HELD_OUT_SEED)
    return "".join(" ".join(texts.text()) + "\n" for _ in range(SHOWN))


def make_tokenizer() -> Any:  # noqa: ANN401 - transformers' own
    """One token a word, after <s>."""
    backend: Any = Tokenizer(models.WordLevel(VOCABULARY, unk_token="<unk>"))  # noqa: S106
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", START)]
    )
    fast: Any = PreTrainedTokenizerFast
    return fast(
        tokenizer_object=backend,
        bos_token="<s>",  # noqa: S106
        unk_token="<unk>",  # noqa: S106
        pad_token="<pad>",  # noqa: S106
        model_max_length=128,
        clean_up_tokenization_spaces=False,
    )


def make_model(tokenizer: Any) -> Any:  # noqa: ANN401 - transformers' own
    """An untrained Llama of two layers with four heads each, some hundred kilobytes large."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=128,
        hidden_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=96,
        attention_bias=True,  # lets a head look a place back whatever stands there
        initializer_range=0.05,
        tie_word_embeddings=False,
        bos_token_id=START,
        eos_token_id=None,
        pad_token_id=PAD,
    )
    return LlamaForCausalLM(config)


def batches() -> Iterator[dict[str, torch.Tensor]]:
    """Fresh texts without end, as the model takes them."""
    texts = Texts(TRAIN_SEED)
    while True:
        rows = [[START, *(VOCABULARY[word] for word in texts.text())] for _ in range(BATCH)]
        batch = torch.tensor(rows)
        yield {"input_ids": batch, "labels": batch}


def checkpoints(out: Path) -> list[Path]:
    """Trains a model and writes it at the start and after every `EVERY` steps: the folders."""
    torch.manual_seed(TRAIN_SEED)
    tokenizer = make_tokenizer()
    model = make_model(tokenizer)
    folders = [out / f"step-{step:03}" for step in range(0, STEPS + 1, EVERY)]
    training.save(model, tokenizer, folders[0])
    for step, loss in training.steps(model, batches(), count=STEPS, rate=RATE, warm_up=WARM_UP):
        if step % EVERY == 0:
            print(f"step {step:5}  loss {loss:.4f}", flush=True)
            training.save(model, tokenizer, folders[step // EVERY])
    return folders


def main() -> None:
    """Trains, and writes the checkpoints and the sample text."""
    parser = argparse.ArgumentParser(description="Train the sample decoder, step by step.")
    parser.add_argument(
        "--out", type=Path, default=Path("checkpoints"), help="where the checkpoints go"
    )
    out: Path = parser.parse_args().out
    torch.set_num_threads(1)
    start = time.monotonic()
    folders = checkpoints(out)
    print(f"trained in {time.monotonic() - start:.0f} s, {len(folders)} checkpoints in {out}")
    (HERE / "text.txt").write_text(sample_text(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
