"""The nearest mention before with the same head word."""

from __future__ import annotations

from attnviz.baselines.baseline import Baseline
from attnviz.baselines.mentions import nearest
from attnviz.text.types import Annotation


def _word(annotation: Annotation, head: int) -> str:
    return annotation.forms[head].casefold()


BASELINE = Baseline(
    name="same word",
    title="same word",
    about="From the head word of each mention to the nearest before it that is the same word.",
    formula="share of words whose right word that is, capitals and small letters alike",
    order=100,
    arcs=nearest(_word),
)
