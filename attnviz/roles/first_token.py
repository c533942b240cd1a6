"""A token that looks at the first position, whatever stands there."""

import numpy as np

from attnviz.attention.targets import KeyTarget
from attnviz.roles.masks import content
from attnviz.roles.role import TargetRole
from attnviz.text.types import Tokens


def _target(tokens: Tokens) -> KeyTarget:
    place = np.arange(len(tokens))
    return KeyTarget(queries=content(tokens) & (place > 0), keys=place == 0)


ROLE = TargetRole(
    name="first-token",
    title="first token (sink)",
    family="sink",
    letter="F",
    order=141,
    does="rests on the first token",
    about="Each token looks at position 0: an attention sink, often a way to do nothing.",
    formula="S_i = {0}, i >= 1",
    source="Xiao et al. 2023; Gu et al. 2024",
    margin=0.3,
    target=_target,
)
