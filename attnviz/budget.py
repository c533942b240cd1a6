"""How much memory a run may take, and what fits into it: reckoned before, not found out by a kill.

The largest thing is one batch on its way through one layer. What that takes grows with its
tokens; only what is outside the streaming kernels grows with their square.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import psutil
import torch

from attnviz.errors import InputError
from attnviz.models.load import LoadedModel
from attnviz.report.numbers import counted
from attnviz.text.types import Sentence, Tokens
from attnviz.values import size

if sys.platform != "win32":
    import resource

_SHARE = 0.8
"""Of the free memory: the rest is for what nobody reckons with."""

_FOR_ROLLOUT = 0.5
"""Of what a batch leaves: queries and keys of all layers, kept for the rollout of a long text."""

_CHARACTER, _SENTENCE = 100, 1250
"""Bytes that tokens take for each character and each sentence of a text, as measured with a
tokenizer of words; tokens of bytes take a half more."""

_NUMBERS = 300
"""Numbers that measuring a sentence takes for each head: its sums, and what they are made of."""

_GROUP = Path("/sys/fs/cgroup")
_FLOATS = 4


@dataclass(frozen=True)
class Allowance:
    """What a run may take: `tokens` in a batch, and `room` bytes for the rollout of one."""

    tokens: int
    room: float


def free(device: torch.device) -> float:
    """Bytes that the device has to spare."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    left = (float(psutil.virtual_memory().available), _left_to_group(), _left_to_process())
    return min(left)


def installed() -> float:
    """Bytes of memory that this machine has, or that a container may take of it."""
    return min(float(psutil.virtual_memory().total), _allowed_to_group())


def _allowed_to_group() -> float:
    """Bytes that a container may have, by Linux's control groups; no limit elsewhere."""
    try:
        return float((_GROUP / "memory.max").read_text(encoding="ascii"))
    except (OSError, ValueError):  # no such file, or "max"
        return float("inf")


def _left_to_process() -> float:
    """Bytes of addresses that `ulimit -v` still allows; no limit where the system knows none."""
    if sys.platform == "win32":
        return float("inf")
    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most == resource.RLIM_INFINITY:
        return float("inf")
    return max(0.0, float(most - psutil.Process().memory_info().vms))


def _left_to_group() -> float:
    """Bytes that a container may still take; no limit where there is none."""
    try:
        taken = float((_GROUP / "memory.current").read_text(encoding="ascii"))
        lines = (_GROUP / "memory.stat").read_text(encoding="ascii").splitlines()
        used = dict(line.split() for line in lines)
        # Pages of files that were read are counted as taken, but are given back when needed.
        return _allowed_to_group() - taken + float(used.get("inactive_file", 0))
    except (OSError, ValueError):  # no such files
        return float("inf")


def allowance(most: str, device: torch.device) -> float:
    """Bytes that may be taken of `most`, a size such as "4GiB", or of what is free if it is ""."""
    return size(most) if most else _SHARE * free(device)


def check_text(sentences: Iterable[Sentence], together: int = 1024) -> None:
    """Raises InputError where the tokens of so many sentences `together` don't fit into memory."""
    allowed = _SHARE * free(torch.device("cpu"))
    texts = iter(sentences)
    while run := list(islice(texts, together)):
        characters = sum(len(sentence.text) for sentence in run)
        needed = float(_CHARACTER * characters + _SENTENCE * len(run))
        if needed > allowed:
            raise InputError(
                f"The text has {counted(len(run), 'sentence')} of {characters:,} characters "
                f"together: their tokens need about {shown(needed)}, and {shown(allowed)} are "
                "free.",
                "Split it into shorter sentences: --split sentence.",
            )


def check(
    loaded: LoadedModel, sentences: Sequence[Tokens], most: str = "", together: int = 0
) -> Allowance:
    """What the run may take of `most`, a size such as "4GiB", or of what is free if that is "".

    So many sentences are measured `together`. Raises InputError where their sums, or the longest
    of the `sentences`, need more.
    """
    allowed = allowance(most, loaded.device)
    are = "are allowed" if most else "are free"
    longest = max(sentences, key=len)
    needed, kept = need(loaded, len(longest)), sums(loaded, together)
    if needed > allowed:
        raise InputError(
            f"Sentence {longest.sentence.id} of {counted(len(longest), 'token')} needs about "
            f"{shown(needed)}, and {shown(allowed)} {are}.",
            "Split the text into shorter sentences with --split sentence, or allow more with "
            "--max-memory."
            if most
            else "Split the text into shorter sentences: --split sentence.",
        )
    if kept + needed > allowed:
        raise InputError(
            f"The sums of {counted(together, 'sentence')} and a batch of the longest need about "
            f"{shown(kept + needed)}, and {shown(allowed)} {are}.",
            "Allow more with --max-memory." if most else "Give a part of the text.",
        )
    left = allowed - kept - need(loaded, 1)
    a_token = (needed - need(loaded, 0)) / len(longest)
    return Allowance(int(left / max(a_token, 1.0)), _FOR_ROLLOUT * (allowed - kept - needed))


def sums(loaded: LoadedModel, sentences: int) -> float:
    """About how many bytes the sums of so many sentences take, measured together."""
    heads = loaded.heads * len(loaded.streams)
    return float(8 * _NUMBERS * heads * sentences)


def need(loaded: LoadedModel, tokens: int) -> float:
    """About how many bytes a sequence of so many tokens takes, beside the model itself.

    In the widest layer the model holds some six vectors of its hidden size and three of its inner
    size for each token, and measuring holds queries, keys, values and what they are mixed to, and
    forty numbers, for each head. Models that hand over whole matrices hold some six of them.
    """
    config = loaded.model.config.get_text_config()
    hidden = getattr(config, "hidden_size", None) or getattr(config, "d_model", None) or 1024
    inner = next(
        (
            value
            for name in ("intermediate_size", "ffn_dim", "d_ff", "encoder_ffn_dim", "n_inner")
            if isinstance(value := getattr(config, name, None), int)
        ),
        4 * hidden,
    )
    heads = getattr(config, "num_attention_heads", None) or 1
    a_token = 6 * hidden + 3 * inner + 6 * hidden + 40 * heads
    whole = 6 * heads * tokens if loaded.path == "fallback" else 0
    return float(_FLOATS * tokens * (a_token + whole))


def no_rollout(sentences: int) -> str:
    """The warning about sentences whose rollout would not fit."""
    return (
        f"No rollout for {counted(sentences, 'sentence')}: keeping the queries and keys of all "
        "layers would take more memory than is allowed (--max-memory)."
    )


def shown(amount: float) -> str:
    """Bytes as people write them."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{amount:.1f} {unit}"
