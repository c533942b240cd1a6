"""What every statistic file declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from attnviz.attention.needs import Need

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

    `needs` names what of the layer has to be there beyond the weights, its "value" say. A layer
    that can't have it is not measured. What no kernel measures is read off `attention.tiles()`,
    whose weights and values are those of some queries at a time, so that memory doesn't grow with
    the square of a sentence.

    Raises ValueError for a need that no layer has.
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
    needs: frozenset[Need] = frozenset()

    def __post_init__(self) -> None:
        unknown = self.needs.difference(get_args(Need))
        if unknown:
            raise ValueError(
                f"{self.name} needs {', '.join(sorted(unknown))} of a layer; "
                f"what can be asked for are {', '.join(get_args(Need))}"
            )
