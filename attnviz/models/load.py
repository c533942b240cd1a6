"""Loading: a resolved name becomes a model in evaluation mode and its tokenizer."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from attnviz.errors import InputError, UsageError
from attnviz.models import tap
from attnviz.models.explain import check_weights, explained, first_line, unsupported
from attnviz.models.names import ModelName

PATIENCE = 10.0
"""Seconds that the Hub has for an answer."""

_NO_LIMIT = 10**9
_SILENT = logging.CRITICAL


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to be tapped.

    `heads` is how many its config promises over all layers; what ran is known after a run.
    `limit` is the most tokens it takes, None for no limit.
    """

    model: Any
    tokenizer: Any
    name: str
    revision: str
    architecture: str
    heads: int
    key_value_heads: int
    parameters: int
    dtype: str
    limit: int | None
    device: torch.device

    @property
    def pad(self) -> int:
        """The id to pad with; masked, so any valid id serves where the tokenizer has none."""
        pad, known = self.tokenizer.pad_token_id or 0, _vocabulary(self.model)
        return int(pad) if known is None or pad < known else 0


def device(name: str) -> torch.device:
    """The device called `name`; "auto" takes CUDA, then MPS, then the CPU."""
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if there[kind]))
    if not there[name]:
        raise UsageError(
            f"There is no {name} device that torch can use.",
            f"Use --device auto, or one of: {', '.join(kind for kind in there if there[kind])}.",
        )
    return torch.device(name)


def load(
    name: ModelName,
    *,
    revision: str | None = None,
    device: torch.device,
    dtype: str = "auto",
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
) -> LoadedModel:
    """Loads model and tokenizer.

    `dtype` "auto" is float32 on a CPU and the model's own elsewhere; whatever it is, attention
    is measured in float32. Raises InputError with the fix for everything that can be missing.
    """
    with _quiet(), explained(name, revision):
        from transformers import AutoConfig, AutoModel

        common = _common(name, revision, trust_remote_code=trust_remote_code)
        config = AutoConfig.from_pretrained(name.location, **common)
        if config.is_encoder_decoder:
            raise unsupported(config.model_type, "they have an encoder and a decoder")
        tokenizer = _tokenizer(name, common)
        model, info = AutoModel.from_pretrained(
            name.location,
            **common,
            use_safetensors=None if allow_pickle or name.gguf else True,
            dtype=_dtype(dtype, device),
            attn_implementation=tap.install(),
            ignore_mismatched_sizes=True,  # they are reported in `info`, and refused below
            output_loading_info=True,
        )
        check_weights(name, info)
        model.to(device).eval()
        _check_vocabulary(name, model, tokenizer)
        _probe(model, tokenizer, device)
    text = config.get_text_config()
    heads = getattr(text, "num_attention_heads", None)
    return LoadedModel(
        model=model,
        tokenizer=tokenizer,
        name=name.shown,
        revision=revision or str(getattr(config, "_commit_hash", None) or ""),
        architecture=type(model).__name__,
        heads=(heads or 1) * (getattr(text, "num_hidden_layers", None) or 1),
        key_value_heads=getattr(text, "num_key_value_heads", None) or heads or 0,
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        dtype=str(model.dtype).removeprefix("torch."),
        limit=_limit(model, tokenizer),
        device=device,
    )


def _common(name: ModelName, revision: str | None, *, trust_remote_code: bool) -> dict[str, Any]:
    """What configuration, tokenizer and weights are all loaded with."""
    common: dict[str, Any] = {"revision": revision, "trust_remote_code": trust_remote_code}
    if name.gguf:
        common["gguf_file"] = name.gguf
    if name.kind == "hub":
        common["local_files_only"] = not _hub_answers(name.location, revision)
    return common


def _hub_answers(model: str, revision: str | None) -> bool:
    """Whether the Hub can be asked for `model`; if not, what the cache holds must do.

    Asked once and briefly: transformers would ask for each file, and try each time for long.
    Raises huggingface_hub's own errors where the Hub says that there is no such model.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    try:
        HfApi().model_info(model, revision=revision, timeout=PATIENCE)
    except (RepositoryNotFoundError, RevisionNotFoundError):  # a gated one is of the first kind
        raise
    except Exception:  # noqa: BLE001 - whatever a network can do to a request
        return False
    return True


def _tokenizer(name: ModelName, common: dict[str, Any]) -> Any:  # noqa: ANN401 - transformers' own
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(name.location, **common)
    except Exception as error:
        raise InputError(
            f"The tokenizer of {name.given} can't be loaded: {first_line(error)}",
            "A model folder needs its tokenizer.json or vocabulary files next to config.json.",
        ) from error
    # Without any files, transformers makes a tokenizer that knows its special tokens only.
    if len(tokenizer.get_vocab()) <= len(tokenizer.all_special_tokens):
        raise InputError(
            f"{name.given} has no tokenizer.",
            "A model folder needs its tokenizer.json or vocabulary files next to config.json.",
        )
    if not tokenizer.is_fast:
        raise InputError(
            f"The tokenizer of {name.given} can't tell where in the text its tokens are.",
            "Use a checkpoint with a tokenizer.json (a fast tokenizer).",
        )
    return tokenizer


def _check_vocabulary(name: ModelName, model: Any, tokenizer: Any) -> None:  # noqa: ANN401
    # Tokens added later, such as a pad token, often have no embedding, and never come up.
    known = _vocabulary(model)
    if known is not None and tokenizer.vocab_size > known:
        raise InputError(
            f"The tokenizer of {name.given} is of another model: it has {tokenizer.vocab_size:,} "
            f"tokens, and the model knows {known:,}.",
            "Put the model's own tokenizer files next to its config.json.",
        )


def _vocabulary(model: Any) -> int | None:  # noqa: ANN401 - transformers' own
    try:
        return int(model.get_input_embeddings().weight.shape[0])
    except (AttributeError, NotImplementedError):
        return None


def _probe(model: Any, tokenizer: Any, device: torch.device) -> None:  # noqa: ANN401
    """Raises InputError unless the model runs on text alone and shows its attention."""
    kind = model.config.model_type
    ids = tokenizer("a", return_tensors="pt")["input_ids"]
    if ids.shape[1] == 0:
        ids = torch.zeros(1, 1, dtype=torch.long)
    seen: list[int] = []
    try:
        with torch.inference_mode(), tap.listening(lambda layer: seen.append(layer.layer)):
            model(input_ids=ids.to(device))
    except (torch.OutOfMemoryError, MemoryError):
        raise
    except InputError:
        if not any("attention" in type(module).__name__.lower() for module in model.modules()):
            raise unsupported(kind, "they have no attention", yet="") from None
        raise unsupported(kind, "their attention is hidden inside their own code") from None
    except Exception as error:
        raise unsupported(kind, f"they don't run on text alone ({type(error).__name__})") from error


def _dtype(name: str, device: torch.device) -> torch.dtype | str:
    if name == "auto":
        return torch.float32 if device.type == "cpu" else "auto"
    return {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[name]


def _limit(model: Any, tokenizer: Any) -> int | None:  # noqa: ANN401 - transformers' own
    text = model.config.get_text_config()
    limits = [
        tokenizer.model_max_length,
        getattr(text, "max_position_embeddings", None) or _NO_LIMIT,
    ]
    # RoBERTa counts positions from after the padding index, and so loses that many.
    embeddings = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    padding = getattr(embeddings, "padding_idx", None)
    if padding is not None:
        limits.append(limits[1] - padding - 1)
    limit = min(limits)
    return None if limit >= _NO_LIMIT else int(limit)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps transformers' progress bars and advice off the terminal, and puts them back."""
    from transformers.utils import logging as messages

    level, bars = messages.get_verbosity(), messages.is_progress_bar_enabled()
    messages.set_verbosity(_SILENT)
    messages.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        messages.set_verbosity(level)
        if bars:
            messages.enable_progress_bar()  # type: ignore[no-untyped-call]
