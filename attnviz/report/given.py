"""What a report was made from: the model, the input, and the options it depends on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from attnviz.evidence.rules import USUAL, Rules
from attnviz.settings import ReportedSettings, Settings, declarations
from attnviz.shape import LEFT_OUT, UNWRITTEN, Attention, Count, Positive
from attnviz.values import written


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


@dataclass(frozen=True, kw_only=True)
class Options(ReportedSettings):
    """The choices that a report depends on, printed with it; the model's are in `ModelInfo`.

    `target` and `labels` are names of files without their folders.
    """

    created: str = ""
    """When the report was made, from SOURCE_DATE_EPOCH; empty where that is not set."""
    evidence: Rules = field(default=USUAL, metadata=UNWRITTEN)
    """What a verdict took, if not the usual; the file has it as an object of its own."""

    @classmethod
    def of(cls, settings: Settings, evidence: Rules, created: str) -> Options:
        """The options of a report that is made with these settings."""
        values = {name: getattr(settings, name) for name in declarations(ReportedSettings)}
        for file in ("target", "labels"):
            values[file] = Path(values[file]).name
        return cls(**values, evidence=evidence, created=created)

    @property
    def as_text(self) -> list[tuple[str, str]]:
        """Each setting that is not empty, with the name that the command line has for it."""
        texts = {
            name.replace("_", "-"): written(getattr(self, name))
            for name in declarations(ReportedSettings)
        }
        return [(name, text) for name, text in texts.items() if text]
