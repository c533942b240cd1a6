"""Which tokens the one key is that a role of the shape of attention looks at."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.attention.targets import KeyTarget
from attnviz.attention.transfer import to_device
from attnviz.measurement.fixed import Ints, fixed
from attnviz.observers.handover import Handover
from attnviz.observers.totals import STRIP
from attnviz.roles.role import Role
from attnviz.roles.variants import single_variants

Floats = NDArray[np.float32]


class StripKeeper(Observer):
    """Sees which tokens the one key is that a role of shape looks at, head by head."""

    def __init__(self, roles: Sequence[Role], stream: str = "") -> None:
        self.stream = stream
        mine = [role for role in roles if stream in role.streams]
        self._shapes = [role.shape for role in mine if role.shape and role.shape.keys]
        self._columns = single_variants(mine)
        self._on: dict[tuple[int, str], NDArray[np.float64]] = {}
        self._all: dict[tuple[int, str], NDArray[np.float64]] = {}
        self._handover = Handover()

    def begin(self, batch: Batch, places: Sequence[int]) -> None:  # noqa: ARG002 - an observer
        """Starts a batch."""
        self._content = batch.content
        keys = torch.zeros(len(batch.sentences), batch.looked_at.length, len(self._columns))
        both = zip(batch.sentences, batch.looked_at.sentences, strict=True)
        for row, (tokens, looked_at) in enumerate(both):
            for place, column in enumerate(self._columns):
                target = column.target(tokens, looked_at)
                if isinstance(target, KeyTarget):
                    keys[row, : len(target.keys), place] = torch.from_numpy(target.keys).float()
        self._keys = to_device(keys, batch.ids.device)

    def see(self, attention: LayerAttention) -> None:
        """Adds one layer of the batch."""
        for role in self._shapes:
            if role.keys is None:
                continue
            mass = role.mass(attention, self._content)
            hit = (role.keys(attention).float() @ self._keys > 0) * mass[..., None]
            self._handover.add(
                partial(self._add, (attention.layer, role.name)), hit.sum(0), mass.sum(0)
            )

    def end(self) -> None:
        """Ends the batch."""
        self._handover.settle()

    def _add(
        self, at: tuple[int, str], on: NDArray[np.float32], whole: NDArray[np.float32]
    ) -> None:
        self._on[at] = self._on.get(at, 0.0) + on.astype(np.float64)
        self._all[at] = self._all.get(at, 0.0) + whole.astype(np.float64)

    def totals(self) -> dict[str, Ints]:
        """The mass of each role by head, and that in sentences where its key is in a target.

        The latter by the other role's name, heads layer by layer, in fixed point.
        """
        sums: dict[str, Ints] = {}
        for role in self._shapes:
            layers = sorted(layer for layer, name in self._on if name == role.name)
            if not layers:
                continue
            on = np.concatenate([self._on[layer, role.name] for layer in layers])
            whole = np.concatenate([self._all[layer, role.name] for layer in layers])
            sums[f"{STRIP}|{role.name}|"] = fixed(whole)
            for place, column in enumerate(self._columns):
                sums[f"{STRIP}|{role.name}|{column.role.name}"] = fixed(on[:, place])
        return sums
