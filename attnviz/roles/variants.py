"""What is scored of roles: each of them, or each candidate of those that choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attnviz.attention.targets import Target
from attnviz.roles.role import Role
from attnviz.text.types import Tokens


@dataclass(frozen=True)
class RoleVariant:
    """One thing that is scored: a role, or one candidate of a role that chooses."""

    role: Role
    variant: str = ""

    def target(self, tokens: Tokens, keys: Tokens | None = None) -> Target | None:
        """The target on a sentence, None where the role has no targets.

        `keys` is what cross-attention looks at.
        """
        return self.role.target_on(tokens, keys, self.variant)


def variants_of(roles: Sequence[Role]) -> tuple[RoleVariant, ...]:
    """Every variant of the roles on tokens, in the order of the roles."""
    return tuple(RoleVariant(role, variant) for role in roles for variant in role.columns)


def single_variants(roles: Sequence[Role]) -> tuple[RoleVariant, ...]:
    """The roles on tokens that have one target."""
    return variants_of([role for role in roles if not (role.shape or role.chooses)])
