"""Probing a model with repeated random tokens, from the draws to their part of the report."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from attnviz.evidence.induction import Array, Estimate, Induction, InductionKeeper
from attnviz.evidence.rules import PROBE, PROBE_MARGIN, rules
from attnviz.measurement.probed import InductionHead, InductionReport, ProbeScore
from attnviz.models import run
from attnviz.models.direct_path import direct_path
from attnviz.models.load import LoadedModel
from attnviz.models.repeated import FEWEST, REPEATS, draws
from attnviz.settings import Settings
from attnviz.text.types import Tokens


def probe(loaded: LoadedModel, settings: Settings, most: int) -> tuple[InductionReport | None, str]:
    """Runs the model over repeated random tokens, at most `most` tokens in a batch.

    Returns what its heads do there, or None and the reason in words.
    """
    if loaded.encoder_decoder:
        return None, (
            "It is defined for models that read one text, and an encoder-decoder model reads two."
        )
    found = draws(loaded, settings.seed)
    if found is None:
        return None, (
            f"The model's vocabulary or its limit has no room for {FEWEST} random tokens, "
            f"{REPEATS} times over."
        )
    if max(map(len, found)) > most:
        return None, f"{max(map(len, found))} tokens take more memory than is allowed."
    path = direct_path(loaded, found[0])
    keeper = InductionKeeper(found, None if path is None else path.logits)
    run.observe(loaded, found, [keeper], kernel=settings.kernel, most=most)
    margin = rules(settings.evidence).margin(PROBE, PROBE_MARGIN)
    judged = keeper.found(settings.resamples, settings.seed, margin)
    return report(judged, found, margin), ""


def report(
    found: Induction, drawn: Sequence[Tokens], margin: float = PROBE_MARGIN
) -> InductionReport:
    """What was found on the draws, as plain data; `margin` is what made "supported"."""
    chance = found.baselines["chance"]
    nothing = np.zeros(len(found.heads))  # what copying is at chance
    return InductionReport(
        draws=found.draws,
        tokens=int(drawn[0].content.sum()) // REPEATS,
        repeats=REPEATS,
        queries=found.queries,
        margin=margin,
        heads=tuple(
            InductionHead(
                layer=layer,
                head=head,
                prefix_matching=_score(found.prefix_matching, chance, place),
                baseline=_number(found.baselines[found.against[place]][place]),
                against=found.against[place],
                margin_low=_number(found.margin.low[place]),
                copying=_maybe(found.copying, nothing, place),
                lifted=_maybe(found.lifted, found.lifted_chance, place),
                verdict=found.verdicts[place],
            )
            for place, (layer, head) in enumerate(found.heads)
        ),
    )


def _maybe(of: Estimate | None, chance: Array | None, place: int) -> ProbeScore | None:
    return None if of is None or chance is None else _score(of, chance, place)


def _score(of: Estimate, chance: Array, place: int) -> ProbeScore:
    return ProbeScore(*(_number(one[place]) for one in (of.score, of.low, of.high, chance)))


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
