"""The compiled loops of the fused kernel: a task's scores block by block, and what they become.

A task is some heads of a sentence and a stretch of its queries. Its rows are worked in blocks
that fit the cache: scores are multiplied out, rows are turned into weights and read (`rows`), and
the weights are multiplied with the values.
"""

from __future__ import annotations

import numpy as np

from attnviz.attention.kernels.arrays import (
    Array,
    Block,
    Flat,
    Number,
    Place,
    Rooms,
    RowFacts,
    Scoring,
    Speakers,
    Spoken,
    Sums,
    Tables,
    Task,
    Tensors,
)
from attnviz.attention.kernels.compiled import apart, compiled, fast
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
from attnviz.attention.kernels.rows import copy, f32, read_rows

PANEL = 3 * LANES
"""Keys that stand side by side in packed keys."""

_DEPTH = 128
"""Keys that are mixed at a time, so that their values stay in the first-level cache."""


@apart
def _pack_keys(flat: Flat, sentence: Number, head: Number, keys: Number, panels: Array) -> None:
    """One head's keys [key, depth] as panels [panel, depth, PANEL], zeros where no key is."""
    full_width()
    numbers, depth = flat.numbers, flat.width
    start, whole = sentence * flat.by_sentence + head * flat.by_head, depth // LANES * LANES
    for panel in range((keys + PANEL - 1) // PANEL):
        at, many = panel * PANEL * depth, min(PANEL, keys - panel * PANEL)
        if many < PANEL:
            panels[at : at + PANEL * depth] = f32(0.0)
        squares = many // LANES * LANES
        for lane in range(0, squares, LANES):
            source = start + (panel * PANEL + lane) * flat.by_token
            for column in range(0, whole, LANES):
                to = at + lane + column * PANEL
                transpose(numbers, source + column, flat.by_token, panels, to, PANEL)
        for lane in range(many):
            source = start + (panel * PANEL + lane) * flat.by_token
            for column in range(whole if lane < squares else 0, depth):
                panels[at + lane + column * PANEL] = numbers[source + column]


@apart
def _pack_values(flat: Flat, sentence: Number, head: Number, keys: Number, values: Array) -> None:
    """One head's values, those of a key filled up with zeros to whole vectors."""
    full_width()
    start, width = sentence * flat.by_sentence + head * flat.by_head, flat.width
    wide = (width + LANES - 1) // LANES * LANES
    for key in range(keys):
        at = key * wide
        copy(flat.numbers, start + key * flat.by_token, width, f32(1.0), values, at)
        for column in range(width, wide):
            values[at + column] = f32(0.0)


@apart
def _take_queries(flat: Flat, place: Place, block: Block, scale: Number, out: Array) -> None:
    """The queries of a block, scaled, in whole tiles: [row, depth]."""
    full_width()
    first = place.sentence * flat.by_sentence + place.head * flat.by_head
    high, depth = block.last_query - block.first_query, flat.width
    for r in range(high):
        start = first + (block.first_query + r) * flat.by_token
        copy(flat.numbers, start, depth, scale, out, r * depth)
    out[high * depth : -(-high // HEIGHT) * HEIGHT * depth] = f32(0.0)


@apart
def _multiply(queries: Array, depth: Number, panels: Array, block: Block, scores: Array) -> None:
    """Scores of a block, for the panels that cover the keys that it sees."""
    full_width()
    step, high = block.step, block.last_query - block.first_query
    for panel in range(block.first_key // PANEL, (block.last_key + PANEL - 1) // PANEL):
        at = panel * PANEL
        for r in range(0, high, HEIGHT):
            a, to = r * depth, r * step + at
            write_three(queries, a, depth, panels, at * depth, PANEL, scores, to, step, depth)


@apart
def _mix(scores: Array, block: Block, values: Array, wide: Number, mixed: Array) -> None:
    """Weights times values: `mixed` [row, wide]."""
    full_width()
    step, high = block.step, block.last_query - block.first_query
    mixed[: -(-high // HEIGHT) * HEIGHT * wide] = f32(0.0)
    for key in range(block.first_key, block.last_key, _DEPTH):
        depth = min(_DEPTH, block.last_key - key)
        for r in range(0, high, HEIGHT):
            a, b, to, left = r * step + key, key * wide, r * wide, wide
            while left >= 3 * LANES:
                add_three(scores, a, step, values, b, wide, mixed, to, wide, depth)
                b, to, left = b + 3 * LANES, to + 3 * LANES, left - 3 * LANES
            if left == 2 * LANES:
                add_two(scores, a, step, values, b, wide, mixed, to, wide, depth)
            elif left == LANES:
                add_one(scores, a, step, values, b, wide, mixed, to, wide, depth)


@apart
def _shape(scores: Array, place: Place, block: Block, softcap: Number, bias: Array) -> None:
    """Soft cap and bias; see `formulas.shaped`."""
    b, h = min(place.sentence, bias.shape[0] - 1), min(place.head, bias.shape[1] - 1)
    for r in range(block.last_query - block.first_query):
        line = r * block.step
        if softcap > 0:
            for key in range(block.first_key, block.last_key):
                power = np.exp(f32(-2.0) * abs(scores[line + key]) / softcap)
                sign = f32(1.0) if scores[line + key] > 0 else f32(-1.0)
                scores[line + key] = sign * softcap * (f32(1.0) - power) / (f32(1.0) + power)
        if bias.shape[3]:
            of_row = bias[b, h, min(block.first_query + r, bias.shape[2] - 1)]
            for key in range(block.first_key, block.last_key):
                scores[line + key] += of_row[key]


@apart
def _block(facts: RowFacts, sentence: Number, start: Number, stop: Number, step: Number) -> Block:
    """Some queries as a block, and the keys that they see: the first of all to the last of all."""
    mask = min(sentence, len(facts.first_key) - 1)
    first_key, last_key = facts.first_key[mask], facts.last_key[mask]
    low, up = first_key[start], last_key[start]
    for query in range(start + 1, stop):
        if first_key[query] < last_key[query]:
            empty = up <= low
            low = first_key[query] if empty else min(low, first_key[query])
            up = last_key[query] if empty else max(up, last_key[query])
    return Block(start, stop, low, up, step)


@apart
def _write(
    mixed: Array, wide: Number, rows: Number, scales: Array, out: Array, to: Number, shape: Number
) -> None:
    """Writes mixed values, scaled, to `out`; `shape` says places from row to row and the width."""
    full_width()
    step, width = shape
    for r in range(rows):
        copy(mixed, r * wide, width, scales[r], out, to + r * step)


@fast
def _do_block(
    place: Place,
    block: Block,
    tensors: Tensors,
    scoring: Scoring,
    facts: RowFacts,
    tables: Tables,
    words: tuple[Speakers, Spoken],
    sums: Sums,
    rooms: Rooms,
) -> None:
    """One block of rows of one head, whose keys and values are packed."""
    queries, width = tensors.queries, tensors.values.width
    _take_queries(queries, place, block, scoring.scale, rooms.queries)
    _multiply(rooms.queries, queries.width, rooms.keys, block, rooms.scores)
    if scoring.softcap > 0 or scoring.bias.shape[3]:
        _shape(rooms.scores, place, block, scoring.softcap, scoring.bias)
    read_rows(place, block, facts, tables, words, sums, rooms)
    if width:
        wide, many = (width + LANES - 1) // LANES * LANES, block.last_query - block.first_query
        heads, length = sums.received.shape[2], facts.slots.shape[1]
        _mix(rooms.scores, block, rooms.values, wide, rooms.mixed)
        to = ((place.sentence * length + block.first_query) * heads + place.head) * width
        shape = heads * width, width
        _write(rooms.mixed, wide, many, rooms.queries, tensors.out, to, shape)


@compiled
def work(
    task: Task,
    high: Number,
    scoring: Scoring,
    tensors: Tensors,
    facts: RowFacts,
    tables: Tables,
    words: tuple[Speakers, Spoken],
    sums: Sums,
    rooms: Rooms,
) -> None:
    """Does one task in blocks of `high` rows: fills or adds to `sums`, and keeps rows to sort."""
    full_width()
    keys = sums.received.shape[3] - LANES
    step = (keys + PANEL - 1) // PANEL * PANEL + LANES
    for sentence in range(task.first_sentence, task.last_sentence):
        packed = -1
        for head in range(task.first_head, task.last_head):
            if head // scoring.groups != packed:
                packed = head // scoring.groups
                _pack_keys(tensors.keys, sentence, packed, keys, rooms.keys)
                _pack_values(tensors.values, sentence, packed, keys, rooms.values)
            beside = (sentence - task.first_sentence) * (task.last_head - task.first_head)
            slot = (beside + head - task.first_head) * task.slots
            slot -= facts.before[sentence, task.first_query]
            place = Place(sentence, head, task.segment, task.group, slot)
            for start in range(task.first_query, task.last_query, high):
                block = _block(facts, sentence, start, min(start + high, task.last_query), step)
                _do_block(place, block, tensors, scoring, facts, tables, words, sums, rooms)


@compiled
def ginis(task: Task, facts: RowFacts, sorted_rows: Array, kept: Array, out: Array) -> None:
    """Gini coefficients of a task's rows in `kept` [sentence, head, slot, key], sorted upwards.

    `sorted_rows` [batch, slot] are their queries; filled in is `out` [batch, head, slot]. The
    formula is that of `formulas.gini`: unseen keys are zeros and only shift the ranks.
    """
    width = kept.shape[3]
    for sentence in range(task.first_sentence, task.last_sentence):
        mask, before = min(sentence, len(facts.first_key) - 1), facts.before[sentence]
        first_slot = before[task.first_query]
        for head in range(task.first_head, task.last_head):
            for slot in range(first_slot, before[task.last_query]):
                query = sorted_rows[sentence, slot]
                count = facts.last_key[mask, query] - facts.first_key[mask, query]
                of_head = kept[sentence - task.first_sentence, head - task.first_head]
                row, total, lifted = of_head[slot - first_slot], 0.0, 0.0
                for at in range(width):
                    total += row[at]
                    lifted += row[at] * (2 * (at + 1 - width) + count - 1)
                whole = count * total
                out[sentence, head, slot] = lifted / whole if whole > 0 else 0.0
