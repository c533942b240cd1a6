"""Attention that is known because it was planted, and the sentences it is planted in."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from attnviz.attention import batch as batches
from attnviz.attention.layer import LayerAttention
from attnviz.attention.mask import Mask
from attnviz.attention.observer import Observer
from attnviz.attention.request import join
from attnviz.baselines.positional_profile import PositionalProfile, profile_of
from attnviz.evidence import bootstrap
from attnviz.evidence.collect import collect
from attnviz.evidence.gather import choose
from attnviz.evidence.judge import Judgement, judge
from attnviz.observers.positional import ProfileKeeper
from attnviz.observers.sums import ScoreKeeper
from attnviz.observers.tables import ScoreTable
from attnviz.registry import discover
from attnviz.roles.role import Role
from attnviz.statistics.statistic import Statistic
from attnviz.text.types import Sentence, TokenLabel, Tokens

Floats = NDArray[np.float64]
Head = Callable[[Tokens], Floats]
"""A head: for each sentence the weights it would like, [query, key], before any mask."""

ROLES = discover("attnviz.roles", "ROLE", Role)
STATISTICS = discover("attnviz.statistics", "STATISTIC", Statistic)
_KINDS = {"[CLS]": "cls", "[SEP]": "sep", "[BOS]": "bos"}


def sentence(text: str) -> Tokens:
    """Tokens of words between spaces; [CLS], [SEP] and [BOS] are special."""
    words = tuple(text.split())
    kinds = tuple(_KINDS.get(word, "") for word in words)
    surfaces = tuple("" if kind else word for word, kind in zip(words, kinds, strict=True))
    return Tokens(
        sentence=Sentence(1, text),
        ids=tuple(zlib.crc32(word.encode()) for word in words),
        pieces=words,
        surfaces=surfaces,
        labels=tuple(TokenLabel(word) for word in words),
        kinds=kinds,
        words=tuple(None if kind else place for place, kind in enumerate(kinds)),
    )


def visible(lengths: Sequence[int], *, causal: bool) -> Tensor:
    """Which keys are seen in sentences padded on the right, [batch, 1, query, key]."""
    longest = max(lengths)
    there = torch.arange(longest)[None, :] < torch.tensor(lengths)[:, None]
    seen = there[:, None, :].expand(-1, longest, -1)
    return (seen.tril() if causal else seen)[:, None].clone()


def layer(weights: Sequence[Floats], *, causal: bool = False, number: int = 0) -> LayerAttention:
    """A layer whose attention is `weights`, [head, query, key] a sentence, padded and masked.

    What a mask hides is shared out over the rest of its row.
    """
    lengths = [one.shape[-1] for one in weights]
    wanted = torch.zeros(len(weights), len(weights[0]), max(lengths), max(lengths))
    for row, one in enumerate(weights):
        wanted[row, :, : lengths[row], : lengths[row]] = torch.from_numpy(one)
    batch, heads, longest, _ = wanted.shape
    return LayerAttention(
        layer=number,
        query=torch.zeros(batch, heads, longest, 1),
        key=torch.zeros(batch, 1, longest, 1),
        scale=1.0,
        mask=Mask.of(visible(lengths, causal=causal)),
        bias=wanted.log().clamp_min(-1e30),
    )


def even(tokens: Tokens) -> Floats:
    """A head that looks everywhere alike."""
    return np.full((len(tokens), len(tokens)), 1.0 / len(tokens))


def at_offset(offset: int, share: float = 1.0) -> Head:
    """A head with `share` of each row so many tokens away, the rest even; purely positional."""

    def head(tokens: Tokens) -> Floats:
        hit = np.eye(len(tokens), k=offset)
        return np.where(hit.any(1, keepdims=True), share * hit + (1 - share) * even(tokens), 1.0)

    return head


def on_target(role: str, share: float = 0.8, variant: str = "", *, causal: bool = False) -> Head:
    """A head that plays `role`: `share` of each row on the target, the rest even elsewhere.

    Rows whose target is empty or hidden are even.
    """

    def head(tokens: Tokens) -> Floats:
        target = next(c for c in COLUMNS if (c.role.name, c.variant) == (role, variant))
        found = target.target(tokens)
        if found is None:
            raise ValueError(f"{role} has no target")
        hit = found.part((0, len(tokens)), (0, len(tokens)))
        seen = np.tri(len(tokens), dtype=np.bool_) if causal else np.ones_like(hit)
        on, off = hit & seen, ~hit & seen
        weights = share * _spread(on) + (1 - share) * _spread(off)
        weights = np.where(off.any(1, keepdims=True), weights, _spread(on))
        return np.where(on.any(1, keepdims=True), weights, _spread(seen))

    return head


def _spread(mask: NDArray[np.bool_]) -> Floats:
    spread: Floats = mask / np.maximum(mask.sum(1, keepdims=True), 1)
    return spread


@dataclass(frozen=True)
class Measured:
    """What attnviz found of planted heads."""

    table: ScoreTable
    profile: PositionalProfile
    judgements: dict[str, Judgement]

    def score(self, role: str, head: int = 0, variant: str = "") -> tuple[float, float, int]:
        """Score, chance and events of a head before any choice between candidates."""
        place = self.table.place(role, variant)
        mass, chance, events = (
            float(self.table.over_heads(name)[:, head, place].sum())
            for name in ("mass", "chance", "events")
        )
        return (mass / events, chance / events, round(events)) if events else (0.0, 0.0, 0)

    def statistic(self, name: str, head: int = 0) -> float:
        """A statistic of one head."""
        place = [one.name for one in self.table.statistics].index(name)
        values, counts = (
            float(self.table.over_heads(part)[:, head, place].sum())
            for part in ("values", "counts")
        )
        return values / counts

    def verdict(self, role: str, head: int = 0) -> str | None:
        """The verdict on one head."""
        return self.judgements[role].verdicts[head]

    def found(self, head: int = 0) -> set[str]:
        """Every role that a head was given, tentatively or not."""
        return {name for name in self.judgements if self.verdict(name, head) not in {"no", None}}


def show(
    sentences: Sequence[Tokens],
    heads: Sequence[Head],
    observers: Sequence[Observer],
    *,
    causal: bool = False,
    cells: int = 2**14,
) -> None:
    """Shows one planted layer to observers, batch by batch as a run would."""
    for places in batches.by_length([len(one) for one in sentences], cells):
        batch = batches.make([sentences[place] for place in places], 0, torch.device("cpu"))
        planted = [np.array([head(one) for head in heads]) for one in batch.sentences]
        see([layer(planted, causal=causal)], observers, batch, places)


def see(
    layers: Sequence[LayerAttention],
    observers: Sequence[Observer],
    batch: batches.Batch,
    places: Sequence[int],
) -> None:
    """Shows the layers of one batch to observers, with what they asked of them."""
    requests = [observer.ask(batch, places) for observer in observers]
    joined = join(batch, requests)
    for observer in observers:
        observer.begin(batch, places)
    for one in layers:
        whole = replace(one, joined=joined)
        for observer, request in zip(observers, requests, strict=True):
            observer.see(whole.shown_to(request))
    for observer in observers:
        observer.end()


def measure(
    sentences: Sequence[Tokens],
    heads: Sequence[Head],
    *,
    causal: bool = False,
    roles: Sequence[Role] = ROLES,
    resamples: int = 500,
) -> Measured:
    """Scores and judges planted heads as a report would."""
    scores = ScoreKeeper(roles, STATISTICS, len(sentences))
    profile = ProfileKeeper(max(map(len, sentences)))
    show(sentences, heads, [scores, profile], causal=causal)
    half = np.array([one.sentence.half for one in sentences])
    weights = bootstrap.weights([one.sentence.digest for one in sentences], resamples, 0)
    habits = profile.fit()
    columns = collect(scores.table(), sentences, {"profile": habits})
    judged = judge(choose(columns, half), half, weights)
    return Measured(scores.table(), profile_of(habits, 1), {one.role.name: one for one in judged})


def corpus(count: int, seed: int = 0, *, ends: str = "[CLS] {} [SEP]") -> list[Tokens]:
    """Sentences of 9 to 17 words with a comma, a full stop and a copy anywhere among them."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        words = [f"w{k}" for k in rng.permutation(500)[: rng.integers(7, 15)]]
        words.insert(int(rng.integers(0, len(words) + 1)), words[int(rng.integers(len(words)))])
        for mark in (",", "."):
            words.insert(int(rng.integers(1, len(words) + 1)), mark)
        found.append(sentence(ends.format(" ".join(words))))
    return found


COLUMNS = ScoreKeeper(ROLES, STATISTICS, 0).table().columns
