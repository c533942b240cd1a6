"""What is told while a run goes on."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Whom a run tells what it is doing: see `attnviz.progress`."""

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins, with `total` steps where they can be counted."""

    def advance(self, steps: int = 1) -> None:
        """So many steps of the stage are done."""
