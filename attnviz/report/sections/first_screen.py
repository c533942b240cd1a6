"""The first screen: what stands out, the map of all heads, and a sentence in which it is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report.cells import Chip, Head, chip, head
from attnviz.report.numbers import number
from attnviz.report.sections import (
    examples,
    findings,
    head_map,
    how_to_read,
    maps,
    prediction,
)
from attnviz.report.sections.sentences import Step, scale_steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.figures.picture import Picture
    from attnviz.report.head_profiles import Example, HeadReport
    from attnviz.report.model import Finding, Report, RoleInfo
    from attnviz.report.sections.examples import Stretch

SEEN = 2
"""Sentences in which findings are seen."""

SHORT = 32
"""A sentence of more tokens is taken only where there is no shorter one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A sentence in which a finding is seen: shaded by what one token gives the others.

    `asking` are the tokens of the target in cross-attention, whose `tokens` are the source's.
    """

    head: Head
    chip: Chip
    does: str
    sentence: str
    anchor: str
    asking: tuple[Stretch, ...]
    tokens: tuple[Stretch, ...]
    says: str


@dataclass(frozen=True, slots=True)
class FirstScreen:
    """What a reader learns first.

    `said` is what the model says of its sentences, in a few lines. `pictures` are the maps as
    files, for formats that show these.
    """

    findings: findings.Findings
    said: tuple[str, ...]
    maps: tuple[head_map.HeadMap, ...]
    map_says: str
    pictures: tuple[Picture, ...]
    seen: tuple[Seen, ...]
    seen_says: str
    scale: tuple[Step, ...]
    how_to_read: how_to_read.HowToRead


def of(report: Report, pictures: Sequence[Picture] = ()) -> FirstScreen:
    """The first screen of the whole report."""
    head_maps = tuple(made for part in report.every_part if (made := head_map.of(part)))
    seen = _seen(report)
    return FirstScreen(
        findings.of(report),
        tuple(prediction.lines(report)),
        head_maps,
        head_map.says(report),
        tuple(
            picture
            for part in report.every_part
            if (picture := maps.of_roles(pictures, part.attention))
        ),
        seen,
        "Sentences that show it clearly. The boxed token looks; the stronger a shade, the more of "
        "its attention a token gets; underlined is what the finding names. Shades:",
        scale_steps(report) if seen else (),
        how_to_read.of(report),
    )


def _seen(report: Report) -> tuple[Seen, ...]:
    """Sentences for the first finding about a role, and for the first that is more particular."""
    able = [
        (finding, shown)
        for finding in report.findings
        if finding.first and finding.role and (shown := _example(report, finding))
    ]
    ranked = [*able[:1], *(each for each in able[1:] if not _general(report, each[0]))]
    return tuple(_as_seen(report, *each) for each in ranked[:SEEN])


def _role(part: Report, finding: Finding) -> RoleInfo:
    return next(role for role in part.roles if role.name == finding.role)


def _general(report: Report, finding: Finding) -> bool:
    return _role(findings.part_of(report, finding), finding).family in {"sink", "shape"}


def _example(report: Report, finding: Finding) -> tuple[HeadReport, Example] | None:
    """A readable sentence in which the best head that has any shows the role."""
    part = findings.part_of(report, finding)
    for best in (part.head(*place) for place in finding.heads):
        shows = [
            each
            for each in best.examples
            if each.role == finding.role and each.shows == "most" and each.target
        ]
        if shows:
            sink = _role(part, finding).family == "sink"
            return best, min(shows, key=lambda each: _unclear(each, sink=sink))
    return None


def _unclear(example: Example, *, sink: bool) -> tuple[bool, bool, bool]:
    """What makes an example less fit to show a role, the worst first.

    The first token of a causal model sees itself alone, and what is given to the first token of
    any sentence may be rest and no role, unless the role is about a `sink`.
    """
    first = example.target == (0,) and not example.asking and not sink
    return example.queries == (0,), first, len(example.tokens) > SHORT


def _as_seen(report: Report, finding: Finding, shown: tuple[HeadReport, Example]) -> Seen:
    best, example = shown
    part = findings.part_of(report, finding)
    role = _role(part, finding)
    text = examples.in_full(example, report.options.scale)
    drawn = {view.id for view in part.illustrations}
    anchor = f"{part.attention}-sentence-{example.sentence}".lstrip("-")
    return Seen(
        head(best),
        chip(role),
        role.does,
        f"Sentence {example.sentence}",
        anchor if example.sentence in drawn else "",
        text.asking,
        text.tokens,
        f"{examples.query(example)} gives {number(example.mass)} of its attention to "
        f"{examples.target(example)}{_next(example, role, best.roles[role.name].variant)}.",
    )


def _next(example: Example, role: RoleInfo, variant: str) -> str:
    """Of a head that looks for the word that is written next: which that is."""
    asks = [at for at, token in enumerate(example.asking) if token.query]
    if not role.ahead or variant != role.ahead or not asks or asks[-1] + 1 >= len(example.asking):
        return ""
    following = example.asking[asks[-1] + 1].label.text
    return f", for the next word, “{following}”"
