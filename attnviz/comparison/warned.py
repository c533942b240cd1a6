"""The warnings of a comparison, each once, those first that concern the largest share of the text.

A warning is a sentence that holds its numbers: "1,356 of 2,363 content tokens", "2 sentences".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from attnviz.report.model import Report

_PART = re.compile(r"([\d,]+) of ([\d,]+)")
_SENTENCES = re.compile(r"([\d,]+) sentences?\b")

WITHOUT = 0.1
"""What names no share of the text stands between what concerns more of it and less."""


def warnings(
    compared: Sequence[str], reports: Sequence[Report], labels: Sequence[str]
) -> tuple[str, ...]:
    """Those of comparisons and those of models, with the label of the model if not all have it."""
    weights = dict.fromkeys(compared, WITHOUT)
    models: dict[str, list[str]] = {}
    for report, label in zip(reports, labels, strict=True):
        for warning in report.warnings:
            weight = share(warning, report.input.sentences)
            weights[warning] = max(weights.get(warning, 0.0), weight)
            models.setdefault(warning, []).append(label)

    def told(warning: str) -> str:
        whose = models.get(warning, [])
        of_all = not whose or len(whose) == len(labels)
        return warning if of_all else f"{', '.join(whose)}: {warning}"

    return tuple(told(each) for each in sorted(weights, key=lambda each: -weights[each]))


def share(warning: str, sentences: int) -> float:
    """The share of a text of so many sentences that a warning concerns, as far as it says so."""
    if part := _PART.search(warning):
        some, whole = (_number(group) for group in part.groups())
        return some / whole if whole else 0.0
    if many := _SENTENCES.search(warning):
        return _number(many.group(1)) / max(sentences, 1)
    return WITHOUT


def _number(digits: str) -> float:
    return float(digits.replace(",", "") or 0)
