"""What every statistic file declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

    from attnviz.attention.layer import LayerAttention


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """A statistic and its words.

    `values` takes a layer and the content queries, boolean [batch, token]. Where `per` is
    "query" it returns one value a query, [batch, head or 1, query], and the head's figure is the
    mean over all content queries of all sentences; where "sentence" it returns [batch, head or 1]
    and the figure is the mean over sentences. NaN where undefined; these do not count. A
    statistic that does not apply to a layer returns None.
    """

    name: str
    title: str
    unit: str
    about: str
    formula: str
    source: str
    order: int
    values: Callable[[LayerAttention, Tensor], Tensor | None]
    per: Literal["query", "sentence"] = "query"
