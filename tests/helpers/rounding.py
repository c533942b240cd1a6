"""How far a number may be off: a small multiple of what eager float32 itself misses it by.

Both are compared with float64. A fixed bound would be one processor's: the same model is rounded
otherwise on the next, and a model with large scores is off by more than one with small scores.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

MULTIPLE = 8.0
"""How many times eager float32's own error a number may be off, on any processor.

With three sets of instructions of one processor it was 3.9 at most, over 140 architectures."""
FLOOR = 5e-7
"""Some roundings of a number around 1: eager float32 can come closer than this by luck only."""


@dataclass
class Rounding:
    """The greatest errors of some numbers, by name, and those of eager float32.

    A number that several kernels measure is named "entropy, fused"; eager's is "entropy".
    """

    errors: dict[str, float] = field(default_factory=dict)
    eager: dict[str, float] = field(default_factory=dict)

    def add(self, errors: dict[str, float], eager: dict[str, float]) -> None:
        for greatest, more in ((self.errors, errors), (self.eager, eager)):
            for name, error in more.items():
                # NumPy's maximum hides no NaN.
                greatest[name] = float(np.maximum(greatest.get(name, 0.0), error))

    @property
    def multiples(self) -> dict[str, float]:
        """Each error as a multiple of eager's."""
        return {
            name: error / max(self.eager[name.partition(",")[0]], FLOOR)
            for name, error in self.errors.items()
        }

    @property
    def greatest(self) -> tuple[str, float]:
        """The name of the greatest multiple, and it."""
        return max(self.multiples.items(), key=lambda pair: pair[1])

    def check(self) -> None:
        assert set(self.eager) == {name.partition(",")[0] for name in self.errors}
        assert all(multiple < MULTIPLE for multiple in self.multiples.values()), self.greatest
