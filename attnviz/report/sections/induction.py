"""Induction on repeated random tokens: which heads match prefixes, and do they copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.baselines.known import title_of
from attnviz.report.cells import (
    Column,
    Linked,
    Table,
    baselines,
    column,
    head_cells,
    linker,
    plain,
    scores,
)
from attnviz.report.numbers import counted, estimate, exact, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.measurement.probed import InductionHead
    from attnviz.report.model import Report

TITLE = "Induction on repeated random tokens"
SHOWN = 10
"""Supported heads that get a row."""

RUNNING = "induction"
"""The role that is the same attention in running text."""

READING = (
    "Brackets hold the 95% interval over the draws: how far other random tokens would move the "
    "score. As all repeats are of one length, a head that always looks so far back matches "
    "prefixes too; its score in running text, where copies stand anywhere, tells it apart."
)
_LATER = " This model sees later copies too; only earlier ones count."
_NO_LOGITS = {
    True: "the way from these heads to the logits is not known",
    False: "the model has no logits of a next token",
}


@dataclass(frozen=True, slots=True)
class Induction:
    """What heads do on repeated random tokens.

    Where it was not measured there is only `reason`; `copying` and `reading` are about the `table`.
    """

    title: str
    reason: str
    measured: str
    copying: str
    supported: Linked
    reading: str
    table: Table | None


def of(report: Report) -> Induction | None:
    """That of the whole model; None where it has not been asked for."""
    if report.attention or not (report.induction or report.no_induction):
        return None
    return Induction(
        TITLE,
        report.no_induction,
        _measured(report),
        _copying(report),
        linker(report)(_supported(report)),
        READING,
        _table(report, report.induction.supported[:SHOWN]) if report.induction else None,
    )


def _table(report: Report, shown: Sequence[InductionHead]) -> Table | None:
    """The best supported heads, with their role in running text, where that was measured."""
    if not shown:
        return None
    heads = [report.head(each.layer, each.head) for each in shown]
    columns = [
        Column("Head", "heads", [head_cells(head) for head in heads]),
        Column("Prefix matching", "score", scores(each.prefix_matching for each in shown)),
        Column("Chance", "number", column(each.prefix_matching.chance for each in shown)),
        baselines([(each.baseline, title_of(each.against)) for each in shown]),
    ]
    if any(each.copying for each in shown):
        columns += [
            Column("Copying", "interval", scores(each.copying for each in shown)),
            Column("Lifted (chance)", "number", [plain(_lifted(each)) for each in shown]),
        ]
    running = [head.roles.get(RUNNING) for head in heads]
    if any(running):
        columns.append(Column("Running text", "interval", scores(running)))
    return Table(columns)


def _measured(report: Report) -> str:
    """What is measured, in two sentences, and a third on what each number means."""
    probe = report.induction
    if probe is None:
        return ""
    seen = "" if report.model.causal else _LATER
    return (
        f"{counted(probe.draws, 'draw')} of {probe.tokens} random tokens from the model's own "
        f"vocabulary (seed {report.options.seed}), each draw {probe.repeats} times over: nothing "
        "but the repetition says what comes next. Prefix matching is the share of attention that "
        "a token which occurred before gives to the tokens that followed its earlier copies, and "
        f"the mark of an induction head (Olsson et al. 2022).{seen}"
    )


def _copying(report: Report) -> str:
    """What copying is, beside its chance; or that it was not measured."""
    probe = report.induction
    if probe is None:
        return ""
    if not any(head.copying for head in probe.heads):
        return (
            "Copying, whether a head makes the tokens that it attends to likelier, was not "
            f"measured: {_NO_LOGITS[report.model.causal]}."
        )
    return (
        "Copying says whether the head by itself raises the logits of the tokens that it attends "
        "to: at 1 it raises no others, at −1 only others, and 0 is chance, all tokens of the draw "
        "raised alike (the ratio of Olsson et al. 2022, its odds held against those of chance). "
        "Lifted is the share of queries for which it lifts what they attend to above the mean of "
        "the draw, and in brackets the share for a token of the draw at random."
    )


def _supported(report: Report) -> str:
    """How many heads match prefixes, and by which rule; of none, which comes closest."""
    probe = report.induction
    if probe is None:
        return ""
    many, of = len(probe.supported), counted(len(probe.heads), "head")
    rule = (
        "the lower bound of prefix matching − baseline, the strongest of uniform attention, "
        f"duplicate token and previous token, exceeds {exact(probe.margin)}"
    )
    if many:
        verb = "is" if many == 1 else "are"
        rest = f" Here are the best {SHOWN}, the others in report.json." if many > SHOWN else ""
        return f"{many} of {of} {verb} supported: {rule}.{rest}"
    best = probe.ranked[0]
    prefix = best.prefix_matching
    return (
        f"None of {of} is supported; the highest prefix matching is that of "
        f"L{best.layer}H{best.head}, {estimate(prefix.score, prefix.low, prefix.high)} against "
        f"{title_of(best.against)} {number(best.baseline)} + {exact(probe.margin)}."
    )


def _lifted(of_head: InductionHead) -> str:
    """The share of queries whose attended token is lifted, with that of chance: "0.98 (0.47)"."""
    lifted = of_head.lifted
    if lifted is None or lifted.score is None:
        return number(None)
    share = estimate(lifted.score, lifted.low, lifted.high)
    return f"{share} ({number(lifted.chance)})"
