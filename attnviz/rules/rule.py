"""A rule as plain data: on what text, of which heads, what must hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from attnviz.drawing.settings import Lens, Stream
from attnviz.rules.bounds import Bounds
from attnviz.rules.heads import Heads
from attnviz.text.merge import Pieces

TokenClass = Literal["content", "special", "punctuation", "first"]
GroupName = Literal["redundant", "collapsed", "uniform"]
Case = Mapping[str, str]
"""What stands in a template's braces, by name."""


@dataclass(frozen=True, slots=True)
class TokenSet:
    """Tokens that are not named one by one: those of a class, or those that a role looks at."""

    tokens: TokenClass | None = None
    role: str | None = None

    def __str__(self) -> str:
        return f"{self.tokens} tokens" if self.tokens else f"what {self.role} looks at"


Chosen = str | int | tuple[str | int, ...] | TokenSet
"""Words by name, tokens by their places from 0, several of these, or a set of tokens."""


@dataclass(frozen=True, slots=True)
class Rival:
    """Another target, which must get less, and by how much."""

    to: Chosen
    by: float = 0.0


@dataclass(frozen=True, slots=True)
class Mass:
    """The attention from tokens to tokens in a sentence; `source` None is all content tokens."""

    to: Chosen
    source: Chosen | None = None
    more_than: tuple[Rival, ...] = ()
    lens: Lens = "all"
    pieces: Pieces | None = None


@dataclass(frozen=True, slots=True)
class RoleOf:
    """A role's score; or, with `count`, how many heads have the role beyond doubt.

    `verdict` is the least that a head's verdict must be.
    """

    role: str
    verdict: Literal["supported", "tentative"] | None = None
    count: bool = False


@dataclass(frozen=True, slots=True)
class StatisticOf:
    """A statistic's mean."""

    statistic: str


@dataclass(frozen=True, slots=True)
class GroupOf:
    """How many heads are redundant or near uniform, or how many layers have heads all alike."""

    group: GroupName


Subject = Mass | RoleOf | StatisticOf | GroupOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What a rule is tested on: texts of its own, a template's, or a file's sentences.

    `targets` are what a decoder reads with them, `target_file` a file of these.
    """

    texts: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    file: str = ""
    target_file: str = ""
    template: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule; `line` is where it stands in its file. One that isn't `critical` only warns."""

    name: str
    subject: Subject
    bounds: Bounds
    text: Text
    heads: Heads = field(default_factory=Heads)
    stream: Stream = "auto"
    critical: bool = True
    line: int = 0

    @property
    def asked(self) -> str:
        """What must hold, in words."""
        subject, bounds = self.subject, str(self.bounds)
        match subject:
            case Mass():
                wanted = [bounds] if bounds else []
                wanted += [
                    f"more than to {said(rival.to)}{f' by {rival.by:g}' if rival.by else ''}"
                    for rival in subject.more_than
                ]
                source = "content tokens" if subject.source is None else said(subject.source)
                return f"{source} to {said(subject.to)} {' and '.join(wanted)} {self.heads}"
            case RoleOf(count=True):
                return f"heads with the role {subject.role} {bounds}"
            case RoleOf():
                verdict = f"{subject.verdict} " if subject.verdict else ""
                return " ".join(f"{verdict}{subject.role} {bounds} {self.heads}".split())
            case StatisticOf():
                return f"{subject.statistic} {bounds} {self.heads}"
            case GroupOf(group="collapsed"):
                return f"collapsed layers {bounds}"
        return f"{subject.group} heads {bounds}"


def said(chosen: Chosen) -> str:
    """Chosen tokens in words."""
    match chosen:
        case str():
            return f"“{chosen}”"
        case int():
            return f"token {chosen}"
        case tuple():
            return " and ".join(map(said, chosen))
    return str(chosen)
