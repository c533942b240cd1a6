"""From sums and rows to what a report tells of each head: `attnviz.report.head_profiles`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace

from attnviz.evidence.distances import Offsets as OffsetMeans
from attnviz.evidence.judge import Judgement
from attnviz.evidence.looks import Counts, Looks, To
from attnviz.findings.examples import Head, best_first
from attnviz.findings.overlap import Overlap, beside
from attnviz.observers.shown import ExampleQuery, HeadRole
from attnviz.observers.totals import REACH
from attnviz.report.head_profiles import Example, Kind, Looked, LooksAt, Offsets, ShownToken
from attnviz.report.model import HeadReport, RoleInfo
from attnviz.roles.role import Role
from attnviz.text.types import TokenLabel, Tokens

OFFSETS = 8
"""Offsets on either side that are told one by one; in causal models twice as many on the left."""

KINDS = 8
"""Parts of speech, and as many relations, that are told of each head."""

FEWEST = 5
"""What is looked at less often than so many times tells nothing."""

LONG = 48
"""Sentences of more tokens are told in part."""

AROUND, BESIDE = 12, 2
"""Tokens on both sides of a query, and of what it looks at, that are told of long sentences."""


def with_offsets(heads: Sequence[HeadReport], means: OffsetMeans | None) -> tuple[HeadReport, ...]:
    """The heads with how far they look; as they were where that has no meaning."""
    if means is None:
        return tuple(heads)
    return tuple(replace(head, offsets=_offsets(means, index)) for index, head in enumerate(heads))


def _offsets(means: OffsetMeans, head: int) -> Offsets:
    left, right = (2 * OFFSETS, 0) if means.causal else (OFFSETS, OFFSETS)
    zero = REACH + 1
    shown = slice(zero - left, zero + right + 1)
    both = means.own[head], means.uniform[head]
    before, after = (
        tuple(float(shares[side].sum()) for shares in both)
        for side in (slice(0, shown.start), slice(shown.stop, None))
    )
    own, uniform = (tuple(map(float, shares[shown])) for shares in both)
    return Offsets(-left, own, uniform, (before[0], before[1]), (after[0], after[1]))


def with_looks(heads: Sequence[HeadReport], looks: Looks | None) -> tuple[HeadReport, ...]:
    """The heads with what their words look at; as they were where nothing is known of words."""
    if looks is None:
        return tuple(heads)
    return tuple(replace(head, looks_at=_looks(looks, at)) for at, head in enumerate(heads))


def _looks(looks: Looks, head: int) -> LooksAt:
    words = int(looks.words[head])
    relations = _kinds(looks.relations, head, words)
    return LooksAt(
        words,
        looks.units,
        _telling(_kinds(looks.parts_of_speech, head, words)),
        _telling([kind for kind in relations if kind.to != "neither"]),
        tuple(_summed(relations, to) for to in _TREE if len(relations) > 1),
    )


_TREE: tuple[To, ...] = ("its head", "its dependent", "neither")


def _summed(relations: Sequence[Kind], to: To) -> Kind:
    of = [kind for kind in relations if kind.to == to]
    count, share, base = (
        sum(values)
        for values in (
            [kind.count for kind in of],
            [kind.share for kind in of],
            [kind.base for kind in of],
        )
    )
    return Kind(count, share, base, to=to)


def _kinds(kinds: Counts, head: int, words: int) -> list[Kind]:
    of = max(words, 1)
    return [
        Kind(float(count), float(count / of), float(base / of), name, to)
        for (to, name), count, base in zip(
            kinds.names, kinds.counts[head], kinds.base[head], strict=True
        )
    ]


def _telling(kinds: Sequence[Kind]) -> tuple[Kind, ...]:
    """Those that are looked at more than a random word would be, the furthest first."""
    above = [kind for kind in kinds if kind.lead > 0 and kind.count >= FEWEST]
    return tuple(sorted(above, key=lambda kind: (-kind.lead, kind.to, kind.name))[:KINDS])


def with_overlap(
    heads: Sequence[HeadReport], targets: Overlap, judgements: Sequence[Judgement]
) -> tuple[HeadReport, ...]:
    """The heads with those of their roles that are one fact with another."""
    every_head = []
    for index, head in enumerate(heads):
        every = beside(targets, judgements, index)
        kept = {name: leads for name, leads in every.items() if {name, leads} <= {*head.shown}}
        every_head.append(replace(head, beside=kept))
    return tuple(every_head)


def head_roles(
    roles: Sequence[Role], infos: Sequence[RoleInfo], heads: Sequence[HeadReport]
) -> list[HeadRole]:
    """The heads and roles that get examples: see `attnviz.findings.examples.best_first`."""
    by_place = {(head.layer, head.head): head for head in heads}
    players = {
        info.name: [head for head in info.shown if info.name in by_place[head].told]
        for info in infos
    }

    def chosen(role: Role) -> list[tuple[Head, str]]:
        return [(head, by_place[head].roles[role.name].variant) for head in players[role.name]]

    return best_first([(role, chosen(role)) for role in roles if players.get(role.name)])


def with_examples(
    heads: Sequence[HeadReport],
    queries: Sequence[ExampleQuery],
    tokens: Sequence[Tokens],
    keys: Sequence[Tokens] | None,
) -> tuple[HeadReport, ...]:
    """The heads with their examples, role by role, those where a role shows most first."""
    by_head: dict[Head, list[Example]] = defaultdict(list)
    for query in queries:
        place, head_role = query.sentence.place, query.sentence.head_role
        example = _example(query, tokens[place], keys[place] if keys else None)
        by_head[head_role.layer, head_role.head].append(example)
    return tuple(
        replace(head, examples=tuple(by_head.get((head.layer, head.head), ()))) for head in heads
    )


def _example(query: ExampleQuery, tokens: Tokens, keys: Tokens | None) -> Example:
    sentence, labels = query.sentence, (keys or tokens).labels
    own = () if keys else query.queries
    shown = _shown(query, own, len(labels))
    asking = () if keys is None else _around(query.queries, len(tokens), AROUND)
    return Example(
        role=sentence.head_role.role.name,
        shows=sentence.shows,
        tenth=sentence.tenth,
        sentence=tokens.sentence.id,
        score=sentence.score,
        chance=sentence.chance,
        events=sentence.events,
        mass=query.mass,
        queries=query.queries,
        target=query.target,
        tokens=tuple(
            ShownToken(at, labels[at], float(query.weights[at]), at in own, at in query.target)
            for at in shown
        ),
        asking=tuple(
            ShownToken(at, tokens.labels[at], query=at in query.queries) for at in sorted(asking)
        ),
        looked=tuple(_looked(places, weight, labels) for places, weight in query.looked),
        hidden=max(0.0, float(query.weights.sum() - query.weights[shown].sum())),
        between=sentence.head_role.role.arcs is not None,
    )


def _looked(places: tuple[int, ...], weight: float, labels: Sequence[TokenLabel]) -> Looked:
    return Looked(places, tuple(labels[at] for at in places), weight)


def _shown(query: ExampleQuery, own: Sequence[int], size: int) -> list[int]:
    """The places of the keys to show: all, or around the query and what it looks at."""
    if size <= LONG:
        return list(range(size))
    best = [place for places, _ in query.looked for place in places]
    right = sorted(query.target, key=lambda at: (-float(query.weights[at]), at))[:1]
    return sorted(_around(own, size, AROUND) | _around([*best, *right], size, BESIDE))


def _around(places: Collection[int], size: int, reach: int) -> set[int]:
    return {
        at for place in places for at in range(max(0, place - reach), min(size, place + reach + 1))
    }
