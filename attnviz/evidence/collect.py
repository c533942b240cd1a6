"""From what was observed on some sentences to the sums of each role, with nothing chosen.

Whatever a baseline has to know beforehand comes in as a fit: of these sentences themselves, or of
a pilot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from attnviz.baselines.baseline import Baseline, Kept
from attnviz.baselines.known import baselines
from attnviz.evidence.bootstrap import Array
from attnviz.evidence.gather import Candidate, RoleColumns, Sums, once, sharing, stored
from attnviz.measurement.pilot import Fit
from attnviz.observers.tables import ScoreTable
from attnviz.roles.variants import RoleVariant
from attnviz.text.types import Tokens


def collect(
    table: ScoreTable,
    sentences: Sequence[Tokens],
    fits: Mapping[str, Fit] = MappingProxyType({}),
    kept: Mapping[str, Kept | None] = MappingProxyType({}),
) -> list[RoleColumns]:
    """The sums [sentence, head] of every role of the table, in the table's order.

    `fits` are those of the baselines that have one, by name, and `kept` what these kept of each
    sentence; a baseline without a fit is left out.
    """
    masses, chance, events, beside = (
        table.over_heads(name) for name in ("mass", "chance", "events", "beside")
    )
    known = baselines()
    candidates: dict[str, dict[str, Candidate]] = {}
    for place, column in enumerate(table.columns):
        over = sharing(events[..., place].copy())
        by_name = {"chance": sharing(chance[..., place].copy())}
        for name in column.role.baselines:
            if (place, name) in table.beside:
                by_name[name] = sharing(beside[..., table.beside.index((place, name))].copy())
            elif name in fits:
                fitted = known[name], fits[name], kept.get(name)
                by_name[name] = _expected(column, sentences, over, *fitted)
        candidates.setdefault(column.role.name, {})[column.variant] = Candidate(
            Sums(sharing(masses[..., place].copy()), over),
            {name: Sums(mass, over) for name, mass in by_name.items()},
            present(over),
        )
    roles = {column.role.name: column.role for column in table.columns}
    return [RoleColumns(roles[name], of_role) for name, of_role in candidates.items()]


def present(events: Array) -> Array:
    """1 where a sentence has an event, [sentence, head]."""
    return once(lambda rows: (rows > 0).astype(np.float64), events)


def _expected(
    column: RoleVariant,
    sentences: Sequence[Tokens],
    events: Array,
    baseline: Baseline,
    fit: Fit,
    kept: Kept | None,
) -> Array:
    """What a fitted baseline would put on the column's target, [sentence, head].

    Only sentences with an event have a target to look for.
    """
    there = np.flatnonzero(stored(events).max(1) > 0).tolist()
    expected = np.zeros(events.shape)
    targets = [column.target(sentences[place]) for place in there]
    stated = [target for target in targets if target is not None]
    if len(stated) < len(targets) or baseline.expect is None:
        raise TypeError(f"{column.role.name} has no target to hold against {baseline.title}")
    if stated:
        some = [sentences[place] for place in there]
        known = None if kept is None else [kept[place] for place in there]
        expected[there] = baseline.expect(fit, some, stated, known)
    return expected
