"""How a run tells what it is doing: a bar on a terminal, nothing anywhere else."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Silent:
    """Tells nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins."""

    def advance(self, steps: int = 1) -> None:
        """So many steps are done."""


class Bar(Silent):
    """A line a stage, with counts and the time left where the steps can be counted."""

    def __init__(self, console: Console) -> None:
        self._columns = Progress(
            SpinnerColumn(finished_text="✓" if not console.options.ascii_only else "+"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(elapsed_when_finished=False, compact=True),
            console=console,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._columns.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self._columns.stop()

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins; the one before it is done."""
        for task in self._columns.tasks:
            if not task.finished:
                self._columns.update(task.id, total=task.completed or 1, completed=task.completed or 1)
        self._current = self._columns.add_task(name, total=total)

    def advance(self, steps: int = 1) -> None:
        """So many steps of the stage are done."""
        self._columns.advance(self._current, steps)
