"""What the page's explorer shows of a sentence, beside its packed weights: words, targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from attnviz.attention.targets import Bools
from attnviz.attention.word_table import WordTable
from attnviz.findings.views import word_cells
from attnviz.observers.packed import MOST, HeadPlace, Packed
from attnviz.report.explored import Explored, RoleTarget, Word
from attnviz.report.model import Report
from attnviz.report.numbers import counted
from attnviz.roles.role import Role
from attnviz.text.merge import merged
from attnviz.text.types import Tokens


def explored(
    sides: tuple[Tokens, Tokens | None],
    packed: Packed,
    targets: Mapping[RoleTarget, Bools],
    neurons: Mapping[HeadPlace, bytes],
    *,
    last: bool,
) -> Explored:
    """One sentence; `sides` are its queries and what they look at in cross-attention."""
    tokens, keys = sides
    return Explored(
        id=tokens.sentence.id,
        text=tokens.sentence.text,
        queries=tokens.labels,
        keys=keys.labels if keys else (),
        words=_words(tokens),
        key_words=_words(keys) if keys else (),
        layers=packed.layers,
        heads=packed.heads,
        targets=targets if packed.fits else {},
        last=last,
        neurons=neurons if packed.fits else {},
        why_not=_why_not(tokens, keys, packed),
    )


def _words(tokens: Tokens) -> tuple[Word, ...]:
    whole = merged([tokens])[0]
    return tuple(zip(map(str, whole.tokens.labels), whole.groups, strict=True))


def _why_not(tokens: Tokens, keys: Tokens | None, packed: Packed) -> str:
    if packed.fits:
        return ""
    longest = max(len(tokens), len(keys or ()))
    return f"of more than {counted(MOST, 'token')}" if longest > MOST else "for want of room"


def role_targets(report: Report, roles: Sequence[Role]) -> tuple[tuple[Role, RoleTarget], ...]:
    """The roles that are told of some head, each with those of its targets that heads have."""
    known = {role.name: role for role in roles}
    told = {
        (name, head.roles[name].variant): known[name]
        for head in report.heads
        for name in head.told
        if name in known
    }
    return tuple((role, target) for target, role in told.items())


def targets_on(
    roles: Sequence[tuple[Role, RoleTarget]],
    sides: tuple[Tokens, Tokens | None],
    words: WordTable | None,
    place: int,
    *,
    causal: bool,
) -> dict[RoleTarget, Bools]:
    """The cells of each target on the sentence at `place` of the run, as far as they can be seen.

    Roles of shape have none, nor have roles that the sentence doesn't show.
    """
    tokens, keys = sides
    shape = len(tokens), len(keys or tokens)
    cells: dict[RoleTarget, Bools] = {}
    for role, (name, variant) in roles:
        hit = np.zeros(shape, dtype=np.bool_)
        if role.arcs is not None:
            for query, key in word_cells(role.arcs, tokens, words, place):
                hit[query, key] = True
        elif role.shape is None and (target := role.target_on(tokens, keys, variant)) is not None:
            hit |= target.part((0, shape[0]), (0, shape[1]))
        if causal:
            hit = np.tril(hit)
        if hit.any():
            cells[name, variant] = hit
    return cells
