"""Shows the progress of a run: as lines that move on a terminal, as a log, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Self

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

INTERVAL = 10.0
"""Seconds between two lines of a log about one stage."""

_BAR = 24


class Silent:
    """Shows nothing; raises `signals.Stopped` for a signal that some library swallowed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def stage(self, name: str, total: int | None = None) -> None:  # noqa: ARG002 - for Bar
        """A stage begins, with `total` steps where they can be counted."""
        signals.check()

    def advance(self, steps: int = 1) -> None:  # noqa: ARG002 - for Bar
        """`steps` more steps are done."""
        signals.check()


@dataclass(frozen=True, slots=True)
class Step:
    """The progress of a stage: `done` of `total` steps, both None where they can't be counted.

    `seconds` are those since the stage began.
    """

    event: Literal["begin", "progress", "end"]
    stage: str
    done: int | None
    total: int | None
    seconds: float


class Log(Silent):
    """Reports the beginning and the end of each stage, and the steps done each ten seconds.

    An interrupted stage has no end. `tell` writes a step; `now` is a clock in seconds.
    """

    def __init__(
        self, tell: Callable[[Step], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell, self._now = tell, now
        self._stage, self._done = "", 0
        self._total: int | None = None
        self._began = self._told = 0.0

    def __exit__(self, *error: object) -> None:
        if error[0] is None:
            self._end(self._now())

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins; the one before it is done."""
        super().stage(name, total)
        now = self._now()
        self._end(now)
        self._stage, self._done, self._total, self._began = name, 0, total, now
        self._say("begin", now)

    def advance(self, steps: int = 1) -> None:
        """`steps` more steps of the stage are done."""
        super().advance(steps)
        self._done += steps
        now = self._now()
        if now - self._told >= INTERVAL:
            self._say("progress", now)

    def _end(self, now: float) -> None:
        if self._stage:
            self._say("end", now)

    def _say(self, event: Literal["begin", "progress", "end"], now: float) -> None:
        self._told = now
        done = None if self._total is None else self._done
        self._tell(Step(event, self._stage, done, self._total, now - self._began))


class Bar(Silent):
    """A line for each stage, with counts and the time left where steps can be counted.

    The lines are removed when the run ends or fails.
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
    """The steps done, their rate and the time left; at the end, the time that all took."""

    def render(self, task: Task) -> Text:
        """`12/40, 3.2/s, 0:05 left`, or `0:05`."""
        took = _clock(task.finished_time if task.finished else task.elapsed)
        if not task.fields["counted"]:
            return Text(took, style="dim")
        steps = f"{task.completed:.0f}/{task.total:.0f}"
        if task.finished or not task.completed or not task.total or not task.elapsed:
            return Text(f"{steps}, {took}", style="dim")
        # Steps come in batches, so Rich's own estimate from their pace is far too short.
        left = task.elapsed * (task.total / task.completed - 1)
        rate = task.completed / task.elapsed
        shown = f"{rate:,.0f}" if rate >= 100 else f"{rate:.1f}"
        return Text(f"{steps}, {shown}/s, {_clock(left)} left", style="dim")


def _clock(seconds: float | None) -> str:
    minutes, rest = divmod(round(seconds or 0), 60)
    return f"{minutes}:{rest:02}"
