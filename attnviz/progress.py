"""How a run tells what it is doing: lines on a terminal, nothing anywhere else."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.progress_bar import ProgressBar
from rich.text import Text

from attnviz import signals

_BAR = 24


class Silent:
    """Tells nothing, and hears a signal that some library swallowed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def stage(self, name: str, total: int | None = None) -> None:  # noqa: ARG002 - for Bar
        """A stage begins, with `total` steps where they can be counted."""
        signals.check()

    def advance(self, steps: int = 1) -> None:  # noqa: ARG002 - for Bar
        """So many steps are done."""
        signals.check()


class Bar(Silent):
    """A line a stage, with counts and the time left where steps can be counted.

    When the run is over, well or not, the lines are gone.
    """

    def __init__(self, console: Console) -> None:
        plain = console.options.ascii_only
        self._task: TaskID | None = None
        self._lines = Progress(
            SpinnerColumn("line" if plain else "dots", finished_text="+" if plain else "✓"),
            TextColumn("{task.description}"),
            _Steps(bar_width=_BAR),
            _Time(),
            console=console,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._lines.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.stop()

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins; the one before it is done."""
        super().stage(name, total)
        self._finish()
        self._task = self._lines.add_task(name, total=total, counted=total is not None)

    def advance(self, steps: int = 1) -> None:
        """So many steps of the stage are done."""
        super().advance(steps)
        if self._task is not None:
            self._lines.advance(self._task, steps)

    def _finish(self) -> None:
        if self._task is not None:
            total = next(task.total for task in self._lines.tasks if task.id == self._task) or 1
            self._lines.update(self._task, total=total, completed=total)


class _Steps(BarColumn):
    """A bar while the steps of a stage are counted; nothing for one without steps."""

    def render(self, task: Task) -> ProgressBar | Text:  # type: ignore[override]
        """The bar, or nothing."""
        shown = task.fields["counted"] and not task.finished
        return super().render(task) if shown else Text("")


class _Time(ProgressColumn):
    """How many steps are done and how long the rest takes; in the end, how long all took."""

    def render(self, task: Task) -> Text:
        """`12/40, 0:05 left`, or `0:05`."""
        took = _clock(task.finished_time if task.finished else task.elapsed)
        if not task.fields["counted"]:
            return Text(took, style="dim")
        steps = f"{task.completed:.0f}/{task.total:.0f}"
        if task.finished or not task.completed or not task.total or not task.elapsed:
            return Text(f"{steps}, {took}", style="dim")
        # Steps come in batches: Rich's own guess, from their pace, would be far too short.
        left = task.elapsed * (task.total / task.completed - 1)
        return Text(f"{steps}, {_clock(left)} left", style="dim")


def _clock(seconds: float | None) -> str:
    minutes, rest = divmod(round(seconds or 0), 60)
    return f"{minutes}:{rest:02}"
