"""The strangest sentences of a corpus, each with what is unlike the usual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report.cells import Linked, linker
from attnviz.report.numbers import counted, number
from attnviz.report.watched import head_name
from attnviz.text.showable import in_short

if TYPE_CHECKING:
    from attnviz.report.model import Report
    from attnviz.report.monitoring import StrangeSentence, Unlike

TITLE = "Strangest sentences"
UNLIKE = 3
"""Numbers that are told of each; report.json has more."""

SAYS = (
    "The sentences whose attention is the furthest from the usual, of all that were measured. "
    "They may be another language, code, tables, repetitions or damage; that attention is unusual "
    "does not say that anything is wrong."
)
READING = (
    "How far is the root mean square of standard deviations off the mean, over all heads and over "
    "roles (score less chance) and statistics, none of them counted for more than 5; the usual is "
    "that of the pilot's sentences of like length. About 1 is usual. Beside it stand the numbers "
    "that are the furthest off, each of another measure, with the usual mean ± standard deviation. "
    "Equal sentences are listed once."
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in short, where it stands, how far it is off, and what is unlike the usual."""

    text: str
    place: str
    distance: str
    against: str
    unlike: tuple[Linked, ...]


@dataclass(frozen=True, slots=True)
class Strange:
    """The sentences, the strangest first."""

    title: str
    says: str
    reading: str
    sentences: tuple[Sentence, ...]


def of(report: Report) -> Strange | None:
    """The strangest sentences; None where none were looked for."""
    if not report.strangest:
        return None
    return Strange(
        TITLE, SAYS, READING, tuple(_sentence(report, each) for each in report.strangest)
    )


def _sentence(report: Report, of: StrangeSentence) -> Sentence:
    titles = {role.name: role.title for role in report.roles} | {
        statistic.name: statistic.title for statistic in report.statistics
    }
    linked = linker(report)
    return Sentence(
        text=of.text,
        place=f"{in_short(of.source)}, line {of.line}",
        distance=number(of.distance),
        against=f"{counted(of.tokens, 'token')}, held against sentences {_lengths(*of.lengths)}",
        unlike=tuple(linked(_unlike(each, titles)) for each in of.unlike[:UNLIKE]),
    )


def _lengths(least: int | None, most: int | None) -> str:
    if least is None:
        return "of any length" if most is None else f"of up to {most} tokens"
    return f"of {least} tokens or more" if most is None else f"of {least} to {most} tokens"


def _unlike(of: Unlike, titles: dict[str, str]) -> str:
    usual = f"usually {number(of.mean)} ± {number(of.deviation)}"
    name = titles.get(of.measure, of.measure)
    return f"{head_name(*of.head)} {name} {number(of.value)}, {usual}"
