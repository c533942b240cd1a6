"""What the figures of a report are drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attnviz.attention.targets import Bools, Target
from attnviz.attention.word_table import WordTable, right_words
from attnviz.figures.views import (
    Floats,
    HeadView,
    ModelView,
    RoleMark,
    RoleTarget,
    SentenceView,
    Window,
)
from attnviz.findings.examples import HeadRoleSums, SentenceSums
from attnviz.observers.drawn import Drawn, SentenceFlow
from attnviz.observers.shown import HeadRole
from attnviz.report.model import HeadReport, Report
from attnviz.roles.masks import content
from attnviz.roles.role import ArcRule, Role
from attnviz.roles.variants import RoleVariant
from attnviz.text.types import Tokens

RELATIONS = 6
"""Relations between words whose best head is drawn; a treebank has 80."""

OUTLINED = 3
"""Roles of a head whose targets are outlined; more lines are hard to tell apart."""


@dataclass(frozen=True)
class DrawnRole:
    """A role of a head that is drawn, with its sums sentence by sentence."""

    mark: RoleMark
    head_role: HeadRole
    sums: SentenceSums


@dataclass(frozen=True)
class DrawnHead:
    """A head that is the best of a role: those of its roles that are outlined, and all others."""

    layer: int
    head: int
    roles: tuple[DrawnRole, ...]
    also: tuple[str, ...] = ()

    @property
    def showing(self) -> NDArray[np.float64]:
        """How clearly each sentence shows each of its roles, 0 to 1 [sentence, role]."""
        return np.stack([role.sums.showing for role in self.roles], axis=1)


def marks(report: Report, head: HeadReport) -> tuple[RoleMark, ...]:
    """The roles that are told of a head, in the order of `HeadReport.told`."""
    infos = {role.name: role for role in report.roles}
    return tuple(
        RoleMark(
            role=name,
            title=infos[name].title,
            family=infos[name].family,
            letter=infos[name].letter,
            score=head.roles[name].score or 0.0,
            supported=head.roles[name].verdict == "supported",
            judged=head.roles[name].verdict is not None,
        )
        for name in head.told
    )


def best_heads(report: Report, roles: Sequence[Role], sums: HeadRoleSums) -> tuple[DrawnHead, ...]:
    """The best head of each role that was found; of roles between words, of `RELATIONS` at most.

    A head comes once, with those roles in which it is the best first. Relations are supported, or
    seen on a text without verdicts, and the furthest above their baselines.
    `roles` are those that the drawn sentences met: others have nothing to show there.
    """
    known = {role.name: role for role in roles}
    between = {row.role for row in report.relations}
    heads = _told(report)
    drawn = [name for name in heads if name not in between]
    best: dict[tuple[int, int], list[str]] = {}
    for name in [name for name in [*drawn, *_relations(report)] if name in known]:
        best.setdefault(heads[name][0], []).append(name)
    return tuple(
        _drawn_head(report.head(*place), names, known, marks(report, report.head(*place)), sums)
        for place, names in best.items()
    )


def _drawn_head(
    head: HeadReport,
    best_in: Sequence[str],
    known: Mapping[str, Role],
    marked: Sequence[RoleMark],
    sums: HeadRoleSums,
) -> DrawnHead:
    """A head with its roles, those first in which it is the best."""
    by_name = {mark.role: mark for mark in marked}
    names = [*best_in, *(name for name in by_name if name in known and name not in best_in)]
    outlined = []
    for name in names[:OUTLINED]:
        head_role = HeadRole(
            head.layer, head.head, RoleVariant(known[name], head.roles[name].variant)
        )
        outlined.append(DrawnRole(by_name[name], head_role, sums(head_role)))
    also = tuple(by_name[name].title for name in by_name if name not in names[:OUTLINED])
    return DrawnHead(head.layer, head.head, tuple(outlined), also)


def _told(report: Report) -> dict[str, list[tuple[int, int]]]:
    """The heads of each role, best first, but for those in which it is one fact with another."""
    heads = {
        role.name: [place for place in role.shown if role.name in report.head(*place).told]
        for role in report.roles
    }
    return {name: places for name, places in heads.items() if places}


def _relations(report: Report) -> list[str]:
    """The roles between words that are drawn; the report has them in the order of their margin."""
    heads = _told(report)
    sure = ["supported"] if report.judged else [None]
    supported = [
        row.role
        for row in report.relations
        if row.role in heads and report.head(*heads[row.role][0]).roles[row.role].verdict in sure
    ]
    return supported[:RELATIONS]


def model_view(report: Report) -> ModelView:
    """The maps of a whole model, [layer, head] with NaN where a layer has fewer heads."""
    rows = 1 + max(head.layer for head in report.heads)
    columns = 1 + max(head.head for head in report.heads)
    maps: dict[str, Floats] = {
        statistic.name: np.full((rows, columns), np.nan) for statistic in report.statistics
    }
    marked: list[list[tuple[RoleMark, ...]]] = [[() for _ in range(columns)] for _ in range(rows)]
    for head in report.heads:
        marked[head.layer][head.head] = marks(report, head)
        for name, estimate in head.statistics.items():
            if estimate.mean is not None:
                maps[name][head.layer, head.head] = estimate.mean
    alike = report.similarity
    places = {(head.layer, head.head): place for place, head in enumerate(report.heads)}
    return ModelView(
        model=report.model.name,
        statistics=maps,
        roles=tuple(map(tuple, marked)),
        dissimilarity=np.array(alike.dissimilarity, dtype=float) if alike else None,
        order=alike.order if alike else (),
        groups=tuple(tuple(places[h] for h in group) for group in alike.groups) if alike else (),
        stream=report.attention,
        key_heads=_key_heads(report),
        windows=_windows(report),
    )


def sentence_view(
    tokens: Tokens,
    drawn: Drawn,
    flow: SentenceFlow,
    heads: Sequence[HeadView],
    report: Report,
    keys: Tokens | None = None,
) -> SentenceView:
    """One sentence to draw; layers that did not run are gaps, and so are heads a layer lacks.

    `keys` is what cross-attention looks at.
    """
    some = next(iter(drawn.layers.values()))
    widest = max(len(weights) for weights in drawn.layers.values())
    attention = np.full((1 + max(drawn.layers), widest, *some.shape[1:]), np.nan, dtype=np.float32)
    means = np.full((len(attention), *some.shape[1:]), np.nan, dtype=np.float32)
    for layer, weights in drawn.layers.items():
        attention[layer, : len(weights)] = weights
        means[layer] = weights.mean(0)
    return SentenceView(
        id=tokens.sentence.id,
        labels=tokens.labels,
        attention=attention,
        layer_means=means,
        rollout=flow.matrix,
        received=flow.received,
        heads=tuple(heads),
        causal=report.model.causal,
        block=drawn.block,
        key_labels=keys.labels if keys else (),
        stream=report.attention,
        key_heads=_key_heads(report),
        windows=_windows(report),
    )


def _key_heads(report: Report) -> dict[int, int]:
    return {
        layer.layer: layer.key_heads for layer in report.layers if layer.key_heads < layer.heads
    }


def _windows(report: Report) -> dict[int, int]:
    return {layer.layer: layer.window for layer in report.layers if layer.window is not None}


def head_views(
    sides: tuple[Tokens, Tokens],
    drawn: Drawn,
    best: Sequence[DrawnHead],
    words: WordTable | None,
    place: int,
    *,
    causal: bool,
) -> tuple[HeadView, ...]:
    """The heads on the sentence at `place` of the run, with the relations that it has.

    `sides` are its queries and keys, `words` is None where nothing is known of words.
    """
    drawing = []
    for shown in best:
        weights = drawn.heads[shown.layer, shown.head]
        windows = tuple(
            Window(*window) for window in drawn.windows.get((shown.layer, shown.head), ())
        )
        targets = []
        for each in shown.roles:
            arcs = each.head_role.role.arcs
            if arcs is None:
                column = each.head_role.column
                cells = _cells(column, sides, weights, windows, causal=causal)
            elif each.sums.events[place]:
                cells = word_cells(arcs, sides[0], words, place)
            else:
                continue
            targets.append(_target_of(each, cells, place))
        if targets:
            drawing.append(
                HeadView(tuple(targets), shown.layer, shown.head, weights, windows, also=shown.also)
            )
    return tuple(drawing)


def _target_of(shown: DrawnRole, cells: tuple[tuple[int, int], ...], place: int) -> RoleTarget:
    """A role on the sentence at `place`, with the cells of its target there."""
    events = float(shown.sums.events[place])
    return RoleTarget(
        mark=shown.mark,
        cells=cells,
        mass=float(shown.sums.mass[place]) / events if events else None,
        chance=float(shown.sums.chance[place]) / events if events else None,
        words=0 if shown.head_role.role.arcs is None else round(events),
    )


def word_cells(
    rule: ArcRule, tokens: Tokens, words: WordTable | None, place: int
) -> tuple[tuple[int, int], ...]:
    """Each token of a word with each of the word it should look at, as far as it can be seen."""
    units = words.words[place] if words else None
    if words is None or units is None:
        return ()
    return tuple(
        sorted(
            (query, key)
            for unit, others in right_words(rule, tokens, words, place).items()
            for other in others
            for query in units.tokens[unit]
            for key in units.tokens[other]
            if key <= query or not words.causal
        )
    )


def _cells(
    column: RoleVariant,
    sides: tuple[Tokens, Tokens],
    weights: Floats,
    windows: Sequence[Window],
    *,
    causal: bool,
) -> tuple[tuple[int, int], ...]:
    """What the role would look at, as far as it can be seen; nothing for sparse and broad heads.

    Of a long sentence, what lies in the windows.
    """
    if not windows:
        hit = _target(column, sides, weights)
        outlined = [] if hit is None else np.argwhere(np.tril(hit) if causal else hit).tolist()
        return tuple((query, key) for query, key in outlined)
    if column.role.shape:
        return ()
    target = column.target(*sides)
    cells: set[tuple[int, int]] = set()
    for window in windows:
        if target is None:
            break
        hit = target.part(window.queries, window.keys)
        for query, key in np.argwhere(hit).tolist():
            cell = query + window.queries[0], key + window.keys[0]
            if not causal or cell[1] <= cell[0]:
                cells.add(cell)
    return tuple(sorted(cells))


def _target(column: RoleVariant, sides: tuple[Tokens, Tokens], weights: Floats) -> Bools | None:
    shape = column.role.shape
    if shape is None:
        target = column.target(*sides)
        return None if target is None else _whole(target, sides)
    if shape.cells is None:
        return None
    return shape.cells(weights.astype(np.float32), *map(content, sides))


def _whole(target: Target, sides: tuple[Tokens, Tokens]) -> Bools:
    queries, keys = sides
    return target.part((0, len(queries)), (0, len(keys)))
