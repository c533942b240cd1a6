"""Probes a model with repeated random tokens, and makes the induction section's data of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from attnviz.evidence.prefix_matching import Array, Estimate, Induction, judge_induction
from attnviz.evidence.rules import PROBE, PROBE_MARGIN, rules
from attnviz.measurement.probed import InductionHead, InductionReport, ProbeScore
from attnviz.models import run
from attnviz.models.direct_path import direct_path
from attnviz.models.load import LoadedModel
from attnviz.models.repeated import FEWEST, REPEATS, draws
from attnviz.observers.repeats import InductionKeeper
from attnviz.settings import Settings
from attnviz.text.types import Tokens


def probe(loaded: LoadedModel, settings: Settings, most: int) -> tuple[InductionReport | None, str]:
    """Runs the model over repeated random tokens, at most `most` tokens in a batch.

    Returns the results, or None and the reason in words.
    """
    if loaded.encoder_decoder:
        return None, (
            "It is defined for models that read one text, and an encoder-decoder model reads two."
        )
    texts = draws(loaded, settings.seed)
    if texts is None:
        return None, (
            f"The model's vocabulary or its limit has no room for {FEWEST} random tokens, "
            f"{REPEATS} times over."
        )
    if max(map(len, texts)) > most:
        return None, f"{max(map(len, texts))} tokens take more memory than is allowed."
    path = direct_path(loaded, texts[0])
    keeper = InductionKeeper(texts, None if path is None else path.logits)
    run.observe(loaded, texts, [keeper], kernel=settings.kernel, most=most)
    margin = rules(settings.evidence).margin(PROBE, PROBE_MARGIN)
    judged = judge_induction(keeper.table(), settings.resamples, settings.seed, margin)
    return report(judged, texts, margin), ""


def report(
    induction: Induction, drawn: Sequence[Tokens], margin: float = PROBE_MARGIN
) -> InductionReport:
    """The results on the draws as plain data; `margin` is the one that "supported" takes."""
    chance = induction.baselines["chance"]
    no_copying = np.zeros(len(induction.heads))  # copying at chance
    return InductionReport(
        draws=induction.draws,
        tokens=int(drawn[0].content.sum()) // REPEATS,
        repeats=REPEATS,
        queries=induction.queries,
        margin=margin,
        heads=tuple(
            InductionHead(
                layer=layer,
                head=head,
                prefix_matching=_score(induction.prefix_matching, chance, place),
                baseline=_number(induction.baselines[induction.against[place]][place]),
                against=induction.against[place],
                margin_low=_number(induction.margin.low[place]),
                copying=_maybe(induction.copying, no_copying, place),
                lifted=_maybe(induction.lifted, induction.lifted_chance, place),
                verdict=induction.verdicts[place],
            )
            for place, (layer, head) in enumerate(induction.heads)
        ),
    )


def _maybe(estimate: Estimate | None, chance: Array | None, place: int) -> ProbeScore | None:
    return None if estimate is None or chance is None else _score(estimate, chance, place)


def _score(estimate: Estimate, chance: Array, place: int) -> ProbeScore:
    maps = (estimate.score, estimate.low, estimate.high, chance)
    return ProbeScore(*(_number(values[place]) for values in maps))


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
