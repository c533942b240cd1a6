"""Loading: a resolved name becomes a model in evaluation mode and its tokenizer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from attnviz.errors import AttnvizError, InputError, UsageError
from attnviz.models import tap
from attnviz.models.names import ModelName

_NO_LIMIT = 10**9


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
    warnings: tuple[str, ...]

    @property
    def pad(self) -> int:
        """The id to pad with; masked, so any valid id serves where the tokenizer has none."""
        return int(self.tokenizer.pad_token_id or 0)


def device(name: str) -> torch.device:
    """The device called `name`; "auto" takes CUDA, then MPS, then the CPU."""
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
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
    common: dict[str, Any] = {"revision": revision, "trust_remote_code": trust_remote_code}
    if name.gguf:
        common["gguf_file"] = name.gguf
    with _quiet(), _explained(name, revision):
        from transformers import AutoConfig, AutoModel

        config = AutoConfig.from_pretrained(name.location, **common)
        if config.is_encoder_decoder:
            raise _unsupported(config.model_type, "encoder-decoder models are not measured yet")
        tokenizer = _tokenizer(name, common)
        model, info = AutoModel.from_pretrained(
            name.location,
            **common,
            use_safetensors=None if allow_pickle or name.gguf else True,
            dtype=_dtype(dtype, device),
            attn_implementation=tap.install(),
            output_loading_info=True,
        )
    _check_weights(name, info)
    model.to(device).eval()
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
        warnings=(),
    )


def _tokenizer(name: ModelName, common: dict[str, Any]) -> Any:  # noqa: ANN401 - transformers' own
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(name.location, **common)
    except AttnvizError:
        raise
    except Exception as error:
        raise InputError(
            f"The tokenizer of {name.given} can't be loaded: {_first_line(error)}",
            "A model folder needs its tokenizer.json or vocabulary files next to config.json.",
        ) from error
    if not tokenizer.is_fast:
        raise InputError(
            f"The tokenizer of {name.given} can't tell where in the text its tokens are.",
            "Use a checkpoint with a tokenizer.json (a fast tokenizer).",
        )
    return tokenizer


def _dtype(name: str, device: torch.device) -> torch.dtype | str:
    if name == "auto":
        return torch.float32 if device.type == "cpu" else "auto"
    return {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[name]


def _check_weights(name: ModelName, info: dict[str, Any]) -> None:
    # Missing weights are filled at random, and random heads look like a finding. A pooler is
    # missing from most checkpoints, and it comes after the last attention layer.
    missing = sorted(key for key in info["missing_keys"] if "pooler" not in key)
    if missing or info["mismatched_keys"]:
        lacking = missing or [str(key) for key in info["mismatched_keys"]]
        raise InputError(
            f"The weights of {name.given} don't fit its config: {len(lacking)} tensors are "
            f"missing or misshapen, {lacking[0]} first.",
            "Download the model again; the weights may be of another model or cut short.",
        )


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


def _unsupported(kind: str, why: str) -> InputError:
    return InputError(
        f"Models of type {kind} can't be reported on: {why}.",
        "attnviz list models names the kinds that can.",
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps transformers' progress bars and advice off the terminal, and puts them back."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def _explained(name: ModelName, revision: str | None) -> Iterator[None]:
    """Turns what loading may raise into an InputError that names the fix."""
    try:
        yield
    except (AttnvizError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise _explain(name, revision, error) from error


def _explain(name: ModelName, revision: str | None, error: Exception) -> InputError:
    chain = _chain(error)
    kinds = {kind.__name__ for link in chain for kind in type(link).__mro__}
    told = " ".join(str(link) for link in chain)
    if "SafetensorError" in kinds:
        return InputError(
            f"The weights of {name.given} are damaged: {_first_line(error)}",
            "Download the model again.",
        )
    if "trust_remote_code" in told:
        return InputError(
            f"{name.given} brings its own code, which attnviz doesn't run unasked.",
            "Pass --trust-remote-code if you have read that code and trust it.",
        )
    if "GatedRepoError" in kinds:
        return InputError(
            f"Access to {name.given} must be asked for on the Hub.",
            "Ask on the model's page, then set HF_TOKEN or run: hf auth login",
        )
    if name.kind == "hub":
        return _explain_hub(name, revision, kinds, told)
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return InputError(f"{name.given} doesn't fit into memory.", "Try --dtype bfloat16.")
    return InputError(
        f"{name.given} can't be loaded: {_first_line(error)}",
        "Check that the folder is whole and that this transformers version knows the model.",
    )


def _explain_hub(name: ModelName, revision: str | None, kinds: set[str], told: str) -> InputError:
    at = f" at revision {revision}" if revision else ""
    if "RevisionNotFoundError" in kinds:
        return InputError(f"{name.given} has no revision {revision}.", "Check --revision.")
    if "RepositoryNotFoundError" in kinds or "is not a valid model identifier" in told:
        return InputError(
            f"There is no model {name.given} on the Hub, nor a folder of that name.",
            "Check the spelling; a private model needs HF_TOKEN.",
        )
    if "safetensors" in told:
        return InputError(
            f"{name.given}{at} has no safetensors weights, and a pickle can run code.",
            "Choose a revision with safetensors, or pass --allow-pickle if you trust it.",
        )
    return InputError(
        f"{name.given}{at} is not in the local cache, and the Hub can't be reached.",
        "Check the name and the network, unset HF_HUB_OFFLINE, or give a local folder; "
        "`minilm` works offline.",
    )


def _chain(error: BaseException) -> list[BaseException]:
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or link.__context__
    return links


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".") + "."
