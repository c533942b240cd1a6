"""`report.json`: everything a run found, in a versioned form that programs can rely on.

Its shape is stated in `attnviz.report.records`, and shipped as `attnviz/report/schema.json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.report import codec, records
from attnviz.report.format import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.figures.picture import Picture
    from attnviz.report.model import Report


def write(report: Report, pictures: Sequence[Picture]) -> bytes:
    """The report and the names of its figures as JSON."""
    return codec.write(records.of(report, pictures))


FORMAT = Format(
    name="json",
    filename="report.json",
    about="Everything, for programs; its JSON Schema is shipped with the package.",
    write=write,
)
