"""A single head as formats print it: its roles in order, how far it looks, at what, examples."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from attnviz.evidence.examples import EACH, PLAYS
from attnviz.report.numbers import MINUS, count, counted, estimate, exact, number, percent
from attnviz.report.sentences import shade
from attnviz.report.tables import Chip, Tables, chip

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attnviz.report.model import HeadReport, Report, RoleInfo, RoleScore
    from attnviz.report.profiles import Example, Kind, Looked, LooksAt, ShownToken
    from attnviz.text.types import TokenLabel

NEAR = 3
"""Roles that a head has not, but comes nearest to, that are told with all their numbers."""

KINDS = 4
"""Parts of speech, and as many relations, that are named of a head."""

NAMED = 2
"""Tokens of a target that are named."""

LEAST = 0.01
"""Tokens that a query looks at with a smaller weight are not named."""

FAINT = 8
"""Shades below this, in hundredths, are not drawn."""

LISTED = 24
"""Roles whose examples are told in a line each."""

TITLE = "Examples"
LINES = (
    "Of the best head of each role the sentence where the role shows most and the one where it "
    "shows least, by score − chance, and in each the query that does."
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One role of a head with its score, and what that is held against."""

    role: RoleInfo
    chip: Chip
    score: RoleScore
    against: str
    also: tuple[str, ...] = ()

    @property
    def lead(self) -> float | None:
        """By how much the score beats its baseline, as surely as we know; None if unknown."""
        one = self.score
        if one.margin_low is not None or one.score is None or one.baseline is None:
            return one.margin_low
        return one.score - one.baseline

    @property
    def short(self) -> float:
        """How much is missing to pass."""
        return float("inf") if self.lead is None else self.role.margin - self.lead


@dataclass(frozen=True, slots=True)
class Bar:
    """The share of attention at an offset, and of uniform attention there, both in percent.

    `height` and `tick` are the same in hundredths of the head's tallest bar.
    """

    label: str
    own: str
    uniform: str
    height: int
    tick: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an example: a token, or several that are not marked, as one text.

    `shade` in hundredths; `space`: a space stands before it.
    """

    text: str
    shade: int = 0
    query: bool = False
    target: bool = False
    special: bool = False
    space: bool = True

    @property
    def plain(self) -> bool:
        """Whether nothing marks it."""
        return not (self.shade or self.query or self.target or self.special)


@dataclass(frozen=True, slots=True)
class Told:
    """One example: its tokens, and what they show in words."""

    example: Example
    asking: tuple[Piece, ...]
    tokens: tuple[Piece, ...]
    where: str
    says: str


class Portraits:
    """The heads of one report, one by one."""

    def __init__(self, report: Report) -> None:
        self._report, self._tables = report, Tables(report)

    @property
    def any(self) -> bool:
        """Whether there is anything to tell of a head but its scores."""
        return any(head.offsets or head.looks_at or head.examples for head in self._report.heads)

    def measured(self, head: HeadReport) -> tuple[list[Measured], list[Measured], list[Measured]]:
        """All roles measured: those that are told of the head, those nearest to it, the others."""
        every = [
            Measured(
                role,
                chip(role),
                score,
                self._tables.against(score.against),
                tuple(self._also(head, name) for name in head.with_role(role.name)),
            )
            for role in self._report.roles
            if (score := head.roles.get(role.name)) is not None and score.score is not None
            if role.name not in head.beside
        ]
        order = {name: place for place, name in enumerate(head.told)}
        has = sorted((o for o in every if o.role.name in order), key=lambda o: order[o.role.name])
        rest = sorted(
            (one for one in every if one.role.name not in order),
            key=lambda one: (one.short, one.role.name),
        )
        near = [one for one in rest if one.score.verdict is not None][:NEAR]
        return has, near, [one for one in rest if one not in near]

    def _also(self, head: HeadReport, role: str) -> str:
        """A role that is one fact with another, in words with its score."""
        score = head.roles[role]
        said = estimate(score.score, score.low, score.high)
        return f"{self._tables.title(role)} {said} against {number(score.baseline)}"

    def nearly(self, one: Measured) -> str:
        """A role that a head has not, with all its numbers."""
        score = one.score
        return (
            f"{one.role.title} {estimate(score.score, score.low, score.high)} against "
            f"{one.against} {number(score.baseline)}, lower bound {number(one.lead)} of "
            f"{exact(one.role.margin)}"
        )

    def none(self, head: HeadReport) -> str:
        """What to say of a head that has no role; "" of others."""
        if head.shown:
            return ""
        _, near, rest = self.measured(head)
        measured = counted(len([*near, *rest]), "role")
        if not near:
            return f"Of the {measured} measured none is above chance by more than its margin here."
        return f"It has none of the {measured} measured."

    def bars(self, head: HeadReport) -> list[Bar]:
        """How far the head looks: a bar for each offset, and one for all beyond on either side."""
        found = head.offsets
        if found is None:
            return []
        last = found.first + len(found.own) - 1
        shares = [(_offset(found.first + k), *both) for k, both in enumerate(_both(head))]
        if found.first < 0:
            shares.insert(0, (f"<{_offset(found.first)}", *found.before))
        if last > 0:
            shares.append((f">{_offset(last)}", *found.after))
        most = max(max(own, uniform) for _, own, uniform in shares) or 1.0
        return [
            Bar(
                label,
                _hundredths(own),
                _hundredths(even),
                round(100 * own / most),
                round(100 * even / most),
            )
            for label, own, even in shares
        ]

    def looks(self, head: HeadReport) -> list[tuple[str, str]]:
        """What its words look at, as paragraphs: what they are about, and what they say."""
        found = head.looks_at
        if found is None or not found.words:
            return []
        return [
            (f"{name} of the word looked at most", f"{says}.")
            for name, says in (
                ("Part of speech", _kinds(found.parts_of_speech)),
                ("Relation", _relations(found)),
            )
            if says
        ]

    def examples(self, head: HeadReport) -> list[tuple[RoleInfo, Chip, list[Told]]]:
        """The examples of each role that has any, in the order of its roles."""
        by_role: dict[str, list[Told]] = defaultdict(list)
        for one in head.examples:
            by_role[one.role].append(self._told(one))
        infos = {role.name: role for role in self._report.roles}
        return [
            (infos[name], chip(infos[name]), by_role[name])
            for name in head.told
            if name in by_role and name in infos
        ]

    def untold(self, head: HeadReport) -> str:
        """The roles of a head that have no examples, for those of other heads are shown."""
        told = {one.role for one in head.examples}
        names = [self._tables.title(name) for name in head.told if name not in told]
        return f"No examples of {', '.join(names)}: other heads show more." if names else ""

    def _told(self, one: Example) -> Told:
        scale = self._report.options.scale
        return Told(
            one, _pieces(one.asking, scale), _pieces(one.tokens, scale), _where(one), _says(one)
        )


def reading(report: Report) -> str:
    """How the block of a head is to be read, once for all heads."""
    says = (
        "Each head has a profile below its layer: all roles with the lower bound of score − "
        "baseline, which must exceed the role's margin; how far it looks, against uniform "
        "attention"
    )
    if any(head.looks_at for head in report.heads):
        says += "; what the word looked at most is, against a random other word that is seen"
    return (
        f"{says}; and for its roles the sentences where they show most and least, by score − "
        f"chance, up to {EACH} each among those of readable length and several events. In each, "
        "one query is boxed, its target underlined, and every token shaded by the weight that the "
        f"query gives it. At most {PLAYS} pairs of a head and a role have examples, the best head "
        "of each role first."
    )


def lines(report: Report) -> list[str]:
    """A line for each of the first roles: examples of its best head."""
    found = []
    for role in report.roles:
        own = (report.head(*place) for place in role.shown)
        for head in islice((head for head in own if role.name in head.told), 1):
            ends = {one.shows: one for one in reversed(head.examples) if one.role == role.name}
            if told := [ends[end] for end in ("most", "least") if end in ends]:
                says = " ".join(
                    f"{one.shows.capitalize()}: {_where(one)} {_says(one)}" for one in told
                )
                found.append(f"{role.title}, {head.name}. {says}")
    return found[:LISTED]


def _both(head: HeadReport) -> Iterable[tuple[float, float]]:
    found = head.offsets
    return zip(found.own, found.uniform, strict=True) if found else ()


def _offset(value: int) -> str:
    return f"{MINUS if value < 0 else ''}{abs(value)}"


def _hundredths(share: float) -> str:
    """A share in whole percent, for a narrow bar."""
    return "<1" if 0 < share < 0.005 else f"{round(100 * share)}"


def _kinds(kinds: Sequence[Kind]) -> str:
    return ", ".join(f"{one.name} {_against(one)}" for one in kinds[:KINDS])


def _relations(found: LooksAt) -> str:
    says = ", ".join(f"{one.to} {_against(one)}" for one in found.tree)
    named = ", ".join(f"{one.to} by {one.name} {_against(one)}" for one in found.relations[:KINDS])
    return f"{says}; {named}" if named else says


def _against(one: Kind) -> str:
    times = counted(round(one.count), "time")
    return f"{percent(one.share)} (at random {percent(one.base)}; {times})"


def _pieces(tokens: Sequence[ShownToken], scale: str) -> tuple[Piece, ...]:
    """The tokens in order, runs without a mark joined; gaps as an ellipsis."""
    found: list[Piece] = []
    for at, one in enumerate(tokens):
        if at and one.place != tokens[at - 1].place + 1:
            found.append(Piece("…"))
        piece = _piece(one, scale)
        if found and found[-1].plain and piece.plain:
            space = " " if piece.space else ""
            found[-1] = Piece(f"{found[-1].text}{space}{piece.text}", space=found[-1].space)
        else:
            found.append(piece)
    return tuple(found)


def _piece(one: ShownToken, scale: str) -> Piece:
    dark = shade(one.weight, scale)
    return Piece(
        one.label.text,
        dark if dark >= FAINT else 0,
        one.query,
        one.target,
        one.label.special,
        not one.label.piece,
    )


def _where(one: Example) -> str:
    return (
        f"sentence {one.sentence}, {number(one.score)} against chance {number(one.chance)} "
        f"on {counted(one.events, 'event')}."
    )


def _says(one: Example) -> str:
    query = _quoted([token.label for token in (*one.asking, *one.tokens) if token.query])
    hit = any(set(best.places) <= set(one.target) for best in one.looked[:1])
    most = _listed(one.looked, ", which is right" if one.between and hit else "")
    if one.between:
        right = "" if hit else f"; right is {_target(one)} {number(one.mass)}"
        return f"{query} {most}{right}."
    if one.target:
        instead = "" if hit else f"; it {most}"
        return f"{query} puts {number(one.mass)} on {_target(one)}{instead}."
    return f"{query} scores {number(one.mass)}; it {most}."


def _listed(looked: Sequence[Looked], aside: str) -> str:
    """The first, and the others as far as they have a share worth naming."""
    if not looked:
        return "looks at nothing"
    first, *others = (f"{_quoted(one.labels)} {number(one.weight)}" for one in looked)
    told = others[: sum(one.weight >= LEAST for one in looked[1:])]
    return f"looks most at {first}{aside}{', then ' * bool(told)}{', '.join(told)}"


def _target(one: Example) -> str:
    """The tokens that the query should look at, those first that it looks at most."""
    shown = [token for token in one.tokens if token.target]
    if one.between:
        words: list[list[TokenLabel]] = []
        for token in shown:
            if words and token.label.piece:
                words[-1].append(token.label)
            else:
                words.append([token.label])
        return " or ".join(map(_quoted, words))
    ranked = sorted(shown, key=lambda token: -token.weight)[:NAMED]
    says = ", ".join(_quoted([token.label]) for token in ranked)
    more = len(one.target) - len(ranked)
    return f"{says} and {count(more)} more" if more else says


def _quoted(labels: Sequence[TokenLabel]) -> str:
    """A token in quotes, or those of a word joined."""
    text = "".join(label.text for label in labels[:1])
    for label in labels[1:]:
        text += label.text.removeprefix("##") if label.piece else f" {label.text}"
    return f"“{text}”"
