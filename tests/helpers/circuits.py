"""GPT-2 models whose weights are written by hand, so that it is known what each head does.

The residual stream has a dimension for each token, one for each position, and one for each token
again, into which the head that looks one back copies what it finds there. All embeddings are one
and one, so that layer normalisation has the same mean and deviation at every token, and can be
made to do nothing. Blocks have no feed-forward part.

Heads that nothing is planted in have small random weights, and write what little they read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attnviz.evidence import arcs, bootstrap
from attnviz.evidence.collect import collect
from attnviz.evidence.gather import choose
from attnviz.evidence.judge import judge
from attnviz.models import probe, tap
from attnviz.models.load import LoadedModel
from attnviz.models.run import observe
from attnviz.models.streams import numbers
from attnviz.observers.positional import ProfileKeeper
from attnviz.observers.sums import ScoreKeeper
from attnviz.observers.words import WordKeeper
from attnviz.roles.role import expanded
from attnviz.text.types import Tokens
from tests.helpers import tiny
from tests.helpers.planted import ROLES, STATISTICS

VOCABULARY, POSITIONS = 32, 32
SIZE, HEADS, LAYERS = 256, 4, 2
WIDTH = SIZE // HEADS
TOKEN, POSITION, BEFORE = 0, VOCABULARY, VOCABULARY + POSITIONS
"""Where in the residual stream the token, its position and the token before it stand."""

_SURE = 25.0
"""A score by which a key is preferred: all others together are left e^-25 of the attention."""

_IDLE = 0.02


@dataclass
class Wires:
    """One head's weights: queries, keys and values [stream, head dimension], and what it writes."""

    query: Tensor
    key: Tensor
    value: Tensor
    output: Tensor
    query_bias: Tensor

    def prefer(self, by: float, queries: Tensor, keys: Tensor, first: int) -> None:
        """Scores `by` where `queries` and `keys`, both [stream, feature], share a feature."""
        features = slice(first, first + queries.shape[1])
        self.query[:, features] = queries * by * WIDTH**0.5
        self.key[:, features] = keys


Plant = Callable[[Wires], None]


def _one_hot(start: int, count: int, shift: int = 0) -> Tensor:
    """Reads `count` dimensions from `start`; feature f is on at dimension start + f + shift."""
    found = torch.zeros(SIZE, count)
    for feature in range(count):
        if 0 <= feature + shift < count:
            found[start + feature + shift, feature] = 1.0
    return found


def previous(wires: Wires) -> None:
    """Looks one back, and copies the token there."""
    wires.prefer(_SURE, _one_hot(POSITION, POSITIONS, 1), _one_hot(POSITION, POSITIONS), 0)
    wires.value[:, :VOCABULARY] = _one_hot(TOKEN, VOCABULARY)
    wires.output[:VOCABULARY] = _one_hot(BEFORE, VOCABULARY).T


def first(wires: Wires) -> None:
    """Looks at position 0, whoever asks."""
    wires.query_bias[0] = _SURE * WIDTH**0.5
    wires.key[POSITION, 0] = 1.0


def duplicate(wires: Wires) -> None:
    """Looks at the same token, but not at itself; everywhere alike where there is none."""
    wires.prefer(_SURE, _one_hot(TOKEN, VOCABULARY), _one_hot(TOKEN, VOCABULARY), 0)
    itself = _one_hot(POSITION, POSITIONS)
    wires.prefer(-2 * _SURE, itself, itself, VOCABULARY)


def induction(wires: Wires) -> None:
    """Looks at tokens that follow the same token, but not at itself; needs `previous` before."""
    wires.prefer(_SURE, _one_hot(TOKEN, VOCABULARY), _one_hot(BEFORE, VOCABULARY), 0)
    itself = _one_hot(POSITION, POSITIONS)
    wires.prefer(-2 * _SURE, itself, itself, VOCABULARY)


def nearest_before(queries: list[int], keys: list[int]) -> Plant:
    """Looks from tokens with the ids `queries` at the last token with an id of `keys` before.

    In the grammar of ten words that is a verb's subject. Other queries look everywhere alike.
    """

    def plant(wires: Wires) -> None:
        # Three a place, so that the last of two is surely meant; 100 for being meant at all.
        for feature, read in enumerate((TOKEN, POSITION)):
            for one in queries:
                wires.query[TOKEN + one, feature] = WIDTH**0.5
            if read == TOKEN:
                for one in keys:
                    wires.key[TOKEN + one, feature] = 100.0
            else:
                wires.key[POSITION : POSITION + POSITIONS, feature] = 3.0 * torch.arange(POSITIONS)

    return plant


def loaded(heads: Mapping[tuple[int, int], Plant], seed: int) -> LoadedModel:
    """A model with what is planted at (layer, head), the other heads idle."""
    model = _empty()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer, block in enumerate(model.h):
            for head in range(HEADS):
                _write(block.attn, head, _wires(heads.get((layer, head)), generator))
            # Each token has one dimension for itself, one for its place, later one for what it
            # follows, at 1 each.
            on = (2 if layer == 0 else 3) / SIZE
            block.ln_1.weight.fill_((on - on**2) ** 0.5)
            block.ln_1.bias.fill_(on)
    return wrapped(model)


def wrapped(model: Any) -> LoadedModel:
    """A model that was made here, as `load` returns it; its attention is the tap's."""
    seen = probe.by_tap(model, {}, {"input_ids": torch.arange(probe.SOURCE)[None]})
    return tiny.bare(
        model,
        model.config.model_type,
        causal=seen.causal,
        streams=seen.streams,
        layer_of=numbers(model),
        sites=seen.sites,
    )


def supported(model: LoadedModel, sentences: Sequence[Tokens]) -> dict[tuple[int, int], set[str]]:
    """The roles that the evidence supports, (layer, head) by (layer, head)."""
    scores = ScoreKeeper(ROLES, STATISTICS, len(sentences))
    profile = ProfileKeeper(max(map(len, sentences)))
    words = WordKeeper(sentences)
    observe(model, sentences, [scores, profile, words])
    half = np.array([one.sentence.half for one in sentences])
    weights = bootstrap.weights([one.sentence.digest for one in sentences], 200, 0)
    table = scores.table()
    known = [one.sentence.annotation for one in sentences if one.sentence.annotation]
    columns = collect(table, sentences, {"profile": profile.fit()})
    if known:
        text = expanded(ROLES, known), words.table(), sentences
        between = arcs.collect(*text, arcs.learn(*text))
        columns += [one for one in between if one.coverage and one.coverage.arcs >= one.role.fewest]
    judged = judge(choose(columns, half), half, weights)
    return {
        place: {one.role.name for one in judged if one.verdicts[head] == "supported"}
        for head, place in enumerate(table.heads)
    }


def _empty() -> Any:
    """GPT-2 with one-hot embeddings, and all else zero."""
    from transformers import GPT2Config, GPT2Model

    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=POSITIONS,
        n_embd=SIZE,
        n_layer=LAYERS,
        n_head=HEADS,
        n_inner=1,
        bos_token_id=0,
        eos_token_id=0,
    )
    config._attn_implementation = tap.install()
    model: Any = GPT2Model(config)
    model.eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.zero_()
        model.wte.weight.copy_(_one_hot(TOKEN, VOCABULARY).T)
        model.wpe.weight.copy_(_one_hot(POSITION, POSITIONS).T)
    return model


def _wires(plant: Plant | None, generator: torch.Generator) -> Wires:
    small = 0.0 if plant else _IDLE
    query, key, value = (small * torch.randn(SIZE, WIDTH, generator=generator) for _ in range(3))
    output = small * torch.randn(WIDTH, SIZE, generator=generator)
    wires = Wires(query, key, value, output, torch.zeros(WIDTH))
    if plant:
        plant(wires)
    return wires


def _write(attention: Any, head: int, wires: Wires) -> None:
    """Puts a head's weights where GPT-2 keeps them: queries, keys and values side by side."""
    for place, weights in enumerate((wires.query, wires.key, wires.value)):
        start = place * SIZE + head * WIDTH
        attention.c_attn.weight[:, start : start + WIDTH] = weights
    attention.c_attn.bias[head * WIDTH : (head + 1) * WIDTH] = wires.query_bias
    attention.c_proj.weight[head * WIDTH : (head + 1) * WIDTH] = wires.output
