"""The direct effect of heads on the logits, past all later layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.errors import InputError
from attnviz.models import heads, placing, run
from attnviz.models.load import LoadedModel
from attnviz.text.types import Tokens


@dataclass(frozen=True, eq=False)
class DirectPath:
    """Maps what a head writes to the logits, past all later layers.

    `outputs` are the layers' output projections, from head x width to hidden, by layer number;
    their biases belong to no head. `unembedding` [vocabulary, hidden], `mean` [hidden] is its mean
    over the vocabulary. `gain` [hidden] is that of the final norm, which subtracts the mean first
    if `centred`; its division by one number a token is left out. So is a norm of the layer's own
    between its projection and the residual stream (Gemma 2).
    """

    outputs: Mapping[int, nn.Module]
    unembedding: Tensor
    mean: Tensor
    gain: Tensor
    centred: bool

    def logits(self, layer: int, mixed: Tensor, ids: Tensor) -> Tensor | None:
        """The change of some tokens' logits by each head, less the mean over the vocabulary.

        `mixed` [batch, head, query, width] are the values as the head mixed them, `ids` [batch,
        token] those tokens. Returns float32 [batch, head, query, token], None for a layer whose
        output projection isn't known.
        """
        weight = _map(self.outputs[layer]) if layer in self.outputs else None
        if weight is None:
            return None
        own = ids.to(self.unembedding.device)
        rows = (self.unembedding[own].float() - self.mean) * self.gain  # [batch, token, hidden]
        if self.centred:
            rows = rows - rows.mean(-1, keepdim=True)
        rows = rows.to(mixed.device)
        weight = weight.to(rows.device).float()
        weight = weight.reshape(mixed.shape[1], -1, weight.shape[1])  # [head, width, hidden]
        read = torch.einsum("hwd,btd->bhwt", weight, rows)
        return torch.matmul(mixed.float(), read)


def direct_path(loaded: LoadedModel, tokens: Tokens) -> DirectPath | None:
    """Finds the output projections, the final norm and the unembedding, by a run over `tokens`.

    A layer's output projection is the linear map whose input is the layer's mixed values; the final
    norm is the module whose output is the model's. None for models without an unembedding
    (encoders, and decoders loaded without a head that isn't tied to the input embedding), and where
    attention comes as weights only.
    """
    unembedding = _unembedding(loaded)
    if unembedding is None or loaded.path != "interface":
        return None
    writes = _Writes(unembedding.shape[1])
    with writes.hooked(loaded.model):
        run.observe(loaded, [tokens], [writes], to_the_end=True, kernel="tiles")
    if not writes.outputs:
        return None
    gain, centred = _gain(writes.norm, unembedding)
    mean = unembedding.mean(0, dtype=torch.float32)
    return DirectPath(writes.outputs, unembedding, mean, gain, centred)


def _unembedding(loaded: LoadedModel) -> Tensor | None:
    """The matrix [vocabulary, hidden] that a causal language model reads its logits with."""
    if loaded.encoder_decoder or not loaded.causal:
        return None
    if loaded.generator is not None:
        head = loaded.generator.get_output_embeddings()
    else:
        try:
            heads.auto_class(loaded.model.config)
        except InputError:
            return None
        text = loaded.model.config.get_text_config()
        tied = getattr(text, "tie_word_embeddings", False)
        head = loaded.model.get_input_embeddings() if tied else None
    return None if head is None else placing.weight(head)


class _Writes(Observer):
    """Finds the linear map that takes a layer's mixed values, and the norm that comes last."""

    def __init__(self, hidden: int) -> None:
        self._hidden = hidden
        self._seen: tuple[int, Tensor] | None = None
        self._normed: dict[nn.Module, Tensor] = {}
        self.outputs: dict[int, nn.Module] = {}
        self.norm: nn.Module | None = None

    def see(self, attention: LayerAttention) -> None:
        """Remembers what the layer mixed, [batch, query, head x width]."""
        self._seen = attention.layer, attention.mixed.transpose(1, 2).flatten(2)

    @contextmanager
    def hooked(self, model: nn.Module) -> Iterator[None]:
        """Looks at every linear map and every norm while inside."""
        hooks = [model.register_forward_hook(self._see_output)]
        for module in model.modules():
            weight = getattr(module, "weight", None)
            if _maps(module):
                hooks.append(module.register_forward_pre_hook(self._see_input))
            elif isinstance(weight, Tensor) and weight.shape == (self._hidden,):
                hooks.append(module.register_forward_hook(self._see_norm))
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _see_input(self, module: nn.Module, arguments: tuple[Any, ...]) -> None:
        if self._seen is None or not arguments or arguments[0].numel() != self._seen[1].numel():
            return
        layer, mixed = self._seen
        if torch.equal(arguments[0].reshape(mixed.shape).to(mixed.device), mixed):
            if _sizes(module) == (mixed.shape[-1], self._hidden):
                self.outputs[layer] = module
            self._seen = None

    def _see_norm(self, module: nn.Module, _: object, output: Any) -> None:  # noqa: ANN401
        if isinstance(output, Tensor):
            self._normed[module] = output

    def _see_output(self, _: nn.Module, __: object, output: Any) -> None:  # noqa: ANN401
        last = output[0]
        for module, normed in self._normed.items():
            if normed.shape == last.shape and torch.equal(normed.to(last.device), last):
                self.norm = module
        self._normed.clear()


def _maps(module: nn.Module) -> bool:
    """Whether this is a linear map: torch's, or GPT-2's with its weight transposed."""
    return isinstance(module, nn.Linear) or type(module).__name__ == "Conv1D"


def _sizes(module: Any) -> tuple[int, int]:  # noqa: ANN401 - a linear map
    """How many numbers it takes, and how many it makes of them."""
    if type(module).__name__ == "Conv1D":
        return int(module.weight.shape[0]), int(module.weight.shape[1])
    return int(module.in_features), int(module.out_features)


def _map(module: nn.Module) -> Tensor | None:
    """The weight [input, output] of a linear map; None where its numbers can't be told."""
    weight = placing.weight(module)
    return weight if weight is None or type(module).__name__ == "Conv1D" else weight.T


def _gain(norm: nn.Module | None, like: Tensor) -> tuple[Tensor, bool]:
    """The factors [hidden] of a norm, 1 for None, and whether it subtracts the mean.

    They are read off its outputs, as some norms store a factor g as g - 1 (Gemma).
    """
    hidden = like.shape[1]
    if norm is None:
        return torch.ones(hidden, device=like.device), False
    signs = torch.ones(hidden, device=like.device, dtype=like.dtype)
    signs[1::2] = -1
    with torch.inference_mode():
        given = torch.stack([signs, -signs, signs + 1])
        normed, mirrored, shifted = norm(given).to(like.device).float()
    # Half the difference, as a bias adds the same to both.
    gain = (normed - mirrored) / 2 * signs.float()
    return gain, bool(torch.allclose(shifted, normed, atol=1e-2, rtol=1e-2))
