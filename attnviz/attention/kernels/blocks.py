"""The compiled loops of the fused kernel: a task's scores block by block, and what they become.

A task is some heads of a sentence and a stretch of its queries. Its rows are worked in blocks
that fit the cache: scores are multiplied out, rows are turned into weights and read (`rows`), and
the weights are multiplied with the values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from attnviz.attention.kernels.compiled import compiled
from attnviz.attention.kernels.lanes import (
    HEIGHT,
    LANES,
    add_one,
    add_three,
    add_two,
    full_width,
    transpose,
    write_three,
)
from attnviz.attention.kernels.rows import apart, copy, f32, read_rows

PANEL = 3 * LANES
"""Keys that stand side by side in packed keys."""

Number = Any
Array = Any
"""What is compiled knows its types by itself."""

_DEPTH = 128
"""Keys that are mixed at a time, so that their values stay in the first-level cache."""

BUILT_FROM = "6041891de6aa40c7"
"""A digest of `compiled`, `lanes` and `rows`. Numba keeps what it has compiled for as long as this
one file stays the same, so it has to change with them; a test says what it should be."""


@apart
def _pack_keys(given: Array, sentence: Number, head: Number, keys: Number, panels: Array) -> None:
    """One head's keys [key, depth] as panels [panel, depth, PANEL], zeros where no key is."""
    full_width()
    flat, by_sentence, by_head, by_key, depth = given
    start, whole = sentence * by_sentence + head * by_head, depth // LANES * LANES
    for panel in range((keys + PANEL - 1) // PANEL):
        at, many = panel * PANEL * depth, min(PANEL, keys - panel * PANEL)
        if many < PANEL:
            panels[at : at + PANEL * depth] = f32(0.0)
        squares = many // LANES * LANES
        for lane in range(0, squares, LANES):
            source = start + (panel * PANEL + lane) * by_key
            for column in range(0, whole, LANES):
                to = at + lane + column * PANEL
                transpose(flat, source + column, by_key, panels, to, PANEL)
        for lane in range(many):
            source = start + (panel * PANEL + lane) * by_key
            for column in range(whole if lane < squares else 0, depth):
                panels[at + lane + column * PANEL] = flat[source + column]


@apart
def _pack_values(given: Array, sentence: Number, head: Number, keys: Number, values: Array) -> None:
    """One head's values, those of a key filled up with zeros to whole vectors."""
    full_width()
    flat, by_sentence, by_head, by_key, width = given
    start, wide = sentence * by_sentence + head * by_head, (width + LANES - 1) // LANES * LANES
    for key in range(keys):
        at = key * wide
        copy(flat, start + key * by_key, width, f32(1.0), values, at)
        for column in range(width, wide):
            values[at + column] = f32(0.0)


@apart
def _take_queries(
    given: Array, sentence: Number, head: Number, rows: Array, scale: Number, out: Array
) -> None:
    """The queries of some rows, scaled, in whole tiles: [row, depth]."""
    full_width()
    flat, by_sentence, by_head, by_query, depth = given
    high = rows[1] - rows[0]
    for r in range(high):
        start = sentence * by_sentence + head * by_head + (rows[0] + r) * by_query
        copy(flat, start, depth, scale, out, r * depth)
    out[high * depth : -(-high // HEIGHT) * HEIGHT * depth] = f32(0.0)


@apart
def _multiply(
    queries: Array,
    depth: Number,
    panels: Array,
    seen: Number,
    scores: Array,
    step: Number,
    high: Number,
) -> None:
    """Scores of some rows, for the panels that cover the keys `seen`."""
    full_width()
    for panel in range(seen[0] // PANEL, (seen[1] + PANEL - 1) // PANEL):
        keys = panel * PANEL
        for r in range(0, high, HEIGHT):
            write_three(
                queries,
                r * depth,
                depth,
                panels,
                keys * depth,
                PANEL,
                scores,
                r * step + keys,
                step,
                depth,
            )


@apart
def _mix(
    scores: Array,
    step: Number,
    seen: Number,
    values: Array,
    wide: Number,
    mixed: Array,
    high: Number,
) -> None:
    """Weights times values: `mixed` [row, wide]."""
    full_width()
    mixed[: -(-high // HEIGHT) * HEIGHT * wide] = f32(0.0)
    for key in range(seen[0], seen[1], _DEPTH):
        depth = min(_DEPTH, seen[1] - key)
        for r in range(0, high, HEIGHT):
            a, c, column = r * step + key, r * wide, 0
            while wide - column >= 3 * LANES:
                add_three(
                    scores,
                    a,
                    step,
                    values,
                    key * wide + column,
                    wide,
                    mixed,
                    c + column,
                    wide,
                    depth,
                )
                column += 3 * LANES
            if wide - column == 2 * LANES:
                add_two(
                    scores,
                    a,
                    step,
                    values,
                    key * wide + column,
                    wide,
                    mixed,
                    c + column,
                    wide,
                    depth,
                )
            elif wide - column == LANES:
                add_one(
                    scores,
                    a,
                    step,
                    values,
                    key * wide + column,
                    wide,
                    mixed,
                    c + column,
                    wide,
                    depth,
                )


@apart
def _shape(
    scores: Array,
    place: Number,
    rows: Number,
    seen: Number,
    step: Number,
    softcap: Number,
    bias: Array,
) -> None:
    """Soft cap and bias; see `formulas.shaped`."""
    b, h = min(place[0], bias.shape[0] - 1), min(place[1], bias.shape[1] - 1)
    for r in range(rows[1] - rows[0]):
        if softcap > 0:
            for key in range(seen[0], seen[1]):
                power = np.exp(f32(-2.0) * abs(scores[r * step + key]) / softcap)
                sign = f32(1.0) if scores[r * step + key] > 0 else f32(-1.0)
                scores[r * step + key] = sign * softcap * (f32(1.0) - power) / (f32(1.0) + power)
        if bias.shape[3]:
            line = bias[b, h, min(rows[0] + r, bias.shape[2] - 1)]
            for key in range(seen[0], seen[1]):
                scores[r * step + key] += line[key]


@apart
def _seen(first_key: Array, last_key: Array, start: Number, stop: Number) -> Number:
    """The keys that some queries see, from the first of all to the last of all."""
    low, up = first_key[start], last_key[start]
    for query in range(start + 1, stop):
        if first_key[query] < last_key[query]:
            empty = up <= low
            low = first_key[query] if empty else min(low, first_key[query])
            up = last_key[query] if empty else max(up, last_key[query])
    return low, up


@apart
def _write(mixed: Array, wide: Number, rows: Number, scales: Array, out: Array, to: Number) -> None:
    """Writes mixed values, scaled, to `out`: an array, places from row to row and a row's width."""
    full_width()
    flat, step, width = out
    for r in range(rows):
        copy(mixed, r * wide, width, scales[r], flat, to + r * step)


@compiled
def work(
    task: Array,
    high: Number,
    shapes: Array,
    tensors: Array,
    layer: Array,
    lookup: Array,
    outs: Array,
    rooms: Array,
) -> None:
    """Does one task: some heads of some sentences, and a stretch of their queries.

    `task`: first and last sentence, head and query, segment, group, and for how many rows to sort
    of each head there is room. `high`: rows of a block. `shapes`: query heads a key head, scale,
    soft cap and bias. `tensors`: queries, keys, values (`fused._flat`) and the output [batch,
    query, head, width]. `layer`: first and last key that each query sees, content queries,
    strips, sink logits, distances, slots of rows to sort and how many are before each query;
    `lookup`: see `lookup.Lookup`. Fills or adds to `outs`: what rows give by themselves
    [rows.COLUMNS, batch, head, query], the mean [group, batch, query, key] and, by segment,
    columns [batch, head, key], offsets [batch, head, row + key - 1] and cells [batch, head, 2,
    column] (mass, queries that have any). `rooms` to work in: queries, packed keys and values,
    scores, mixed values, and rows to sort [sentence, head, slot, key].
    """
    full_width()
    sentence0, sentence1, head0, head1, query0, query1, segment, group, room = task
    groups, scale, softcap, bias = shapes
    queries, keys, values, out = tensors
    firsts, lasts, slots = layer[0], layer[1], layer[6]
    q, panels, v, scores, mixed, kept = rooms
    depth, width, heads, length = queries[4], values[4], outs[2].shape[2], slots.shape[1]
    count = outs[2].shape[3] - LANES
    wide = (width + LANES - 1) // LANES * LANES
    step = (count + PANEL - 1) // PANEL * PANEL + LANES
    for sentence in range(sentence0, sentence1):
        mask, packed = min(sentence, len(firsts) - 1), -1
        for head in range(head0, head1):
            if head // groups != packed:
                packed = head // groups
                _pack_keys(keys, sentence, packed, count, panels)
                _pack_values(values, sentence, packed, count, v)
            slot = ((sentence - sentence0) * (head1 - head0) + head - head0) * room
            place = sentence, head, segment, group, slot - layer[7][sentence, query0]
            for start in range(query0, query1, high):
                rows = start, min(start + high, query1)
                seen = _seen(firsts[mask], lasts[mask], rows[0], rows[1])
                many = rows[1] - rows[0]
                _take_queries(queries, sentence, head, rows, scale, q)
                _multiply(q, depth, panels, seen, scores, step, many)
                if softcap > 0 or bias.shape[3]:
                    _shape(scores, (sentence, head), rows, seen, step, softcap, bias)
                # The queries are used up: their room takes the rows' scales.
                read_rows(scores, place, (*rows, *seen, step), layer, lookup, outs, kept, q)
                if width:
                    _mix(scores, step, seen, v, wide, mixed, many)
                    to = ((sentence * length + rows[0]) * heads + head) * width
                    _write(mixed, wide, many, q, (out, heads * width, width), to)


@compiled
def ginis(task: Array, layer: Array, sorted_rows: Array, kept: Array, out: Array) -> None:
    """Gini coefficients of a task's rows in `kept` [sentence, head, slot, key], sorted upwards.

    `sorted_rows` [batch, slot] are their queries; filled in is `out` [batch, head, slot]. The
    formula is that of `formulas.gini`: unseen keys are zeros and only shift the ranks.
    """
    sentence0, sentence1, head0, head1, query0, query1 = task[:6]
    firsts, lasts, width = layer[0], layer[1], kept.shape[3]
    for sentence in range(sentence0, sentence1):
        mask, before = min(sentence, len(firsts) - 1), layer[7][sentence]
        for head in range(head0, head1):
            for slot in range(before[query0], before[query1]):
                query = sorted_rows[sentence, slot]
                count = lasts[mask, query] - firsts[mask, query]
                row = kept[sentence - sentence0, head - head0, slot - before[query0]]
                total, lifted = 0.0, 0.0
                for at in range(width):
                    total += row[at]
                    lifted += row[at] * (2 * (at + 1 - width) + count - 1)
                whole = count * total
                out[sentence, head, slot] = lifted / whole if whole > 0 else 0.0
