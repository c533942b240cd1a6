"""Where a measurement came from: the model, the text, and the settings that shaped its sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model that was measured. `key_value_heads` < `heads` means grouped queries.

    `layers` counts all layers, those without attention too. In the parts of an encoder-decoder
    model `layers`, `heads` and `causal` are those of the part.
    """

    name: str
    revision: str
    architecture: str
    layers: int
    heads: int
    key_value_heads: int
    parameters: int
    dtype: str
    causal: bool


@dataclass(frozen=True, slots=True)
class FileInfo:
    """One input file."""

    name: str
    sha256: str
    sentences: int


@dataclass(frozen=True, slots=True)
class InputInfo:
    """What was read: `tokens` counts special tokens too, `truncated` the sentences cut short.

    `words`, special tokens too, is what the tokens were merged into; 0 where they were not.
    `documents` is how many are resampled as wholes, 0 where sentences are.
    """

    files: tuple[FileInfo, ...] = ()
    split: str = "auto"
    sentences: int = 0
    tokens: int = 0
    truncated: int = 0
    words: int = 0
    documents: int = 0


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
