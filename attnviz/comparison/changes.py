"""What became of roles: kept, moved to other heads, lost, or gained.

A head has a role where its verdict is `supported`. Verdicts on either side of their bound may
differ by chance, so a head counts as having lost or gained a role only where its score surely
differs, by the bounds that hold for all heads, roles and statistics at once. A head without a
counterpart is held against the head that has most of the role on the other side: if even that
surely has less, no head there has it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from attnviz.comparison.records import ChangeKind, HeadDifference, HeadMatch, RoleChange, RoleHead
from attnviz.drawing.settings import head_name
from attnviz.evidence.rules import PROBE
from attnviz.measurement.probed import InductionHead, ProbeScore
from attnviz.measurement.stream import Head
from attnviz.report.enough import lacking
from attnviz.report.model import Report
from attnviz.shape import Attention

_UNSURE = "verdicts differ, but scores do not for certain"


@dataclass(frozen=True)
class _Holders:
    """The heads that have a role on one side, and the one with the highest score.

    `perhaps` tells which may have it on more evidence, and how much it has; `absent` says why the
    role could not be measured there, if it could not.
    """

    heads: tuple[RoleHead, ...] = ()
    perhaps: str = ""
    absent: str = ""
    closest: RoleHead | None = None

    @property
    def places(self) -> tuple[Head, ...]:
        """Where they are, the best first."""
        return tuple(head.place for head in self.heads)


class _Sure(NamedTuple):
    """By how much a score surely differs, 0 for nothing sure; and what would make it sure."""

    difference: float
    otherwise: str = ""


@dataclass(frozen=True)
class _Pairs:
    """Heads and their counterparts, and what is sure of their scores in a role.

    `best` is that of the head with the highest score before and the one with the highest after.
    """

    counterparts: Mapping[Head, Head]
    scores: Mapping[Head, _Sure] = field(default_factory=dict)
    best: _Sure | None = None

    @property
    def back(self) -> dict[Head, Head]:
        """The heads before, by their counterparts."""
        return {after: before for before, after in self.counterparts.items()}

    def moved(self, before: Head | None) -> float:
        """By how much the score of a head, by its place before, surely differs."""
        sure = None if before is None else self.scores.get(before)
        return sure.difference if sure else 0.0


def role_changes(
    before: Report,
    after: Report,
    matches: Sequence[HeadMatch],
    differences: Sequence[HeadDifference],
    attention: Attention = "",
    best: Mapping[str, HeadDifference] | None = None,
) -> list[RoleChange]:
    """What became of every role of one stream that some head has on either side.

    `before` and `after` are the parts of reports about it; `matches` and `differences` are its
    own, `best` by role those of the heads that have most of it on either side, where heads have no
    counterparts. Roles that are one fact with another on both sides are told by that one.
    """
    best = best or {}
    counterparts = {match.before: match.after for match in matches}
    scores: dict[str, dict[Head, _Sure]] = {}
    for each in differences:
        scores.setdefault(each.role, {})[each.head] = _sure(each)
    names = dict.fromkeys(info.name for report in (before, after) for info in report.roles)
    told = [name for name in names if not (_same(name, before) and _same(name, after))]
    changes = []
    for name in told:
        of = best.get(name)
        sure = None if of is None else _sure(of)
        pairs = _Pairs(counterparts, scores.get(name, {}), sure)
        changes.append(
            _change(name, _holders(name, before), _holders(name, after), pairs, attention)
        )
    return _told_once([change for change in changes if change is not None], before, after)


def _told_once(changes: Sequence[RoleChange], before: Report, after: Report) -> list[RoleChange]:
    """The changes, with the role that tells those that are one fact with it in all their heads."""
    kinds = {change.role: change.kind for change in changes}
    told = []
    for change in changes:
        leads = [
            report.head(*head.place).beside.get(change.role, "")
            for report, heads in ((before, change.before), (after, change.after))
            for head in heads
        ]
        same = all(kinds.get(lead) == change.kind for lead in leads)
        told.append(replace(change, same_as=leads[0]) if same else change)
    return told


def _sure(each: HeadDifference) -> _Sure:
    if each.certain:
        return _Sure(each.difference or 0.0)
    if each.certain is None or not each.difference:
        return _Sure(0.0)
    if each.needed is None:
        return _Sure(0.0, f"; {each.sentences:,} sentences are by far not enough to tell")
    return _Sure(0.0, f"; it would take about {each.needed:,} sentences, not {each.sentences:,}")


def induction_change(
    before: Report, after: Report, matches: Sequence[HeadMatch]
) -> RoleChange | None:
    """The same of induction on repeated random tokens, whose draws are no sentences.

    A head's score surely differs there where its two 95% intervals do not meet.
    """
    sides = [_probed(report) for report in (before, after)]
    counterparts = {match.before: match.after for match in matches}
    scores = [
        {(head.layer, head.head): head.prefix_matching for head in report.induction.heads}
        if report.induction
        else {}
        for report in (before, after)
    ]
    moved = {
        mine: _probes_differ(scores[0].get(mine), scores[1].get(other))
        for mine, other in counterparts.items()
    }
    best = _probes_differ(*(max(of.values(), key=_probe_score, default=None) for of in scores))
    return _change(PROBE, sides[0], sides[1], _Pairs(counterparts, moved, best), "")


def _probe_score(of: ProbeScore) -> float:
    return of.score or 0.0


def _probes_differ(old: ProbeScore | None, new: ProbeScore | None) -> _Sure:
    """By how much two scores differ whose intervals do not meet."""
    if old is None or new is None or None in (old.low, old.high, new.low, new.high):
        return _Sure(0.0)
    apart = (new.low or 0.0) > (old.high or 0.0) or (old.low or 0.0) > (new.high or 0.0)
    return _Sure((_probe_score(new) - _probe_score(old)) * apart)


def _same(role: str, report: Report) -> bool:
    """Whether a role is told by another there, or isn't there."""
    return all(info.same_as for info in report.roles if info.name == role)


def _holders(role: str, report: Report) -> _Holders:
    info = next((info for info in report.roles if info.name == role), None)
    if info is None:
        return _Holders(absent="nothing there was measured of it")
    heads = []
    for place in info.heads:
        head = report.head(*place)
        score, leads = head.roles[role], head.beside.get(role, "")
        if score.verdict == "supported":
            heads.append(RoleHead(place, score.score, score.low, score.high, leads))
    perhaps = [
        head
        for head in report.heads
        if role in head.roles
        and head.roles[role].verdict in ("tentative", None)
        and head.roles[role].score is not None
    ]
    told = ""
    if perhaps:
        likely = max(perhaps, key=lambda head: head.roles[role].score or 0.0)
        lacks = lacking(likely.roles[role], report.options.evidence)
        told = f"{head_name(likely.layer, likely.head)} may have it, with {lacks}"
    return _Holders(tuple(heads), told, _clause(info.absent), _closest(role, report))


def _closest(role: str, report: Report) -> RoleHead | None:
    """The head with the highest score."""
    scores = {
        (head.layer, head.head): head.roles[role] for head in report.heads if role in head.roles
    }
    known = {place: score for place, score in scores.items() if score.score is not None}
    if not known:
        return None
    place = max(known, key=lambda each: known[each].score or 0.0)
    return RoleHead(place, known[place].score, known[place].low, known[place].high)


def _clause(sentence: str) -> str:
    """A sentence as the part of another one that follows a colon."""
    bare = sentence.strip().removesuffix(".")
    return bare[:1].lower() + bare[1:]


def _probed(report: Report) -> _Holders:
    if report.induction is None:
        return _Holders(absent=_clause(report.no_induction or "no repeated tokens were measured"))
    heads = tuple(map(_probed_head, report.induction.supported))
    most = max(map(_probed_head, report.induction.heads), key=_amount, default=None)
    return _Holders(heads, closest=most)


def _probed_head(head: InductionHead) -> RoleHead:
    score = head.prefix_matching
    return RoleHead((head.layer, head.head), score.score, score.low, score.high)


def _amount(of: RoleHead) -> float:
    return of.score or 0.0


def _change(
    role: str, before: _Holders, after: _Holders, pairs: _Pairs, attention: Attention
) -> RoleChange | None:
    """What became of one role; None where no head has it on either side."""
    if not (before.heads or after.heads):
        return None
    back = pairs.back
    stay = [place for place in before.places if pairs.counterparts.get(place) in after.places]
    left = tuple(place for place in before.places if place not in stay and pairs.moved(place) < 0)
    joined = tuple(
        place
        for place in after.places
        if back.get(place) not in stay and pairs.moved(back.get(place)) > 0
    )
    alone = [place for place in before.places if place not in pairs.counterparts]
    alone += [place for place in after.places if place not in back]
    closest = None
    if before.heads and after.heads:
        kind, reason = _on_both(stay, left, joined, alone)
    else:
        kind, reason = _on_one(before, after, pairs)
        closest = (after if before.heads else before).closest if alone else None
    return RoleChange(
        role, kind, before.heads, after.heads, left, joined, reason, closest, attention=attention
    )


def _on_both(
    stay: Sequence[Head], left: Sequence[Head], joined: Sequence[Head], alone: Sequence[Head]
) -> tuple[ChangeKind, str]:
    """What happened to a role that heads have before and after, and what makes it unclear."""
    if left and joined:
        return "moved", ""
    if stay:
        return "kept", ""
    return ("both", "") if alone else ("unclear", _UNSURE)


def _on_one(before: _Holders, after: _Holders, pairs: _Pairs) -> tuple[ChangeKind, str]:
    """Whether a role that heads have on one side only is surely lost or gained, and if not why."""
    gone = bool(before.heads)
    has, lacks = (before, after) if gone else (after, before)
    when = "after" if gone else "before"
    if lacks.absent:
        return "unclear", f"{when}, it could not be measured: {lacks.absent}"
    if lacks.perhaps:
        return "unclear", f"{when}, {lacks.perhaps}"
    top = has.places[0]
    mine = top if gone else pairs.back.get(top)
    alone = mine is None or mine not in pairs.counterparts
    sure = (pairs.best if alone or mine is None else pairs.scores.get(mine)) or _Sure(0.0)
    if (sure.difference < 0) if gone else (sure.difference > 0):
        return ("lost" if gone else "gained"), ""
    return "unclear", _UNSURE + sure.otherwise
