"""One row at a time: scores become weights, and everything that the row tells is read off.

Each row is read once for its three largest scores, once for the weights and their sums, and once
for sums over columns and offsets; then single weights are looked up.
"""

from __future__ import annotations

import numpy as np

from attnviz.attention.kernels.arrays import (
    Array,
    Block,
    FactsHere,
    Number,
    Place,
    Rooms,
    Row,
    RowFacts,
    Speakers,
    Spoken,
    Sums,
    SumsHere,
    Tables,
    TablesHere,
)
from attnviz.attention.kernels.compiled import apart, fast
from attnviz.attention.kernels.lanes import (
    LANES,
    SHIFT,
    first,
    full_width,
    larger,
    load,
    pointer,
    put,
    smaller,
    spread,
    store,
    three_of,
    times_power,
    total,
    where_above,
)
from attnviz.attention.kernels.word_rows import speak, speakers_here

ENTROPY, DISTANCE, CONFIDENCE, TOP, TOTAL, STRIP_TOTAL, STRIP_SQUARE = range(7)
COLUMNS = 7
"""Numbers a row gives by itself, in this order."""

f32 = np.float32
_LOWEST = f32(-3.0e38)
NO_SINK = -1.0e30
"""The logit of a sink that takes nothing; compiled code that is fast knows no infinity."""

_LOG2E, _LN2 = f32(1.4426950408889634), f32(0.6931471805599453)
_SHIFT = f32(SHIFT)
_LEAST = f32(-60.0)
"""Weights below 2^-60 of a row's largest are taken for 0, which float32 doesn't tell from them
beside it; so neither they nor their squares become denormal numbers, which are slow."""

# 2^r for |r| <= 1/2 as a polynomial, as exact as float32 (Chebyshev).
_P0, _P1, _P2 = f32(1.0), f32(0.6931471824645996), f32(0.24022650718688965)
_P3, _P4 = f32(0.05550327152013779), f32(0.009618056938052177)
_P5, _P6 = f32(0.0013400427997112274), f32(0.00015461444854736328)


@fast
def _power(y: Number) -> Number:
    """2^y for vectors -60 <= y <= 0, within 1e-7 of its value; 0 for -60 itself."""
    shifted = y + spread(_SHIFT)
    r = y - (shifted - spread(_SHIFT))
    p = (spread(_P6) * r + spread(_P5)) * r + spread(_P4)
    p = (p * r + spread(_P3)) * r + spread(_P2)
    power = times_power((p * r + spread(_P1)) * r + spread(_P0), shifted)
    return where_above(y, spread(_LEAST), power)


@fast
def _one_power(x: Number) -> Number:
    """e^x for one number x <= 0."""
    return first(_power(spread(max(x * _LOG2E, _LEAST))))


@fast
def _three_largest(scores: Array, low: Number, up: Number) -> Number:
    """The three largest of scores[low:up], a whole number of vectors."""
    a = b = c = spread(_LOWEST)
    for at in range(low, up, LANES):
        x = load(scores, at)
        under, a = smaller(a, x), larger(a, x)
        under, b = smaller(b, under), larger(b, under)
        c = larger(c, under)
    return three_of(a, b, c)


@fast
def _weigh(
    scores: Array,
    low: Number,
    up: Number,
    strips: Array,
    strip: Number,
    ramp: Array,
    far: Number,
    most: Number,
) -> Number:
    """Scores to unnormalised weights e^(x - most), in place; returns the sums over them.

    The weights, weight times log2 weight, weight times distance (`ramp` from `far` on), and over
    the strips (`strips` from `strip` on) the weights and their squares.
    """
    peak, least, bits = spread(most), spread(_LEAST), spread(_LOG2E)
    nothing = spread(f32(0.0))
    mass, scored, distance, chosen, square = nothing, nothing, nothing, nothing, nothing
    for at in range(0, up - low, LANES):
        # The difference first: a score's own rounding is that of the model.
        y = larger((load(scores, low + at) - peak) * bits, least)
        weight = _power(y)
        store(scores, low + at, weight)
        mass = mass + weight
        scored = scored + weight * y
        distance = distance + weight * load(ramp, far + at)
        on_strip = weight * load(strips, strip + at)
        chosen = chosen + on_strip
        square = square + on_strip * on_strip
    return total(mass), total(scored), total(distance), total(chosen), total(square)


@fast
def _describe(
    out: Array, place: Number, far: Number, sums: Number, largest: Number, sink: Number
) -> Number:
    """What a row gives by itself, from `_weigh` and the three largest scores.

    Into `out` [COLUMNS, row], flat, at `place`, `far` from column to column. Returns 1 / row sum,
    the sink's share in it.
    """
    mass, scored, distance, strip, square = sums
    a, b, c = largest
    most = max(a, sink)
    whole = mass + _one_power(sink - most)
    scale = f32(1.0) / whole
    share = mass * scale
    confidence = _one_power(a - most) * scale
    entropy = max(f32(0.0), share * np.log(whole) - scored * scale * _LN2)
    put(out, place + far * ENTROPY, entropy)
    put(out, place + far * DISTANCE, distance * scale)
    put(out, place + far * CONFIDENCE, confidence)
    # Where fewer than three keys are seen, the lowest score stands in, and weighs nothing.
    put(out, place + far * TOP, confidence + (_one_power(b - most) + _one_power(c - most)) * scale)
    put(out, place + far * TOTAL, share)
    put(out, place + far * STRIP_TOTAL, strip * scale)
    put(out, place + far * STRIP_SQUARE, square * scale * scale)
    return scale


@fast
def copy(source: Array, start: Number, many: Number, scale: Number, out: Array, to: Number) -> None:
    """Copies so many numbers from flat array to flat array, times `scale`.

    Said with vectors, since an index that might be negative keeps the optimiser from them.
    """
    whole = many // LANES * LANES
    for at in range(0, whole, LANES):
        store(out, to + at, load(source, start + at) * spread(scale))
    for at in range(whole, many):
        put(out, to + at, source[start + at] * scale)


@fast
def _clear(out: Array, start: Number, stop: Number) -> None:
    """Zeros from `start` to `stop`, and in what is left of the last vector."""
    for at in range(start, stop, LANES):
        store(out, at, spread(f32(0.0)))


@fast
def _add(scores: Array, low: Number, up: Number, scale: Number, out: Array, at: Number) -> None:
    """Adds scores[low:up] times `scale` to `out` from `at` on."""
    by = spread(scale)
    for step in range(0, up - low, LANES):
        store(out, at + step, load(out, at + step) + load(scores, low + step) * by)


@fast
def _on_keys(scores: Array, row: Row, query: Number, tables: TablesHere, sums: SumsHere) -> None:
    """Puts a row right that key columns count, but shouldn't, or the other way round."""
    for at in range(tables.row_ends[query], tables.row_ends[query + 1]):
        column, mass = tables.row_columns[at], f32(0.0)
        for member in range(tables.starts[column], tables.starts[column + 1]):
            key = tables.members[member]
            if row.low <= key < row.up:
                mass += scores[row.line + key]
        put(sums.masses, column, sums.masses[column] + mass * row.scale * tables.row_signs[at])


@fast
def _on_cells(scores: Array, row: Row, query: Number, tables: TablesHere, sums: SumsHere) -> None:
    """Adds a row's weights on single cells, sorted by column."""
    at, stop = tables.cell_ends[query], tables.cell_ends[query + 1]
    while at < stop:
        column, mass = tables.cell_columns[at], f32(0.0)
        while at < stop and tables.cell_columns[at] == column:
            key = tables.cell_keys[at]
            if row.low <= key < row.up:
                mass += scores[row.line + key] * tables.cell_signs[at]
            at += 1
        if mass != 0:
            put(sums.masses, column, sums.masses[column] + mass * row.scale)
            put(sums.counts, column, sums.counts[column] + 1)


@fast
def _on_matches(scores: Array, row: Row, query: Number, tables: TablesHere, sums: SumsHere) -> None:
    """Adds a row's weights on keys of the query's own label, itself left out."""
    for match in range(tables.matches):
        mass, up = f32(0.0), min(query, row.up) if tables.before[match] != 0 else row.up
        at = (match * tables.queries + query) * 2
        for member in range(tables.ranges[at], tables.ranges[at + 1]):
            key = tables.order[match * tables.keys + member]
            if row.low <= key < up and key != query:
                mass += scores[row.line + key]
        if mass > 0:
            column = tables.first_match + match
            put(sums.masses, column, sums.masses[column] + mass * row.scale)
            put(sums.counts, column, sums.counts[column] + 1)


@fast
def _facts_here(place: Place, facts: RowFacts) -> FactsHere:
    """What is known of the rows of one sentence and head."""
    queries = facts.content.shape[1]
    mask = min(place.sentence, facts.first_key.shape[0] - 1)
    return FactsHere(
        first_key=pointer(facts.first_key, mask * queries),
        last_key=pointer(facts.last_key, mask * queries),
        content=pointer(facts.content, place.sentence * queries),
        strips=pointer(facts.strips, place.sentence * facts.strips.shape[1]),
        sink=facts.sinks[place.head],
        ramp=pointer(facts.ramp, len(facts.ramp) // 2),
        slots=pointer(facts.slots, place.sentence * queries),
    )


@fast
def _sums_here(place: Place, sums: Sums) -> SumsHere:
    """Where the sums of one sentence, head, segment and group stand."""
    _, batch, heads, queries = sums.by_row.shape
    part = (place.segment * batch + place.sentence) * heads + place.head
    mean_step, columns = sums.head_mean.shape[3], sums.cells.shape[4]
    return SumsHere(
        by_row=pointer(sums.by_row, (place.sentence * heads + place.head) * queries),
        far=batch * heads * queries,
        head_mean=pointer(
            sums.head_mean, (place.group * batch + place.sentence) * queries * mean_step
        ),
        mean_step=mean_step,
        received=pointer(sums.received, part * sums.received.shape[3]),
        by_offset=pointer(sums.by_offset, part * sums.by_offset.shape[3] + queries - 1),
        offsets=sums.by_offset.shape[3],
        masses=pointer(sums.cells, part * 2 * columns),
        counts=pointer(sums.cells, (part * 2 + 1) * columns),
    )


@fast
def _tables_here(sentence: Number, tables: Tables, columns: Number) -> TablesHere:
    """What is looked up in one sentence, for so many columns in all."""
    key_rows, cells, labels = tables.key_rows, tables.cells, tables.matches
    queries, matches = key_rows.ends.shape[1] - 1, len(labels.before)
    return TablesHere(
        row_ends=pointer(key_rows.ends, sentence * (queries + 1)),
        row_columns=pointer(key_rows.columns, 0),
        row_signs=pointer(key_rows.signs, 0),
        starts=pointer(key_rows.starts, sentence * key_rows.starts.shape[1]),
        members=pointer(key_rows.members, 0),
        cell_ends=pointer(cells.ends, sentence * (queries + 1)),
        cell_keys=pointer(cells.keys, 0),
        cell_columns=pointer(cells.columns, 0),
        cell_signs=pointer(cells.signs, 0),
        order=pointer(labels.order, sentence * matches * labels.order.shape[2]),
        ranges=pointer(labels.ranges, sentence * matches * queries * 2),
        before=pointer(labels.before, 0),
        matches=matches,
        first_match=columns - matches,
        queries=queries,
        keys=labels.order.shape[2],
    )


@fast
def _empty_row(scores: Array, line: Number, query: Number, block: Block, sums: SumsHere) -> None:
    """A row that sees no key: weights and numbers of 0."""
    _clear(scores, line + block.first_key, line + block.last_key)
    for column in range(COLUMNS):
        put(sums.by_row, query + sums.far * column, f32(0.0))


@fast
def _weights_of(
    scores: Array, line: Number, query: Number, block: Block, facts: FactsHere, sums: SumsHere
) -> Row:
    """Turns one row's scores into weights, up to a factor, and says what it gives by itself."""
    low, up = facts.first_key[query], facts.last_key[query]
    begin, end = line + low, line + low + (up - low + LANES - 1) // LANES * LANES
    # What stands behind the row is read with it, and must weigh nothing.
    store(scores, line + up, spread(_LOWEST))
    highest, second, third = _three_largest(scores, begin, end)
    most = max(highest, facts.sink)
    read = _weigh(scores, begin, end, facts.strips, low, facts.ramp, low - query, most)
    largest = highest, second, third
    scale = _describe(sums.by_row, query, sums.far, read, largest, facts.sink)
    _clear(scores, line + up, line + max(block.last_key, up + 1))
    for key in range(block.first_key, low):
        put(scores, line + key, f32(0.0))
    return Row(line, low, up, scale)


@fast
def _add_up(scores: Array, row: Row, query: Number, facts: FactsHere, sums: SumsHere) -> None:
    """Adds a row to the mean over heads, and a content query's to the sums over queries."""
    begin = row.line + row.low
    end = begin + (row.up - row.low + LANES - 1) // LANES * LANES
    if sums.mean_step:
        _add(scores, begin, end, row.scale, sums.head_mean, query * sums.mean_step + row.low)
    if facts.content[query] > 0:
        _add(scores, begin, end, row.scale, sums.received, row.low)
        if sums.offsets:
            _add(scores, begin, end, row.scale, sums.by_offset, row.low - query)


@fast
def _keep(scores: Array, row: Row, slot: Number, keys: Number, kept: Array) -> None:
    """Keeps a row to be sorted, [slot, key], 0 where it sees nothing."""
    to = slot * keys
    for key in range(keys):
        put(kept, to + key, f32(0.0))
    copy(scores, row.line + row.low, row.up - row.low, row.scale, kept, to + row.low)


@apart
def read_rows(
    place: Place,
    block: Block,
    facts: RowFacts,
    tables: Tables,
    words: tuple[Speakers, Spoken],
    sums: Sums,
    rooms: Rooms,
) -> None:
    """Turns a block of scores into weights, up to a factor, and reads everything off them.

    The factors, 1 / row sums, go where the block's queries stood, which are used up.
    """
    full_width()
    keys = sums.received.shape[3] - LANES
    # Everything by its place here and counted flat: see `pointer`.
    scores, scales = pointer(rooms.scores, 0), pointer(rooms.queries, 0)
    kept = pointer(rooms.sorted_rows, place.slot * keys)
    here, to = _facts_here(place, facts), _sums_here(place, sums)
    look_up = _tables_here(place.sentence, tables, sums.cells.shape[4])
    speakers, of_words = speakers_here(place, words[0], words[1]), pointer(rooms.words, 0)
    for r in range(block.last_query - block.first_query):
        query, line = block.first_query + r, r * block.step
        if here.last_key[query] <= here.first_key[query]:
            _empty_row(scores, line, query, block, to)
            put(scales, r, f32(0.0))
            if speakers.words:
                nothing = Row(line, 0, 0, f32(0.0))
                speak(scores, nothing, f32(0.0), query, speakers, here.ramp, of_words)
            continue
        row = _weights_of(scores, line, query, block, here, to)
        put(scales, r, row.scale)
        _add_up(scores, row, query, here, to)
        slot = here.slots[query]
        if slot >= 0:
            _keep(scores, row, slot, keys, kept)
        _on_keys(scores, row, query, look_up, to)
        _on_cells(scores, row, query, look_up, to)
        _on_matches(scores, row, query, look_up, to)
        if speakers.words:
            whole = to.by_row[query + to.far * TOTAL]
            speak(scores, row, whole, query, speakers, here.ramp, of_words)
