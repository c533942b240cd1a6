"""The plain words that every report says: how things were measured, and what they don't mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.report.numbers import count, number
from attnviz.report.sentences import drift

if TYPE_CHECKING:
    from attnviz.report.model import Report

SCORES = (
    "A score is the share of a head's attention that lands on the role's target, mean over "
    "queries; for roles of shape it is what their formula says. Brackets hold the 95% interval."
)
CHANCE = (
    "Chance is the score of uniform attention over the keys that are visible; "
    "lift = (score − chance) / (1 − chance)."
)
BASELINES = (
    "The baseline is the strongest thing that the score must beat. The positional profile is the "
    "head's own mean attention by offset, fitted on one half of the sentences and scored on the "
    "other: a role that it explains is a matter of position. Permuted positions are the head's "
    "own rows, each shuffled. A role named as baseline is a simpler account of the same attention."
)
SENTENCE_UNIT = (
    "The sentence is the unit of evidence. Each score is a ratio of sums over sentences, so that "
    "a long sentence counts for more than a short one. Special tokens are never queries, unless a "
    "role names them."
)
VERDICTS = (
    (
        "supported",
        (
            "the simultaneous 95% lower bound of score − best baseline, over all heads and "
            "roles (max-T), exceeds the role's margin; it does so on both halves of the "
            "sentences; and it rests on at least 50 sentences and 100 events"
        ),
    ),
    ("tentative", "it passes the same test with less evidence"),
    ("no", "it does not pass, or could not be measured"),
)


def bootstrap(report: Report) -> str:
    """How the intervals were made."""
    options = report.options
    return (
        f"95% intervals come from a bootstrap over sentences: {count(options.resamples)} "
        f"resamples, seed {options.seed}. Score − baseline is resampled in pairs, and its "
        "simultaneous bound is widened by Student's t where sentences are few (Hesterberg 2015)."
    )


def rollout(report: Report) -> str:
    """How the layers were joined."""
    if report.options.rollout_residual:
        return (
            "Rollout multiplies the layers: A_l = ½ mean over heads + ½ I, for the residual "
            "stream (Abnar & Zuidema 2020)."
        )
    return (
        "Rollout multiplies the layers' mean attention, without the residual stream "
        "(Abnar & Zuidema 2020, first variant)."
    )


def drift_says(value: float | None) -> str:
    """What a drift means for the rollout beside it."""
    if value is None:
        return ""
    says = f"The rollouts of two content tokens differ by {number(value)} on average"
    scale = "(0: all alike, 1: nothing in common)"
    close = "; they are nearly alike, so read nothing about single tokens into them"
    return f"{says} {scale}{close if value < 0.1 else ''}."


def limits(report: Report) -> tuple[tuple[str, str], ...]:
    """What a reader might take the numbers for and must not: (in short, in full)."""
    return (
        (
            "Attention shows where mass goes, not why",
            (
                "A large weight moves a value vector; what that vector does, and whether later "
                "layers use it, is not measured here."
            ),
        ),
        (
            "Sink and separator mass is often a no-op",
            (
                "A head with nothing to do parks its attention on the first token, on CLS or on "
                "SEP, whose values tend to be small. Such heads are not about those tokens."
            ),
        ),
        (
            "A role is a correlation",
            (
                "A head that attends like the role need not exist for it, and what it does on "
                "other text may differ. To learn what depends on it, intervene."
            ),
        ),
        ("Deep positions are mixtures, not words", _mixtures(report)),
        (
            "The strongest key hides near-ties",
            (
                "Confidence, and the strongest tokens that a table names, stand for one key of a "
                "row: 0.31 against 0.30 looks there like 0.90 against 0.01. The figures show both."
            ),
        ),
    )


def _mixtures(report: Report) -> str:
    says = "Above the first layer each position holds information from many tokens."
    if report.model.causal:
        says += (
            " In a causal model all rollout rows drift to token 0 with depth, whatever the words."
        )
    return f"{says} {drift_says(drift(report))}".strip()
