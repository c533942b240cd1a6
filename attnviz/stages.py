"""What is told while a run goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Progress(Protocol):
    """Whom a run tells what it is doing: see `attnviz.progress`."""

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins, with `total` steps where they can be counted."""

    def advance(self, steps: int = 1) -> None:
        """So many steps of the stage are done."""


@dataclass(frozen=True)
class Told:
    """The progress of one of several runs, its stages told with which one it is."""

    progress: Progress
    which: str

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins."""
        self.progress.stage(f"{self.which}: {name}", total)

    def advance(self, steps: int = 1) -> None:
        """So many steps of the stage are done."""
        self.progress.advance(steps)
