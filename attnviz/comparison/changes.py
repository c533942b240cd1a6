"""What became of roles: kept, moved to other heads, lost, or gained.

A head has a role where its verdict is `supported`. Verdicts on either side of their bound may
differ by chance, so a head counts as having lost or gained a role only where its score surely
differs, by the bounds that hold for all heads, roles and statistics at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attnviz.comparison.records import ChangeKind, HeadDifference, HeadMatch, RoleChange, RoleHead
from attnviz.evidence.rules import PROBE
from attnviz.measurement.stream import Head
from attnviz.report.model import Report
from attnviz.shape import Attention

_UNSURE = "verdicts differ, but scores do not for certain"


@dataclass(frozen=True)
class _Holders:
    """The heads that have a role on one side; `perhaps` those that may, on more evidence.

    `absent` says why the role could not be measured there, if it could not.
    """

    heads: tuple[RoleHead, ...] = ()
    perhaps: tuple[Head, ...] = ()
    absent: str = ""

    @property
    def places(self) -> tuple[Head, ...]:
        """Where they are, the best first."""
        return tuple(head.place for head in self.heads)


def role_changes(
    before: Report,
    after: Report,
    matches: Sequence[HeadMatch],
    differences: Sequence[HeadDifference],
    attention: Attention = "",
) -> list[RoleChange]:
    """What became of every role of one stream that some head has on either side.

    `before` and `after` are the parts of reports about it; `matches` and `differences` are its
    own. Roles that are one fact with another on both sides are told by that one.
    """
    moved = {
        (each.head, each.role): (each.difference or 0.0) * bool(each.certain)
        for each in differences
        if each.role
    }
    counterparts = {match.before: match.after for match in matches}
    names = dict.fromkeys(info.name for report in (before, after) for info in report.roles)
    told = [name for name in names if not (_same(name, before) and _same(name, after))]
    changes = [
        _change(name, _holders(name, before), _holders(name, after), counterparts, moved, attention)
        for name in told
    ]
    return [change for change in changes if change is not None]


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
    moved: dict[tuple[Head, str], float] = {}
    for mine, other in counterparts.items():
        old, new = scores[0].get(mine), scores[1].get(other)
        if old and new and None not in (old.low, old.high, new.low, new.high):
            apart = (new.low or 0.0) > (old.high or 0.0) or (old.low or 0.0) > (new.high or 0.0)
            moved[mine, PROBE] = ((new.score or 0.0) - (old.score or 0.0)) * apart
    return _change(PROBE, sides[0], sides[1], counterparts, moved, "")


def _same(role: str, report: Report) -> bool:
    """Whether a role is told by another there, or isn't there."""
    return all(info.same_as for info in report.roles if info.name == role)


def _holders(role: str, report: Report) -> _Holders:
    info = next((info for info in report.roles if info.name == role), None)
    if info is None:
        return _Holders(absent="nothing there was measured of it")
    heads = []
    for place in info.heads:
        score = report.head(*place).roles[role]
        if score.verdict == "supported":
            heads.append(RoleHead(place, score.score, score.low, score.high))
    perhaps = [
        (head.layer, head.head)
        for head in report.heads
        if role in head.roles
        and head.roles[role].verdict in ("tentative", None)
        and head.roles[role].score is not None
    ]
    return _Holders(tuple(heads), tuple(perhaps), info.absent)


def _probed(report: Report) -> _Holders:
    if report.induction is None:
        return _Holders(absent=report.no_induction or "it was not measured")
    return _Holders(
        tuple(
            RoleHead(
                (head.layer, head.head),
                head.prefix_matching.score,
                head.prefix_matching.low,
                head.prefix_matching.high,
            )
            for head in report.induction.supported
        )
    )


def _change(
    role: str,
    before: _Holders,
    after: _Holders,
    counterparts: Mapping[Head, Head],
    moved: Mapping[tuple[Head, str], float],
    attention: Attention,
) -> RoleChange | None:
    """What became of one role; None where no head has it on either side.

    `moved` is by how much a head's score surely differs, by its place before; 0 for nothing sure.
    """
    if not (before.heads or after.heads):
        return None
    back = {other: mine for mine, other in counterparts.items()}
    stay = [place for place in before.places if counterparts.get(place) in after.places]
    left = tuple(
        place for place in before.places if place not in stay and moved.get((place, role), 0.0) < 0
    )
    joined = tuple(
        place
        for place in after.places
        if back.get(place) not in stay and place in back and moved.get((back[place], role), 0.0) > 0
    )
    kind, reason = _kind(before, after, stay, left, joined)
    return RoleChange(role, kind, before.heads, after.heads, left, joined, reason, attention)


def _kind(
    before: _Holders,
    after: _Holders,
    stay: Sequence[Head],
    left: Sequence[Head],
    joined: Sequence[Head],
) -> tuple[ChangeKind, str]:
    """What happened, and what makes it unclear."""
    if before.heads and after.heads:
        if left and joined:
            return "moved", ""
        return ("kept", "") if stay else ("unclear", _UNSURE)
    gone = bool(before.heads)
    has, lacks, sure = (before, after, left) if gone else (after, before, joined)
    when = "after" if gone else "before"
    if lacks.absent:
        return "unclear", f"{when}, it could not be measured: {lacks.absent}"
    if lacks.perhaps:
        return "unclear", f"{when}, there is too little evidence for a verdict on every head"
    if has.places[0] not in sure:
        return "unclear", _UNSURE
    return ("lost" if gone else "gained"), ""
