"""The one place that turns numbers into text: two significant digits, intervals, counts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NOTHING = "–"
MINUS = "−"
SMALLEST = 1e-4
MOST_DECIMALS = 8
"""Numbers that differ only beyond these are told alike."""
FIGURE_SPACE, POINT_SPACE = "\u2007", "\u2008"


def number(value: float | None, digits: int = 2, beside: Sequence[float] = ()) -> str:
    """A number to `digits` significant digits: 0.8312 is "0.83", 12.3 "12", 1234 "1,200".

    It has more where it would else look like one of those that it stands `beside`, or as if it were
    on the other side of it: 0.998 beside 0.999 is "0.998".
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    if 0 < abs(value) < SMALLEST and not any(0 < abs(other) < SMALLEST for other in beside):
        return "<0.0001" if value > 0 else f">{MINUS}0.0001"
    return _fixed(value, _apart(_decimals(value, digits), (value,), beside))


def change(before: float | None, after: float | None, digits: int = 2) -> tuple[str, str]:
    """Two numbers with the decimals that show how they differ: 1.503 and 1.513 as such.

    Each has `digits` significant ones at least, so that the difference, to as many, is theirs.
    """
    if before is None or after is None or not math.isfinite(after - before) or before == after:
        return number(before, digits), number(after, digits)
    shown = min(_decimals(after - before), MOST_DECIMALS)
    told = [_fixed(of, max(_decimals(of, digits), shown)) for of in (before, after)]
    return told[0], told[1]


def telling(one: float | None, other: float | None, most: int = MOST_DECIMALS) -> int:
    """The decimals with which two numbers don't read alike, at `most`; 0 for no difference."""
    if one is None or other is None or not math.isfinite(one - other) or one == other:
        return 0
    return max(0, min(_decimals(one - other, 1), most))


def exact(value: float) -> str:
    """A number that somebody chose, as they wrote it: 0.05 is "0.05", 0.9999999 "0.9999999"."""
    return f"{value:.12g}".replace("-", MINUS)


def interval(
    mean: float | None,
    low: float | None,
    high: float | None,
    beside: Sequence[float] = (),
    least: int = 0,
) -> str:
    """The bounds of a 95% interval with as many decimals as its mean: "[0.79, 0.86]".

    Empty where there is no interval. See `estimate` for the decimals.
    """
    decimals = _shared_decimals(mean, low, high, beside, least)
    if decimals is None or low is None or high is None:
        return ""
    return f"[{_fixed(low, decimals)}, {_fixed(high, decimals)}]"


def middle(
    mean: float | None,
    low: float | None,
    high: float | None,
    beside: Sequence[float] = (),
    least: int = 0,
) -> str:
    """The mean alone, with the decimals that it has beside its interval."""
    decimals = _shared_decimals(mean, low, high, beside, least)
    if decimals is None or mean is None:
        return number(mean, beside=beside)
    return _fixed(mean, decimals)


def estimate(
    mean: float | None,
    low: float | None,
    high: float | None,
    beside: Sequence[float] = (),
    least: int = 0,
) -> str:
    """A mean with its interval: "0.83 [0.79, 0.86]".

    All three have the decimals that give the mean two significant digits; one more, up to the
    second, where the interval would otherwise look empty: "1.00 [0.98, 1.00]"; and more where one
    would look as if it were on the other side of what they stand `beside`, see `number`, and at
    `least` so many.
    """
    bounds = interval(mean, low, high, beside, least)
    return f"{middle(mean, low, high, beside, least)} {bounds}".rstrip()


def percent(share: float | None) -> str:
    """A share in percent: 0.834 is "83%"."""
    if share is None or not math.isfinite(share):
        return NOTHING
    return f"{number(100 * share)}%"


def verdict(of: str | None) -> str:
    """A verdict in words, a dash where there is none."""
    return of or NOTHING


def count(amount: int) -> str:
    """A count with thousands separators: "1,203"."""
    return f"{amount:,}"


def counted(amount: int, singular: str, plural: str = "") -> str:
    """A count with its noun: "1 sentence", "1,203 events"."""
    return f"{amount:,} {singular if amount == 1 else plural or singular + 's'}"


def evidence(sentences: int, events: int) -> str:
    """On how much a score rests: "94 sentences, 1,203 events"."""
    return f"{counted(sentences, 'sentence')}, {counted(events, 'event')}"


def magnitude(amount: int) -> str:
    """A large count in words: 22713216 is "23 million"."""
    for size, word in ((10**9, "billion"), (10**6, "million"), (10**3, "thousand")):
        if amount >= size:
            return f"{number(amount / size)} {word}"
    return count(amount)


def aligned(texts: Sequence[str]) -> list[str]:
    """Pad numbers on the right, so that set flush right their decimal points stand in line.

    Missing digits become figure spaces, a missing point a punctuation space; both are as wide
    as what they stand for in any face with tabular digits.
    """
    fractions = [text.partition(".")[2] for text in texts]
    widest = max((len(fraction) for fraction in fractions), default=0)
    padded = []
    for text, fraction in zip(texts, fractions, strict=True):
        point = POINT_SPACE if widest and "." not in text else ""
        padded.append(text + point + FIGURE_SPACE * (widest - len(fraction)))
    return padded


def _decimals(value: float, digits: int = 2) -> int:
    if value == 0:
        return digits
    return digits - 1 - math.floor(math.log10(abs(value)))


def _apart(decimals: int, values: Sequence[float], beside: Sequence[float]) -> int:
    """So many decimals, or more, with which each of `values` is told from all `beside` them."""
    pairs = [
        (value, other)
        for value in values
        for other in beside
        if abs(value - other) >= 10**-MOST_DECIMALS
    ]
    while decimals < MOST_DECIMALS and any(
        _side(round(value, decimals), other) != _side(value, other) for value, other in pairs
    ):
        decimals += 1
    return decimals


def _side(value: float, other: float) -> int:
    return (value > other) - (value < other)


def _shared_decimals(
    mean: float | None,
    low: float | None,
    high: float | None,
    beside: Sequence[float],
    least: int,
) -> int | None:
    """The decimals that a mean and its bounds are printed with; None without an interval."""
    if mean is None or low is None or high is None:
        return None
    if not all(map(math.isfinite, (mean, low, high))):
        return None
    decimals = min(_decimals(mean), 4)
    looks_empty = _fixed(low, decimals) == _fixed(high, decimals)
    more = looks_empty and low != high and decimals < 2
    return max(_apart(decimals + more, (mean, low, high), beside), least)


def _fixed(value: float, decimals: int) -> str:
    text = f"{round(value, decimals):,.{max(decimals, 0)}f}"
    if not text.startswith("-"):
        return text
    return text[1:] if float(text.replace(",", "")) == 0 else MINUS + text[1:]
