"""What a word looks at most, read off its row, or off the mean of its tokens' rows."""

from __future__ import annotations

import numpy as np

from attnviz.attention.kernels.arrays import (
    Array,
    Number,
    Place,
    Row,
    Speakers,
    SpeakersHere,
    Spoken,
)
from attnviz.attention.kernels.compiled import apart, fast
from attnviz.attention.kernels.lanes import (
    LANES,
    choose_above,
    first_of_largest,
    full_width,
    larger,
    load,
    pointer,
    put,
    spread,
    store,
    total,
)
from attnviz.attention.word_table import ABSTAINS

f32 = np.float32
_ABSTAINS = f32(ABSTAINS)
FIRST, LAST = 1, 2
"""Turns of a word's rows."""


@fast
def speakers_here(place: Place, speakers: Speakers, spoken: Spoken) -> SpeakersHere:
    """What is known of the words of one sentence, and where what they tell is put."""
    sentence, head = place.sentence, place.head
    queries, keys = speakers.word.shape[1], speakers.of_key.shape[1]
    if queries == 0:  # Nobody asks: nothing is looked up, not even where a sentence ends.
        sentence = 0
    return SpeakersHere(
        words=queries,
        word=pointer(speakers.word, sentence * queries),
        share=pointer(speakers.share, sentence * queries),
        room=pointer(speakers.room, sentence * queries),
        turn=pointer(speakers.turn, sentence * queries),
        alone=pointer(speakers.alone, sentence * (keys + LANES)),
        of_key=pointer(speakers.of_key, sentence * keys),
        first_several=speakers.several_ends[sentence],
        last_several=speakers.several_ends[sentence + 1],
        several=pointer(speakers.several, 0),
        starts=pointer(speakers.starts, 0),
        tokens=pointer(speakers.tokens, 0),
        first_off=speakers.off_ends[sentence],
        last_off=speakers.off_ends[sentence + 1],
        off_keys=pointer(speakers.off_keys, 0),
        pair_ends=pointer(speakers.pair_ends, 0),
        key_ends=pointer(speakers.key_ends, 0),
        key_tokens=pointer(speakers.key_tokens, 0),
        best=pointer(spoken.best, head * spoken.best.shape[1]),
        left=pointer(spoken.left, head * spoken.left.shape[1]),
        mass=pointer(spoken.mass, head * spoken.mass.shape[1]),
        keys=keys,
    )


@fast
def _on_tokens(scores: Array, row: Row, tokens: Array, begin: Number, end: Number) -> Number:
    """A row's weights on some tokens, before they are scaled."""
    mass = f32(0.0)
    for at in range(begin, end):
        key = tokens[at]
        if row.low <= key < row.up:
            mass += scores[row.line + key]
    return mass


@fast
def _largest_alone(scores: Array, row: Row, alone: Array, ramp: Array) -> Number:
    """The largest weight of a row on a key that is a whole word, and the first such key.

    The row's last vector may reach beyond it, where nothing weighs anything. `ramp` begins with 0.
    """
    most, place = spread(f32(0.0)), spread(f32(-1.0))
    key, step = load(ramp, 0) + spread(f32(row.low)), spread(f32(LANES))
    for at in range(row.low, row.up, LANES):
        weight = load(scores, row.line + at) * load(alone, at)
        place = choose_above(weight, most, key, place)
        most = larger(most, weight)
        key = key + step
    return first_of_largest(most, place)


@fast
def _best(scores: Array, row: Row, word: Number, here: SpeakersHere, ramp: Array) -> Number:
    """The word that a row looks at most, but for `word` itself whose keys alone weigh nothing."""
    most, key = _largest_alone(scores, row, here.alone, ramp)
    best = here.of_key[int(key)] if most > 0 else -1
    for at in range(here.first_several, here.last_several):
        other = here.several[at]
        mass = _on_tokens(scores, row, here.tokens, here.starts[at], here.starts[at + 1])
        if other != word and (mass > most or (mass == most and mass > 0 and other < best)):
            most, best = mass, other
    return best


@apart
def _say(
    scores: Array,
    row: Row,
    whole: Number,
    word: Number,
    query: Number,
    here: SpeakersHere,
    ramp: Array,
) -> None:
    """Says what a word looks at by its row, `whole` the row's sum; `query` is one of its tokens."""
    full_width()
    off = _on_tokens(scores, row, here.off_keys, here.first_off, here.last_off) * row.scale
    put(here.left, word, off)
    for pair in range(here.pair_ends[word], here.pair_ends[word + 1]):
        begin, end = here.key_ends[pair], here.key_ends[pair + 1]
        put(here.mass, pair, _on_tokens(scores, row, here.key_tokens, begin, end) * row.scale)
    if whole - off < _ABSTAINS:
        return
    # What it puts on itself doesn't count.
    own = row.line + query
    itself = here.alone[query] > 0 and row.low <= query < row.up
    kept = scores[own]
    if itself:
        put(scores, own, f32(0.0))
    put(here.best, word, _best(scores, row, word, here, ramp))
    if itself:
        put(scores, own, kept)


@apart
def _add(scores: Array, row: Row, factor: Number, out: Array, at: Number) -> None:
    """Adds a row times `factor` to `out` from `at` on."""
    full_width()
    by = spread(factor)
    for key in range(row.low, row.up, LANES):
        store(out, at + key, load(out, at + key) + load(scores, row.line + key) * by)


@apart
def _clear(out: Array, start: Number, stop: Number) -> None:
    full_width()
    for at in range(start, stop, LANES):
        store(out, at, spread(f32(0.0)))


@apart
def _sum(scores: Array, start: Number, stop: Number) -> Number:
    full_width()
    mass = spread(f32(0.0))
    for at in range(start, stop, LANES):
        mass = mass + load(scores, at)
    return total(mass)


@fast
def speak(
    scores: Array,
    row: Row,
    whole: Number,
    query: Number,
    here: SpeakersHere,
    ramp: Array,
    rooms: Array,
) -> None:
    """Reads what a row tells of the word that it speaks for; `whole` is the row's sum, scaled.

    Where several tokens look for a word, their rows are added up in one of the `rooms`, and the
    last of them says what the word looks at.
    """
    word = here.word[query]
    if word < 0:
        return
    room = here.room[query]
    if room < 0:
        _say(scores, row, whole, word, query, here, ramp)
        return
    wide = (here.keys + LANES - 1) // LANES * LANES + LANES
    line, turn = room * wide, here.turn[query]
    if turn == FIRST:
        _clear(rooms, line, line + wide)
    _add(scores, row, row.scale * here.share[query], rooms, line)
    if turn == LAST:
        mean = Row(line, 0, here.keys, f32(1.0))
        _say(rooms, mean, _sum(rooms, line, line + wide), word, query, here, ramp)
