"""Where a measurement came from: the model, the text, and the settings that shaped its sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from attnviz.shape import Count


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model that was measured.

    In the parts of an encoder-decoder model layers, heads and causal are those of the part.
    """

    name: str
    """As it was given: a Hub name, a folder, a GGUF file, or 'minilm'."""
    revision: str
    """The commit or hash of the weights; empty where there is none."""
    architecture: str
    """The class of the model."""
    layers: Count
    """Number of layers, those without attention too."""
    heads: Count
    """Query heads in a layer; the most, where layers differ."""
    key_value_heads: Count
    """Key and value heads in a layer; fewer than heads where queries are grouped."""
    parameters: Count
    """Number of parameters."""
    dtype: str
    """The number format that the model ran in."""
    causal: bool
    """Whether tokens see only what is to their left."""
    quantization: str = ""
    """How weights take fewer bits than the number format; empty where they don't."""

    @property
    def numbers(self) -> str:
        """The number format, and how the weights are quantised, if they are."""
        return f"{self.dtype} ({self.quantization})" if self.quantization else self.dtype


@dataclass(frozen=True, slots=True)
class FileInfo:
    """One input file."""

    name: str
    """As it was given."""
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """Hash of its bytes."""
    sentences: Count
    """Sentences found in it."""


@dataclass(frozen=True, slots=True)
class InputInfo:
    """What was read."""

    files: tuple[FileInfo, ...] = ()
    """The input files, in the order given."""
    split: str = "auto"
    """How the text was cut into sentences."""
    sentences: Count = 0
    """Sentences measured."""
    tokens: Count = 0
    """Tokens measured, special tokens included."""
    truncated: Count = 0
    """Sentences that were cut to the model's limit."""
    words: Count = 0
    """What the tokens were merged into, special tokens included; 0 where they were not."""
    documents: Count = 0
    """Documents of the sentences, which are resampled as wholes; 0 where sentences are."""


@dataclass(frozen=True)
class Source:
    """What must be the same for two measurements to add.

    `settings` are those that shape the sums, by name.
    """

    version: str
    model: ModelInfo
    settings: Mapping[str, str | int | bool]

    def difference(self, other: Source) -> str:
        """The first thing that differs from another source, by name; "" for nothing."""
        if self.version != other.version:
            return f"version {self.version} and {other.version}"
        mine, others = self.model, other.model
        for name in ModelInfo.__slots__:
            if getattr(mine, name) != getattr(others, name):
                return f"{name} {getattr(mine, name)} and {getattr(others, name)}"
        for name in sorted({*self.settings, *other.settings}):
            if self.settings.get(name) != other.settings.get(name):
                return f"{name} {self.settings.get(name)} and {other.settings.get(name)}"
        return ""
