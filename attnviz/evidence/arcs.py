"""How often heads look most at the right word, beside rules that know no head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from attnviz.attention.word_table import WordTable
from attnviz.baselines.baseline import Baseline
from attnviz.baselines.gold import Gold, WordText
from attnviz.baselines.known import baselines
from attnviz.evidence.bootstrap import Array
from attnviz.evidence.collect import present
from attnviz.evidence.gather import Candidate, RoleColumns, Sums
from attnviz.measurement.pilot import Fit
from attnviz.roles.role import Role
from attnviz.text.types import Tokens


def learn(roles: Sequence[Role], table: WordTable, sentences: Sequence[Tokens]) -> dict[str, Fit]:
    """What the baselines of the roles between words learn of some sentences, by their names."""
    text = WordText(table, sentences)
    golds = {role.name: text.gold(role.arcs) for role in roles if role.arcs is not None}
    named = {name for role in roles if role.name in golds for name in role.baselines}
    return {
        name: baseline.learn(golds)
        for name, baseline in baselines().items()
        if name in named and baseline.learn
    }


def collect(
    roles: Sequence[Role],
    table: WordTable,
    sentences: Sequence[Tokens],
    fits: Mapping[str, Fit],
) -> list[RoleColumns]:
    """The sums [sentence, head] of every role between words, with nothing chosen.

    `fits` are what their baselines learned of these sentences or of a pilot.
    """
    text, known = WordText(table, sentences), baselines()
    return [
        _columns(role, text.gold(role.arcs), known, fits) for role in roles if role.arcs is not None
    ]


def _columns(
    role: Role, gold: Gold, known: Mapping[str, Baseline], fits: Mapping[str, Fit]
) -> RoleColumns:
    table = gold.text.table
    heads = len(table.best)
    events = gold.by_sentence(np.ones((1, len(gold.queries))))
    over = _spread(events, heads)
    hits = gold.by_sentence(gold.by_query(table.best[:, gold.unit] == gold.key))
    rules, choices = {"chance": gold.chance()}, {}
    for name in role.baselines:
        baseline = known.get(name)
        if baseline is not None and baseline.arcs:
            rules[name] = gold.shared(gold.text.gold(baseline.arcs))
        elif baseline is not None and baseline.choices:
            shares = baseline.choices(role.name, gold, fits.get(name))
            if not shares:  # it could not be fitted
                continue
            by_sentence = gold.by_sentence(np.stack([*shares.values()]))
            choices[name] = {
                choice: Sums(by_sentence[:, at : at + 1], events)
                for at, choice in enumerate(shares)
            }
    baselines_of = {
        name: Sums(_spread(gold.by_sentence(share[None]), heads), over)
        for name, share in rules.items()
    }
    return RoleColumns(
        role,
        {"": Candidate(Sums(hits, over), baselines_of, present(over))},
        choices,
        gold.by_sentence(gold.by_query(table.mass_on(gold.unit, gold.key))),
        gold.coverage,
    )


def _spread(values: Array, heads: int) -> Array:
    """The same for every head, without room for each."""
    return np.broadcast_to(values, (len(values), heads))
