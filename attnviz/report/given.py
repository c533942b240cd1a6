"""What a report was made from: the model, the input, and the options it depends on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

from attnviz.evidence.rules import USUAL, Rules
from attnviz.report.shape import LEFT_OUT, UNWRITTEN, Attention, Count, Positive


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


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """One layer that has attention."""

    layer: Count
    """Its number."""
    heads: Positive
    """Its query heads."""
    key_heads: Positive
    """Its key and value heads; fewer than heads where query heads share them."""
    window: Positive | None = None
    """How many tokens a query sees at most, itself too; null for all."""
    attention: Attention = field(default="", metadata=LEFT_OUT)

    def key_head(self, head: int) -> int:
        """The key head that a query head reads."""
        return head * self.key_heads // self.heads


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

    files: tuple[FileInfo, ...]
    """The input files, in the order given."""
    split: str
    """How the text was cut into sentences."""
    sentences: Count
    """Sentences measured."""
    tokens: Count
    """Tokens measured, special tokens included."""
    truncated: Count
    """Sentences that were cut to the model's limit."""
    words: Count = 0
    """What the tokens were merged into, special tokens included; 0 where they were not."""
    documents: Count = 0
    """Documents of the sentences, which are resampled as wholes; 0 where sentences are."""


@dataclass(frozen=True, slots=True)
class Options:
    """The choices that the numbers and figures depend on; the model's are in model."""

    language: str = "en"
    """Language whose rules split prose into sentences."""
    long: Literal["truncate", "error"] = "truncate"
    """What happened to sentences longer than the model takes."""
    illustrate: Count = 8
    """How many sentences were to get figures."""
    sentences: tuple[Positive, ...] = ()
    """Which sentences were to get figures instead; empty for none in particular."""
    rollout_residual: bool = True
    """Whether rollout takes half of each layer from the residual stream."""
    scale: Literal["sqrt", "linear"] = "sqrt"
    """How figures map a weight to a colour."""
    cmap: str = "Blues"
    """The colour map of the figures."""
    dpi: Positive = 150
    """Dots per inch of the PNG figures."""
    seed: Count = 0
    """The seed of everything drawn at random."""
    resamples: Count = 2000
    """Resamples of the bootstrap."""
    created: str = ""
    """When the report was made, from SOURCE_DATE_EPOCH; empty where that is not set."""
    kernel: str = "auto"
    """How attention was computed: 'auto' chooses for each batch."""
    generate: Count = 0
    """Tokens that the model was to write for each sentence, at most."""
    target: str = ""
    """The file with the targets of an encoder-decoder model; empty for none."""
    max_memory: str = ""
    """The most memory to use, as it was given; empty for no limit."""
    annotate: str = ""
    """Who parsed the text; empty where nobody did, or a file brought its own trees."""
    evidence: Rules = field(default=USUAL, metadata=UNWRITTEN)
    """What a verdict took; the file has it as an object of its own."""
    words: bool = False
    """Whether tokens of a word were merged: then every token of the report is a word."""
    pieces: Literal["auto", "mean", "last"] = "auto"
    """Which tokens of a split word look for it: their mean, the last one, or 'auto', the last in a
    causal model."""
    input_format: Literal["auto", "text", "conllu", "jsonl"] = "auto"
    """What the files were said to hold; 'auto' where their names and content told."""
    chat: bool = False
    """Whether the model's chat template made the texts."""
    parse_special_tokens: bool = False
    """Whether special tokens that the text holds were read as such."""
