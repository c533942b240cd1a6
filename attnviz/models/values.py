"""The values that a module mixes in its own code, where they can be told for sure.

What the maps inside an attention module return is laid out as values in the ways that models do;
they are the values if the module's weights times them are what it goes on with: what it returns, or
what another map inside it is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle


@dataclass
class Heard:
    """What the maps inside one attention module were given, and what they returned, in one run."""

    inputs: list[Tensor] = field(default_factory=list)
    outputs: list[Tensor] = field(default_factory=list)

    def listen(self, module: nn.Module) -> list[RemovableHandle]:
        """Hears every map inside the module from now on."""

        def hook(_: nn.Module, args: tuple[Any, ...], output: Any) -> None:  # noqa: ANN401
            self.inputs += _of_tokens(args)
            self.outputs += _of_tokens((output,))

        maps = [inner for inner in module.modules() if not list(inner.children())]
        return [inner.register_forward_hook(hook) for inner in maps if inner is not module]

    def value(self, weights: Tensor, returned: tuple[Any, ...]) -> Tensor | None:
        """The values [batch, head, key, width], None where they can't be told.

        From the weights [batch, head, query, key] and all that the module returned. Forgets what
        was heard.
        """
        goes_on, outputs = [*self.inputs, *_of_tokens(returned)], self.outputs
        self.inputs, self.outputs = [], []
        for value in (value for output in outputs for value in _laid_out(output, weights)):
            mixed = (weights.to(value.dtype) @ value).transpose(1, 2).flatten(2)
            # Each token that looks at itself alone, as in a text of one, would mix anything.
            if _same(mixed, value.transpose(1, 2).flatten(2)):
                continue
            if any(_same(mixed, each) or _same(mixed, each.transpose(0, 1)) for each in goes_on):
                return value
        return None


def _of_tokens(tensors: tuple[Any, ...]) -> list[Tensor]:
    """Those that may be [batch, token, width]."""
    return [tensor for tensor in tensors if isinstance(tensor, Tensor) and tensor.dim() == 3]


def _laid_out(output: Tensor, weights: Tensor) -> Iterator[Tensor]:
    """A map's output as values [batch, head, key, width]: alone, or the last of three.

    Queries, keys and values of a joint map stand side by side, or side by side in each head.
    Tokens may stand before sentences.
    """
    batch, heads, _, keys = weights.shape
    for turned in (output, output.transpose(0, 1)):
        tokens = turned[:, :keys]  # some models fill texts up to whole windows
        if tokens.shape[:2] != (batch, keys) or tokens.shape[2] % heads:
            continue
        by_head = tokens.reshape(batch, keys, heads, -1).transpose(1, 2)
        yield by_head
        if by_head.shape[-1] % 3 == 0:
            yield tokens.chunk(3, -1)[2].reshape(batch, keys, heads, -1).transpose(1, 2)
            yield by_head.chunk(3, -1)[2]


def _same(mixed: Tensor, other: Tensor) -> bool:
    """Whether two tensors [batch, query, width] are one but for rounding."""
    other = other[:, : mixed.shape[1]]
    if mixed.shape != other.shape:
        return False
    within = 1e-4 if mixed.dtype == torch.float32 else 2e-2
    return bool((mixed - other).abs().max() <= within * other.abs().max().clamp_min(1e-6))
