"""What was chosen as numbers: tidy tables as CSV, Parquet and data frames, matrices as npz."""

from __future__ import annotations

import importlib.util
import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from attnviz.drawing.choose import Chosen
from attnviz.drawing.drawing import FlowEnds
from attnviz.drawing.weights import HeadMass
from attnviz.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

Column = NDArray[Any] | list[int | None] | list[str]
"""Numbers, numbers that may be missing, or texts."""

Table = Mapping[str, Column]
"""Columns of one length, by name."""

_QUOTED = re.compile(r'[",\r\n]')


def long_table(chosen: Chosen) -> Table:
    """A row for every weight: layer, head, name, query, query_token, key, key_token, weight.

    `query` and `key` are places in the sentence; layer and head are missing where the matrix is of
    none. Only the queries that were asked for are there. Of a flow: what comes from each input,
    without a layer, and every edge that carries anything.
    """
    drawing = chosen.drawing
    if drawing.flow:
        return _flow_table(chosen, drawing.flow)
    rows = list(drawing.query or range(len(drawing.queries)))
    columns = range(len(drawing.keys))
    panels, cells = len(drawing.panels), len(rows) * len(columns)
    queries, keys = np.repeat(rows, len(columns)), np.tile(columns, len(rows))
    shape = (panels, cells)
    return {
        "layer": [panel.layer for panel in drawing.panels for _ in range(cells)],
        "head": [panel.head for panel in drawing.panels for _ in range(cells)],
        "name": [panel.name for panel in drawing.panels for _ in range(cells)],
        "query": np.broadcast_to(np.array(chosen.queries)[queries], shape).ravel(),
        "query_token": [str(drawing.queries[place]) for place in queries] * panels,
        "key": np.broadcast_to(np.array(chosen.keys)[keys], shape).ravel(),
        "key_token": [str(drawing.keys[place]) for place in keys] * panels,
        "weight": np.concatenate([np.ravel(panel.weights[rows]) for panel in drawing.panels]),
    }


def _flow_table(chosen: Chosen, flow: FlowEnds) -> Table:
    drawing = chosen.drawing
    edges = np.stack([panel.weights for panel in drawing.panels]).astype(np.float64)
    level, query, key = np.nonzero(edges > 0.0)
    inputs = len(flow.inputs)
    queries = np.concatenate([np.full(inputs, flow.target[-1]), query])
    keys = np.concatenate([np.arange(inputs), key])
    layers = [drawing.panels[at].layer for at in level]
    return {
        "layer": [None] * inputs + layers,
        "head": [None] * len(queries),
        "name": [flow.name] * inputs + [drawing.panels[at].name for at in level],
        "query": np.array(chosen.queries)[queries],
        "query_token": [str(drawing.queries[place]) for place in queries],
        "key": np.array(chosen.keys)[keys],
        "key_token": [str(drawing.keys[place]) for place in keys],
        "weight": np.concatenate([flow.inputs, edges[level, query, key]]),
    }


def mass_table(masses: Sequence[HeadMass], query: str, key: str) -> Table:
    """A row for every head, in the order given: name, layer, head, from, to, mass."""
    return {
        "name": [each.name for each in masses],
        "layer": np.array([each.layer for each in masses]),
        "head": np.array([each.head for each in masses]),
        "from": [query] * len(masses),
        "to": [key] * len(masses),
        "mass": np.array([each.mass for each in masses]),
    }


def csv(table: Table) -> bytes:
    r"""The table with a header, in UTF-8; lines end in \n, and nothing stands where there is none.

    Texts are as they are shown, whatever they begin with. Numbers have as many digits as tell them
    from others of their type.
    """
    texts = [_texts(column) for column in table.values()]
    lines = [",".join(table), *map(",".join, zip(*texts, strict=True))]
    return "".join(f"{line}\n" for line in lines).encode()


def _texts(column: Column) -> list[str]:
    if isinstance(column, list):
        spelled = {value: _quoted(value) for value in set(column)}
        return [spelled[value] for value in column]
    return [str(value) for value in column]


def _quoted(value: int | str | None) -> str:
    # The csv module leaves a carriage return unquoted where lines end in \n, up to Python 3.12.
    text = "" if value is None else str(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def parquet(table: Table) -> bytes:
    """The table as Parquet. UsageError without pyarrow."""
    need("pyarrow", "Parquet needs")
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow.parquet import write_table  # type: ignore[import-untyped]

    file = io.BytesIO()
    write_table(pa.table({name: pa.array(column) for name, column in table.items()}), file)
    return file.getvalue()


def frame(table: Table) -> pd.DataFrame:
    """The table for pandas. UsageError without it."""
    need("pandas", "Data frames need")
    import pandas as pd

    return pd.DataFrame(
        {
            name: pd.Series(column, dtype="Int64") if _has_gaps(column) else column
            for name, column in table.items()
        }
    )


def _has_gaps(column: Column) -> bool:
    return isinstance(column, list) and None in column


def npz(chosen: Chosen) -> bytes:
    """The matrices as NumPy has them, without pickles.

    `weights` [layer, head, query, key] where whole layers, or as many heads of each, were chosen,
    else [panel, query, key], float32; `names` as their first dimensions; `tokens` of the queries
    and `keys`, and their places `query` and `key` in the sentence; `removed` as `names`, the mean
    share of attention that the lens took away; `model`, its name. Of a flow also `inputs` [key],
    what comes from each, and its `target`, places in the sentence.
    """
    drawing = chosen.drawing
    rows = list(drawing.query or range(len(drawing.queries)))
    stacked = np.stack([panel.weights[rows] for panel in drawing.panels]).astype(np.float32)
    names = np.array([panel.name for panel in drawing.panels])
    if grid := _grid(chosen):
        stacked, names = stacked.reshape(*grid, *stacked.shape[1:]), names.reshape(grid)
    file = io.BytesIO()
    arrays: dict[str, Any] = _ends(chosen)
    np.savez_compressed(
        file,
        weights=stacked,
        names=names,
        tokens=np.array([str(drawing.queries[row]) for row in rows]),
        keys=np.array([str(label) for label in drawing.keys]),
        query=np.array([chosen.queries[row] for row in rows]),
        key=np.array(chosen.keys),
        removed=np.array([panel.removed for panel in drawing.panels]).reshape(names.shape),
        model=np.array(drawing.model),
        **arrays,
    )
    return file.getvalue()


def _ends(chosen: Chosen) -> dict[str, NDArray[Any]]:
    flow = chosen.drawing.flow
    if flow is None:
        return {}
    target = np.array([chosen.queries[place] for place in flow.target])
    return {"inputs": np.array(flow.inputs, np.float32), "target": target}


def _grid(chosen: Chosen) -> tuple[int, int] | None:
    """How many layers of how many heads each the panels are; None where they are no such heads."""
    panels = chosen.drawing.panels
    layers = [panel.layer for panel in panels]
    if any(panel.layer is None or panel.head is None for panel in panels):
        return None
    different = list(dict.fromkeys(layers))
    each = len(panels) // len(different)
    whole = [layer for layer in different for _ in range(each)]
    return (len(different), each) if layers == whole else None


def need(module: str, what: str) -> None:
    """Raises UsageError where a module of the extra `frames` is not installed."""
    if importlib.util.find_spec(module) is None:
        raise UsageError(
            f"{what} the extra `frames`, and {module} is not installed.",
            'Run: pip install "attnviz[frames]"',
        )
