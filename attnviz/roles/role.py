"""What every role file declares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from attnviz.attention.targets import Bools, Floats, Target
from attnviz.text.types import Annotation, Tokens

if TYPE_CHECKING:
    from torch import Tensor

    from attnviz.attention.layer import LayerAttention


SELF = ("", "encoder", "decoder")
CROSS = ("cross",)

Arcs = Sequence[tuple[int, int]]
"""Pairs of a word that looks and a word looked at, by their places among `Annotation.forms`."""

ArcRule = Callable[[Annotation], Arcs]


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role: its words, how strict it is, and what it can do, which the classes below fill in.

    `family` and `letter` are how figures mark it. `does` says of one head what it does, its first
    word a verb: "looks at commas"; `measures` what the score is a share of. `margin`: score - best
    baseline must exceed it. `baselines`, beyond chance: names of files in `attnviz.baselines`, or
    of other roles whose score must be beaten too. `needs` says what a text or tokenizer must have
    for the role to be measured at all. `streams` are the attentions that can play it: those where
    queries and keys are the same tokens, or cross-attention.

    Of roles that a family makes from the text, `family_name` is the family's name, and `relation`
    what they are about, with `reverse` from the head of the tree to its dependent. A text must
    have `fewest` of its pairs for the role to be reported.

    `ahead`, of a role that chooses: the candidate whose queries look for the word that comes after
    them, which they write.

    `arcs`, of roles between words: the pairs that are right. `members`, of a family: the roles that
    it makes from annotations, and `member` that of a name. `matched`: a target that is like the
    role's own in number and place of the keys, but not in what the role is about, seen wherever
    the role's own is.
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
    does: str
    measures: str = "of its attention"
    baselines: tuple[str, ...] = ()
    needs: str = ""
    streams: tuple[str, ...] = SELF
    family_name: str = ""
    relation: str = ""
    reverse: bool = False
    fewest: int = 0
    ahead: str = ""
    arcs: ArcRule | None = field(default=None, init=False, repr=False)
    members: Callable[[Sequence[Annotation]], Sequence[WordRole]] | None = field(
        default=None, init=False, repr=False
    )
    member: Callable[[str], WordRole] | None = field(default=None, init=False, repr=False)
    matched: Callable[[Tokens], Target] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The candidates that are measured on tokens, "" alone where there is nothing to choose."""
        return ()

    @property
    def chooses(self) -> bool:
        """Whether the role has several targets, of which one is chosen."""
        return len(self.columns) > 1

    @property
    def shape(self) -> ShapeRole | None:
        """The role itself where it is one of the shape of attention, whatever the tokens."""
        return None

    @property
    def direction(self) -> Literal["to the head", "from the head", ""]:
        """Which way a relation of the tree is followed; "" where there is one way only."""
        if not self.relation:
            return ""
        return "from the head" if self.reverse else "to the head"

    def target_on(
        self,
        tokens: Tokens,  # noqa: ARG002 - for the roles that have targets
        keys: Tokens | None = None,  # noqa: ARG002
        candidate: str = "",  # noqa: ARG002
    ) -> Target | None:
        """A candidate's target on a sentence, None where the role has no targets.

        `keys` is what cross-attention looks at.
        """
        return None

    def includes(self, name: str) -> bool:
        """Whether a role of that name would be a member of this family."""
        prefix, colon, relation = name.partition(":")
        member = prefix == self.name and colon and relation and not relation.endswith(":")
        return bool(member and self.members)


_SHORT = 512
"""Targets of longer sentences take more room than time."""


def remembered(make: Callable[[Tokens], Target], tokens: Tokens) -> Target:
    """A target, made once for each sentence: several observers ask for it."""
    if len(tokens) > _SHORT:
        return make(tokens)
    if make not in tokens.targets:
        tokens.targets[make] = make(tokens)
    target: Target = tokens.targets[make]
    return target


@dataclass(frozen=True, kw_only=True)
class TargetRole(Role):
    """A role that is a target: the keys that each query would look at."""

    target: Callable[[Tokens], Target]

    @property
    def columns(self) -> tuple[str, ...]:
        """The one target."""
        return ("",)

    def target_on(self, tokens: Tokens, keys: Tokens | None = None, candidate: str = "") -> Target:  # noqa: ARG002 - one target, of the tokens alone
        """The target on a sentence."""
        return remembered(self.target, tokens)


@dataclass(frozen=True, kw_only=True)
class ChosenRole(Role):
    """One of several targets, by name; the best is chosen on the half that is not scored."""

    candidates: Mapping[str, Callable[[Tokens], Target]]

    @property
    def columns(self) -> tuple[str, ...]:
        """The candidates."""
        return tuple(self.candidates)

    def target_on(self, tokens: Tokens, keys: Tokens | None = None, candidate: str = "") -> Target:  # noqa: ARG002 - of the tokens alone
        """A candidate's target on a sentence."""
        return remembered(self.candidates[candidate], tokens)


@dataclass(frozen=True, kw_only=True)
class CrossRole(Role):
    """A role of cross-attention: one or several targets from a sentence's queries and its keys.

    Of several the best is chosen as for a `ChosenRole`.
    """

    candidates: Mapping[str, Callable[[Tokens, Tokens], Target]]
    streams: tuple[str, ...] = CROSS

    @property
    def columns(self) -> tuple[str, ...]:
        """The candidates."""
        return tuple(self.candidates)

    def target_on(self, tokens: Tokens, keys: Tokens | None = None, candidate: str = "") -> Target:
        """A candidate's target on a sentence and the one that it looks at."""
        return self.candidates[candidate](tokens, keys or tokens)


@dataclass(frozen=True, kw_only=True)
class WordRole(Role):
    """A role between words, scored by how often the word looked at most is the right one.

    `arcs` are the right ones of an annotated sentence; a word may have several.
    """

    arcs: ArcRule


@dataclass(frozen=True, kw_only=True)
class RoleFamily(Role):
    """Roles that the text decides on, such as one for each of its relations.

    Without any, the family stands for what is missing.
    """

    members: Callable[[Sequence[Annotation]], Sequence[WordRole]]
    member: Callable[[str], WordRole]


def expanded(roles: Sequence[Role], annotations: Sequence[Annotation]) -> list[Role]:
    """The roles, families replaced by their members where they have any, however rare."""
    every: list[Role] = []
    for role in roles:
        every += (role.members and role.members(annotations)) or [role]
    return every


def with_members(roles: Sequence[Role], names: Iterable[str]) -> list[Role]:
    """The roles, families replaced by those of their members that have these names."""
    met, every = list(names), list[Role]()
    for role in roles:
        members = [role.member(name) for name in met if role.member and role.includes(name)]
        every += sorted(members, key=lambda member: (member.relation, member.reverse)) or [role]
    return every


def reported(
    roles: Sequence[Role], measured: Sequence[Role], arcs: Mapping[str, int]
) -> list[Role]:
    """The measured roles without those of whose `arcs`, by name, the text has too few.

    A family of which it has enough of no member stands for itself, as among `roles`.
    """
    enough = [role for role in measured if arcs.get(role.name, 0) >= role.fewest]
    known: list[Role] = []
    for role in roles:
        known += [
            member for member in enough if role.name in (member.name, member.family_name)
        ] or [role]
    return known


def arcs_of(roles: Sequence[Role]) -> ArcRule:
    """The arcs of all roles between words together."""
    rules = [role.arcs for role in roles if role.arcs is not None]
    return lambda annotation: [arc for rule in rules for arc in rule(annotation)]


@dataclass(frozen=True, kw_only=True)
class ShapeRole(Role):
    """A role of the shape of attention, whatever the tokens.

    `mass` gives sum over the content queries of the score, [batch, head], from a layer and the
    content queries, boolean [batch, token]; `events` how many queries count, [batch]. `chance`
    is the same under no role, by default `mass` of uniform attention. `permuted`: what the same
    rows would score if each were shuffled.
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

    @property
    def columns(self) -> tuple[str, ...]:
        """The one score."""
        return ("",)

    @property
    def shape(self) -> ShapeRole:
        """The role itself."""
        return self
