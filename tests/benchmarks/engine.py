"""What measuring costs: time and memory beside the plain forward pass, and beside the usual way.

    python -m tests.benchmarks.engine [--json FILE] [--longest N] [--seconds S]

Five ways to run a model over a text, each in a process of its own as it is in use:

- plain: the forward pass with nothing captured;
- kept: the same where malloc keeps what is freed, as the command line has it do;
- attnviz: that with every role and statistic of every head that need no annotation;
- argmax: attnviz, and which word each word looks at most, as accuracies of relations need it;
- usual: the same numbers from `output_attentions=True`.

A machine's clock, and who else is on it, may change a single pass by half. So a plain pass stands
right before or after each of the others, by turns, for as long as `--seconds` says, and what is
printed are the median of the ratios and the quartiles around it. Memory is the peak of the whole
process until it has done a pass.

The models have the shape of MiniLM and of SmolLM2-135M with random weights; ids follow Zipf's law,
so that copies are as frequent as in text.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

THREADS = 2
CASES = (
    ("minilm", 128, 16),
    ("minilm", 512, 4),
    ("minilm", 2048, 1),
    ("smollm2", 512, 2),
    ("smollm2", 2048, 1),
    ("smollm2", 8192, 1),
)
"""Shape, tokens a sentence, sentences."""

USUAL_UP_TO = 2048
"""At 8,192 tokens `output_attentions=True` would hold 72 GB for SmolLM2."""

WAYS = ("plain", "kept", "attnviz", "argmax", "usual")


@dataclass(frozen=True)
class Row:
    """One line of the table: seconds and mebibytes, and their ratio to the plain pass.

    `slower` is the median of `pairs` ratios, `quartiles` the quarter below and above.
    """

    shape: str
    tokens: int
    sentences: int
    layers: int
    way: str
    seconds: float
    memory: float
    slower: float
    quartiles: tuple[float, float]
    pairs: int
    larger: float


def model(shape: str, tokens: int, layers: int, attention: str) -> Any:
    """A model with random weights, ready to run."""
    from transformers import AutoModel, BertConfig, LlamaConfig

    config: Any = {
        "minilm": BertConfig(
            vocab_size=30522,
            hidden_size=384,
            num_hidden_layers=layers or 6,
            num_attention_heads=12,
            intermediate_size=1536,
            max_position_embeddings=max(512, tokens),
        ),
        "smollm2": LlamaConfig(
            vocab_size=49152,
            hidden_size=576,
            num_hidden_layers=layers or 30,
            num_attention_heads=9,
            num_key_value_heads=3,
            intermediate_size=1536,
            max_position_embeddings=max(8192, tokens),
        ),
    }[shape]
    torch.manual_seed(0)
    make: Any = AutoModel.from_config
    return make(config, attn_implementation=attention).eval()


def text(tokens: int, sentences: int) -> list[Any]:
    """Sentences of so many tokens, a tenth of them marks, and each a word."""
    from attnviz.text.types import Annotation, Sentence, TokenLabel, Tokens

    rng = np.random.default_rng(0)
    share = 1.0 / (np.arange(20000) + 2.7)
    found = []
    for number in range(sentences):
        ids = rng.choice(len(share), tokens, p=share / share.sum()) + 200
        words = tuple(",."[one % 2] if one < 202 else f"w{one}" for one in ids)
        ends = np.cumsum([len(word) + 1 for word in words]) - 1
        spans = tuple(
            (int(end) - len(word), int(end)) for word, end in zip(words, ends, strict=True)
        )
        unknown = ("",) * tokens
        known = Annotation(words, spans, unknown, (-1,) * tokens, unknown)
        found.append(
            Tokens(
                Sentence(number + 1, " ".join(words), annotation=known),
                tuple(ids.tolist()),
                words,
                words,
                tuple(map(TokenLabel, words)),
                unknown,
                tuple(range(tokens)),
                spans=spans,
            )
        )
    return found


@cache
def way(name: str, shape: str, tokens: int, sentences: int, layers: int) -> Callable[[], None]:
    """A function that runs the model over the text once in one of the ways."""
    from attnviz.models import heap

    torch.set_num_threads(THREADS)
    given = text(tokens, sentences)
    if name in ("kept", "attnviz", "argmax"):
        heap.keep()
    if name in ("attnviz", "argmax"):
        return _attnviz(model(shape, tokens, layers, _tap()), given, argmax=name == "argmax")
    ids = torch.tensor([one.ids for one in given])
    made = model(shape, tokens, layers, "eager" if name == "usual" else "sdpa")
    caches = {"use_cache": False} if shape == "smollm2" else {}

    def plain() -> None:
        with torch.inference_mode():
            made(input_ids=ids, **caches)

    def usual() -> None:
        watching, batch, requests = _begun(given)
        with torch.inference_mode():
            matrices = made(input_ids=ids, output_attentions=True, **caches).attentions
            show(matrices, watching, batch, requests, causal=shape == "smollm2")

    return usual if name == "usual" else plain


def _tap() -> str:
    from attnviz.models import tap

    return tap.install()


def observers(given: list[Any]) -> list[Any]:
    """Those that keep all roles and statistics, and the baseline of position."""
    from attnviz.observers.positional import ProfileKeeper
    from attnviz.observers.sums import ScoreKeeper
    from attnviz.registry import discover
    from attnviz.roles.role import Role
    from attnviz.statistics.statistic import Statistic

    roles = discover("attnviz.roles", "ROLE", Role)
    statistics = discover("attnviz.statistics", "STATISTIC", Statistic)
    longest = max(map(len, given))
    return [ScoreKeeper(roles, statistics, len(given)), ProfileKeeper(longest)]


def loaded(made: Any, device: torch.device) -> Any:
    """A model as `load` returns it."""
    from types import SimpleNamespace

    from attnviz.models.load import LoadedModel

    return LoadedModel(
        model=made,
        tokenizer=SimpleNamespace(pad_token_id=0),
        name="random",
        revision="",
        architecture=type(made).__name__,
        heads=0,
        key_value_heads=0,
        parameters=0,
        dtype="float32",
        limit=None,
        device=device,
        attentions=made.config.num_hidden_layers,
    )


def _attnviz(made: Any, given: list[Any], *, argmax: bool) -> Callable[[], None]:
    from attnviz.models.run import observe
    from attnviz.observers.words import WordKeeper

    ours = loaded(made, torch.device("cpu"))

    def run() -> None:
        words = [WordKeeper(given)] if argmax else []
        observe(ours, given, [*observers(given), *words])

    return run


def _begun(given: list[Any]) -> tuple[list[Any], Any, Any]:
    from attnviz.attention.batch import make

    watching = observers(given)
    batch = make(given, 0, torch.device("cpu"))
    for observer in watching:
        observer.begin(batch, range(len(given)))
    return watching, batch, [observer.ask(batch, range(len(given))) for observer in watching]


def show(matrices: Any, watching: Any, batch: Any, requests: Any, *, causal: bool) -> None:
    """Shows whole matrices, as a model returns them, to the observers."""
    from attnviz.attention.layer import LayerAttention
    from attnviz.attention.mask import Mask
    from attnviz.attention.request import join

    joined = join(batch, requests, "dense")
    mask = Mask.plain(batch.length, batch.length, batch.ids.device, causal=causal)
    for number, weights in enumerate(matrices):
        nothing = weights[..., :0]
        attention = LayerAttention(
            number, nothing, nothing, 1.0, mask, known_weights=weights, joined=joined
        )
        for observer, request in zip(watching, requests, strict=True):
            observer.see(attention.shown_to(request))


def compare(
    shape: str,
    tokens: int,
    sentences: int,
    *,
    layers: int = 0,
    seconds: float = 20.0,
    usual: bool = True,
) -> list[Row]:
    """Times each way beside the plain pass."""
    names = [name for name in WAYS if name != "usual" or (usual and tokens <= USUAL_UP_TO)]
    # The usual way takes so much longer that its ratio is plain after a quarter of the time.
    room = dict.fromkeys(names, seconds) | {"usual": seconds / 4}
    memory, pairs = {}, {}
    with Worker("plain", shape, tokens, sentences, layers) as plain:
        for name in names[1:]:
            with Worker(name, shape, tokens, sentences, layers) as other:
                pairs[name] = _in_turn(plain.seconds, other.seconds, room[name])
                memory[name] = other.memory
    memory["plain"] = plain.memory
    found = []
    for name, times in {"plain": pairs["attnviz"][:, [0, 0]], **pairs}.items():
        low, middle, high = np.quantile(times[:, 1] / times[:, 0], [0.25, 0.5, 0.75]).tolist()
        found.append(
            Row(
                shape,
                tokens,
                sentences,
                layers or {"minilm": 6, "smollm2": 30}[shape],
                name,
                float(np.median(times[:, 1])),
                memory[name],
                middle,
                (low, high),
                len(times),
                memory[name] / memory["plain"],
            )
        )
    return found


class Worker:
    """A process that runs a model in one way, once whenever it is asked; it has run once already.

    `memory` is its peak in MiB.
    """

    def __init__(self, name: str, shape: str, tokens: int, sentences: int, layers: int) -> None:
        self._case = (name, shape, tokens, sentences, layers)
        self._pool = ProcessPoolExecutor(1, get_context("spawn"))
        self.seconds()
        self.memory = self._pool.submit(_peak).result()

    def seconds(self) -> float:
        """How long one more pass takes."""
        return self._pool.submit(_pass, *self._case).result()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()


def _pass(name: str, shape: str, tokens: int, sentences: int, layers: int) -> float:
    """In a worker: seconds that a pass takes; what it runs is made once."""
    run = way(name, shape, tokens, sentences, layers)
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _in_turn(
    first: Callable[[], float], second: Callable[[], float], seconds: float
) -> NDArray[np.float64]:
    """Seconds of both, [pair, 2]; the one goes first by turns.

    There are three pairs at least, of those that take longer than all are meant to one.
    """
    pairs: list[tuple[float, float]] = []
    least = 3 if first() + second() < seconds else 1
    until = time.perf_counter() + seconds
    while len(pairs) < least or time.perf_counter() < until:
        if len(pairs) % 2:
            after = second()
            pairs.append((first(), after))
        else:
            pairs.append((first(), second()))
    return np.array(pairs)


def _peak() -> float:
    """The most memory that this process has had, in MiB; getrusage counts its parent's too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def _print(rows: list[Row]) -> None:
    line = "{:8} {:>6} {:>9} {:>6}  {:8} {:>8} {:>6} {:>7} {:>13} {:>6} {:>6}"
    names = "shape tokens sentences layers way seconds MiB ×time quartiles pairs ×mem"
    print(line.format(*names.split()), flush=True)
    for row in rows:
        cells = (
            f"{row.seconds:.3f}",
            f"{row.memory:.0f}",
            f"{row.slower:.2f}",
            "{:.2f} to {:.2f}".format(*row.quartiles) if row.way != "plain" else "",
            str(row.pairs),
            f"{row.larger:.2f}",
        )
        print(
            line.format(row.shape, row.tokens, row.sentences, row.layers, row.way, *cells),
            flush=True,
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Cost of measuring, as ratios to a plain pass.")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--longest", type=int, default=8192, help="leave out longer sentences")
    parser.add_argument("--seconds", type=float, default=20.0, help="time for each ratio")
    given = parser.parse_args()
    rows = []
    print("Every role and statistic, beside the plain pass and output_attentions=True\n")
    for shape, tokens, sentences in CASES:
        if tokens <= given.longest:
            found = compare(shape, tokens, sentences, seconds=given.seconds)
            _print(found)
            rows += found
    print("\nMore sentences, and more layers: time grows with them, memory doesn't\n")
    for sentences, layers in ((16, 6), (32, 6), (64, 6), (16, 12), (16, 24)):
        found = compare("minilm", 128, sentences, layers=layers, seconds=given.seconds, usual=False)
        _print(found)
        rows += found
    if given.json:
        given.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
