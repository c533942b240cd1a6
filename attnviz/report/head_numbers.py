"""Every number that a report has of its heads, as columns, and how single sentences score."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from attnviz.report.cells import heading
from attnviz.report.escape import harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attnviz.measurement.probed import ProbeScore
    from attnviz.report.head_profiles import Example
    from attnviz.report.model import Estimate, HeadReport, Report, RoleScore

DIGITS = 3
"""Significant digits; the page prints two, and `report.json` has all."""

_LONGEST = 60
"""Characters of a token that looks."""

Bounds = tuple[float | None, float | None, float | None]
Json = dict[str, Any]


def columns(part: Report) -> list[Json]:
    """The numbers of one stream, each with its mean and interval in the order of `part.heads`.

    Roles, statistics, and what heads do on repeated random tokens; those that no head has a number
    of are left out. A head without a number has null.
    """
    probed = {(each.layer, each.head): each for each in _probed(part)}
    on_random = [probed.get((head.layer, head.head)) for head in part.heads]
    made = [
        *(
            _column(role.name, role.title, "role", "", _scores(part.heads, role.name))
            for role in part.roles
        ),
        *(
            _column(each.name, each.title, "statistic", each.unit, _means(part.heads, each.name))
            for each in part.statistics
        ),
        *(
            _column(
                name, name, "random", "", [_probe(getattr(each, field, None)) for each in on_random]
            )
            for name, field in (("prefix matching", "prefix_matching"), ("copying", "copying"))
        ),
    ]
    return [each for each in made if any(mean is not None for mean in each["mean"])]


def ranges(part: Report) -> dict[str, list[Json]]:
    """Of heads with examples, how single sentences score, role by role; by the heads' names.

    A sentence is [tenths of all sentences that show the role less, 0 and 10 for the ends, its
    number, score, chance, events, the token that looks].
    """
    titles = {role.name: role.title for role in part.roles}
    made: dict[str, list[Json]] = {}
    for head in part.heads:
        for role in head.told:
            own = [each for each in head.examples if each.role == role]
            if own:
                made.setdefault(head.name, []).append(
                    {
                        "role": role,
                        "title": harmless(heading(titles.get(role, role))),
                        "rows": [_row(each) for each in sorted(own, key=_rank)],
                    }
                )
    return made


def _probed(part: Report) -> Iterable[Any]:
    return part.induction.heads if part.induction else ()


def _scores(heads: Sequence[HeadReport], role: str) -> list[Bounds]:
    return [_score(head.roles.get(role)) for head in heads]


def _means(heads: Sequence[HeadReport], statistic: str) -> list[Bounds]:
    return [_mean(head.statistics.get(statistic)) for head in heads]


def _score(of: RoleScore | None) -> Bounds:
    return (of.score, of.low, of.high) if of else (None, None, None)


def _mean(of: Estimate | None) -> Bounds:
    return (of.mean, of.low, of.high) if of else (None, None, None)


def _probe(of: ProbeScore | None) -> Bounds:
    return (of.score, of.low, of.high) if of else (None, None, None)


def _column(name: str, title: str, sort: str, unit: str, values: Sequence[Bounds]) -> Json:
    return {
        "name": harmless(name),
        "title": harmless(title),
        "sort": sort,
        "unit": harmless(unit),
        "mean": [_rounded(mean) for mean, _, _ in values],
        "low": [_rounded(low) for _, low, _ in values],
        "high": [_rounded(high) for _, _, high in values],
    }


def _rounded(value: float | None) -> float | None:
    """A number to `DIGITS` significant digits; null for none and for what is not finite."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}")


def _row(example: Example) -> list[Any]:
    score, chance = (_rounded(value) for value in (example.score, example.chance))
    return [_tenth(example), example.sentence, score, chance, example.events, _query(example)]


def _rank(example: Example) -> tuple[int, float]:
    return _tenth(example), example.score - example.chance


def _tenth(example: Example) -> int:
    if example.tenth is None:
        return 10 if example.shows == "most" else 0
    return example.tenth


def _query(example: Example) -> str:
    """The token or word that looks."""
    labels = [token.label for token in (*example.asking, *example.tokens) if token.query]
    text = "".join(
        label.text.removeprefix("##") if label.piece else f" {label.text}" for label in labels
    )
    return harmless(text.strip())[:_LONGEST]
