"""The positional profile on long sentences: some rows at a time, the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.attention.targets import KeyTarget, MatchTarget, OffsetTarget, PairTarget, Target
from attnviz.baselines import positional_profile as profiles
from attnviz.baselines.positional_profile import PositionalProfile
from tests.helpers.long import HEADS
from tests.helpers.planted import Floats


def random_profile(longest: int, *, causal: bool) -> PositionalProfile:
    rng = np.random.default_rng(3)
    by_offset = rng.random((2, HEADS, 2 * longest - 1))
    if causal:
        by_offset[..., longest:] = 0.0
    by_offset[:, 0, : longest - 1] = 0.0  # a head that never looks back
    return PositionalProfile(by_offset, rng.random((2, HEADS)))


def expected_cell_by_cell(
    profile: PositionalProfile, target: Target, tokens: int, half: int
) -> Floats:
    """Each row the profile of the other half around its place, scaled to the mean row sum."""
    hit = target.part((0, tokens), (0, tokens))
    zero = profile.by_offset.shape[-1] // 2
    found = np.zeros(HEADS)
    for head in range(HEADS):
        for i in range(tokens):
            row = np.array([profile.by_offset[1 - half, head, zero + j - i] for j in range(tokens)])
            found[head] += profile.total[1 - half, head] * (row * hit[i]).sum() / row.sum()
    return found


SOME = np.arange(17) % 3 != 0
TARGETS: dict[str, Target] = {
    "keys": KeyTarget(SOME, np.isin(np.arange(17), [0, 5, 16])),
    "all keys": KeyTarget(SOME, np.ones(17, dtype=np.bool_)),
    "no keys": KeyTarget(SOME, np.zeros(17, dtype=np.bool_)),
    "offsets": OffsetTarget(SOME, (-3, -1, 0, 2)),
    "pairs": PairTarget(np.array([[0, 3], [4, 1], [4, 16], [16, 16], [9, 2]]), 17),
    "copies": MatchTarget(np.arange(17) % 4, np.arange(17) % 4),
    "earlier copies": MatchTarget(np.arange(17) % 4, np.arange(17) % 4, before=True),
}


@pytest.mark.parametrize("causal", [False, True], ids=["both-ways", "causal"])
@pytest.mark.parametrize("longest", [17, 30])
@pytest.mark.parametrize("rows", [1, 5, 16, 17, 256])
@pytest.mark.parametrize("name", TARGETS)
def test_the_profile_expects_the_same_however_many_rows_are_looked_at_together(
    monkeypatch: pytest.MonkeyPatch, *, name: str, rows: int, longest: int, causal: bool
) -> None:
    profile = random_profile(longest, causal=causal)
    monkeypatch.setattr(profiles, "_ROWS", rows)
    for half in (0, 1):
        np.testing.assert_allclose(
            profile.expect([TARGETS[name]], 17, half)[0],
            expected_cell_by_cell(profile, TARGETS[name], 17, half),
            atol=1e-9,
        )


def test_a_profile_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # Offsets -1, 0, +1 get 1/4, 1/2, 1/4. Of three tokens the first row is (2/3, 1/3, 0), the
    # second (1/4, 1/2, 1/4), the third (0, 1/3, 2/3): on the second key 1/3 + 1/2 + 1/3.
    by_offset = np.array([[[0.0, 0.25, 0.5, 0.25, 0.0]]] * 2)
    profile = PositionalProfile(by_offset, np.ones((2, 1)))
    second = KeyTarget(np.ones(3, dtype=np.bool_), np.array([False, True, False]))
    assert profile.expect([second], 3, 0)[0] == pytest.approx([7 / 6])
    monkeypatch.setattr(profiles, "_ROWS", 1)
    assert profile.expect([second], 3, 0)[0] == pytest.approx([7 / 6])
