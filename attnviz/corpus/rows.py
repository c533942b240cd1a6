"""The table of every sentence: a row per sentence, head and measure, as Parquet, shard by shard."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any, BinaryIO, Self

import numpy as np

from attnviz.errors import UsageError
from attnviz.evidence.columns import by_sentence, statistics_by_sentence
from attnviz.measurement.pilot import Pilot
from attnviz.measurement.sums import Column
from attnviz.steps.stream import StreamRun

Numbers = np.ndarray[Any, np.dtype[np.float64]]

Writing = Callable[[str], AbstractContextManager[BinaryIO]]
"""Opens a file to write to, by its name in a scan's folder."""


def rows_name(shard: str) -> str:
    """Where in a scan's folder the rows of a shard lie."""
    return f"rows/{shard}.parquet"


def check_installed() -> None:
    """Raises UsageError where pyarrow, which writes Parquet, is missing."""
    try:
        importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise UsageError(
            "--rows takes pyarrow, which is not installed.",
            'Install it: pip install "attnviz[frames]"',
        ) from error


class RowWriter:
    """Writes the rows of a shard to a file of that name; where `writing` is None, nothing.

    Its columns: sentence (number in the corpus), source, line, group (of a corpus that is `grouped`
    alone: the field's value, or right or wrong), stream ("" where there is one only), layer, head,
    role ("" for a statistic), candidate (a target of a role that has several), measure ("score", a
    baseline, or a statistic), numerator and denominator, whose ratio is the mean over the
    sentence's queries. A mean over sentences is the ratio of their sums.
    """

    def __init__(self, writing: Writing | None, name: str, *, grouped: bool = False) -> None:
        self._writing, self._name, self._grouped = writing, name, grouped
        self._leave = ExitStack()
        self._writer: Any = None

    def __enter__(self) -> Self:
        if self._writing is not None:
            self._leave.__enter__()
            arrow = importlib.import_module("pyarrow")
            parquet = importlib.import_module("pyarrow.parquet")
            file = self._leave.enter_context(self._writing(self._name))
            self._writer = self._leave.enter_context(
                parquet.ParquetWriter(file, self._schema(arrow), compression="zstd")
            )
        return self

    def __exit__(self, *error: object) -> None:
        self._leave.__exit__(*error)  # type: ignore[arg-type]

    def __call__(self, run: StreamRun, pilot: Pilot, group: str) -> None:
        """Writes what was measured of one stream, in one group."""
        if self._writer is None:
            return
        arrow = importlib.import_module("pyarrow")
        schema = self._schema(arrow)
        for column, numerator, denominator in _columns(run, pilot):
            table = _table(arrow, schema, run, group, column, numerator, denominator)
            self._writer.write_table(table)

    def _schema(self, arrow: Any) -> Any:  # noqa: ANN401 - pyarrow's
        schema = _schema(arrow)
        return schema if self._grouped else schema.remove(schema.get_field_index("group"))


def _columns(run: StreamRun, pilot: Pilot) -> Iterator[tuple[Column, Numbers, Numbers]]:
    """Every column of a stream, with its numerators and denominators [sentence, head or 1]."""
    fits = pilot.fits[run.stream]
    for role in (*run.on_tokens(fits), *run.between_words(fits)):
        for column, sums in by_sentence(role):
            yield column, sums.mass, sums.events
    yield from statistics_by_sentence(run.table)


def _schema(arrow: Any) -> Any:  # noqa: ANN401 - pyarrow's
    name = arrow.dictionary(arrow.int32(), arrow.string())
    types = {
        "sentence": arrow.int64(),
        "source": name,
        "line": arrow.int64(),
        "group": name,
        "stream": name,
        "layer": arrow.int16(),
        "head": arrow.int16(),
        "role": name,
        "candidate": name,
        "measure": name,
        "numerator": arrow.float64(),
        "denominator": arrow.float64(),
    }
    return arrow.schema(list(types.items()))


def _table(
    arrow: Any,  # noqa: ANN401 - pyarrow's
    schema: Any,  # noqa: ANN401
    run: StreamRun,
    group: str,
    column: Column,
    numerator: Numbers,
    denominator: Numbers,
) -> Any:  # noqa: ANN401
    """The rows of one column: sentence by sentence, and in each head by head."""
    heads = [(layer.number, head) for layer in run.layers for head in range(layer.heads)]
    shape = len(run.tokens), len(heads)
    of_sentence = [tokens.sentence for tokens in run.tokens]
    layers, numbers = np.array(heads, np.int16).T
    names, places = np.unique(
        np.array([sentence.source for sentence in of_sentence]), return_inverse=True
    )

    def each(values: list[int]) -> Numbers:
        """A value of each sentence, once for each head."""
        return np.repeat(np.array(values), shape[1])

    def same(text: str) -> Any:  # noqa: ANN401
        zeros = np.zeros(shape[0] * shape[1], np.int32)
        return arrow.DictionaryArray.from_arrays(zeros, [text])

    return arrow.table(
        [
            each([sentence.id for sentence in of_sentence]),
            arrow.DictionaryArray.from_arrays(
                np.repeat(places.astype(np.int32), shape[1]), [str(name) for name in names]
            ),
            each([sentence.line for sentence in of_sentence]),
            *([same(group)] if "group" in schema.names else []),
            same(run.stream),
            np.tile(layers, shape[0]),
            np.tile(numbers, shape[0]),
            same(column.subject),
            same(column.candidate),
            same(column.measure),
            np.broadcast_to(numerator, shape).ravel(),
            np.broadcast_to(denominator, shape).ravel(),
        ],
        schema=schema,
    )
