"""Sums over groups of tokens, in an order that is the same on every device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from attnviz.attention.transfer import to_device
from attnviz.attention.words import Groups


@dataclass(frozen=True, eq=False)
class Grouping:
    """Sums over groups of places, the first place of each, then the second, and so on.

    `steps` hold the groups that have so many places, None for all, and the place of each, both
    [sentence, group]; groups that a sentence lacks, or that have fewer, count with a `factor` of 0.
    No matrix of places and groups is made, and on a GPU the order of adding is always the same.
    """

    steps: tuple[tuple[Tensor | None, Tensor, Tensor], ...]

    @classmethod
    def of(cls, groups: Sequence[Groups], device: torch.device, *, mean: bool = False) -> Grouping:
        """From the places of each group of each sentence; `mean`: means, not sums."""
        width = max(map(len, groups))
        sizes = np.zeros((len(groups), width), np.int64)
        for row, of_sentence in enumerate(groups):
            sizes[row, : len(of_sentence)] = [len(group) for group in of_sentence]
        steps = []
        for step in range(sizes.max(initial=0)):
            chosen = np.flatnonzero((sizes > step).any(0))
            place, factor = np.zeros((2, len(groups), len(chosen)))
            for row, of_sentence in enumerate(groups):
                for at, group in enumerate(chosen.tolist()):
                    if step < sizes[row, group]:
                        place[row, at] = of_sentence[group][step]
                        factor[row, at] = 1.0 / sizes[row, group] if mean else 1.0
            steps.append(
                (
                    None if step == 0 and len(chosen) == width else to_device(chosen, device),
                    to_device(place.astype(np.int64), device),
                    to_device(factor.astype(np.float32), device),
                )
            )
        return cls(tuple(steps))

    def of_one(self, sentence: int) -> Grouping:
        """The groups of one sentence."""
        here = slice(sentence, sentence + 1)
        return Grouping(
            tuple((chosen, place[here], factor[here]) for chosen, place, factor in self.steps)
        )

    def __call__(self, numbers: Tensor, groups: int) -> Tensor:
        """Sums of `numbers` [sentence, head, row, place]: [sentence, head, row, group]."""
        total: Tensor | None = None
        for chosen, place, factor in self.steps:
            index = place[:, None, None].expand(*numbers.shape[:3], -1)
            part = numbers.gather(-1, index).mul_(factor[:, None, None])
            if chosen is None:
                total = part
                continue
            if total is None:
                total = numbers.new_zeros(*numbers.shape[:3], groups)
            total[..., chosen] += part
        return numbers.new_zeros(*numbers.shape[:3], groups) if total is None else total
