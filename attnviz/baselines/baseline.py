"""What every baseline file declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from attnviz.attention.targets import Target
from attnviz.measurement.pilot import Fit
from attnviz.roles.role import ArcRule, Role
from attnviz.text.types import Tokens

if TYPE_CHECKING:
    from torch import Tensor

    from attnviz.attention.layer import LayerAttention
    from attnviz.baselines.gold import Gold

Array = NDArray[np.float64]
Kept = Sequence[NDArray[np.float32]]


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A baseline: its words, and one of these ways to find what it puts on a target.

    - `target`, of a role, a sentence and the role's own target there: another target, whose mass is
      measured in the same pass.
    - `mass`, of a role, a layer and its content queries, boolean [batch, token]: sums over the
      queries, [batch, head].
    - `expect` is what a fit leads to expect on each sentence's target, [sentence, head], given what
      was kept of the sentence. Both come from a file of `attnviz.observers` that watches a run for
      the baseline of this name.
    - `arcs`, between words: what a rule would look at, at most one word for each.
    - `choices`, between words: by the name of each candidate, of which the best counts, the share
      of right words among what it would look at, [query] of the role's arcs. `learn`, if it needs
      a fit, makes it from the arcs of every role.

    Chance has none of them: uniform attention is measured beside everything. `title` is what tables
    print.
    """

    name: str
    title: str
    about: str
    formula: str
    order: int = 0
    target: Callable[[Role, Tokens, Target | None], Target] | None = None
    mass: Callable[[Role, LayerAttention, Tensor], Tensor] | None = None
    expect: Callable[[Fit, Sequence[Tokens], Sequence[Target], Kept | None], Array] | None = None
    arcs: ArcRule | None = None
    choices: Callable[[str, Gold, Fit | None], Mapping[str, Array]] | None = None
    learn: Callable[[Mapping[str, Gold]], Fit] | None = None
    streams: tuple[str, ...] = field(default=("", "encoder", "decoder", "cross"))
