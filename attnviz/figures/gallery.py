"""All figures of a report: a list of tasks, done here or by several processes."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import chain

from attnviz import remarks, signals
from attnviz.figures.captions import head_name, titled
from attnviz.figures.fonts import fitted
from attnviz.figures.kind import FigureStyle, HeadFigure, ModelFigure, Picture, SentenceFigure
from attnviz.figures.registry import figures, head_figures, model_figures, sentence_figures
from attnviz.figures.render import render
from attnviz.figures.views import HeadView, ModelView, SentenceView

_BATCH = 4
"""Pictures a worker makes at a time: an interrupt never waits for more than that."""

Progress = Callable[[Picture], None]


@dataclass(frozen=True, slots=True)
class Task:
    """One picture to be made: which figure, of what, where it goes (no suffix)."""

    path: str
    figure: str
    view: ModelView | SentenceView
    head: HeadView | None = None


Models = ModelView | Sequence[ModelView] | None
"""The maps of a model: one, or one for each of its stacks."""


def tasks(model: Models, sentences: Sequence[SentenceView]) -> tuple[Task, ...]:
    """What there is to draw, in the order of the report: the model, then each sentence.

    The files of a model with several stacks begin with the stack's name: `s003/cross-mosaic`.
    """
    found: list[Task] = []
    for maps in _each(model):
        found += [
            Task(f"figures/{_prefix(maps)}{figure.name}", figure.name, maps)
            for figure in model_figures()
            if figure.applies(maps)
        ]
    for view in sentences:
        start = f"figures/s{view.id:03d}/{_prefix(view)}"
        found += [
            Task(f"{start}{figure.name}", figure.name, view)
            for figure in sentence_figures()
            if figure.applies(view)
        ]
        found += _head_tasks(start, view)
    return tuple(found)


def _each(model: Models) -> Sequence[ModelView]:
    return [model] if isinstance(model, ModelView) else model or ()


def _prefix(view: ModelView | SentenceView) -> str:
    return f"{view.attention_of}-" if view.attention_of else ""


def _head_tasks(start: str, view: SentenceView) -> Iterator[Task]:
    """The figures of a sentence's heads, no two at one path."""
    used: dict[str, int] = {}
    for head in view.heads:
        role = re.sub(r"[^a-z0-9]+", "-", head.mark.role.lower()).strip("-") or "head"
        for figure in head_figures():
            path = f"{start}{role}-{head_name(head.layer, head.head)}"
            path += "" if figure.name == "head" else f"-{figure.name}"
            used[path] = used.get(path, 0) + 1
            if used[path] > 1:
                path += f"-{used[path]}"
            yield Task(path, figure.name, view, head)


def perform(task: Task, style: FigureStyle) -> Picture:
    """Draw and render one picture; TypeError where the figure is not one of the task's view."""
    figure = next(found for found in figures() if found.name == task.figure)
    title = figure.title
    match figure, task.view, task.head:
        case HeadFigure(), SentenceView() as view, HeadView() as head:
            drawn, caption = figure.draw(view, head, style), figure.caption(view, head)
            title = f"{head.mark.title}, {head_name(head.layer, head.head)}"
        case SentenceFigure(), SentenceView() as view, None:
            drawn, caption = figure.draw(view, style), figure.caption(view)
        case ModelFigure(), ModelView() as model, None:
            drawn, caption = figure.draw(model, style), figure.caption(model)
        case _:
            raise TypeError(f"{figure.name!r} is no figure of a {type(task.view).__name__}.")
    title = titled(title, task.view.attention_of)
    return render(drawn, style, path=task.path, title=title, caption=caption)


def draw_all(
    model: Models,
    sentences: Sequence[SentenceView],
    style: FigureStyle | None = None,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> tuple[Picture, ...]:
    """Make every picture of a report, always in the same order.

    Fonts are chosen for all texts at once. `jobs` > 1 shares the work among that many processes;
    `progress` is called with each picture once it is there. An interrupt stops the workers.
    """
    style = fitted(style or FigureStyle(), texts(model, sentences))
    todo = tasks(model, sentences)
    made: list[Picture] = []
    # Closed at once and not when it is collected: that is what stops the workers.
    with closing(_alone(todo, style) if jobs < 2 else _shared(todo, style, jobs)) as stream:
        for picture in stream:
            made.append(picture)
            if progress is not None:
                progress(picture)
    return tuple(made)


def texts(model: Models, sentences: Sequence[SentenceView]) -> Iterator[str]:
    """Every text from outside that figures show."""
    for maps in _each(model):
        yield maps.model
        for marks in chain.from_iterable(maps.roles):
            yield from (f"{mark.title}{mark.letter}" for mark in marks)
    for view in sentences:
        yield from (label.text for label in (*view.labels, *view.key_labels))
        yield from (head.mark.title for head in view.heads)


def _alone(todo: Sequence[Task], style: FigureStyle) -> Generator[Picture, None, None]:
    """Do the tasks one after the other."""
    for task in todo:
        yield perform(task, style)


def _shared(todo: Sequence[Task], style: FigureStyle, jobs: int) -> Generator[Picture, None, None]:
    """Let `jobs` processes do the tasks; the pictures come in the tasks' order.

    Where the system starts no more processes, or ends some, the rest is drawn in this one.
    """
    # Spawned, because a forked copy of a process that runs a model's threads may hang.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker)
    made = 0
    try:
        futures = [pool.submit(_perform_batch, batch, style) for batch in _batches(todo)]
        for future in futures:
            for picture in future.result():
                made += 1
                yield picture
    except (OSError, RuntimeError):  # a broken pool is a RuntimeError; a drawing's own comes again
        pass
    finally:
        # On an interrupt or an error, whatever has not begun is dropped.
        pool.shutdown(wait=True, cancel_futures=True)
    yield from _alone(todo[made:], style)


def _batches(todo: Sequence[Task]) -> Iterator[tuple[Task, ...]]:
    """Tasks of one view together, so that its arrays travel once for several pictures."""
    batch: list[Task] = []
    for task in todo:
        if batch and (task.view is not batch[0].view or len(batch) == _BATCH):
            yield tuple(batch)
            batch = []
        batch.append(task)
    if batch:
        yield tuple(batch)


def _perform_batch(batch: Sequence[Task], style: FigureStyle) -> tuple[Picture, ...]:
    return tuple(perform(task, style) for task in batch)


def _start_worker() -> None:
    """A process that draws ends with the first one, which alone answers Ctrl-C, and speaks."""
    signals.begin_child()
    remarks.route()
