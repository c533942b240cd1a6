"""Loads the weights of a model once their files and sizes are checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from attnviz.errors import AttnvizError, InputError
from attnviz.models import adapter, classes, finite, heads, placing, quantized, sizes, task
from attnviz.models.checkpoint import Stored
from attnviz.models.explain import check_vocabulary, check_weights, explained
from attnviz.models.names import ModelName
from attnviz.models.placing import Placing
from attnviz.models.task import Task

_NO_ADAPTER = {"subfolder": "no-adapter"}
"""A folder without an adapter for transformers to look into: where peft is installed, it would load
the adapter's base model. Adapters are merged by `attnviz.models.adapter` instead."""


class NotInterfaceError(AttnvizError):
    """The model's classes don't use transformers' attention interface."""


@dataclass(frozen=True)
class Whole:
    """A model without a head, and the same with one: `generator` if it is to generate, `task`.

    It is measured on `device`.
    """

    model: Any
    device: torch.device
    generator: Any = None
    task: Task | None = None


@dataclass(frozen=True)
class Weights:
    """What to load, where to, and how; `raw` is the config as read, `held` the files'.

    `options` go with every file, `quantization` with the weights alone. `predicts`: with the head
    of the task it was trained for, where it has one.
    """

    name: ModelName
    config: Any
    raw: Mapping[str, Any] = field(repr=False)
    held: Stored
    tokenizer: Any
    placing: Placing
    options: dict[str, Any]
    quantization: dict[str, Any]
    generates: bool
    predicts: bool = False

    def load(self, attention: str) -> Whole:
        """The model, loaded without a head or with the one that is wanted."""
        with explained(self.name, self.options.get("revision"), self._packed):
            with_head = None
            if self.predicts and not self.generates:
                with sizes.within(self.raw, self.held):
                    with_head = task.loading_class(self.name, self.config)
            loads = with_head or classes.loading_class(
                self.config, self.raw, self.held, generates=self.generates
            )
            place = self.placing.options()
            whole, info = self._whole(loads, attention, place, has_head=with_head is not None)
            finite.check_weights(self.name.argument, whole)
            device = placing.put(whole, self.placing, self.name.argument)
            whole.eval()
            model = heads.without(whole) if self.generates else classes.below(whole)
            check_vocabulary(self.name, model, self.tokenizer)
            says = self.predicts and not self.name.adapter and task.is_trained(whole, info)
        return Whole(
            whole.base_model if with_head else model,
            device,
            whole if self.generates else None,
            task.of(whole) if says else None,
        )

    @property
    def _packed(self) -> str:
        """How its weights are quantised, or are to be on loading; "" if they aren't."""
        if "quantization_config" in self.quantization:
            return "bitsandbytes"
        return quantized.named(self.raw)

    def _whole(
        self,
        loads: Any,  # noqa: ANN401 - transformers' own
        attention: str,
        place: dict[str, Any],
        *,
        has_head: bool,
    ) -> tuple[Any, dict[str, Any]]:
        """The model, and what was said of its weights while it was loaded."""
        with sizes.within(self.raw, self.held), _known(attention), quantized.unheard():
            whole, info = loads.from_pretrained(
                self.name.location,
                config=self.config,
                **self.options,
                **self.quantization,
                **place,
                attn_implementation=attention,
                ignore_mismatched_sizes=True,  # they are reported in `info`, and refused below
                output_loading_info=True,
                adapter_kwargs=_NO_ADAPTER,
            )
        if self.generates:
            heads.check(self.name, whole, info)
        below = task.without_head(whole, info) if has_head else info
        check_weights(self.name, whole, below, self.held)
        if self.name.adapter is None:
            return whole, info
        if placing.is_offloaded(whole):
            raise InputError(
                f"{self.name.argument} is an adapter, and its base model is too large for the "
                "GPUs: it can't be merged into weights that are offloaded.",
                "Merge it first, with peft's merge_and_unload(), and save it as a model.",
            )
        return adapter.merged(self.name.adapter, whole), info


@contextmanager
def _known(attention: str) -> Iterator[None]:
    """Raises NotInterfaceError where a class looks `attention` up among its own functions only."""
    try:
        yield
    except KeyError as error:
        if error.args != (attention,):
            raise
        raise NotInterfaceError(f"They know no attention called {attention}.") from error
