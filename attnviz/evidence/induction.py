"""Induction as it is defined: prefix matching and copying on repeated random tokens.

Both are head activation evaluators of Olsson et al. 2022; where ours differ, `Induction` says so.
An induction head does both: it finds what followed a token before, and makes that likelier. In
running text (`attnviz.roles.induction`) the same attention may have other reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit  # type: ignore[import-untyped]
from torch import Tensor

from attnviz.attention.batch import Batch
from attnviz.attention.formulas import TINY
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.request import Request
from attnviz.attention.targets import Bools, MatchTarget, OffsetTarget, Target
from attnviz.evidence import bootstrap
from attnviz.evidence.gather import Sums
from attnviz.evidence.rules import PROBE_MARGIN
from attnviz.roles import masks
from attnviz.roles.induction import after_copies
from attnviz.text.types import Tokens

Array = NDArray[np.float64]
Logits = Callable[[int, Tensor, Tensor], Tensor | None]
"""What heads do to logits by themselves, less the vocabulary's mean.

Of a layer's number, its mixed values [batch, head, query, width] and tokens [batch, token] it
makes [batch, head, query, token], or None where that isn't known.
"""
Verdict = Literal["supported", "no"]

BASELINES = ("chance", "duplicate-token", "previous-token")


@dataclass(frozen=True)
class Estimate:
    """A score with its 95% interval, each array [head]; NaN where nothing could be measured.

    The interval is over the draws alone, and there are ten: it says how much ten other draws of
    random tokens would move the score, and nothing about running text. For so few the percentiles
    are taken farther out (Hesterberg 2015, the expanded percentile interval): of ten normal draws
    the interval then holds the mean 95 times in 100, and the plain one 92. It is one head's own,
    not the best's of many.
    """

    score: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Induction:
    """Both scores of every head, in the order of `heads`, which are (layer, head).

    `prefix_matching` is the mean, over the tokens that occurred before, of the attention to the
    tokens that followed their earlier copies: the paper's score, summed over the copies. It stands
    beside its `baselines`, [head] each: "chance" is the same for uniform attention over the
    visible keys; "duplicate-token" and "previous-token" are what the same queries give to copies
    of themselves and to the token before. `margin` is prefix matching less the best of them,
    which `against` names; `verdicts` are "supported" where its lower bound exceeds what was
    asked. As all repeats are of one length, a head that always looks so far back scores as well.

    `copying` says whether the head raises the logits of the tokens that it attends to: 0 is chance,
    at 1 it raises no others, at -1 only others. Its own output is mapped to logits on the direct
    path, less their mean over the vocabulary; r_i(t) is what is positive of token t's. With A_i(t)
    the share of query i's attention to content tokens that is on copies of t, t running over the
    T tokens of the draw and i over the queries of prefix matching,

        x = sum_i sum_t A_i(t) r_i(t) / sum_i sum_t r_i(t),    c = 1 / T,
        copying = (x - c) / (x + c - 2 x c).

    x is the ratio of Olsson et al. 2022, and c what a head gets that raises all tokens of the draw
    alike, or any without regard to what it attends to. They scale 2x - 1, as if chance were a half;
    with c = 1/2 ours is the same. It is Yule's Q (1912): how far the odds x / (1 - x) exceed those
    of chance. The paper takes sequences that aren't repeated, and does not say how queries are
    weighed (here by how much the head raises at each).

    `lifted` is the share of the queries whose attended token is lifted: the logits that the head
    writes, mean over t weighted by A_i(t), lie above their plain mean over the draw. It counts each
    query once, however much the head raises there. `lifted_chance` [head] is the share for a token
    of the draw at random. All three are None where no layer's way to the logits is known; NaN for
    heads whose own isn't, or that move nothing.

    `draws` and `queries` count the evidence.
    """

    heads: tuple[tuple[int, int], ...]
    prefix_matching: Estimate
    baselines: Mapping[str, Array]
    against: tuple[str, ...]
    margin: Estimate
    verdicts: tuple[Verdict, ...]
    copying: Estimate | None
    lifted: Estimate | None
    lifted_chance: Array | None
    draws: int
    queries: int


@dataclass(frozen=True)
class _LayerSums:
    """Sums of one layer over the queries of each draw.

    `masses` and `events` [draw, head, target], the targets as `_targets` lists them; `chance`
    [draw, head] is uniform attention's mass on the first; `hits` and `raised` [draw, head] are
    numerator and denominator of x, see `Induction`. `lifted` counts the queries whose attended
    token is lifted, `random` those expected of a token at random, and `moved` all of them.
    """

    masses: Array
    events: Array
    chance: Array
    hits: Array
    raised: Array
    lifted: Array
    random: Array
    moved: Array

    @property
    def heads(self) -> int:
        """Number of heads."""
        return int(self.masses.shape[1])


class InductionKeeper(Observer):
    """Observes a run over repeated random tokens and keeps the sums of every head, draw by draw.

    `logits` says what heads do to logits; without it copying isn't measured.
    """

    def __init__(
        self, draws: Sequence[Tokens], logits: Logits | None = None, stream: str = ""
    ) -> None:
        self.stream = stream
        self._draws = tuple(draws)
        self._logits = logits
        self._layers: dict[int, _LayerSums] = {}

    def begin(self, batch: Batch, places: Sequence[int]) -> Request:
        """Starts a batch whose sentences are the draws of the given places."""
        self._places = list(places)
        self._copies = _Copies.of(batch)
        targets = [_targets(tokens) for tokens in batch.sentences]
        return Request(targets, frozenset({"mixed"} if self._logits is not None else ()))

    def see(self, attention: LayerAttention) -> None:
        """Adds one layer of the batch."""
        uniform = attention.uniform
        masses = _numpy(attention.masses)
        seen = _LayerSums(
            masses=masses,
            events=np.broadcast_to(_numpy(uniform.reached), masses.shape),
            chance=np.broadcast_to(_numpy(uniform.masses[..., 0]), masses.shape[:2]),
            **self._copying(attention),
        )
        kept = self._layers.setdefault(attention.layer, self._empty(seen))
        for entry in fields(_LayerSums):
            getattr(kept, entry.name)[self._places] = getattr(seen, entry.name)

    def _empty(self, like: _LayerSums) -> _LayerSums:
        arrays = (getattr(like, entry.name) for entry in fields(_LayerSums))
        return _LayerSums(*(np.zeros((len(self._draws), *array.shape[1:])) for array in arrays))

    def _copying(self, attention: LayerAttention) -> dict[str, Array]:
        """What copying is made of, [batch, head] each; NaN where the way to logits is unknown."""
        logits = None
        if self._logits is not None and attention.value is not None:
            logits = self._logits(attention.layer, attention.mixed, self._copies.ids)
        if logits is None:
            unknown = np.full((len(self._places), attention.heads), np.nan)
            return dict.fromkeys(("hits", "raised", "lifted", "random", "moved"), unknown)
        counted, attended = self._copies.counted, self._copies.attended(attention)
        raised = logits.clamp_min(0.0) * counted
        apart = self._copies.centred(logits) * counted
        sums = {
            "hits": (raised * attended).sum((-2, -1)),
            "raised": raised.sum((-2, -1)),
            "lifted": ((apart * attended).sum(-1) > 0).sum(-1),
            "random": ((apart > 0).sum(-1) / counted.sum(-1).clamp_min(1.0)).sum(-1),
            "moved": (apart != 0).any(-1).sum(-1),
        }
        return {name: _numpy(values) for name, values in sums.items()}

    def found(
        self, resamples: int = 2000, seed: int = 0, margin: float = PROBE_MARGIN
    ) -> Induction:
        """Both scores of every head, with baselines and intervals; `margin` makes "supported".

        Raises ValueError where no layer was seen.
        """
        layers = sorted(self._layers.items())
        if not layers:
            raise ValueError("no layer was seen")
        heads = tuple((number, head) for number, one in layers for head in range(one.heads))
        sums = _LayerSums(
            *(
                np.concatenate([getattr(one, entry.name) for _, one in layers], axis=1)
                for entry in fields(_LayerSums)
            )
        )
        digests = [tokens.sentence.digest for tokens in self._draws]
        weights = bootstrap.weights(digests, resamples, seed)
        # Of all raised alike, a query's attention meets one in as many as a draw has tokens.
        chance = float(np.mean([1 / len(_names(tokens)) for tokens in self._draws]))
        return _judged(heads, sums, weights, chance, margin)


def _judged(
    heads: tuple[tuple[int, int], ...],
    sums: _LayerSums,
    weights: Array,
    chance_share: float,
    least: float,
) -> Induction:
    """From the sums of all heads and the bootstrap's weights [resample, draw] to both scores."""
    prefix, duplicate, previous = (
        Sums(sums.masses[..., place], sums.events[..., place]) for place in range(3)
    )
    chance, shares = Sums(sums.chance, prefix.events), Sums(sums.hits, sums.raised)
    lifted, random = Sums(sums.lifted, sums.moved), Sums(sums.random, sums.moved)
    baselines = dict(zip(BASELINES, (chance, duplicate, previous), strict=True))
    pooled = {name: _whole(one.pooled, weights) for name, one in baselines.items()}
    best = np.array([np.nan_to_num(one, nan=-1.0) for one in pooled.values()]).argmax(0)
    margin = _estimate(lambda drawn: prefix.pooled(drawn) - _best(baselines, drawn), weights)
    copies = not np.isnan(sums.raised).all()
    return Induction(
        heads=heads,
        prefix_matching=_estimate(prefix.pooled, weights),
        baselines=pooled,
        against=tuple(BASELINES[place] for place in best),
        margin=margin,
        verdicts=tuple("supported" if low > least else "no" for low in margin.low),
        copying=(
            _estimate(lambda drawn: against_chance(chance_share, shares.pooled(drawn)), weights)
            if copies
            else None
        ),
        lifted=_estimate(lifted.pooled, weights) if copies else None,
        lifted_chance=_whole(random.pooled, weights) if copies else None,
        draws=weights.shape[1],
        queries=int(prefix.events.sum(0).max()),
    )


def against_chance(chance: float, share: Array) -> Array:
    """Yule's Q of the odds of a share against those of chance: -1 to 1, and 0 at chance."""
    own, other = share * (1 - chance), chance * (1 - share)
    found: Array = (own - other) / (own + other)
    return found


def _best(baselines: Mapping[str, Sums], weights: Array) -> Array:
    """The best baseline in each resample, [resample, head]."""
    best: Array = np.fmax.reduce([one.pooled(weights) for one in baselines.values()])
    return best


def _estimate(score: Callable[[Array], Array], weights: Array) -> Estimate:
    """A score of weights [resample, draw] with its expanded percentile interval."""
    draws = weights.shape[1]
    whole = _whole(score, weights)
    if draws < bootstrap.FEWEST:
        nothing = np.full_like(whole, np.nan)
        return Estimate(whole, nothing, nothing)
    # Percentiles as far out as Student's with so few draws. Hesterberg's factor sqrt(n / (n - 1))
    # isn't needed: Poisson weights, whose sum varies, already spread the score that much more.
    tail = float(ndtr(-stdtrit(draws - 1, 0.975)))
    low, high = bootstrap.interval(score(weights), 1 - 2 * tail)
    return Estimate(whole, low, high)


def _whole(score: Callable[[Array], Array], weights: Array) -> Array:
    """A score of all draws, each counted once, [head]."""
    whole: Array = score(np.ones((1, weights.shape[1])))[0]
    return whole


def _targets(tokens: Tokens) -> list[Target]:
    """What followed earlier copies, the copies, and the token before: of the same queries.

    These texts are nothing but repetition, so that what is a run in others is none here.
    """
    labels, again = masks.labels(tokens), _again(tokens)
    return [
        after_copies(tokens, labels),
        MatchTarget(np.where(again, labels, -1), labels),
        OffsetTarget(again, (-1,)),
    ]


def _again(tokens: Tokens) -> Bools:
    """Content tokens that occurred before, [token]."""
    again = tokens.content.copy()
    again[np.unique(masks.labels(tokens), return_index=True)[1]] = False
    return again


def _names(tokens: Tokens) -> NDArray[np.int64]:
    """The ids of a draw's content tokens, each once."""
    return np.unique(np.array(tokens.ids, dtype=np.int64)[tokens.content])


@dataclass(frozen=True, eq=False)
class _Copies:
    """Where the tokens of each draw stand.

    `ids` [batch, token] are its tokens, each once, padded with 0; `places` [batch, key, token] is
    1 where a key is a copy of a token; `counted` [batch, 1, query, token] is 1 for queries that
    count and tokens that are there. The last two are float32.
    """

    ids: Tensor
    places: Tensor
    counted: Tensor

    @classmethod
    def of(cls, batch: Batch) -> _Copies:
        names = [_names(tokens) for tokens in batch.sentences]
        ids = np.zeros((len(names), max(map(len, names))), dtype=np.int64)
        places = np.zeros((*batch.ids.shape, ids.shape[1]), dtype=np.float32)
        counted = np.zeros((len(names), 1, *places.shape[1:]), dtype=np.float32)
        for row, (found, tokens) in enumerate(zip(names, batch.sentences, strict=True)):
            ids[row, : len(found)] = found
            labels = masks.labels(tokens)
            places[row, : len(tokens), : len(found)] = labels[:, None] == found
            counted[row, 0, : len(tokens), : len(found)] = _again(tokens)[:, None]
        device = batch.ids.device
        return cls(*(torch.from_numpy(one).to(device) for one in (ids, places, counted)))

    def attended(self, attention: LayerAttention) -> Tensor:
        """Of each query's attention to content tokens the share on each token's copies.

        [batch, head, query, token]; a draw is so short that the whole matrix is small.
        """
        on_copies = torch.matmul(attention.weights, self.places[:, None])
        return on_copies / on_copies.sum(-1, keepdim=True).clamp_min(TINY)

    def centred(self, logits: Tensor) -> Tensor:
        """Logits less their mean over the draw's tokens, [batch, head, query, token]."""
        there = self.counted.amax(-2, keepdim=True)
        return logits - (logits * there).sum(-1, keepdim=True) / there.sum(-1, keepdim=True)


def _numpy(values: Tensor) -> Array:
    array: Array = values.cpu().double().numpy()
    return array
