"""Trains a tiny classifier of English sentences whose right label is known.

Sentences come from a small grammar that writes each with its label: whether its last clause speaks
well of something. A negation turns a clause round ("the film was not good"), but only the clause
that it is in ("i do not know the actors, but the film was good"), so that the label can't be read
off one word. Two negations in a clause, which cancel out, are in the sample text and not in what
the model is trained on.

    python -m samples.sentiment.train [--out DIR]
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from samples import training

HERE = Path(__file__).parent
HELD_OUT_SEED = 20260
TRAIN_SEED = 5
HELD_OUT = 400
SHOWN, SHOWN_TWICE_NEGATED = 52, 8

STEPS = 700
BATCH = 96
RATE = 3e-3
WARM_UP = 100

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNKNOWN, CLS, SEP, MASK = range(len(SPECIAL))
LABELS = ("negative", "positive")

# --- The words -----------------------------------------------------------------------------------

THINGS = [
    "film",
    "story",
    "play",
    "book",
    "song",
    "dinner",
    "hotel",
    "music",
    "concert",
    "ending",
    "room",
    "soup",
]
PEOPLE = ["actors", "singers", "waiters", "players", "writers", "guests"]
GOOD = [
    "good",
    "great",
    "lovely",
    "funny",
    "clever",
    "moving",
    "fresh",
    "charming",
    "brilliant",
    "pleasant",
]
BAD = ["bad", "dull", "awful", "boring", "clumsy", "cold", "ugly", "terrible", "weak", "stale"]
LIKING, DISLIKING = ["like", "love", "enjoy", "admire"], ["hate", "dislike", "regret", "despise"]
DEGREES = ["very", "really", "quite", "rather", "so"]
NEGATIONS = ("not", "never", "hardly")
OPENINGS = (
    "in the end",
    "to be honest",
    "after all",
    "this time",
    "on the whole",
    "as my sister says",
)
NEUTRAL = (
    "i do not know the {people}",
    "i have never met the {people}",
    "we went there on a sunday",
    "the {people} were new",
    "it was not our first visit",
    "we had to wait for an hour",
)


@dataclass(frozen=True)
class Example:
    """A sentence as words, and its label: 1 if its last clause speaks well of something."""

    words: tuple[str, ...]
    label: int

    @property
    def text(self) -> str:
        """The sentence as it is written."""
        return " ".join(self.words)


# --- The grammar ---------------------------------------------------------------------------------


class Grammar:
    """Writes sentences; the same seed writes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret

    def sentence(self, *, twice_negated: bool = False) -> Example:
        """The next sentence; its last clause may be negated twice."""
        clause, good = self._twice_negated() if twice_negated else self._clause()
        parts = []
        if self._random.random() < 0.25:
            parts += [self._random.choice(OPENINGS), ","]
        kind = self._random.random()
        if kind < 0.25:
            parts += [self._clause(like=not good)[0], ",", "but"]
        elif kind < 0.5:
            people = self._random.choice(PEOPLE)
            neutral = self._random.choice(NEUTRAL).format(people=people)
            parts += [neutral, ",", self._random.choice(("but", "and"))]
        words = " ".join([*parts, clause, "."]).split()
        return Example(tuple(words), int(good))

    def _clause(self, *, like: bool | None = None) -> tuple[str, bool]:
        """A clause, negated once or not at all, and whether it speaks well of something."""
        negated = self._random.random() < 0.5
        good = (self._random.random() < 0.5) if like is None else like
        return self._worded(good != negated, negated=negated), good

    def _worded(self, nice: bool, *, negated: bool) -> str:
        """A clause with a nice word or a nasty one in it."""
        choose = self._random.choice
        thing, word = choose(THINGS), choose(GOOD if nice else BAD)
        degree = f"{choose(DEGREES)} " if self._random.random() < 0.3 else ""
        kind = self._random.random()
        if kind < 0.25:
            verb = choose(LIKING if nice else DISLIKING)
            return f"i {'do not' if negated else 'really'} {verb} the {thing}"
        if kind < 0.45 and negated:
            return f"i would not say that the {thing} was {degree}{word}"
        if kind < 0.45:
            return f"i would say that the {thing} was {degree}{word}"
        return f"the {thing} was {choose(NEGATIONS) + ' ' if negated else ''}{degree}{word}"

    def _twice_negated(self) -> tuple[str, bool]:
        """A clause with two negations, as good as one with none."""
        good = self._random.random() < 0.5
        word = self._random.choice(GOOD if good else BAD)
        thing = self._random.choice(THINGS)
        return f"i would not say that the {thing} was {self._random.choice(NEGATIONS)} {word}", good


def held_out(count: int = HELD_OUT) -> list[Example]:
    """Different sentences that the model is not trained on."""
    grammar, sentences = Grammar(HELD_OUT_SEED), dict[Example, None]()
    while len(sentences) < count:
        sentences[grammar.sentence()] = None
    return list(sentences)


def twice_negated(count: int = SHOWN_TWICE_NEGATED) -> list[Example]:
    """Different sentences whose last clause is negated twice."""
    grammar, sentences = Grammar(HELD_OUT_SEED + 1), dict[Example, None]()
    while len(sentences) < count:
        sentences[grammar.sentence(twice_negated=True)] = None
    return list(sentences)


def sample_files() -> dict[str, str]:
    """The sample text and its labels, a line a sentence; those negated twice are the last."""
    shown = [*held_out(SHOWN), *twice_negated()]
    return {
        "text.txt": "".join(f"{example.text}\n" for example in shown),
        "labels.txt": "".join(f"{LABELS[example.label]}\n" for example in shown),
    }


def vocabulary() -> list[str]:
    """Every word that the grammar can write."""
    texts = [*THINGS, *PEOPLE, *GOOD, *BAD, *LIKING, *DISLIKING, *DEGREES, *NEGATIONS]
    texts += [*OPENINGS, *(text.replace("{people}", "") for text in NEUTRAL)]
    texts += ["the i do really was would say that and but , ."]
    return [*SPECIAL, *sorted({word for text in texts for word in text.split()})]


# --- The model -----------------------------------------------------------------------------------


def make_tokenizer() -> Any:  # noqa: ANN401 - transformers' own
    """One token a word, between [CLS] and [SEP]."""
    ids = {word: index for index, word in enumerate(vocabulary())}
    backend: Any = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))  # noqa: S106
    backend.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.BertProcessing(("[SEP]", SEP), ("[CLS]", CLS))
    fast: Any = PreTrainedTokenizerFast
    return fast(
        tokenizer_object=backend,
        pad_token="[PAD]",  # noqa: S106
        unk_token="[UNK]",  # noqa: S106
        cls_token="[CLS]",  # noqa: S106
        sep_token="[SEP]",  # noqa: S106
        mask_token="[MASK]",  # noqa: S106
        model_max_length=48,
        clean_up_tokenization_spaces=False,
    )


def make_model(tokenizer: Any) -> Any:  # noqa: ANN401 - transformers' own
    """An untrained BERT with a classifier, small enough to be part of the repository."""
    config = BertConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=48,
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        hidden_dropout_prob=0.05,
        attention_probs_dropout_prob=0.05,
        initializer_range=0.08,
        type_vocab_size=2,
        pad_token_id=PAD,
        id2label=dict(enumerate(LABELS)),
        label2id={label: number for number, label in enumerate(LABELS)},
    )
    return BertForSequenceClassification(config)


def encode(tokenizer: Any, examples: Sequence[Example]) -> dict[str, torch.Tensor]:  # noqa: ANN401
    """A batch as the model takes it."""
    texts = [example.text for example in examples]
    batch = tokenizer(texts, padding=True, return_tensors="pt", return_token_type_ids=False)
    return {**batch, "labels": torch.tensor([example.label for example in examples])}


def batches(avoid: frozenset[tuple[str, ...]]) -> Iterator[list[Example]]:
    """Fresh sentences without end, none of which is in `avoid`."""
    grammar = Grammar(TRAIN_SEED)
    while True:
        batch: list[Example] = []
        while len(batch) < BATCH:
            example = grammar.sentence()
            if example.words not in avoid:
                batch.append(example)
        yield batch


def train(model: Any, tokenizer: Any, avoid: frozenset[tuple[str, ...]]) -> None:  # noqa: ANN401
    """Trains on sentences and their labels."""
    encoded = (encode(tokenizer, batch) for batch in batches(avoid))
    for step, loss in training.steps(model, encoded, count=STEPS, rate=RATE, warm_up=WARM_UP):
        if step % 100 == 0:
            print(f"step {step:5}  loss {loss:.4f}", flush=True)


# --- How well it went ----------------------------------------------------------------------------


def accuracy(model: Any, tokenizer: Any, examples: Sequence[Example]) -> float:  # noqa: ANN401
    """The share of sentences that get their right label."""
    batch = encode(tokenizer, examples)
    labels = batch.pop("labels")
    with torch.inference_mode():
        said = model(**batch).logits.argmax(-1)
    return float((said == labels).float().mean())


def main() -> None:
    """Trains, evaluates, and writes the model and the sample text."""
    parser = argparse.ArgumentParser(description="Train the sample sentiment model.")
    parser.add_argument("--out", type=Path, default=HERE / "model", help="the model's folder")
    out: Path = parser.parse_args().out
    torch.set_num_threads(1)
    torch.manual_seed(TRAIN_SEED)
    examples, start = held_out(), time.monotonic()
    tokenizer = make_tokenizer()
    model = make_model(tokenizer)
    train(model, tokenizer, frozenset(example.words for example in examples))
    print(f"trained in {time.monotonic() - start:.0f} s")
    print(
        f"right on {len(examples)} held-out sentences: {accuracy(model, tokenizer, examples):.1%}"
    )
    twice = twice_negated(200)
    print(f"right on {len(twice)} negated twice: {accuracy(model, tokenizer, twice):.1%}")
    training.save(model, tokenizer, out)
    for name, text in sample_files().items():
        (HERE / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
