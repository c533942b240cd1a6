"""Weighing: the model runs over one sentence, and the weights of its heads are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch

from attnviz import budget
from attnviz.drawing.settings import DrawSettings, Stream, head_name
from attnviz.drawing.side import Side
from attnviz.drawing.weights import Weights
from attnviz.errors import InputError, UsageError
from attnviz.models import run
from attnviz.models.load import LoadedModel
from attnviz.observers.weights import WeightKeeper
from attnviz.report.numbers import counted
from attnviz.settings import Settings
from attnviz.survey.shards import Reader, Shard
from attnviz.survey.tally import Tally
from attnviz.survey.texts import Pair, Texts
from attnviz.text.merge import last_looks
from attnviz.text.types import Tokens

_FLOAT = 4
_COPIES = 2
"""The matrices are held twice for a moment, when they are stacked."""


def sentence(texts: Texts, number: int) -> Pair:
    """The sentence of this number, and what a decoder reads with it.

    UsageError where the text has fewer.
    """
    last = 0
    for pair in texts:
        if pair[0].id == number:
            return pair
        last = pair[0].id
    raise UsageError(
        f"There is no sentence {number}.",
        "The text has one, number 1." if last == 1 else f"Sentences count from 1 to {last}.",
    )


class Weighed(NamedTuple):
    """A sentence's weights, and the tokens of its queries and keys, or words where these are."""

    weights: Weights
    queries: Tokens
    keys: Tokens


def weigh(loaded: LoadedModel, pair: Pair, settings: Settings, drawn: DrawSettings) -> Weighed:
    """Runs the model over a sentence; keeps the matrices of the heads and layers that were named.

    Raises InputError where they don't fit into memory, UsageError for a head that isn't there and a
    stream that the model hasn't, NothingToAnalyseError for a sentence without content.
    """
    run.check_targets(loaded, paired=pair[1] is not None, generates=settings.generate > 0)
    stream = _stream(loaded, drawn.stream)
    shard, notes = _read(loaded, pair, settings)
    queries, keys = _sides(shard, stream)
    budget.check(loaded, [*shard.tokens, *(shard.targets or ())], settings.max_memory)
    _check_room(loaded, (queries, keys), settings, drawn)
    keeper = WeightKeeper(
        drawn.places, drawn.layers, residual=settings.rollout_residual, stream=stream
    )
    run.observe(loaded, shard.tokens, [keeper], targets=shard.targets, wording=shard.wording)
    _check_heads(keeper.heads, drawn)
    causal = keeper.causal and stream not in {"encoder", "cross"}
    query_side = Side.of(queries)
    weights = Weights(
        model=loaded.name,
        text=queries.sentence.text,
        query_side=query_side,
        key_side=query_side if keys is queries else Side.of(keys),
        places=keeper.places,
        matrices=keeper.matrices(),
        model_heads=keeper.heads,
        rollout=keeper.rollout(),
        residual=settings.rollout_residual,
        stream=stream,
        causal=causal,
        last=last_looks(settings.pieces, causal=causal),
        notes=notes,
    )
    return Weighed(weights, queries, keys)


def _check_heads(heads: Mapping[int, int], drawn: DrawSettings) -> None:
    """Raises UsageError for a head or a layer that was named and isn't there.

    `heads` is the number of heads of each layer.
    """
    most = max(heads.values(), default=0) - 1
    for layer, head in (*drawn.places, *((layer, 0) for layer in drawn.layers)):
        if head >= heads.get(layer, 0):
            name = head_name(layer, head) if drawn.places else str(layer)
            last = f"Layers are {min(heads)} to {max(heads)}"
            raise UsageError(
                f"There is no {'head' if drawn.places else 'layer'} {name}.",
                f"{last}, heads 0 to {most}." if drawn.places else f"{last}.",
            )


def _stream(loaded: LoadedModel, asked: Stream) -> str:
    """The stream that was asked for: cross-attention where a model has it and none was."""
    if asked == "auto":
        return "cross" if "cross" in loaded.streams else loaded.streams[0]
    if asked in loaded.streams:
        return asked
    if loaded.streams == ("",):
        raise UsageError(
            f"{loaded.name} has no encoder and decoder to choose from.", "Leave out --stream."
        )
    raise UsageError(
        f"The {asked} attention of {loaded.name} can't be seen.",
        f"Choose one of: {', '.join(loaded.streams)}.",
    )


def _read(loaded: LoadedModel, pair: Pair, settings: Settings) -> tuple[Shard, tuple[str, ...]]:
    """The sentence as the model reads it, and what was lost on the way."""
    reader, tally = Reader(loaded, settings, None), Tally()
    shard = reader.written(reader.read([pair], tally), tally, lambda _: None)
    tally.add(shard.tokens, shard.targets)
    notes = (
        *tally.checked(loaded, settings),
        *tally.of_unwritten(loaded, settings),
        *tally.of_special(loaded, settings),
        *loaded.notes,
    )
    return reader.in_words(shard), notes


def _sides(shard: Shard, stream: str) -> tuple[Tokens, Tokens]:
    """The queries and the keys of a stream, in words where these are measured."""
    tokens, targets = shard.shown
    if stream in {"", "encoder"} or targets is None:
        return tokens[0], tokens[0]
    return targets[0], tokens[0] if stream == "cross" else targets[0]


def _check_room(
    loaded: LoadedModel, sides: tuple[Tokens, Tokens], settings: Settings, drawn: DrawSettings
) -> None:
    """Raises InputError where the matrices of all heads that are kept don't fit into memory."""
    layers = max(loaded.layers, 1)
    kept = len(drawn.places) or loaded.heads * (len(drawn.layers) or layers) // layers
    queries, keys = map(len, sides)
    needed = float(_FLOAT * _COPIES * kept * queries * keys)
    allowed = budget.allowance(settings.max_memory, torch.device("cpu"))
    if needed > allowed:
        raise InputError(
            f"The matrices of {counted(kept, 'head')} for a sentence of "
            f"{counted(max(queries, keys), 'token')} need about {budget.shown(needed)}, and "
            f"{budget.shown(allowed)} are {'allowed' if settings.max_memory else 'free'}.",
            "Choose some heads with --heads or --layers, or a shorter sentence.",
        )
