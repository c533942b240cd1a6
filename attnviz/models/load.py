"""Loads the model of a resolved name, in evaluation mode, and its tokenizer."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Literal

import torch

from attnviz.errors import InputError
from attnviz.models import adapter, classes, counts, heads, probe, quantized, sizes, tap
from attnviz.models.architectures import ARCHITECTURES, FALLBACK
from attnviz.models.cached import commit
from attnviz.models.checkpoint import hub_adapter, stored
from attnviz.models.decoder_start import decoder_start
from attnviz.models.embeddings import vocabulary
from attnviz.models.explain import explained, first_line
from attnviz.models.hooks import Site
from attnviz.models.limits import limits
from attnviz.models.names import ModelName, adapted, check_revision
from attnviz.models.placing import Placing
from attnviz.models.streams import ALL, Stream, numbers, streams
from attnviz.models.task import Task
from attnviz.models.tokenizers import load_tokenizer
from attnviz.models.weights import NotInterfaceError, Weights, Whole

PATIENCE = 10.0
"""Seconds to wait for an answer of the Hub."""

_SILENT = logging.CRITICAL


Path = Literal["interface", "fallback"]


@dataclass(frozen=True)
class LoadedModel:
    """A model whose attention can be measured.

    `heads` is the number of heads over all layers by the config; those that ran are known after a
    run. `dtype` is the number format that was asked for, or that it has; `quantization` says how
    its weights take fewer bits, "" where they don't. Layers may lie on other devices than `device`
    (see `attnviz.models.placing`), and are measured there. `limit` is the most tokens it takes,
    `target_limit` the most that the decoder of an encoder-decoder model does, None for no limit.
    `path` says where attention comes from: transformers' attention interface, or the weights that
    the modules of `sites` return. `streams` are the streams that can be measured: "" alone, or
    those of an encoder-decoder model, with `stream_of` its modules. `layer_of` numbers modules that
    don't know their layer; `attentions` is the number of attentions the interface shows in a run,
    None if unknown. `causal`: no token sees a later one. `decoder_start` is the id that decoder
    inputs begin with, None where a target's last token is moved to the front. `generator` is the
    whole model with its language-model head, None if not loaded; `task` what the model says of a
    text, None if its head was not loaded or it has none. `notes` have to be in each report.
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
    target_limit: int | None = None
    quantization: str = ""
    path: Path = "interface"
    encoder_decoder: bool = False
    decoder_start: int | None = None
    causal: bool = False
    streams: tuple[Stream, ...] = ("",)
    stream_of: Mapping[torch.nn.Module, Stream] = field(default_factory=dict, repr=False)
    layer_of: Mapping[torch.nn.Module, int] = field(default_factory=dict, repr=False)
    attentions: int | None = None
    sites: tuple[Site, ...] = field(default=(), repr=False)
    generator: Any = field(default=None, repr=False)
    task: Task | None = None
    notes: tuple[str, ...] = ()

    @property
    def layers(self) -> int:
        """The number of layers by the config, with attention or not; 0 if it doesn't say."""
        return counts.layers(self.model.config)

    @property
    def pad(self) -> int:
        """The id to pad with; it is masked, so any valid id does where the tokenizer has none."""
        pad, known = self.tokenizer.pad_token_id or 0, vocabulary(self.model)
        return int(pad) if known is None or pad < known else 0


def load(
    name: ModelName,
    *,
    revision: str | None = None,
    device: torch.device,
    spread: bool = False,
    dtype: str = "auto",
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
    generates: bool = False,
    predicts: bool = False,
) -> LoadedModel:
    """Loads model and tokenizer.

    With `spread` accelerate spreads it from this device on, over GPUs, memory and disk. `dtype`
    "auto" is float32 on a CPU and the model's own elsewhere; attention is measured in float32
    whatever it is. "8bit" and "4bit" have bitsandbytes quantise the weights. `generates` loads the
    language-model head as well, for `attnviz.models.generate`, `predicts` the head of the model's
    own task, for `attnviz.models.predict`. Raises InputError, with the fix, for whatever is missing
    or damaged, UsageError for a revision of a model that is not on the Hub.
    """
    check_revision(name, revision)
    with quiet():
        name, options = _options(name, revision, allow_pickle, trust_remote_code=trust_remote_code)
        weights = replace(
            _weights(name, options, Placing(device, spread), dtype, generates=generates),
            predicts=predicts,
        )
        ready = _ready(weights)
    return _loaded(name, revision, dtype, weights, ready)


def _loaded(
    name: ModelName, revision: str | None, dtype: str, weights: Weights, ready: _Ready
) -> LoadedModel:
    model, seen = ready.whole.model, ready.seen
    own = str(model.dtype).removeprefix("torch.")
    config, token_limits = model.config, limits(model, weights.tokenizer)
    return LoadedModel(
        model=model,
        tokenizer=weights.tokenizer,
        name=name.shown,
        revision=commit(name, revision),
        architecture=type(model).__name__,
        heads=counts.heads(config),
        key_value_heads=counts.key_value_heads(config),
        parameters=_parameters(model),
        dtype=dtype if dtype in quantized.ON_LOADING else own,
        limit=token_limits.source,
        target_limit=token_limits.target,
        device=ready.whole.device,
        quantization=quantized.described(config),
        path=ready.path,
        encoder_decoder=bool(config.is_encoder_decoder),
        decoder_start=decoder_start(weights.name, model, weights.options),
        causal=seen.causal,
        streams=seen.streams,
        stream_of=ready.stream_of,
        layer_of=numbers(model),
        # An architecture that no test covers might attend more often in longer texts.
        attentions=seen.attentions if config.model_type in chain(*ARCHITECTURES.values()) else None,
        sites=seen.sites,
        generator=ready.whole.generator,
        task=ready.whole.task,
        notes=(*seen.notes, *([adapter.note(name.adapter)] if name.adapter else [])),
    )


def _parameters(model: Any) -> int:  # noqa: ANN401 - transformers' own
    """How many parameters a model has; of quantised ones as many as before, for some are packed."""
    if quantized.described(model.config):
        model = classes.empty(type(model), model.config)
    return sum(parameter.numel() for parameter in model.parameters())


def _weights(
    name: ModelName,
    options: dict[str, Any],
    placing: Placing,
    dtype: str,
    *,
    generates: bool,
) -> Weights:
    """The config, the tokenizer and what the weights' files hold, checked against each other."""
    from transformers import AutoConfig, PreTrainedConfig

    common = {key: value for key, value in options.items() if key != "use_safetensors"}
    with explained(name, common["revision"]):
        raw, _ = PreTrainedConfig.get_config_dict(name.location, **common)
        probe.refuse(str(raw.get("model_type")))
        held = stored(name.location, name.gguf, raw, common)
        sizes.check(raw, held)
        numbers = _dtype(dtype, placing.device)
        quantization = quantized.options(name, raw, dtype, numbers, placing)
        config = AutoConfig.from_pretrained(name.location, **common)
        tokenizer = load_tokenizer(name, config.model_type, common)
    config = _without_blocks(config)
    options = options | {"dtype": numbers}
    return Weights(
        name, config, raw, held, tokenizer, placing, options, quantization, generates=generates
    )


@dataclass(frozen=True)
class _Ready:
    whole: Whole
    path: Path
    stream_of: Mapping[torch.nn.Module, Stream]
    seen: probe.Seen


def _ready(weights: Weights) -> _Ready:
    """Loads the model and finds its attention: in the interface, or else in what modules return."""
    ready = None
    if weights.config.model_type not in FALLBACK:
        with suppress(NotInterfaceError):
            ready = _by(weights, "interface")
    # Where nothing but its flag makes a decoder causal, the flag may be wrong (NLLB-MoE).
    if ready is None or not _whole(ready) or (ready.stream_of and not ready.seen.causal):
        other = _by(weights, "fallback")
        ready = other if ready is None or other.seen.streams else ready
    if not ready.seen.streams:
        raise probe.nothing_seen(ready.whole.model)
    if not _whole(ready):
        missing = [stream for stream in ALL if stream not in ready.seen.streams]
        if missing != ["encoder"]:
            raise probe.nothing_seen(ready.whole.model)
        ready.seen.notes.append("The encoder's attention can't be seen; the decoder's can.")
    if weights.generates and not ready.seen.causal:
        raise heads.no_generator(weights.config.model_type)
    return ready


def _by(weights: Weights, path: Path) -> _Ready:
    """Loads the model for one path and probes it."""
    whole = weights.load(tap.install() if path == "interface" else "eager")
    model = whole.model
    notes = _speak_english(model)
    stream_of = streams(model)
    inputs = probe.inputs(weights.tokenizer, whole.device, encoder_decoder=bool(stream_of))
    look = probe.by_tap if path == "interface" else probe.by_hooks
    seen = look(model, stream_of, inputs)
    seen.notes += notes
    return _Ready(whole, path, stream_of, seen)


def _whole(ready: _Ready) -> bool:
    return ready.seen.streams == (ALL if ready.stream_of else ("",))


def _without_blocks(config: Any) -> Any:  # noqa: ANN401 - transformers' own
    """BigBird's config with full attention, as it runs up to 700 tokens: blocks show no weights."""
    if getattr(config, "attention_type", None) == "block_sparse":
        config.attention_type = "original_full"
    return config


def _speak_english(model: Any) -> list[str]:  # noqa: ANN401
    """Sets the language of an X-MOD whose config names none; the notes on that."""
    languages = getattr(model.config, "languages", None)
    if not hasattr(model, "set_default_language") or model.config.default_language or not languages:
        return []
    language = "en_XX" if "en_XX" in languages else languages[0]
    model.set_default_language(language)
    return [f"The adapters of {language} were used, as the model's config names no language."]


def _options(
    name: ModelName, revision: str | None, allow_pickle: bool, *, trust_remote_code: bool
) -> tuple[ModelName, dict[str, Any]]:
    """The options that config, tokenizer and weights are loaded with.

    If a name on the Hub is that of an adapter, the base model's name is returned with them.
    """
    options: dict[str, Any] = {
        "revision": None if name.adapter else revision,  # that is the adapter's
        "trust_remote_code": trust_remote_code,
        "use_safetensors": None if allow_pickle or name.gguf else True,
    }
    if name.gguf:
        options["gguf_file"] = name.gguf
    if name.source != "hub":
        return name, options
    with explained(name, revision):
        options["local_files_only"] = not _hub_answers(name.location, options["revision"])
        on_hub = None if name.adapter else hub_adapter(name.location, options)
    if on_hub is None:
        return name, options
    peft_adapter = adapter.read(name.argument, on_hub, allow_pickle=allow_pickle)
    base = adapted(peft_adapter, allow_pickle=allow_pickle)
    return _options(base, None, allow_pickle, trust_remote_code=trust_remote_code)


def _hub_answers(model: str, revision: str | None) -> bool:
    """Whether the Hub answers for `model`; if not, only the cache is used.

    Asked once and briefly: transformers would ask for each file, and wait long each time. Raises
    huggingface_hub's own errors where the Hub has no such model.
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


def _dtype(name: str, device: torch.device) -> torch.dtype | str:
    if name == "auto" or name in quantized.ON_LOADING:
        return torch.float32 if device.type == "cpu" else "auto"
    return {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[name]


@contextmanager
def quiet() -> Iterator[None]:
    """Silences transformers' progress bars and messages inside."""
    try:
        from transformers.utils import logging as messages
    except (ImportError, ValueError) as error:  # as for HF_HUB_DOWNLOAD_TIMEOUT=soon
        raise InputError(
            f"transformers can't be loaded: {first_line(error)}",
            "Check the installation, and the environment variables that begin with HF_.",
        ) from error

    level, bars = messages.get_verbosity(), messages.is_progress_bar_enabled()
    messages.set_verbosity(_SILENT)
    messages.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        messages.set_verbosity(level)
        if bars:
            messages.enable_progress_bar()  # type: ignore[no-untyped-call]
