"""Trains a tiny English-to-French model whose word alignment is known.

Sentences come from a small grammar that writes a pair together with the source word that each
target word translates. The model sees the pairs only, never the alignment: where its
cross-attention agrees with the alignment, it found that out by itself.

    python -m samples.translation.train [--out DIR]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import GenerationConfig, MarianConfig, MarianMTModel, PreTrainedTokenizerFast

from samples import training
from samples.translation.grammar import Grammar, Pair
from samples.translation.words import FUNCTION_WORDS, every_word

HERE = Path(__file__).parent
HELD_OUT_SEED = 20240
TRAIN_SEED = 7
HELD_OUT = 500
SHOWN = 120

STEPS = 1500
BATCH = 128
RATE = 3e-3
WARM_UP = 200

SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")
PAD, START, END, UNKNOWN = range(len(SPECIAL))


def held_out(count: int = HELD_OUT) -> list[Pair]:
    """The first `count` sentences that no model is trained on, each once."""
    grammar, pairs = Grammar(HELD_OUT_SEED), dict[tuple[str, ...], Pair]()
    while len(pairs) < count:
        pair = grammar.sentence()
        pairs.setdefault(pair.source, pair)
    return list(pairs.values())


def sample_files() -> dict[str, str]:
    """The sample text: file names and what is in them."""
    pairs = held_out(SHOWN)
    lines = {
        "source.txt": [" ".join(pair.source) for pair in pairs],
        "target.txt": [" ".join(pair.target) for pair in pairs],
        "alignment.txt": [pair.pharaoh() for pair in pairs],
    }
    return {name: "\n".join(each) + "\n" for name, each in lines.items()}


def vocabulary() -> list[str]:
    """The tokens: the special ones, then every word."""
    return [*SPECIAL, *sorted(every_word())]


def make_tokenizer() -> Any:  # noqa: ANN401 - transformers' own
    """One token a word, for both languages; a text ends with </s>."""
    ids = {word: index for index, word in enumerate(vocabulary())}
    backend: Any = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))  # noqa: S106
    backend.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()]
    )
    backend.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", END)]
    )
    fast: Any = PreTrainedTokenizerFast
    return fast(
        tokenizer_object=backend,
        pad_token="<pad>",  # noqa: S106
        bos_token="<s>",  # noqa: S106
        eos_token="</s>",  # noqa: S106
        unk_token="<unk>",  # noqa: S106
        model_max_length=64,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )


def make_model(tokenizer: Any) -> Any:  # noqa: ANN401 - transformers' own
    """An untrained Marian model, small enough to be part of the repository."""
    config = MarianConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        d_model=64,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        dropout=0.05,
        init_std=0.08,
        scale_embedding=True,
        pad_token_id=PAD,
        bos_token_id=START,
        eos_token_id=END,
        forced_eos_token_id=None,
        decoder_start_token_id=START,
    )
    model: Any = MarianMTModel(config)
    model.set_attn_implementation("eager")  # the only one that hands out its weights
    generation: Any = GenerationConfig
    model.generation_config = generation(
        max_length=32,
        pad_token_id=PAD,
        bos_token_id=START,
        eos_token_id=END,
        decoder_start_token_id=START,
    )
    return model


def encode(tokenizer: Any, pairs: Sequence[Pair]) -> dict[str, torch.Tensor]:  # noqa: ANN401
    """A batch as the model takes it; padding is no label."""
    source = tokenizer([" ".join(pair.source) for pair in pairs], padding=True, return_tensors="pt")
    target = tokenizer([" ".join(pair.target) for pair in pairs], padding=True, return_tensors="pt")
    labels = target["input_ids"].masked_fill(target["input_ids"] == PAD, -100)
    return {
        "input_ids": source["input_ids"],
        "attention_mask": source["attention_mask"],
        "labels": labels,
    }


def batches(avoid: frozenset[tuple[str, ...]]) -> Iterator[list[Pair]]:
    """Fresh sentences without end, none of which is in `avoid`."""
    grammar = Grammar(TRAIN_SEED)
    while True:
        batch: list[Pair] = []
        while len(batch) < BATCH:
            pair = grammar.sentence()
            if pair.source not in avoid:
                batch.append(pair)
        yield batch


def train(model: Any, tokenizer: Any, avoid: frozenset[tuple[str, ...]]) -> None:  # noqa: ANN401
    """Trains on the words alone; the alignment plays no part."""
    encoded = (encode(tokenizer, batch) for batch in batches(avoid))
    for step, loss in training.steps(model, encoded, count=STEPS, rate=RATE, warm_up=WARM_UP):
        if step % 250 == 0:
            print(f"step {step:5}  loss {loss:.4f}", flush=True)


# --- How well it went ----------------------------------------------------------------------------


def translate(model: Any, tokenizer: Any, texts: Sequence[str]) -> list[str]:  # noqa: ANN401
    """The model's greedy translations."""
    batch = tokenizer(list(texts), padding=True, return_tensors="pt")
    with torch.inference_mode():
        ids = model.generate(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            num_beams=1,
            do_sample=False,
        )
    return [str(text) for text in tokenizer.batch_decode(ids, skip_special_tokens=True)]


def exact_match(model: Any, tokenizer: Any, pairs: Sequence[Pair]) -> float:  # noqa: ANN401
    """The share of sentences that are translated without a mistake."""
    made = translate(model, tokenizer, [" ".join(pair.source) for pair in pairs])
    return sum(a == " ".join(b.target) for a, b in zip(made, pairs, strict=True)) / len(pairs)


def is_content(word: str) -> bool:
    """Whether a target word is a noun, verb, adjective or adverb."""
    return word not in FUNCTION_WORDS.split()


def accuracy(pairs: Sequence[Pair], guesses: Sequence[Sequence[int]], *, content: bool) -> float:
    """The share of target words, or only of content words, whose guess is the aligned word."""
    right = [
        guess[word] == pair.links[word]
        for pair, guess in zip(pairs, guesses, strict=True)
        for word, text in enumerate(pair.target)
        if is_content(text) or not content
    ]
    return sum(right) / len(right)


def alignment_table(
    model: Any,  # noqa: ANN401 - transformers' own
    tokenizer: Any,  # noqa: ANN401 - transformers' own
    pairs: Sequence[Pair],
) -> dict[str, tuple[float, float, float, float]]:
    """How often each cross-attention head looks most at the aligned word, and the diagonal's.

    The columns: for content words, from the decoder position that predicts the word and from the
    one whose input it is; then the same two for all words.
    """
    with torch.inference_mode():
        layers = model(**encode(tokenizer, pairs), output_attentions=True).cross_attentions

    def scores(predicts: Any, inputs: Any) -> tuple[float, float, float, float]:  # noqa: ANN401
        return (
            accuracy(pairs, predicts, content=True),
            accuracy(pairs, inputs, content=True),
            accuracy(pairs, predicts, content=False),
            accuracy(pairs, inputs, content=False),
        )

    table = {}
    for layer, weights in enumerate(layers):
        for head in range(weights.shape[1]):
            best = weights[:, head].argmax(-1)
            # Position 0 reads <s> and predicts word 0; word 0 is read at position 1.
            table[f"{layer}.{head}"] = scores(best.tolist(), best[:, 1:].tolist())
    diagonal = [
        [word * len(pair.source) // len(pair.target) for word in range(len(pair.target))]
        for pair in pairs
    ]
    table["diagonal"] = scores(diagonal, diagonal)
    return table


def main() -> None:
    """Trains, evaluates, and writes the model and the sample text."""
    parser = argparse.ArgumentParser(description="Train the sample translation model.")
    parser.add_argument("--out", type=Path, default=HERE / "model", help="the model's folder")
    out: Path = parser.parse_args().out
    torch.set_num_threads(1)
    torch.manual_seed(TRAIN_SEED)
    pairs, start = held_out(), time.monotonic()
    tokenizer = make_tokenizer()
    model = make_model(tokenizer)
    train(model, tokenizer, frozenset(pair.source for pair in pairs))
    print(f"trained in {time.monotonic() - start:.0f} s")
    match = exact_match(model, tokenizer, pairs)
    print(f"exact match on {len(pairs)} held-out sentences: {match:.1%}\n")
    print("alignment  content words       all words")
    print("head       predicts   input    predicts   input")
    for name, scores in alignment_table(model, tokenizer, pairs).items():
        print(f"{name:9}  " + "  ".join(f"{score:8.1%}" for score in scores))
    training.save(model, tokenizer, out)
    for name, text in sample_files().items():
        (HERE / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
