"""What each word of a drawn sentence looks at, and the heads that do something particular there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report.cells import Chip, Head, Number, chip, column, head, heading
from attnviz.report.numbers import count, counted, number
from attnviz.report.sections.shading import shade

if TYPE_CHECKING:
    from attnviz.report.looks import SentenceLooks, WordLooks
    from attnviz.report.model import Report, RoleInfo, SentenceReport

TITLE = "What each word looks at"
_TEXTS: Mapping[int | None, str] = {0: "First text", 1: "Second text"}

Segments = Sequence[int | None]
"""Of a pair, which text each token is in; empty for others."""


@dataclass(frozen=True, slots=True)
class Look:
    """A word that is looked at; `shade` in hundredths; `across`: of a pair, in the other text."""

    word: str
    weight: str
    shade: int
    across: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A word, those that it looks at most, and what stays on itself and goes to rest.

    `begins`: of a pair, which text begins with it; "" for all other words.
    """

    word: str
    looks: tuple[Look, ...]
    itself: Number
    resting: Number
    begins: str


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a sentence; `itself` is the title of that column, "" where there is none."""

    title: str
    says: str
    itself: str
    resting: str
    rows: tuple[Row, ...]
    more: str


@dataclass(frozen=True, slots=True)
class HeadSays:
    """A head that shows a role in a sentence."""

    head: Head
    chip: Chip
    says: str


def of(report: Report, sentence: SentenceReport) -> Words | None:
    """The table of one sentence; None where nothing can be said of its words."""
    looks = sentence.looks
    if looks is None or not looks.words:
        return None
    scale = report.options.scale
    itself = column(word.itself for word in looks.words)
    resting = column(word.resting for word in looks.words)
    segments = sentence.segments if sentence.pair and not sentence.keys else ()
    across = " In italics: words of the other text." if segments else ""
    return Words(
        TITLE,
        f"{_over(report, sentence, looks)} The three words that each looks at most, itself left "
        f"out, with their shares of its attention.{across}",
        "" if sentence.keys else "On itself",
        heading(_rest(report, sentence).removeprefix("the ")),
        tuple(
            Row(word.text, tuple(_looks(word, scale, segments)), own, rest, begins)
            for word, own, rest, begins in zip(
                looks.words, itself, resting, _begins(looks.words, segments), strict=True
            )
        ),
        f"The other {counted(looks.more, 'word')} of the sentence are left out."
        if looks.more > 1
        else "One more word is left out."
        if looks.more
        else "",
    )


def _looks(word: WordLooks, scale: str, segments: Segments) -> Sequence[Look]:
    return [
        Look(
            each.text,
            number(each.weight),
            shade(each.weight, scale),
            bool(segments) and segments[each.start] != segments[word.start],
        )
        for each in word.looks
    ]


def _begins(words: Sequence[WordLooks], segments: Segments) -> list[str]:
    """For each word which text of a pair begins with it, if any."""
    of = [segments[word.start] if segments else None for word in words]
    return [
        _TEXTS.get(own, "") if own != before else ""
        for own, before in zip(of, [None, *of], strict=False)
    ]


def _rest(report: Report, sentence: SentenceReport) -> str:
    """What is left out: special tokens, and in a causal model the first one."""
    special = any(sentence.special_keys or sentence.special)
    if not report.model.causal:
        return "special tokens"
    return "the first token and special ones" if special else "the first token"


def _over(report: Report, sentence: SentenceReport, looks: SentenceLooks) -> str:
    """Which heads the means are over."""
    every = looks.heads + looks.resting
    if not looks.resting:
        return (
            f"Mean over all {counted(every, 'head')}: none gives half or more of its attention to "
            "the first token or special ones."
        )
    rest = _rest(report, sentence)
    if rest == "special tokens":
        rest = "the first token and special ones"
    return (
        f"Mean over {counted(looks.heads, 'head')}. The other {count(looks.resting)} are left out: "
        f"they give half or more of their attention here to {rest}."
    )


def on_words(report: Report, sentence: SentenceReport, looks: SentenceLooks) -> str:
    """What the second shading stands for, and what was taken out."""
    what = _rest(report, sentence)
    return (
        f"The same over the {counted(looks.heads, 'head')} that give less than half of their "
        f"attention here to {what}, without that ({number(looks.removed)} of it)."
    )


def reason(sentence: SentenceReport) -> str:
    """Why nothing is said of the words; "" where it is, and of sentences that are not drawn."""
    looks = sentence.looks
    if looks is None or looks.words:
        return ""
    if looks.resting and not looks.heads:
        return (
            f"Nothing is said of single words: all {counted(looks.resting, 'head')} give half or "
            "more of their attention here to the first token and special ones."
        )
    if looks.heads or not sentence.words:
        return "Nothing is said of single words: the tokens belong to no words."
    return "Nothing is said of single words: " + (
        f"with {counted(len(sentence.tokens), 'token')} the sentence is too long for that."
        if len(sentence.tokens) > 1
        else "there is but one token."
    )


def particular(report: Report, sentence: SentenceReport) -> tuple[HeadSays, ...]:
    """The heads that show a role in the sentence, the furthest above chance first."""
    if sentence.looks is None:
        return ()
    infos = {role.name: role for role in report.roles}
    return tuple(
        HeadSays(
            head(report.head(here.layer, here.head)),
            chip(infos[here.role]),
            f"{infos[here.role].does or infos[here.role].title}: {number(here.score)} "
            f"({number(here.chance)} by chance, {_on(here.events, infos[here.role])})",
        )
        for here in sentence.looks.particular
        if here.role in infos
    )


def _on(events: int, role: RoleInfo) -> str:
    """What a score in one sentence rests on."""
    return counted(events, "token" if role.coverage is None else "word")
