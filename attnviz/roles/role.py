"""What every role file declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attnviz.attention.targets import Bools, Floats, Target
from attnviz.text.types import Annotation, Tokens

if TYPE_CHECKING:
    from torch import Tensor

    from attnviz.attention.layer import LayerAttention


SELF = ("", "encoder", "decoder")
CROSS = ("cross",)


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role: its words, how strict it is, and one of three ways to score it.

    `family` and `letter` are how figures mark it. `margin`: score - best baseline must exceed
    it. `baselines`, beyond chance: "profile" (the head's own mean attention by offset), "permuted"
    (what `permuted` measures), "shuffled" (the role's own targets dealt out anew), "matched" (the
    target `matched`), "other segment" (what `attnviz.evidence.other_segment` measures), or the name
    of another role whose score must be beaten too. `needs` says what a text or tokenizer must have
    for the role to be measured at all. `streams` are the attentions that can play it: those where
    queries and keys are the same tokens, or cross-attention.
    """

    name: str
    title: str
    family: str
    letter: str
    about: str
    formula: str
    source: str
    margin: float
    order: int
    baselines: tuple[str, ...] = ()
    needs: str = ""
    streams: tuple[str, ...] = SELF


@dataclass(frozen=True, kw_only=True)
class TargetRole(Role):
    """A role that is a target: the keys that each query would look at.

    `matched` measures the baseline "matched": a target that is like the role's own in number and
    place of the keys, but not in what the role is about. It must be seen where the target is.
    """

    target: Callable[[Tokens], Target]
    matched: Callable[[Tokens], Target] | None = None


@dataclass(frozen=True, kw_only=True)
class ChosenRole(Role):
    """One of several targets, by name; the best is chosen on the half that is not scored."""

    candidates: Mapping[str, Callable[[Tokens], Target]]


@dataclass(frozen=True, kw_only=True)
class CrossRole(Role):
    """A role of cross-attention: one or several targets from a sentence's queries and its keys.

    Of several the best is chosen as for a `ChosenRole`.
    """

    candidates: Mapping[str, Callable[[Tokens, Tokens], Target]]
    streams: tuple[str, ...] = CROSS


def chooses(role: Role) -> bool:
    """Whether the role has several targets, of which one is chosen."""
    return isinstance(role, ChosenRole | CrossRole) and len(role.candidates) > 1


Arcs = Sequence[tuple[int, int]]
"""Pairs of a word that looks and a word looked at, by their places among `Annotation.forms`."""


@dataclass(frozen=True, kw_only=True)
class WordRole(Role):
    """A role between words, scored by how often the word looked at most is the right one.

    `arcs` are the right ones of an annotated sentence; a word may have several. `rivals` are
    baselines: what a rule would look at, at most one word for each. The best fixed offset in
    words and the likeliest part of speech always are (see `attnviz.evidence.arcs`, `kinds`).
    """

    arcs: Callable[[Annotation], Arcs]
    rivals: Mapping[str, Callable[[Annotation], Arcs]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RoleFamily(Role):
    """Roles that the text decides on, such as one for each of its relations.

    `members` makes them from the annotations; without any, the family stands for what is missing.
    """

    members: Callable[[Sequence[Annotation]], Sequence[WordRole]]


def expanded(roles: Sequence[Role], annotations: Sequence[Annotation]) -> list[Role]:
    """The roles, families replaced by their members where they have any."""
    found: list[Role] = []
    for role in roles:
        found += (isinstance(role, RoleFamily) and role.members(annotations)) or [role]
    return found


def arcs_of(roles: Sequence[Role]) -> Callable[[Annotation], Arcs]:
    """The arcs of all roles between words together."""
    rules = [role.arcs for role in roles if isinstance(role, WordRole)]
    return lambda annotation: [arc for rule in rules for arc in rule(annotation)]


@dataclass(frozen=True, kw_only=True)
class ShapeRole(Role):
    """A role of the shape of attention, whatever the tokens.

    `mass` gives sum over the content queries of the score, [batch, head], from a layer and the
    content queries, boolean [batch, token]; `events` how many queries count, [batch]. `chance`
    is the same under no role, by default `mass` of uniform attention. `permuted` measures the
    baseline "permuted": what the same rows would score if each were shuffled.
    `cells`, for figures, says what to outline on weights [query, key], given which queries and
    which keys are content. Examples of single queries need one of two: `keys`, the keys that all
    queries would look at, boolean [batch, head, key], or `by_query`, the score of each query,
    [batch, head, query], NaN where it doesn't count.
    """

    mass: Callable[[LayerAttention, Tensor], Tensor]
    events: Callable[[LayerAttention, Tensor], Tensor]
    chance: Callable[[LayerAttention, Tensor], Tensor] | None = None
    permuted: Callable[[LayerAttention, Tensor], Tensor] | None = None
    cells: Callable[[Floats, Bools, Bools], Bools] | None = None
    keys: Callable[[LayerAttention], Tensor] | None = None
    by_query: Callable[[LayerAttention], Tensor] | None = None
