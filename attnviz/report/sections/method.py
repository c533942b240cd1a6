"""How it was measured: scores, baselines, intervals, verdicts, formulas and sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.attention.limits import SORTED
from attnviz.evidence.bootstrap import FEWEST
from attnviz.evidence.rules import USUAL
from attnviz.report import whole
from attnviz.report.cells import Column, Table, Text, Verdict, padded, texts, verdict
from attnviz.report.numbers import count, counted, exact
from attnviz.report.sections.findings import SCORES
from attnviz.report.sections.roles import CHANCE, units
from attnviz.report.sections.sentences import rollout
from attnviz.report.sections.streams import TITLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.report.model import Report, RoleInfo, StatisticInfo

_BASELINES = (
    "The baseline is the strongest thing that the score must beat. The positional profile is the "
    "head's own mean attention by offset, fitted on one half of the sentences and scored on the "
    "other: a role that it explains is a matter of position. Permuted positions are the head's "
    "own rows, each shuffled. Other words like it are as long, on the same side of the query, and "
    "not what the role is about. A role named as baseline is a simpler account of the same "
    "attention."
)
_BASELINES_OF_FEW = {
    "other segment": (
        "The other segment at the same distance is what the head would put on its own text of a "
        "pair if it gave it what it gives the other text at the same distance, both relative to "
        "what the head's habit of distance leads to expect in that row; fitted on one half of the "
        "sentences and scored on the other. Distances at which the other text is never found are "
        "laid to distance."
    ),
    "diagonal": (
        "The words beside it are those right before or after the aligned one, in turn: a head that "
        "looks at the same part of the sentence, whichever word, puts as much there."
    ),
}
"""Baselines of few roles, told where one of these was measured."""

_STATISTICS = (
    "Of each head, the mean over content tokens, pooled over sentences as a ratio of sums. The "
    f"Gini coefficient is taken on at most {SORTED} content queries of each sentence, evenly "
    "spread, every other statistic on all."
)
_TARGETS = (
    "S_i is the set of keys that token i would look at; j runs over the keys, a_ij is the "
    "attention from i to j."
)


@dataclass(frozen=True, slots=True)
class Rule:
    """A verdict, and what it takes."""

    verdict: Verdict
    takes: str


@dataclass(frozen=True, slots=True)
class Method:
    """How everything was measured; `unusual` and `similarity` are "" where there is nothing."""

    title: str
    scores: str
    chance: str
    baselines: str
    unit: str
    intervals: str
    rollout: str
    verdicts: tuple[Rule, ...]
    unusual: str
    similarity: str
    targets: str
    roles: Table
    statistics_say: str
    statistics: Table


def of(report: Report) -> Method:
    """The method of the whole report."""
    return Method(
        "How it was measured",
        SCORES,
        CHANCE,
        _baselines(report),
        _unit(report),
        _intervals(report),
        rollout(report),
        _verdicts(report),
        _unusual(report),
        _similarity(report),
        _TARGETS,
        _roles(whole.roles(report)),
        _STATISTICS,
        _statistics(whole.statistics(report)),
    )


def _roles(every: Sequence[RoleInfo]) -> Table:
    return Table(
        (
            Column("Role", "name", [Text(role.title, code=role.name) for role in every]),
            texts("Target", "formula", (role.formula for role in every)),
            Column("Margin", "number", padded([exact(role.margin) for role in every])),
            texts("Source", "source", (role.source for role in every)),
        )
    )


def _statistics(every: Sequence[StatisticInfo]) -> Table:
    return Table(
        (
            Column("Statistic", "name", [Text(each.title, note=each.unit) for each in every]),
            texts("Formula", "formula", (each.formula for each in every)),
            texts("What it tells", "about", (each.about for each in every)),
            texts("Source", "source", (each.source for each in every)),
        )
    )


def _verdicts(report: Report) -> tuple[Rule, ...]:
    """Each verdict, and what it takes."""
    least = report.options.evidence
    takes = {
        "supported": (
            "the simultaneous 95% lower bound of score − best baseline, over all heads and "
            "roles (max-T), exceeds the role's margin; it does so on both halves of the "
            f"sentences; and it rests on at least {counted(least.sentences, 'sentence')} and "
            f"{counted(least.events, 'event')}."
        ),
        "tentative": "it passes the same test with less evidence.",
        "no": "it does not pass.",
        "": (
            f"no verdict: fewer than {FEWEST} different {units(report)} have an event, too few for "
            "an interval."
        ),
    }
    return tuple(Rule(verdict(name), says) for name, says in takes.items())


def _baselines(report: Report) -> str:
    """What the baselines are, so far as this report has them."""
    asked = [role for part in report.every_part for role in part.roles if not role.absent]
    named = {name for role in asked for name in role.baselines}
    rest = [says for name, says in _BASELINES_OF_FEW.items() if name in named]
    return " ".join((_BASELINES, *rest))


def _unusual(report: Report) -> str:
    """What a verdict took that was set for this report; "" where all was as usual."""
    rules = report.options.evidence
    changed = [
        f"{name} at least {used} instead of {usual}"
        for name, used, usual in (
            ("sentences", rules.sentences, USUAL.sentences),
            ("events", rules.events, USUAL.events),
        )
        if used != usual
    ]
    changed += [
        f"{margin.role} {exact(margin.margin)} instead of {exact(margin.default)}"
        for margin in rules.margins
    ]
    if not changed:
        return ""
    return f"Set for this report, by the names of roles: {'; '.join(changed)}."


def _intervals(report: Report) -> str:
    """How the intervals were made."""
    options, resampled = report.options, units(report)
    return (
        f"95% intervals come from a bootstrap over {resampled}: "
        f"{count(options.resamples)} resamples, seed {options.seed}. They are moved for skewness "
        f"(BCa, Efron 1987) and widened by Student's t where {resampled} are few; those of roles "
        "between words are Wilson's, for as many independent events as vary that much over "
        f"{resampled}. Score − baseline is resampled in pairs, and its lower bound holds for all "
        "heads and roles at once."
    )


def _unit(report: Report) -> str:
    """What is resampled, and what a score is pooled over."""
    documents = report.input.documents
    known = f", of which there are {count(documents)}: sentences of one are alike"
    return (
        f"The {'document' if documents else 'sentence'} is the unit of evidence"
        f"{known if documents else ''}. Each score is a ratio of sums over sentences, so that a "
        "long sentence counts for more than a short one. Special tokens are never queries, unless "
        "a role names them."
    )


def _similarity(report: Report) -> str:
    """How heads were compared, in each stream."""
    methods = [
        f"{TITLES[part.attention]}: {part.similarity.method}".removeprefix(": ")
        for part in report.every_part
        if part.similarity
    ]
    if not methods:
        return ""
    return (
        "How far apart two heads are is the root of the mean Jensen-Shannon divergence between "
        f"their rows. {' '.join(methods)}"
    )
