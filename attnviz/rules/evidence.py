"""Rules on many sentences: scores of roles, statistics and groups of heads, from a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from attnviz.drawing.settings import HeadPlace
from attnviz.evidence.rules import PROBE
from attnviz.report.enough import lacking
from attnviz.report.model import Report
from attnviz.rules.decide import Candidate
from attnviz.rules.rule import GroupOf, RoleOf, Rule, StatisticOf
from attnviz.rules.verdict import Measured


@dataclass(frozen=True, slots=True)
class Known:
    """What a report tells of one head: a mean, its interval, and its verdict if it has any."""

    place: HeadPlace
    mean: float | None
    low: float | None
    high: float | None
    verdict: Literal["supported", "tentative", "no"] | None = None
    lacks: str = ""
    """What evidence the verdict lacks."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a rule is held against; `missing` says why there is nothing."""

    candidates: tuple[Candidate, ...] = ()
    missing: str = ""


def of(rule: Rule, report: Report) -> Evidence:
    """What a report holds of what a rule asks; `report` is a part where there are several.

    UsageError for a head or a layer that isn't there.
    """
    match rule.subject:
        case GroupOf(group):
            return _group(group, report)
        case RoleOf() as subject:
            known, missing = role(subject.role, report)
            if missing:
                return Evidence(missing=missing)
            return _count(rule, known) if subject.count else _heads(rule, known)
        case StatisticOf(name):
            return _heads(rule, statistic(name, report))
    raise TypeError(rule.subject)


def _group(group: str, report: Report) -> Evidence:
    alike = report.similarity
    if alike is None:
        return Evidence(missing="heads were not compared")
    others = sum(len(each.others) for each in report.spare.groups) if report.spare else 0
    many = {"redundant": others, "collapsed": len(alike.collapsed), "uniform": len(alike.uniform)}
    number = float(many[group])
    return Evidence((Candidate(Measured("", number, number, number)),))


def role(name: str, report: Report) -> tuple[list[Known], str]:
    """What each head has of a role, and why nothing is known of it."""
    if name == PROBE:
        if report.induction is None:
            return [], report.no_induction or "induction on random tokens was not measured"
        return [
            Known((head.layer, head.head), score.score, score.low, score.high, head.verdict)
            for head in report.induction.heads
            for score in [head.prefix_matching]
        ], ""
    scores = [(head, head.roles[name]) for head in report.heads if name in head.roles]
    rules = report.options.evidence
    known = [
        Known(
            (head.layer, head.head),
            score.score,
            score.low,
            score.high,
            score.verdict,
            lacking(score, rules),
        )
        for head, score in scores
    ]
    if any(each.mean is not None for each in known):
        return known, ""
    absent = [info.absent for info in report.roles if info.name == name and info.absent]
    return [], absent[0] if absent else f"the role {name} could not be measured on this text"


def statistic(name: str, report: Report) -> list[Known]:
    """What each head has of a statistic."""
    estimates = [(head, head.statistics.get(name)) for head in report.heads]
    return [
        Known((head.layer, head.head), each.mean, each.low, each.high)
        for head, each in estimates
        if each is not None
    ]


def _heads(rule: Rule, known: Sequence[Known]) -> Evidence:
    candidates = []
    for group in rule.heads.groups([each.place for each in known]):
        members = [known[at] for at in group.members if known[at].mean is not None]
        if members:
            doubt, excluded = _by_verdict(rule, members[0]) if rule.heads.single else ("", "")
            candidates.append(Candidate(_mean(group.name, members), doubt, excluded))
    missing = "" if candidates else "nothing could be measured of these heads on this text"
    return Evidence(tuple(candidates), missing)


def _mean(name: str, members: Sequence[Known]) -> Measured:
    """The mean of heads with the mean of their bounds: an interval that is rather too wide.

    The standard error of a mean is at most the mean of the standard errors, whatever the heads have
    in common.
    """

    def mean(ends: Sequence[float | None]) -> float | None:
        there = [end for end in ends if end is not None]
        return sum(there) / len(ends) if len(there) == len(ends) else None

    number = mean([each.mean for each in members])
    low, high = mean([each.low for each in members]), mean([each.high for each in members])
    return Measured(name, number or 0.0, low, high)


def _by_verdict(rule: Rule, head: Known) -> tuple[str, str]:
    """What the verdict on a head makes doubtful, and what it excludes."""
    wanted = rule.subject.verdict if isinstance(rule.subject, RoleOf) else None
    if wanted is None or head.verdict in (wanted, "supported"):
        return "", ""
    if head.verdict == "tentative":
        return f"tentative: {head.lacks}", ""
    return "", f"whose verdict is {head.verdict}" if head.verdict else ""


def _count(rule: Rule, known: Sequence[Known]) -> Evidence:
    """How many heads have a role beyond doubt; unsure where others, that may, would matter."""
    surely = sum(each.verdict == "supported" for each in known)
    able = [each for each in known if each.mean is not None and each.verdict in ("tentative", None)]
    perhaps = len(able)
    most = surely + perhaps
    alike = {rule.bounds.hold(many, many) for many in range(surely, most + 1)}
    number = float(surely)
    if len(alike) == 1:
        return Evidence((Candidate(Measured("", number, number, number)),))
    best = max(able, key=lambda each: each.mean or 0.0)
    lacks = f": the best has {best.lacks}" if best.lacks else ""
    doubt = f"{perhaps} more may have it, on more evidence{lacks}"
    return Evidence((Candidate(Measured("", number, None, None), doubt),))
