"""Units are kept apart up to 1,024; beyond, groups of them are, and no group mixes halves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from attnviz.measurement.units import MOST, Units

HASHES = st.integers(0, 2**64 - 1)


def test_a_document_of_two_sentences_is_one_unit() -> None:
    units, rows = Units.of([7, 4, 7], [1, 2, 3])
    assert units.ids.tolist() == [4, 7]
    assert rows.tolist() == [1, 0, 1]
    assert units.sentences.tolist() == [1, 2]
    assert units.digests.tolist() == [2, 4]
    assert units.half.tolist() == [0, 1]


def test_hashes_are_summed_modulo_two_to_the_64() -> None:
    units, _ = Units.of([5, 5], [2**64 - 1, 3])
    assert units.digests.tolist() == [2]


def test_of_more_than_so_many_groups_are_kept() -> None:
    kept, _ = Units.of(range(MOST), range(MOST))
    assert (len(kept), kept.grouped) == (MOST, False)
    many, rows = Units.of(range(3 * MOST), range(3 * MOST))
    assert (len(many), many.grouped) == (MOST, True)
    assert many.sentences.tolist() == [3] * MOST
    assert rows[MOST + 5] == 5


def test_two_that_are_few_are_many_together() -> None:
    one, _ = Units.of(range(600), range(600))
    other, _ = Units.of(range(500, 1100), range(600))
    both, rows, others = one.joined(other)
    assert both.grouped
    assert both.ids[rows[599]] == 599
    assert both.ids[others[599]] == 1099 % MOST


@given(st.lists(HASHES, min_size=1, max_size=40))
def test_a_unit_and_its_group_are_of_one_half(hashes: list[int]) -> None:
    units, rows = Units.of(hashes, hashes)
    grouped, of_unit = units.grouped_rows()
    assert (grouped.half[of_unit[rows]] == units.half[rows]).all()
    assert grouped.sentences.sum() == len(hashes)
