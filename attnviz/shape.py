"""How the types of a report say what `report.json` holds: bounds, descriptions, what is left out.

Docstrings, a type's and those below its fields, become the descriptions of `schema.json`.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

LEFT_OUT = {"written": "unless default"}
"""Metadata of a field that the file leaves out where it has its default."""

UNWRITTEN = {"written": "never"}
"""Metadata of a field that the file does not hold."""


Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Amount = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Layer = Annotated[Count, Meta(description="Its layer, from 0.")]
Head = Annotated[Count, Meta(description="Its number in the layer, from 0.")]
Place = Annotated[tuple[Count, Count], Meta(description="[layer, head].")]
Attention = Annotated[
    str,
    Meta(
        pattern="^(encoder|decoder|cross)?$",
        description="Which attention of an encoder-decoder model; left out for others.",
    ),
]
