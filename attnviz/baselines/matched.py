"""What a head puts on keys that are like the role's own in number and place."""

from __future__ import annotations

from attnviz.attention.targets import Target
from attnviz.baselines.baseline import Baseline
from attnviz.roles.role import Role, remembered
from attnviz.text.types import Tokens


def _target(role: Role, tokens: Tokens, own: Target | None) -> Target:  # noqa: ARG001 - the role has another
    if role.matched is None:
        raise TypeError(f"{role.name} has nothing that is matched with its target")
    return remembered(role.matched, tokens)


BASELINE = Baseline(
    name="matched",
    title="other words like it",
    about="Keys that are like the role's own in number and place, and not what it is about.",
    formula="the mass on the target that the role matches with its own",
    order=30,
    target=_target,
)
