"""What a report was made from: the model, the input, and the options it depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from attnviz.evidence.rules import USUAL, Rules


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """A layer that has attention: `heads` query heads over `key_heads` key heads.

    `window`: how many tokens a query sees at most, itself included; None for all.
    """

    layer: int
    heads: int
    key_heads: int
    window: int | None = None

    def key_head(self, head: int) -> int:
        """The key head that a query head reads."""
        return head * self.key_heads // self.heads


@dataclass(frozen=True, slots=True)
class Options:
    """The choices that a report depends on, printed with it; the model's are in `ModelInfo`.

    `evidence` is what a verdict took, where that was not the usual.
    """

    language: str = "en"
    long: Literal["truncate", "error"] = "truncate"
    illustrate: int = 8
    sentences: tuple[int, ...] = ()
    rollout_residual: bool = True
    scale: Literal["sqrt", "linear"] = "sqrt"
    cmap: str = "Blues"
    dpi: int = 150
    seed: int = 0
    resamples: int = 2000
    created: str = ""
    kernel: str = "auto"
    generate: int = 0
    target: str = ""
    max_memory: str = ""
    annotate: str = ""
    evidence: Rules = USUAL
    words: bool = False
    pieces: Literal["auto", "mean", "last"] = "auto"
    input_format: Literal["auto", "text", "conllu", "jsonl"] = "auto"
    chat: bool = False
    parse_special_tokens: bool = False
