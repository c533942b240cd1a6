"""The positional profile: what a head's habit of looking k tokens away explains by itself.

A head's profile is its mean attention at each offset j - i. Attention to a target that the
profile alone accounts for is no sign that the head looks at the target for what it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from attnviz.attention.targets import KeyTarget, Target
from attnviz.baselines.baseline import Array, Baseline, Kept
from attnviz.baselines.convolution import convolved
from attnviz.measurement.pilot import Fit
from attnviz.roles.role import SELF
from attnviz.text.types import Tokens

_ROWS = 256
"""Rows that are looked at together; in longer sentences sums over keys are convolutions."""

_CELLS = 2**21
"""Cells of targets, by query and offset, that are summed together."""


@dataclass(frozen=True)
class PositionalProfile:
    """Mean attention by offset for each half: `by_offset` [half, head, 2 n - 1], 0 at n - 1.

    `total` [half, head] is the mean row sum, less than 1 where a sink logit takes mass.
    """

    by_offset: Array
    total: Array
    _scales: dict[tuple[int, int], Array] = field(default_factory=dict, init=False, repr=False)

    def expect(self, targets: Sequence[Target], tokens: int, half: int) -> Array:
        """Mass on each target if a head followed its profile of the *other* half, [target, head].

        The targets are of sentences of so many tokens. Each row is the profile around its own
        place, scaled to the head's mean row sum over the sentence's keys; summed over the
        target's queries.
        """
        if tokens > _ROWS:
            return np.stack([self._expect_long(target, tokens, half) for target in targets])
        step = max(1, _CELLS // (2 * tokens * tokens))
        parts = range(0, len(targets), step)
        return np.concatenate(
            [self._expect_short(targets[at : at + step], tokens, half) for at in parts]
        )

    def _expect_short(self, targets: Sequence[Target], tokens: int, half: int) -> Array:
        """The same, of all targets in one product."""
        profile, scale = self.by_offset[1 - half], self._scale(tokens, 1 - half)
        zero = profile.shape[-1] // 2
        every = np.stack([target.part((0, tokens), (0, tokens)) for target in targets])
        place, query, key = every.nonzero()
        hits = np.zeros((len(targets), tokens, 2 * tokens - 1))
        hits[place, query, key - query + tokens - 1] = 1.0
        by_query = hits @ profile[:, zero - tokens + 1 : zero + tokens].T  # [target, query, head]
        masses: Array = np.einsum("tqh,hq->th", by_query, scale)
        return masses

    def _expect_long(self, target: Target, tokens: int, half: int) -> Array:
        """The same of one target without room for all its cells, [head]."""
        profile, scale = self.by_offset[1 - half], self._scale(tokens, 1 - half)
        zero = profile.shape[-1] // 2
        expected = np.zeros(len(profile))
        if isinstance(target, KeyTarget):
            near = profile[:, zero - tokens + 1 : zero + tokens]
            along = convolved(target.keys[None].astype(np.float64), near[:, ::-1])
            on_keys = along[:, tokens - 1 : 2 * tokens - 1] * scale
            return np.asarray(on_keys @ target.queries, dtype=np.float64)
        for start in range(0, tokens, _ROWS):
            stop = min(start + _ROWS, tokens)
            query, key = target.part((start, stop), (0, tokens)).nonzero()
            query += start
            for head in range(len(profile)):
                by_cell = profile[head, key - query + zero] * scale[head, query]
                expected[head] += by_cell.sum()
        return expected

    def _scale(self, tokens: int, half: int) -> Array:
        """What makes each row of so many tokens sum to the head's mean row sum, [head, query]."""
        if (tokens, half) in self._scales:
            return self._scales[tokens, half]
        profile = self.by_offset[half]
        running = np.concatenate([np.zeros((len(profile), 1)), profile.cumsum(-1)], axis=-1)
        first = profile.shape[-1] // 2 - np.arange(tokens)
        rows = running[:, first + tokens] - running[:, first]
        total = np.broadcast_to(self.total[half][:, None], rows.shape)
        scale: Array = np.divide(total, rows, out=np.zeros_like(rows), where=rows > 0)
        if tokens <= _ROWS:
            self._scales[tokens, half] = scale
        return scale


def profile_of(fit: Fit, longest: int) -> PositionalProfile:
    """The profile that was fitted, wide enough for sentences of so many tokens.

    What lies beyond the pilot's offsets is taken for the mean of the farthest eighth of them.
    """
    by_offset = fit.arrays["by_offset"]
    reach = by_offset.shape[-1] // 2
    more = longest - 1 - reach
    if more > 0:
        many = max(1, reach // 8)
        left, right = (
            np.repeat(far.mean(-1, keepdims=True), more, axis=-1)
            for far in (by_offset[..., :many], by_offset[..., -many:])
        )
        by_offset = np.concatenate([left, by_offset, right], axis=-1)
    return PositionalProfile(by_offset, fit.arrays["total"])


def expected(
    fit: Fit,
    sentences: Sequence[Tokens],
    targets: Sequence[Target],
    kept: Kept | None = None,  # noqa: ARG001 - the fit says everything
) -> Array:
    """What each head's profile alone would put on the targets, [sentence, head]."""
    profile = profile_of(fit, max(map(len, sentences), default=1))
    alike: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place, tokens in enumerate(sentences):
        alike[len(tokens), tokens.sentence.half].append(place)
    masses = np.zeros((len(sentences), profile.by_offset.shape[1]))
    for (size, half), places in alike.items():
        masses[places] = profile.expect([targets[place] for place in places], size, half)
    return masses


BASELINE = Baseline(
    name="profile",
    title="positional profile",
    about="The head's own mean attention by offset, fitted on the other half of the sentences.",
    formula="sum over i and over S_i of p(j - i) m / sum over k of p(k - i), m the mean row sum",
    order=50,
    streams=SELF,
    expect=expected,
)
