"""What a report was made from: the model, the input, and the options it depends on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

from attnviz.evidence.rules import USUAL, Rules
from attnviz.report.shape import LEFT_OUT, UNWRITTEN, Attention, Count, Positive, says


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The model that was measured.

    In the parts of an encoder-decoder model layers, heads and causal are those of the part.
    """

    name: Annotated[str, says("As it was given: a Hub name, a folder, a GGUF file, or 'minilm'.")]
    revision: Annotated[str, says("The commit or hash of the weights; empty where there is none.")]
    architecture: Annotated[str, says("The class of the model.")]
    layers: Annotated[Count, says("Number of layers, those without attention too.")]
    heads: Annotated[Count, says("Query heads in a layer; the most, where layers differ.")]
    key_value_heads: Annotated[
        Count,
        says("Key and value heads in a layer; fewer than heads where queries are grouped."),
    ]
    parameters: Annotated[Count, says("Number of parameters.")]
    dtype: Annotated[str, says("The number format that the model ran in.")]
    causal: Annotated[bool, says("Whether tokens see only what is to their left.")]


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """One layer that has attention."""

    layer: Annotated[Count, says("Its number.")]
    heads: Annotated[Positive, says("Its query heads.")]
    key_heads: Annotated[
        Positive, says("Its key and value heads; fewer than heads where query heads share them.")
    ]
    window: Annotated[
        Positive | None, says("How many tokens a query sees at most, itself too; null for all.")
    ] = None
    attention: Attention = field(default="", metadata=LEFT_OUT)

    def key_head(self, head: int) -> int:
        """The key head that a query head reads."""
        return head * self.key_heads // self.heads


@dataclass(frozen=True, slots=True)
class FileInfo:
    """One input file."""

    name: Annotated[str, says("As it was given.")]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="Hash of its bytes.")]
    sentences: Annotated[Count, says("Sentences found in it.")]


@dataclass(frozen=True, slots=True)
class InputInfo:
    """What was read."""

    files: Annotated[tuple[FileInfo, ...], says("The input files, in the order given.")]
    split: Annotated[str, says("How the text was cut into sentences.")]
    sentences: Annotated[Count, says("Sentences measured.")]
    tokens: Annotated[Count, says("Tokens measured, special tokens included.")]
    truncated: Annotated[Count, says("Sentences that were cut to the model's limit.")]
    words: Annotated[
        Count,
        says("What the tokens were merged into, special tokens included; 0 where they were not."),
    ] = 0
    documents: Annotated[
        Count,
        says("Documents of the sentences, which are resampled as wholes; 0 where sentences are."),
    ] = 0


@dataclass(frozen=True, slots=True)
class Options:
    """The choices that the numbers and figures depend on; the model's are in model."""

    language: Annotated[str, says("Language whose rules split prose into sentences.")] = "en"
    long: Annotated[
        Literal["truncate", "error"],
        says("What happened to sentences longer than the model takes."),
    ] = "truncate"
    illustrate: Annotated[Count, says("How many sentences were to get figures.")] = 8
    sentences: Annotated[
        tuple[Positive, ...],
        says("Which sentences were to get figures instead; empty for none in particular."),
    ] = ()
    rollout_residual: Annotated[
        bool, says("Whether rollout takes half of each layer from the residual stream.")
    ] = True
    scale: Annotated[Literal["sqrt", "linear"], says("How figures map a weight to a colour.")] = (
        "sqrt"
    )
    cmap: Annotated[str, says("The colour map of the figures.")] = "Blues"
    dpi: Annotated[Positive, says("Dots per inch of the PNG figures.")] = 150
    seed: Annotated[Count, says("The seed of everything drawn at random.")] = 0
    resamples: Annotated[Count, says("Resamples of the bootstrap.")] = 2000
    created: Annotated[
        str,
        says("When the report was made, from SOURCE_DATE_EPOCH; empty where that is not set."),
    ] = ""
    kernel: Annotated[str, says("How attention was computed: 'auto' chooses for each batch.")] = (
        "auto"
    )
    generate: Annotated[
        Count, says("Tokens that the model was to write for each sentence, at most.")
    ] = 0
    target: Annotated[
        str, says("The file with the targets of an encoder-decoder model; empty for none.")
    ] = ""
    max_memory: Annotated[
        str, says("The most memory to use, as it was given; empty for no limit.")
    ] = ""
    annotate: Annotated[
        str, says("Who parsed the text; empty where nobody did, or a file brought its own trees.")
    ] = ""
    evidence: Rules = field(default=USUAL, metadata=UNWRITTEN)
    """What a verdict took; the file has it as an object of its own."""
    words: Annotated[
        bool,
        says("Whether tokens of a word were merged: then every token of the report is a word."),
    ] = False
    pieces: Annotated[
        Literal["auto", "mean", "last"],
        says(
            "Which tokens of a split word look for it: their mean, the last one, or 'auto', the "
            "last in a causal model."
        ),
    ] = "auto"
    input_format: Annotated[
        Literal["auto", "text", "conllu", "jsonl"],
        says("What the files were said to hold; 'auto' where their names and content told."),
    ] = "auto"
    chat: Annotated[bool, says("Whether the model's chat template made the texts.")] = False
    parse_special_tokens: Annotated[
        bool, says("Whether special tokens that the text holds were read as such.")
    ] = False
