"""Tokens that spread their attention evenly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.roles.role import CROSS, SELF, ShapeRole

if TYPE_CHECKING:
    from torch import Tensor

    from attnviz.attention.layer import LayerAttention


def _queries(attention: LayerAttention, content: Tensor) -> Tensor:
    return content & (attention.counts[:, 0] > 1)


def _by_query(attention: LayerAttention) -> Tensor:
    return attention.evenness


def _mass(attention: LayerAttention, content: Tensor) -> Tensor:
    return attention.evenness.masked_fill(~_queries(attention, content)[:, None], 0.0).sum(-1)


def _events(attention: LayerAttention, content: Tensor) -> Tensor:
    return _queries(attention, content).sum(-1)


def _chance(attention: LayerAttention, content: Tensor) -> Tensor:
    # A row drawn evenly from all rows over n keys has an expected entropy of 1/2 + ... + 1/n.
    counts = attention.counts
    expected = (counts + 1).digamma() - counts.new_tensor(2.0).digamma()
    evenness = expected / counts.log().clamp_min(1e-6)
    return (evenness * _queries(attention, content)[:, None]).sum(-1)


ROLE = ShapeRole(
    name="broad",
    title="broad",
    family="shape",
    letter="B",
    order=170,
    does="spreads its attention almost evenly",
    measures="of the greatest entropy",
    about="Each token spreads its attention more evenly than a row drawn at random would.",
    formula="H_i / ln|V_i|; chance: a row drawn evenly from the simplex, (1/2 + ... + 1/n) / ln n",
    source="Clark et al. 2019 (broad heads); Wolpert & Wolf 1995 (expected entropy)",
    margin=0.05,
    needs="sentences of more than one token",
    streams=SELF + CROSS,
    mass=_mass,
    events=_events,
    chance=_chance,
    by_query=_by_query,
)
