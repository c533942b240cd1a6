"""All figures of a report: a list of tasks, done here or by several processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Container, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain, count

from attnviz import remarks, signals
from attnviz.figures.captions import titled
from attnviz.figures.compared_views import ComparedView
from attnviz.figures.figure import WHOLE, AnyView, Subject
from attnviz.figures.fonts import fitted
from attnviz.figures.picture import Picture
from attnviz.figures.registry import figures
from attnviz.figures.render import render
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import ModelView, SentenceView

_BATCH = 4
"""Pictures a worker makes at a time: an interrupt never waits for more than that."""

Progress = Callable[[Picture], None]


@dataclass(frozen=True, slots=True)
class Task:
    """One picture to be made: which figure, of what, and where it goes (no suffix)."""

    path: str
    figure: str
    view: AnyView
    subject: Subject = WHOLE[0]


Models = ModelView | Sequence[ModelView] | None
"""The maps of a model: one, or one for each of its streams."""


def tasks(model: Models, sentences: Sequence[AnyView]) -> tuple[Task, ...]:
    """What there is to draw, in the order of the report: the model, then each sentence.

    Each stream of a model with several has a folder: `figures/cross/s003/mosaic`.
    """
    todo: dict[str, Task] = {}
    for view in (*_each(model), *sentences):
        for figure in figures():
            if isinstance(view, figure.view):
                for subject in figure.subjects(view):
                    path = _path(view, subject.name or figure.name, todo)
                    todo[path] = Task(path, figure.name, view, subject)
    return tuple(todo.values())


def _each(model: Models) -> Sequence[ModelView]:
    return [model] if isinstance(model, ModelView) else model or ()


def _path(view: AnyView, name: str, taken: Container[str]) -> str:
    """Where a picture goes; a name that is taken gets a number."""
    folder = f"s{view.id:03d}" if isinstance(view, SentenceView) else ""
    path = "/".join(filter(None, ("figures", view.stream, folder, name)))
    numbered = chain((path,), (f"{path}-{number}" for number in count(2)))
    return next(one for one in numbered if one not in taken)


def perform(task: Task, style: FigureStyle) -> Picture:
    """Draw and render one picture; KeyError where there is no such figure."""
    figure = {figure.name: figure for figure in figures()}[task.figure]
    view, subject = task.view, task.subject
    picture = render(
        figure.draw(view, *subject.heads, style),
        style,
        path=task.path,
        title=titled(subject.title or figure.title, view.stream),
        caption=figure.caption(view, *subject.heads),
    )
    return replace(
        picture,
        stream=view.stream,
        sentence=view.id if isinstance(view, SentenceView) else None,
        heads=tuple((head.layer, head.head) for head in subject.heads),
    )


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
    style = style or FigureStyle()
    style = fitted(style, chain(texts(model, sentences), (style.model,)))
    todo = tasks(model, sentences)
    made: list[Picture] = []
    # Closed at once and not when it is collected: that is what stops the workers.
    with closing(_alone(todo, style) if jobs < 2 else _shared(todo, style, jobs)) as stream:
        for picture in stream:
            made.append(picture)
            if progress is not None:
                progress(picture)
    return tuple(made)


def draw_compared(
    views: Sequence[ComparedView], style: FigureStyle, progress: Progress
) -> tuple[Picture, ...]:
    """Make every picture of a comparison; `progress` is called with each once it is there."""
    style = fitted(style, chain.from_iterable(view.texts() for view in views))
    made = []
    for task in tasks(None, views):
        made.append(perform(task, style))
        progress(made[-1])
    return tuple(made)


def texts(model: Models, sentences: Sequence[SentenceView]) -> Iterator[str]:
    """Every text from outside that figures show."""
    for maps in _each(model):
        yield maps.model
        for marks in chain.from_iterable(maps.roles):
            yield from (f"{mark.title}{mark.letter}" for mark in marks)
    for view in sentences:
        yield from (label.text for label in (*view.labels, *view.key_labels))
        for head in view.heads:
            yield from (role.mark.title for role in head.roles)
            yield from head.also


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
        with signals.held():  # A process that is left half started says so, at length.
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
