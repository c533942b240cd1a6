"""What changed, in plain words: roles first, then heads, the largest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from attnviz.comparison.records import (
    Comparison,
    ComparisonFinding,
    HeadDifference,
    HeadMatch,
    RoleChange,
    RoleHead,
)
from attnviz.drawing.settings import head_name
from attnviz.evidence.rules import PROBE
from attnviz.figures.captions import listing
from attnviz.measurement.stream import Head
from attnviz.report.numbers import change as change_of
from attnviz.report.numbers import count, counted, estimate, number, telling

HEADS = 5
"""Heads that are told one by one."""

NAMED = 6
"""Heads that are named in a sentence."""

Titles = Mapping[str, str]
"""Roles and statistics in words, by their names."""


def findings(compared: Comparison, titles: Titles) -> tuple[ComparisonFinding, ...]:
    """The sentences of a comparison; one that says so where nothing surely changed."""
    return (
        *_of_roles(compared, ("lost", "moved", "gained"), titles),
        *_in_both(compared, titles),
        *_unmatched(compared),
        *_permuted(compared.matches),
        *_overview(compared.told, compared.certain),
        *_of_roles(compared, ("unclear",), titles),
        *_of_heads(compared.certain, titles),
    )


def _of_roles(
    compared: Comparison,
    kinds: Sequence[Literal["lost", "moved", "gained", "unclear"]],
    titles: Titles,
) -> Iterator[ComparisonFinding]:
    """What became of roles, those of a kind together."""
    labels = compared.before.label, compared.after.label
    for kind in kinds:
        for change in compared.changes:
            if change.kind == kind and not change.same_as:
                text, heads = said(change, _also(compared, titles), labels), _places(change)
                yield ComparisonFinding(kind, text, change.role, heads, change.attention)


def _in_both(compared: Comparison, titles: Titles) -> Iterator[ComparisonFinding]:
    """The roles that heads without counterparts have in both models, in one sentence."""
    titles = _also(compared, titles)
    for attention in compared.streams:
        told = [
            f"{titles.get(change.role, change.role)} ({_first(change.before)} and "
            f"{_first(change.after)})"
            for change in compared.changes
            if change.kind == "both" and change.attention == attention and not change.same_as
        ]
        if told:
            what = "role" if len(told) == 1 else "roles"
            in_both = f"In both models heads have the {attention} {what}".replace("  ", " ")
            yield ComparisonFinding("both", f"{in_both} {listing(told)}.", attention=attention)


def _also(compared: Comparison, titles: Titles) -> Titles:
    """Titles of roles with those that are one fact with them, "first token (also CLS)"."""
    also: dict[str, list[str]] = {}
    for change in compared.changes:
        if change.same_as:
            also.setdefault(change.same_as, []).append(titles.get(change.role, change.role))
    return {**titles} | {
        name: f"{titles.get(name, name)} (also {listing(others)})" for name, others in also.items()
    }


def _first(heads: Sequence[RoleHead]) -> str:
    first = leading(heads)[0]
    return f"{head_name(*first.place)} {estimate(first.score, None, None)}"


def leading(heads: Sequence[RoleHead]) -> list[RoleHead]:
    """The heads of a role, first those in which it leads, as in reports, then the others."""
    return sorted(heads, key=lambda head: bool(head.same_as))


def also(head: RoleHead, titles: Titles) -> str:
    """By which role a head is told, where that is another: " (as sentence end)"."""
    return f" (as {titles.get(head.same_as, head.same_as)})" if head.same_as else ""


def said(change: RoleChange, titles: Titles, labels: tuple[str, str] = ("", "")) -> str:
    """What became of a role, in a sentence.

    `labels` name the models, which are told apart by them where heads have no counterparts.
    """
    before, after = (_best(side, change, titles) for side in (change.before, change.after))
    title = f"{change.attention} {titles.get(change.role, change.role)}".lstrip()
    if change.closest is not None and change.kind in ("lost", "gained"):
        return _said_of_models(change, change.closest, (title, titles), labels)
    match change.kind:
        case "lost":
            return f"The role {title} is lost: before, {before}, and after, no head has it."
        case "gained":
            return f"The role {title} is new: after, {after}, and before, no head had it."
        case "moved":
            left, joined = (_names(places) for places in (change.left, change.joined))
            rest = len(change.before) - len(change.left)
            kept = f" {counted(rest, 'other head')} kept it." if rest else ""
            return f"The role {title} moved from {left} to {joined}.{kept}"
        case "kept":
            return f"The role {title} is kept: before, {before}; after, {after}."
    sides = f"before, {before or 'no head'}; after, {after or 'no head'}"
    return f"Whether the role {title} changed is unclear: {change.reason} ({sides})."


def _said_of_models(
    change: RoleChange,
    closest: RoleHead,
    named: tuple[str, Titles],
    labels: tuple[str, str],
) -> str:
    """A role that heads without counterparts have in one model: in which, and which heads.

    `named` is the role in words, and all of them.
    """
    has, lacks = labels if change.before else labels[::-1]
    (title, titles), heads = named, change.before or change.after
    least = telling(closest.score, leading(heads)[0].score)
    much = estimate(closest.score, closest.low, closest.high, least=least)
    return (
        f"The role {title} is in {has} only: {_best(heads, change, titles, least)}. In "
        f"{lacks} no head has it; {head_name(*closest.place)} comes closest, with {much}."
    )


def difference_said(each: HeadDifference, titles: Titles) -> str:
    """A difference: "previous token 0.02, before 0.83: −0.81 [−0.84, −0.78]"."""
    title = titles.get(each.role or each.measure, each.role or each.measure)
    unit = f" {each.unit}" if each.unit in ("nats", "tokens") else ""
    before, after = change_of(each.before, each.after)
    plus = "+" if (each.difference or 0.0) > 0 else ""
    much = f"{plus}{estimate(each.difference, each.low, each.high)}"
    return f"{title} {after}{unit}, before {before}: {much}"


def pair_name(attention: str, before: Head, after: Head) -> str:
    """A head and its counterpart: "L5H3", or "L5H3 (after, L5H7)"."""
    name = f"{attention} {head_name(*before)}".lstrip()
    return name if before == after else f"{name} (after, {head_name(*after)})"


def _places(change: RoleChange) -> tuple[Head, ...]:
    if change.kind == "moved":
        return change.left
    return tuple(head.place for head in change.before or change.after)


def _best(heads: Sequence[RoleHead], change: RoleChange, titles: Titles, least: int = 0) -> str:
    """The best head with its score, "L5H3 with 0.83 [0.79, 0.86]", and how many more.

    The score has at `least` so many decimals.
    """
    if not heads:
        return ""
    best = leading(heads)[0]
    more = f", and {counted(len(heads) - 1, 'more head')}" if heads[1:] else ""
    where = " on repeated random tokens" if change.role == PROBE else ""
    much = estimate(best.score, best.low, best.high, least=least)
    return f"{head_name(*best.place)} with {much}{where}{also(best, titles)}{more}"


def _names(places: Sequence[Head]) -> str:
    names = [head_name(*place) for place in places[:NAMED]]
    if len(places) > NAMED:
        names.append(f"{count(len(places) - NAMED)} more")
    return listing(names)


def _unmatched(compared: Comparison) -> Iterator[ComparisonFinding]:
    """How many heads have no counterpart, and how alike counterparts have to be."""
    sides = compared.before.label, compared.after.label
    for attention, bound in compared.bounds.items():
        many = sum(match.attention == attention for match in compared.matches)
        alone = [
            [place for name, place in side if name == attention]
            for side in (compared.unmatched, compared.unmatched_after)
        ]
        if not any(alone):
            continue
        heads = [counted(many + len(side), f"{attention} head".lstrip()) for side in alone]
        has = "have" if many > 1 else "has"
        yield ComparisonFinding(
            "unmatched",
            f"{count(many) if many else 'None'} of {heads[0]} of {sides[0]} {has} a counterpart "
            f"among {heads[1]} of {sides[1]}, and only counterparts are compared one by one. They "
            f"are at most {number(bound)} unlike (0 is the same, 1.4 two at random): 19 in 20 "
            "heads are farther from the most similar of their own model.",
            heads=tuple(alone[0]),
            attention=attention,
        )


def _permuted(matches: Sequence[HeadMatch]) -> Iterator[ComparisonFinding]:
    """That heads are compared with others than those of their numbers."""
    moved = [match for match in matches if match.way == "best"]
    for attention in dict.fromkeys(match.attention for match in moved):
        pairs = [match for match in moved if match.attention == attention]
        told = [f"{head_name(*each.before)} with {head_name(*each.after)}" for each in pairs]
        more = [f"{count(len(told) - NAMED)} more"] if len(told) > NAMED else []
        many = counted(len(pairs), f"{attention} head".lstrip())
        yield ComparisonFinding(
            "permuted",
            f"{many} compared with the most similar after, not with the same number: "
            f"{listing(told[:NAMED] + more)}.",
            heads=tuple(match.before for match in pairs),
            attention=attention,
        )


def _overview(
    differences: Sequence[HeadDifference], sure: Sequence[HeadDifference]
) -> Iterator[ComparisonFinding]:
    """How many heads surely differ; nothing where none has a counterpart."""
    if not differences:
        return
    heads = {(each.attention, each.head) for each in differences}
    measures = {(each.role, each.measure) for each in differences if each.certain is not None}
    many, of = counted(len(heads), "head"), f"{len(measures)} roles and statistics"
    if not sure:
        if all(each.difference in (0.0, None) for each in differences):
            text = f"No difference: every number of {many} is the same."
        elif not measures:
            text = "There are too few sentences to be certain of any difference."
        else:
            text = f"No difference is certain, in any of {many} and {of}."
        yield ComparisonFinding("same", text)
        return
    differ = {(each.attention, each.head) for each in sure}
    verb = "differs" if len(differ) == 1 else "differ"
    yield ComparisonFinding(
        "overview",
        f"{count(len(differ))} of {many} surely {verb} in at least one of {of}.",
        heads=tuple(dict.fromkeys(each.head for each in sure)),
    )


def _of_heads(sure: Sequence[HeadDifference], titles: Titles) -> Iterator[ComparisonFinding]:
    """The heads that changed most, each by what changed most."""
    largest: dict[tuple[str, Head], HeadDifference] = {}
    for each in sure:
        largest.setdefault((each.attention, each.head), each)
    for each in [*largest.values()][:HEADS]:
        name = pair_name(each.attention, each.head, each.head_after)
        text = f"{name}: {difference_said(each, titles)}."
        yield ComparisonFinding("head", text, each.role, (each.head,), each.attention)
