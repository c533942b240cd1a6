"""What is made ahead comes in order, one at a time, and errors come in their turn."""

from __future__ import annotations

import pytest

from attnviz.corpus.ahead import ahead


def test_everything_comes_in_order() -> None:
    assert list(ahead(iter(range(20)), str)) == [str(number) for number in range(20)]
    assert list(ahead(iter(()), str)) == []


def test_no_more_than_one_is_made_ahead() -> None:
    made: list[int] = []

    def noted(number: int) -> int:
        made.append(number)
        return number

    things = ahead(iter(range(20)), noted)
    for number in range(5):
        assert next(things) == number
        assert len(made) <= number + 2
    things.close()
    assert len(made) <= 6


def test_an_error_comes_where_its_item_would() -> None:
    things = ahead(iter([2, 1, 0, 3]), lambda number: 2 // number)
    assert [next(things), next(things)] == [1, 2]
    with pytest.raises(ZeroDivisionError):
        next(things)
