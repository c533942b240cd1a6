"""Makes the next thing while the last is in use: text is read and split while the model runs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def ahead(items: Iterator[Item], make: Callable[[Item], Made]) -> Generator[Made, None, None]:
    """What is made of each item, one more than was asked for; errors come in their turn.

    Items are taken and things made in a thread of their own, one at a time and in order.
    """

    def step() -> list[Made]:
        return [make(item) for item in islice(items, 1)]

    with ThreadPoolExecutor(1, "ahead") as thread:
        waiting = thread.submit(step)
        while made := waiting.result():
            waiting = thread.submit(step)
            yield made[0]
