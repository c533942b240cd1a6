"""Which head has which role, as rows that every format prints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from attnviz.baselines.known import title_of
from attnviz.figures.palette import FAMILIES, ink_on
from attnviz.report.numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from attnviz.report.model import HeadReport, Report, RoleInfo, RoleScore

COLUMNS = ("entropy", "distance", "confidence")
"""The statistics that tables of heads show; report.json has all."""


@dataclass(frozen=True, slots=True)
class Chip:
    """A role's letter on its family's colour, with the words that the colour stands for."""

    letter: str
    colour: str
    ink: str
    title: str


@dataclass(frozen=True, slots=True)
class Player:
    """A head and its score in one role."""

    head: HeadReport
    role: RoleInfo
    chip: Chip
    score: RoleScore
    against: str
    also: tuple[Also, ...] = ()

    @property
    def aside(self) -> str:
        """The roles that are the same fact in this head: "also punctuation 0.40"; "" for none."""
        told = ", ".join(f"{one.title} {number(one.score)}" for one in self.also)
        return f"also {told}" if told else ""


@dataclass(frozen=True, slots=True)
class Also:
    """A role that is one fact with another that is told, and the head's score in it."""

    title: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Played:
    """A role that some head has, with its heads, the best first."""

    role: RoleInfo
    chip: Chip
    players: tuple[Player, ...]

    @property
    def own(self) -> tuple[Player, ...]:
        """Its heads but those for which it is told beside another role."""
        return tuple(one for one in self.players if self.role.name not in one.head.beside)

    @property
    def title(self) -> str:
        """Its title, with the roles that are the same in all its heads: "first token, also CLS"."""
        return (
            f"{self.role.title}, also {', '.join(self.with_it)}"
            if self.with_it
            else self.role.title
        )

    @property
    def with_it(self) -> tuple[str, ...]:
        """The titles of the roles that are one fact with it in all its heads."""
        every = [[also.title for also in one.also] for one in self.own]
        return tuple(name for name in every[0] if all(name in names for names in every))

    @property
    def anchor(self) -> str:
        """The role's place on a page: `role-self`, `cross-role-self`."""
        name = re.sub("[^a-z0-9]+", "-", self.role.name.lower()).strip("-")
        return f"{self.players[0].head.attention}-role-{name}".lstrip("-")

    @property
    def strength(self) -> tuple[bool, float]:
        """Whether the role is beyond doubt, and the lift of its best head."""
        best = (self.own or self.players)[0]
        return self.supported > 0, best.score.lift or 0.0

    @property
    def judged(self) -> bool:
        """Whether its heads have a verdict: without one they are what the text shows."""
        return self.players[0].score.verdict is not None

    @property
    def supported(self) -> int:
        """How many of its heads have it beyond doubt."""
        return sum(player.score.verdict == "supported" for player in self.players)


@dataclass(frozen=True, slots=True)
class Layer:
    """The heads of one layer, each with the roles that it has."""

    number: int
    rows: tuple[tuple[HeadReport, tuple[Player, ...]], ...]
    chips: tuple[Chip, ...]


class Tables:
    """The heads and roles of one report, looked up by number and name."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self._roles: Mapping[str, RoleInfo] = {role.name: role for role in report.roles}
        self._heads = {(head.layer, head.head): head for head in report.heads}

    @property
    def played(self) -> tuple[Played, ...]:
        """The roles that some head has, in the order of the report."""
        return tuple(
            Played(role, chip(role), tuple(self._players(role)))
            for role in self.report.roles
            if role.shown
        )

    @property
    def sections(self) -> tuple[tuple[str, tuple[Played, ...]], ...]:
        """The roles by family, but for those that are the same as another in every head.

        Families in the order of the palette's legend.
        """
        return _by_family([one for one in self.played if one.own or not one.role.same_as])

    @property
    def families(self) -> tuple[tuple[str, tuple[Played, ...]], ...]:
        """The roles that are told, each fact once, by family."""
        return _by_family([one for one in self.played if one.own])

    @property
    def in_order(self) -> tuple[Played, ...]:
        """The roles that are told, family by family."""
        return tuple(one for _, played in self.families for one in played)

    @property
    def unplayed(self) -> tuple[tuple[RoleInfo, Player | None], ...]:
        """The roles that were measured and no head has, each with the head that comes closest.

        Roles between words are left out: they have a table of their own.
        """
        between = {row.role for row in self.report.relations}
        return tuple(
            (role, self._closest(role))
            for role in self.report.roles
            if not role.shown and not role.absent and role.name not in between
        )

    @property
    def absent(self) -> tuple[tuple[str, tuple[RoleInfo, ...]], ...]:
        """The roles that could not be measured, by the reason."""
        reasons: dict[str, list[RoleInfo]] = {}
        for role in self.report.roles:
            if role.absent and not role.shown:
                reasons.setdefault(_clause(role.absent), []).append(role)
        return tuple((reason, tuple(roles)) for reason, roles in reasons.items())

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All heads, layer by layer."""
        ordered = sorted(self.report.heads, key=lambda head: (head.layer, head.head))
        return tuple(
            self._layer(number, tuple(heads))
            for number, heads in groupby(ordered, key=lambda head: head.layer)
        )

    def title(self, role: str) -> str:
        """The words for a role's name; the name itself where it is unknown."""
        return self._roles[role].title if role in self._roles else role

    def against(self, baseline: str) -> str:
        """What a score had to beat, in words."""
        return title_of(baseline) if baseline else "–"

    def rivals(self, role: RoleInfo) -> str:
        """Everything that a role's score must beat, chance first, in words."""
        *first, last = map(self.against, dict.fromkeys(("chance", *role.baselines)))
        return f"{', '.join(first)} and {last}" if first else last

    def _layer(self, number: int, heads: tuple[HeadReport, ...]) -> Layer:
        rows = tuple((head, tuple(self._roles_of(head))) for head in heads)
        seen = {player.role.name: player.chip for _, players in rows for player in players}
        return Layer(number, rows, tuple(seen[role] for role in self._roles if role in seen))

    def _roles_of(self, head: HeadReport) -> Iterable[Player]:
        known = (self._roles[name] for name in head.told if name in self._roles)
        return (self._player(head, role) for role in known)

    def _players(self, role: RoleInfo) -> Iterable[Player]:
        heads = (self._heads.get(place) for place in role.shown)
        return (self._player(head, role) for head in heads if head and role.name in head.roles)

    def _player(self, head: HeadReport, role: RoleInfo) -> Player:
        score = head.roles[role.name]
        also = tuple(
            Also(self.title(name), head.roles[name].score) for name in head.with_role(role.name)
        )
        return Player(head, role, chip(role), score, self.against(score.against), also)

    def _closest(self, role: RoleInfo) -> Player | None:
        scored = [
            self._player(head, role)
            for head in self.report.heads
            if role.name in head.roles and head.roles[role.name].score is not None
        ]
        return max(scored, key=_lead, default=None)


def strongest(played: Sequence[Played], most: int) -> tuple[Played, ...]:
    """At most so many roles, those whose best heads are furthest above chance, in their order."""
    ranked = sorted(played, key=lambda one: one.strength, reverse=True)[:most]
    return tuple(one for one in played if one in ranked)


def _by_family(played: Sequence[Played]) -> tuple[tuple[str, tuple[Played, ...]], ...]:
    order = list(FAMILIES)
    ranked = sorted(played, key=lambda one: order.index(_family(one.role)))
    grouped = groupby(ranked, key=lambda one: _family(one.role))
    return tuple((family, tuple(roles)) for family, roles in grouped)


def chip(role: RoleInfo) -> Chip:
    """The role's mark, as figures have it."""
    colour = FAMILIES[_family(role)]
    return Chip(role.letter, colour, ink_on(colour), role.title)


def _family(role: RoleInfo) -> str:
    return role.family if role.family in FAMILIES else "none"


def _clause(sentence: str) -> str:
    """A sentence as the part of another one that follows a colon."""
    bare = sentence.strip().removesuffix(".")
    return bare[:1].lower() + bare[1:]


def _lead(player: Player) -> float:
    """By how much a score beats its baseline, as surely as we know."""
    score = player.score
    if score.margin_low is not None:
        return score.margin_low
    return (score.score or 0.0) - (score.baseline or score.chance or 0.0)
