"""Loads a model's tokenizer, or says which packages it needs."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from attnviz.errors import InputError
from attnviz.models import adapter
from attnviz.models.architectures import TOKENIZER_PACKAGES
from attnviz.models.explain import chain, first_line
from attnviz.models.names import ModelName

_FILES = "A model folder needs its tokenizer.json or vocabulary files next to config.json."

_SENTENCEPIECE = ("sentencepiece", "protobuf")
# Files of SentencePiece models, from which transformers makes a tokenizer.json's tokenizer too.
_SENTENCEPIECE_FILES = ("*.model", "*.spm")

# Packages to install for a module that a tokenizer imports, where the names differ or more is
# needed: Japanese word splitters need dictionaries.
_INSTALLED_BY: Mapping[str, tuple[str, ...]] = {
    "sentencepiece": _SENTENCEPIECE,
    "google": ("protobuf",),
    "fugashi": ("fugashi", "ipadic", "unidic-lite"),
    "unidic_lite": ("unidic-lite",),
    "sudachipy": ("sudachipy", "sudachidict_core"),
    "mistral_common": ("mistral-common",),
}
_MODULES: Mapping[str, str] = {"protobuf": "google.protobuf"}


def load_tokenizer(name: ModelName, model_type: str, options: Mapping[str, Any]) -> Any:  # noqa: ANN401 - transformers' own
    """Loads the tokenizer of a model of type `kind`.

    Raises InputError where there is none, or where it needs packages that aren't installed.
    """
    from transformers import AutoTokenizer

    where = name.location
    if name.adapter and adapter.has_tokenizer(name.adapter):
        where = name.adapter.folder
    try:
        with warnings.catch_warnings():
            # Marian's asks for a normalizer that it then doesn't use.
            warnings.filterwarnings("ignore", "Recommended: pip install sacremoses")
            # Where mistral-common is installed, it would take the place of the tokenizer, and
            # tells nothing of words and places.
            tokenizer = AutoTokenizer.from_pretrained(where, mistral_format=False, **options)
            tokenizer("a")  # some of its settings are looked at only now
    except Exception as error:
        if missing := _missing(where, model_type, error):
            raise _needs(name, missing) from error
        raise InputError(
            f"The tokenizer of {name.argument} can't be loaded: {first_line(error)}", _FILES
        ) from error
    # Without any files, transformers makes a tokenizer that knows its special tokens only.
    if len(tokenizer.get_vocab()) <= len(tokenizer.all_special_tokens):
        raise InputError(f"{name.argument} has no tokenizer.", _FILES)
    # Without this package BERTweet's would read emoji in another way than it was trained to.
    if getattr(tokenizer, "normalization", False) and not getattr(tokenizer, "demojizer", True):
        raise _needs(name, ["emoji"])
    return _without_entities(tokenizer) if hasattr(tokenizer, "entity_vocab") else tokenizer


def _without_entities(tokenizer: Any) -> Any:  # noqa: ANN401
    """LUKE's tokenizer without entities: its own class fails where special tokens are to be split.

    It passes that option on twice (transformers 5.24).
    """
    from transformers import PreTrainedTokenizerFast

    fast_class: Any = PreTrainedTokenizerFast
    return fast_class(
        tokenizer_object=tokenizer.backend_tokenizer,
        model_max_length=tokenizer.model_max_length,
        model_input_names=["input_ids", "attention_mask"],
        extra_special_tokens=list(tokenizer.extra_special_tokens),
        **tokenizer.special_tokens_map,
    )


def _needs(name: ModelName, packages: Sequence[str]) -> InputError:
    return InputError(
        f"The tokenizer of {name.argument} needs {' and '.join(packages)}, not installed here.",
        f"Run: pip install {' '.join(packages)}",
    )


def _missing(where: str, model_type: str, error: BaseException) -> list[str]:
    """The packages without which a tokenizer couldn't be loaded, as pip calls them."""
    needed: list[str] = []
    for link in chain(error):
        if isinstance(link, ModuleNotFoundError) and link.name:
            module = link.name.partition(".")[0]
            needed += _INSTALLED_BY.get(module, (module,))
    if not (Path(where) / "tokenizer.json").is_file():
        needed += TOKENIZER_PACKAGES.get(model_type, ())
    if "SentencePiece" in str(error) or _is_sentencepiece(Path(where)):
        # transformers asks for tiktoken where it can't read a SentencePiece model.
        needed = [*(package for package in needed if package != "tiktoken"), *_SENTENCEPIECE]
    return _absent(needed)


def _is_sentencepiece(folder: Path) -> bool:
    return folder.is_dir() and any(
        path for pattern in _SENTENCEPIECE_FILES for path in folder.glob(pattern)
    )


def _absent(packages: Iterable[str]) -> list[str]:
    return [
        package
        for package in dict.fromkeys(packages)
        if not _installed(_MODULES.get(package, package))
    ]


def _installed(module: str) -> bool:
    try:
        return find_spec(module.replace("-", "_")) is not None
    except (ImportError, ValueError):  # a parent package is missing, or an entry is blocked
        return False
