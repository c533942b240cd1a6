"""The summary of a scan as types, `"schema": "attnviz.summary/1"`, and its JSON Schema.

`schema_text` is what ships as `attnviz/corpus/schema.json`:

    python -c "from attnviz.corpus.summary import *; print(schema_text(), end='')"
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from msgspec import Meta

from attnviz.report import codec
from attnviz.report.monitoring import Groups, StrangeSentence
from attnviz.shape import LEFT_OUT, Count

Schema = Literal["attnviz.summary/1"]
SCHEMA: Schema = "attnviz.summary/1"


@dataclass(frozen=True)
class SummaryJson:
    """What `attnviz scan --format json` and `attnviz merge --format json` print."""

    schema: Schema
    """The version of this format. It changes only when a program that reads it would break."""
    model: str
    """The model's name."""
    part: Annotated[str, Meta(pattern="^[0-9]+/[0-9]+$")]
    """The part of the corpus that was measured, and how many there are; 1/1 for all of it."""
    files: Count
    """Files that were read."""
    read: Count
    """Sentences that were read, those outside of a sample or of the part among them."""
    sentences: Count
    """Sentences measured."""
    documents: Count
    """Documents of these, which are resampled as wholes; 0 where sentences are."""
    tokens: Count
    """Tokens measured, special tokens included."""
    truncated: Count
    """Sentences that were cut to the model's limit."""
    left_out: Count
    """Sentences left out for want of any content token."""
    set_aside: Count
    """Documents that could not be read, with --keep-going."""
    sample: Count
    """How many sentences were drawn; 0 for all."""
    folder: str
    """The folder of the scan, as it was named."""
    groups: Groups | None
    """The groups of --group or --label, and what surely differs between them; null without."""
    strangest: tuple[StrangeSentence, ...]
    """The strangest sentences, the strangest first."""
    warnings: tuple[str, ...]
    """What was lost, and what may make the numbers mean less than they seem to."""
    drift: dict[str, Any] | None = field(default=None, metadata=LEFT_OUT)
    """What differs from an earlier corpus, with --against; null or left out without."""


def schema_text() -> str:
    """The JSON Schema as it is shipped."""
    return codec.schema_text(SummaryJson, "summary", "attnviz scan, summary")
