"""What `report.json` holds of a single head beside its scores, as plain values."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attnviz.report.model import HeadReport
    from attnviz.report.profiles import Example, Kind, LooksAt, Offsets


def of_head(head: HeadReport) -> dict[str, object]:
    """How far it looks, at what words, and its examples; only what was measured."""
    found: dict[str, object] = {}
    if head.offsets is not None:
        found["offsets"] = _offsets(head.offsets)
    if head.looks_at is not None:
        found["looks_at"] = _looks_at(head.looks_at)
    if head.examples:
        found["examples"] = [_example(one) for one in head.examples]
    return found


def _offsets(offsets: Offsets) -> dict[str, object]:
    return {field.name: getattr(offsets, field.name) for field in fields(offsets)}


def _looks_at(looks: LooksAt) -> dict[str, object]:
    return {
        "words": looks.words,
        "units": looks.units,
        "parts_of_speech": [_kind(one, "name") for one in looks.parts_of_speech],
        "relations": [_kind(one, "name", "to") for one in looks.relations],
        "tree": [_kind(one, "to") for one in looks.tree],
    }


def _kind(kind: Kind, *names: str) -> dict[str, object]:
    return {name: getattr(kind, name) for name in (*names, "count", "share", "base")}


def _example(one: Example) -> dict[str, object]:
    """Tokens by their places: `sentences` has them, in cross-attention as its `keys`."""
    return {
        "role": one.role,
        "shows": one.shows,
        "sentence": one.sentence,
        "score": one.score,
        "chance": one.chance,
        "events": one.events,
        "mass": one.mass,
        "query": one.queries,
        "target": one.target,
        "keys": [token.place for token in one.tokens],
        "weights": [token.weight for token in one.tokens],
        "hidden": one.hidden,
        "looked": [{"keys": best.places, "weight": best.weight} for best in one.looked],
    }
