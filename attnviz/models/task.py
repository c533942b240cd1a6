"""The task that a checkpoint was trained for, and the head that does it: labels, words to come.

The head is loaded with the model, and measuring does without it. A head whose weights are not in
the checkpoint would be made at random, and is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from attnviz.models import classes
from attnviz.models.names import ModelName
from attnviz.models.outcome import Kind

_AUTO: dict[Kind, str] = {
    "label": "AutoModelForSequenceClassification",
    "next-token": "AutoModelForCausalLM",
    "masked-words": "AutoModelForMaskedLM",
    "token-labels": "AutoModelForTokenClassification",
}
_ATTENDS_OTHERWISE = frozenset({("longformer", "label")})
"""Models that attend otherwise with their head than as they are measured: Longformer's [CLS] looks
at all tokens, and all look at it, where a classifier reads it."""


@dataclass(frozen=True)
class Task:
    """What a model says, and the whole model with the head that says it."""

    kind: Kind
    model: Any = field(repr=False)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its labels, in the order of its logits; of a language model none."""
        if self.kind not in ("label", "labels", "token-labels"):
            return ()
        names = self.model.config.id2label
        return tuple(str(names[number]) for number in sorted(names))

    @property
    def text_labels(self) -> tuple[str, ...]:
        """The labels of which it gives a text one."""
        return self.labels if self.kind == "label" else ()


def loading_class(name: ModelName, config: Any) -> Any:  # noqa: ANN401 - transformers' own
    """The class that loads a model of this config with its head; None where it has no task.

    That is the class that `architectures` names, if the model below its head is of the usual class
    of the config's type. GGUF files name none, and hold language models.
    """
    from transformers import AutoModel

    usual: Any = AutoModel._model_mapping.get(type(config), None)  # noqa: SLF001 - no other way to ask
    named = classes.saved(config)
    if named is None and name.gguf:
        named = _auto("next-token")._model_mapping.get(type(config), None)  # noqa: SLF001
    # An adapter may have been trained for another task, with a head of its own.
    if name.adapter or not isinstance(named, type) or not isinstance(usual, type):
        return None
    if config.is_encoder_decoder or _kind(config, named) is None:
        return None
    return named if isinstance(classes.empty(named, config).base_model, usual) else None


def of(whole: Any) -> Task | None:  # noqa: ANN401
    """What a model that was loaded says; None where nothing is known of its class.

    A model with one number for a text gives no probability, and says nothing here.
    """
    config = whole.config
    kind = None if config.is_encoder_decoder else _kind(config, type(whole))
    if kind == "label":
        if config.num_labels < 2:
            return None
        several = getattr(config, "problem_type", None) == "multi_label_classification"
        kind = "labels" if several else kind
    return None if kind is None else Task(kind, whole)


def is_trained(whole: Any, info: Mapping[str, Any]) -> bool:  # noqa: ANN401
    """Whether all weights of the head were loaded; a pooler below it is a part of it."""
    off = [*_names(info["missing_keys"]), *_names(info["mismatched_keys"])]
    return all(_is_below(whole, name) and "pooler" not in name for name in off)


def without_head(whole: Any, info: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """What loading said of the model below the head alone."""
    return {
        what: {each for each in found if _is_below(whole, *_names([each]))}
        if what in ("missing_keys", "mismatched_keys")
        else found
        for what, found in info.items()
    }


def _is_below(whole: Any, name: str) -> bool:  # noqa: ANN401
    return whole.base_model is whole or name.startswith(f"{whole.base_model_prefix}.")


def _names(keys: Iterable[Any]) -> list[str]:
    """The names of weights, which stand before their shapes where these differ."""
    return [key if isinstance(key, str) else str(key[0]) for key in keys]


def _kind(config: Any, model_class: type) -> Kind | None:  # noqa: ANN401
    for kind in _AUTO:
        if (config.model_type, kind) in _ATTENDS_OTHERWISE:
            continue
        known = _auto(kind)._model_mapping.get(type(config), None)  # noqa: SLF001
        if model_class in (known if isinstance(known, tuple) else (known,)):
            return kind
    return None


def _auto(kind: Kind) -> Any:  # noqa: ANN401
    import transformers

    return getattr(transformers, _AUTO[kind])
