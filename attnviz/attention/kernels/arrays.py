"""What goes into the compiled loops and what comes out of them, by name.

Compiled code is given named tuples, whose fields it knows by itself; what is said of their types
here is for the reader. Edges are the first and one past the last.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

Array = NDArray[Any]
Number = Any
"""A number of whatever type."""
Pointer = Any
"""An array from one of its places on, counted flat; see `lanes.pointer`."""


class Task(NamedTuple):
    """Some heads of some sentences and a stretch of their queries: what one thread does at once."""

    first_sentence: int
    last_sentence: int
    first_head: int
    last_head: int
    first_query: int
    last_query: int
    segment: int  # which stretch of all queries this is, and so which sums it adds to
    group: int  # which part of the heads this is, and so which mean it adds to
    slots: int = 0  # for how many rows to sort of each sentence and head there is room


class Flat(NamedTuple):
    """A tensor [batch, head, token, width] as one flat array."""

    numbers: Array
    by_sentence: int  # places from sentence to sentence
    by_head: int
    by_token: int
    width: int


class Tensors(NamedTuple):
    """What the layer attends with, and where it puts what it mixes."""

    queries: Flat
    keys: Flat
    values: Flat
    out: Array  # [batch, query, head, width], flat


class Scoring(NamedTuple):
    """How queries and keys become scores."""

    groups: int  # query heads a key head
    scale: Number
    softcap: Number  # 0 for none
    bias: Array  # [batch or 1, head or 1, query or 1, key], no keys for none


class RowFacts(NamedTuple):
    """What is known of rows before they are read."""

    first_key: Array  # [batch or 1, query], the keys that it sees
    last_key: Array
    content: Array  # [batch, query], 1 where the query counts
    strips: Array  # [batch, key + LANES], 1 where a strip may stand
    sinks: Array  # [head], logits
    ramp: Array  # distances, 0 in the middle
    slots: Array  # [batch, query], the row's place among those to sort, -1 for none
    before: Array  # [batch, query + 1], how many rows before a query are sorted


class KeyRows(NamedTuple):
    """Rows to put right for columns of key targets."""

    ends: Array  # [batch, query + 1], where those of a query begin
    columns: Array  # [row]
    signs: Array  # [row], 1 to add and -1 to take away
    starts: Array  # [batch, column + 1], where the keys of a column begin
    members: Array  # the keys


class Cells(NamedTuple):
    """Single cells: pairs, and offsets of rows to put right."""

    ends: Array  # [batch, query + 1], where those of a query begin
    keys: Array  # [cell]
    columns: Array  # [cell]
    signs: Array  # [cell]


class Matches(NamedTuple):
    """Labels that query and key must have in common."""

    order: Array  # [batch, column, place], keys sorted by label
    ranges: Array  # [batch, column, query, 2], the places of the query's own label
    before: Array  # [column], 1 where only keys to the left count


class Tables(NamedTuple):
    """What is looked up row by row; see `lookup`."""

    key_rows: KeyRows
    cells: Cells
    matches: Matches


class Speakers(NamedTuple):
    """Words that look and are looked at, counted through the batch; see `word_lookup`."""

    word: Array  # [batch, query], for which a row speaks, -1 for none; no queries: nobody asks
    share: Array  # [batch, query], how much the row counts in it
    room: Array  # [batch, query], where rows of several tokens are added up, -1 where it is all
    turn: Array  # [batch, query], 1 for the first of a word's rows, 2 for the last, 0 between
    alone: Array  # [batch, key + LANES], 1 where a key is a whole word
    of_key: Array  # [batch, key], that word
    several_ends: Array  # [batch + 1], where a sentence's words of several tokens begin
    several: Array  # [word of several tokens], which word it is
    starts: Array  # [word of several tokens + 1], where its tokens begin
    tokens: Array  # the tokens
    off_ends: Array  # [batch + 1], where a sentence's keys off content begin
    off_keys: Array
    pair_ends: Array  # [word + 1], where the pairs begin in which it looks
    key_ends: Array  # [pair + 1], where the tokens begin that it looks at
    key_tokens: Array


class Spoken(NamedTuple):
    """What comes out of words."""

    best: Array  # [head, word], the word looked at most, counted through the batch, -1 for none
    left: Array  # [head, word], mass off content
    mass: Array  # [head, pair]


class Sums(NamedTuple):
    """What comes out. All but the first are added to, and have a vector to spare at the end."""

    by_row: Array  # [rows.COLUMNS, batch, head, query], what each row gives by itself
    head_mean: Array  # [group, batch, query, key], empty unless asked for
    received: Array  # [segment, batch, head, key]
    by_offset: Array  # [segment, batch, head, query + key - 1], empty unless needed
    cells: Array  # [segment, batch, head, 2, column], mass and queries that have any


class Rooms(NamedTuple):
    """Room to work in, all flat."""

    queries: Array  # of a block, [row, depth]; later the rows' scales
    keys: Array  # of a head, packed
    values: Array  # of a head, packed
    scores: Array  # of a block, [row, step]
    mixed: Array  # of a block, [row, whole vectors of width]
    sorted_rows: Array  # [sentence, head, slot, key], the rows to sort
    words: Array  # [room, key], rows of words of several tokens


class Place(NamedTuple):
    """Where a block of rows belongs."""

    sentence: int
    head: int
    segment: int
    group: int
    slot: int  # where slot 0 of sentence and head stands in `Rooms.sorted_rows`


class Block(NamedTuple):
    """A block of rows: its queries, the keys that any of them sees, and places from row to row."""

    first_query: int
    last_query: int
    first_key: int
    last_key: int
    step: int


class Row(NamedTuple):
    """One row of a block, its scores turned into weights up to a factor."""

    line: int  # where key 0 stands
    low: int  # the keys that it sees
    up: int
    scale: Number  # the factor, 1 / row sum


class FactsHere(NamedTuple):
    """`RowFacts` of one sentence and head."""

    first_key: Pointer  # by query
    last_key: Pointer  # by query
    content: Pointer  # by query
    strips: Pointer  # by key
    sink: Number
    ramp: Pointer  # by key less query
    slots: Pointer  # by query


class SumsHere(NamedTuple):
    """`Sums` of one sentence, head, segment and group."""

    by_row: Pointer  # by query, and `far` from number to number
    far: int
    head_mean: Pointer  # by query, `mean_step` from row to row (0 for no mean), and key
    mean_step: int
    received: Pointer  # by key
    by_offset: Pointer  # by key less query
    offsets: int  # 0 where sums by offset aren't needed
    masses: Pointer  # by column
    counts: Pointer  # by column


class TablesHere(NamedTuple):
    """`Tables` of one sentence."""

    row_ends: Pointer  # by query
    row_columns: Pointer
    row_signs: Pointer
    starts: Pointer  # by column
    members: Pointer
    cell_ends: Pointer  # by query
    cell_keys: Pointer
    cell_columns: Pointer
    cell_signs: Pointer
    order: Pointer  # by match column and place
    ranges: Pointer  # by match column, query and end
    before: Pointer  # by match column
    matches: int  # match columns, which come last
    first_match: int  # the first of them among all
    queries: int
    keys: int


class SpeakersHere(NamedTuple):
    """`Speakers` of one sentence, and `Spoken` of one head.

    What is counted through the batch is counted so here.
    """

    words: int  # 0 where nobody asks
    word: Pointer  # by query
    share: Pointer  # by query
    room: Pointer  # by query
    turn: Pointer  # by query
    alone: Pointer  # by key
    of_key: Pointer  # by key
    first_several: int
    last_several: int
    several: Pointer
    starts: Pointer
    tokens: Pointer
    first_off: int
    last_off: int
    off_keys: Pointer
    pair_ends: Pointer  # by word
    key_ends: Pointer  # by pair
    key_tokens: Pointer
    best: Pointer  # by word
    left: Pointer  # by word
    mass: Pointer  # by pair
    keys: int
