"""Loading: a resolved name becomes a model in evaluation mode and its tokenizer."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal

import torch

from attnviz.errors import UsageError
from attnviz.models import heads, probe, tap
from attnviz.models.embeddings import limit, vocabulary
from attnviz.models.explain import check_vocabulary, check_weights, explained
from attnviz.models.hooks import Site
from attnviz.models.kinds import ARCHITECTURES, FALLBACK
from attnviz.models.names import ModelName
from attnviz.models.streams import ALL, Stream, numbers, streams
from attnviz.models.tokenizers import load_tokenizer

PATIENCE = 10.0
"""Seconds that the Hub has for an answer."""

_SILENT = logging.CRITICAL


Path = Literal["interface", "fallback"]


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to be tapped.

    `heads` is how many its config promises over all layers; what ran is known after a run.
    `limit` is the most tokens it takes, None for no limit. `path` says how attention is seen:
    through transformers' attention interface, or as the weights that modules return, which then
    are `sites`. `streams` are the attentions that can be seen, one named "" or those of an
    encoder-decoder model, whose modules `stream_of` tells apart; `layer_of` numbers modules that
    don't know their layer; `attentions` is how many the interface shows in one run, None if that
    isn't known. `causal`: no token sees a later one. `decoder_start` is the id that decoders begin
    with, None where a target's last token is moved to the front instead. `generator` is the whole
    model with its language-model head, where that was asked for. `notes` must be said of every
    result.
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
    notes: tuple[str, ...] = ()

    @property
    def layers(self) -> int:
        """How many layers the config promises, with attention or not; 0 if it doesn't say."""
        return getattr(self.model.config.get_text_config(), "num_hidden_layers", None) or 0

    @property
    def pad(self) -> int:
        """The id to pad with; masked, so any valid id serves where the tokenizer has none."""
        pad, known = self.tokenizer.pad_token_id or 0, vocabulary(self.model)
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
    generates: bool = False,
) -> LoadedModel:
    """Loads model and tokenizer.

    `dtype` "auto" is float32 on a CPU and the model's own elsewhere; whatever it is, attention
    is measured in float32. `generates` loads the language-model head as well, for
    `attnviz.models.generate`. Raises InputError with the fix for everything that can be missing.
    """
    with quiet(), explained(name, revision):
        from transformers import AutoConfig

        common = _common(name, revision, trust_remote_code=trust_remote_code)
        config = AutoConfig.from_pretrained(name.location, **common)
        probe.refuse(config)
        tokenizer = load_tokenizer(name, config.model_type, common)
        weights = _Weights(
            name,
            _without_blocks(config),
            tokenizer,
            device,
            common
            | {
                "use_safetensors": None if allow_pickle or name.gguf else True,
                "dtype": _dtype(dtype, device),
            },
            generates=generates,
        )
        ready = _ready(weights)
    model, seen = ready.model, ready.seen
    return LoadedModel(
        model=model,
        tokenizer=tokenizer,
        name=name.shown,
        revision=revision or str(getattr(config, "_commit_hash", None) or ""),
        architecture=type(model).__name__,
        heads=_heads(config),
        key_value_heads=_key_value_heads(config),
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        dtype=str(model.dtype).removeprefix("torch."),
        limit=limit(model, tokenizer),
        device=device,
        path=ready.path,
        encoder_decoder=bool(config.is_encoder_decoder),
        decoder_start=_decoder_start(weights, model),
        causal=seen.causal,
        streams=seen.streams,
        stream_of=ready.stream_of,
        layer_of=numbers(model),
        # A kind that no test knows might attend more often in longer texts.
        attentions=seen.attentions if config.model_type in chain(*ARCHITECTURES.values()) else None,
        sites=seen.sites,
        generator=ready.generator,
        notes=tuple(seen.notes),
    )


@dataclass(frozen=True)
class _Weights:
    """What is loaded, onto which device, and how."""

    name: ModelName
    config: Any
    tokenizer: Any
    device: torch.device
    options: dict[str, Any]
    generates: bool

    def load(self, attention: str) -> tuple[Any, Any]:
        """The model without a head and, if it is to generate, the one with."""
        found = heads.auto_class(self.config) if self.generates else None
        from transformers import AutoModel

        whole, info = (found or AutoModel).from_pretrained(
            self.name.location,
            config=self.config,
            **self.options,
            attn_implementation=attention,
            ignore_mismatched_sizes=True,  # they are reported in `info`, and refused below
            output_loading_info=True,
        )
        if found:
            heads.check(self.name, whole, info)
        check_weights(self.name, whole, info)
        whole.to(self.device).eval()
        model = heads.without(whole) if found else whole
        check_vocabulary(self.name, model, self.tokenizer)
        return model, whole if found else None

    def start_of_generation(self) -> int | None:
        """The start token that generation_config.json names, where newer models keep it."""
        from transformers import GenerationConfig

        options = {
            name: self.options[name]
            for name in ("revision", "local_files_only")
            if name in self.options
        }
        try:
            found = GenerationConfig.from_pretrained(self.name.location, **options)
        except OSError:
            return None
        start: int | None = found.decoder_start_token_id
        return start


@dataclass(frozen=True)
class _Ready:
    model: Any
    generator: Any
    path: Path
    stream_of: Mapping[torch.nn.Module, Stream]
    seen: probe.Seen


def _ready(weights: _Weights) -> _Ready:
    """Loads the model and finds its attention: by the tap, or else by what its modules return."""
    ready = None
    if weights.config.model_type not in FALLBACK:
        with suppress(_NotInterfaceError):
            ready = _by(weights, "interface")
    # Where nothing but its flag makes a decoder causal, the flag may be wrong (NLLB-MoE).
    if ready is None or not _whole(ready) or (ready.stream_of and not ready.seen.causal):
        other = _by(weights, "fallback")
        ready = other if ready is None or other.seen.streams else ready
    if not ready.seen.streams:
        raise probe.nothing_seen(ready.model)
    if not _whole(ready):
        missing = [stream for stream in ALL if stream not in ready.seen.streams]
        if missing != ["encoder"]:
            raise probe.nothing_seen(ready.model)
        ready.seen.notes.append("The encoder's attention can't be seen; the decoder's can.")
    if weights.generates and not ready.seen.causal:
        raise heads.no_generator(weights.config.model_type)
    return ready


class _NotInterfaceError(Exception):
    """The model's classes don't know the tap."""


def _by(weights: _Weights, path: Path) -> _Ready:
    """Loads the model for one path and looks what it shows."""
    try:
        model, generator = weights.load(tap.install() if path == "interface" else "eager")
    except KeyError as error:
        if error.args != (tap.NAME,):
            raise
        raise _NotInterfaceError from error
    notes = _speak_english(model)
    stream_of = streams(model)
    inputs = probe.inputs(model, weights.tokenizer, encoder_decoder=bool(stream_of))
    look = probe.by_tap if path == "interface" else probe.by_hooks
    seen = look(model, stream_of, inputs)
    seen.notes += notes
    return _Ready(model, generator, path, stream_of, seen)


def _whole(ready: _Ready) -> bool:
    return ready.seen.streams == (ALL if ready.stream_of else ("",))


def _without_blocks(config: Any) -> Any:  # noqa: ANN401 - transformers' own
    """BigBird with full attention: of its blocks it returns no weights.

    Up to some 700 tokens BigBird itself does so.
    """
    if getattr(config, "attention_type", None) == "block_sparse":
        config.attention_type = "original_full"
    return config


def _speak_english(model: Any) -> list[str]:  # noqa: ANN401
    """X-MOD needs to be told a language where its config names none."""
    languages = getattr(model.config, "languages", None)
    if not hasattr(model, "set_default_language") or model.config.default_language or not languages:
        return []
    language = "en_XX" if "en_XX" in languages else languages[0]
    model.set_default_language(language)
    return [f"The adapters of {language} were used, as the model's config names no language."]


def _decoder_start(weights: _Weights, model: Any) -> int | None:  # noqa: ANN401
    """The id that decoder inputs begin with, None where the target's last token moves there."""
    if not model.config.is_encoder_decoder:
        return None
    shift = getattr(sys.modules[type(model).__module__], "shift_tokens_right", None)
    if shift is not None and len(inspect.signature(shift).parameters) == 2:  # mBART
        return None
    names = ("decoder_start_token_id", "bos_token_id", "pad_token_id")
    of_config = [getattr(model.config, name, None) for name in names]
    found = (of_config[0], weights.start_of_generation(), *of_config[1:], 0)
    return int(next(one for one in found if one is not None))


def _heads(config: Any) -> int:  # noqa: ANN401
    """Attention heads that a config promises, over all layers and streams."""
    text = config.get_text_config()
    one = getattr(text, "num_attention_heads", None) or 1
    layers = getattr(text, "num_hidden_layers", None) or 1
    if not config.is_encoder_decoder:
        return int(one * layers)
    of_decoder = getattr(config, "decoder_attention_heads", None) or one
    decoders = (
        getattr(config, "decoder_layers", None)
        or getattr(config, "num_decoder_layers", None)
        or layers
    )
    return int(one * layers + 2 * of_decoder * decoders)


def _key_value_heads(config: Any) -> int:  # noqa: ANN401
    text = config.get_text_config()
    heads = getattr(text, "num_attention_heads", None)
    return getattr(text, "num_key_value_heads", None) or heads or 0


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


def _dtype(name: str, device: torch.device) -> torch.dtype | str:
    if name == "auto":
        return torch.float32 if device.type == "cpu" else "auto"
    return {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}[name]


@contextmanager
def quiet() -> Iterator[None]:
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
