"""Writes rules that pass, from what a report holds: where a model's attention is to stay."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from attnviz.drawing.settings import head_name
from attnviz.errors import NothingToAnalyseError
from attnviz.evidence.rules import PROBE
from attnviz.report.escape import harmless
from attnviz.report.model import Report
from attnviz.report.numbers import counted, estimate
from attnviz.report.scores import Estimate

APART = ("normalized_entropy", "distance")
"""Statistics that tell the heads of a layer apart, whatever roles they have."""

_DECIMALS = 3
_ROLES = 24


@dataclass(frozen=True, slots=True)
class _Written:
    """A rule as it is written: what is said above it, and its keys with their values."""

    about: str
    keys: tuple[tuple[str, object], ...]


def write(report: Report, file: str, command: str) -> str:
    """A rule file on a text file that holds of a report on it; `command` is what wrote it.

    Each role has a rule for its best head, each layer rules for the heads that have the least
    and the most entropy and distance, so that heads which change places are noticed.
    NothingToAnalyseError where sentences are too few for intervals.
    """
    rules = [rule for part in report.every_part for rule in _rules(part)]
    if not rules:
        raise NothingToAnalyseError(
            "There are too few sentences for intervals, and so for rules.",
            "Give a text of five sentences at least; fifty are enough for most roles.",
        )
    model, sentences = report.model.name, counted(report.input.sentences, "sentence")
    lines = [
        f"# What {harmless(model)} does on a text of {sentences}, as rules that pass, by",
        f"# {harmless(command)}",
        "# Bounds are the ends of 95% intervals, moved outward by the width of the interval.",
        "",
        f"file = {_value(file)}",
    ]
    for rule in rules:
        lines += ["", f"# {harmless(rule.about)}", "[[rule]]"]
        lines += [f"{key} = {_value(value)}" for key, value in rule.keys]
    return "\n".join(lines) + "\n"


def _rules(part: Report) -> Iterator[_Written]:
    stream = (("stream", part.attention),) if part.attention else ()
    before = f"{part.attention} " if part.attention else ""
    for rule in (*_of_roles(part), *_of_induction(part), *_of_layers(part), *_of_groups(part)):
        (_, name), *rest = rule.keys
        yield _Written(rule.about, (("name", f"{before}{name}"), *rest, *stream))


def _of_roles(part: Report) -> Iterator[_Written]:
    """The best head of each role that some head has beyond doubt, and that is told."""
    roles = [role for role in part.roles if role.heads and not role.same_as]
    for role in roles[:_ROLES]:
        name = head_name(*role.heads[0])
        score = part.head(*role.heads[0]).roles[role.name]
        if score.verdict != "supported" or score.low is None or score.high is None:
            continue
        many = f"the best of {len(role.heads)} heads" if role.heads[1:] else "the only head"
        yield _Written(
            f"{estimate(score.score, score.low, score.high)}, {many} with this role.",
            (
                ("name", f"{role.name}: {name}"),
                ("role", role.name),
                ("heads", name),
                ("gte", _outward(score.low, score.high)[0]),
            ),
        )


def _of_induction(part: Report) -> Iterator[_Written]:
    probed = part.induction.supported[:1] if part.induction else ()
    for head in probed:
        name, score = head_name(head.layer, head.head), head.prefix_matching
        if score.low is not None and score.high is not None:
            yield _Written(
                f"{estimate(score.score, score.low, score.high)} on repeated random tokens.",
                (
                    ("name", f"{PROBE}: {name}"),
                    ("role", PROBE),
                    ("heads", name),
                    ("gte", _outward(score.low, score.high)[0]),
                ),
            )


def _of_layers(part: Report) -> Iterator[_Written]:
    """The heads of each layer that have the least and the most of some statistics."""
    for layer in dict.fromkeys(head.layer for head in part.heads):
        for statistic in APART:
            means = [
                (mean, head.head)
                for head in part.heads
                if head.layer == layer and _is_known(mean := head.statistics.get(statistic))
            ]
            means.sort(key=lambda each: each[0].mean or 0.0)
            for what, chosen in (("least", means[:1]), ("most", means[1:][-1:])):
                for mean, head in chosen:
                    yield _of_statistic(
                        statistic, f"{what} {statistic} of layer", layer, head, mean
                    )


def _of_statistic(statistic: str, what: str, layer: int, head: int, mean: Estimate) -> _Written:
    return _Written(
        f"{estimate(mean.mean, mean.low, mean.high)}, the {what} {layer}.",
        (
            ("name", f"{what} {layer}: {head_name(layer, head)}"),
            ("statistic", statistic),
            ("heads", head_name(layer, head)),
            ("in", _outward(mean.low or 0.0, mean.high or 0.0)),
        ),
    )


def _of_groups(part: Report) -> Iterator[_Written]:
    alike = part.similarity
    if alike is None or part.spare is None or not any(_of_layers(part)):
        return
    redundant = sum(len(group.others) for group in part.spare.groups)
    for what, many in (("redundant", redundant), ("collapsed", len(alike.collapsed))):
        noun = counted(many, "layer" if what == "collapsed" else "head")
        keys = (("name", f"{what}: at most {many}"), (what, {"lte": many}))
        yield _Written(f"{noun} now.", keys)


def _is_known(mean: Estimate | None) -> TypeGuard[Estimate]:
    return mean is not None and mean.low is not None and mean.high is not None


def _outward(low: float, high: float) -> tuple[float, float]:
    """An interval made wider by its width on both sides, within what was possible before."""
    wider, step = high - low, 10**_DECIMALS
    least = math.floor((low - wider) * step) / step
    return max(least, 0.0), math.ceil((high + wider) * step) / step


def _value(value: object) -> str:
    """A value as TOML."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_value(each)}' for key, each in value.items())} }}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)
