"""One head on one sentence: every weight, every token named, the role's target outlined."""

from __future__ import annotations

import re
from collections.abc import Sequence

from matplotlib.figure import Figure

from attnviz.figures.captions import READ_MATRIX, head_name, titled, two
from attnviz.figures.figure import ReportFigure, Subject
from attnviz.figures.matrix import matrix_figure, thinning_note
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import HeadView, SentenceView
from attnviz.figures.windows import inside, windows_figure, windows_note


def subjects(view: SentenceView) -> Sequence[Subject]:
    """Each of the heads that are drawn, under the name of its role."""
    return [_subject(head) for head in view.heads]


def _subject(head: HeadView) -> Subject:
    name = head_name(head.layer, head.head)
    role = re.sub(r"[^a-z0-9]+", "-", head.mark.role.lower()).strip("-") or "head"
    return Subject((head,), f"{role}-{name}", f"{head.mark.title}, {name}")


def draw(view: SentenceView, head: HeadView, style: FigureStyle) -> Figure:
    """Draw the head's weights [query, key]; title: role, head, mass against chance."""
    name = f"{head.mark.title} · {head_name(head.layer, head.head)}"
    title, subtitle = titled(name, view.stream), _evidence(head)
    if head.windows:
        return windows_figure(view, head, style, title=title, subtitle=subtitle)
    return matrix_figure(
        head.attention,
        view.labels,
        view.keys,
        style,
        title=title,
        subtitle=subtitle,
        cells=head.cells,
    )


def _evidence(head: HeadView) -> str:
    if head.mass is None or head.chance is None:
        return "No target in this sentence."
    if head.words:
        outlined = " (outlined)" if _outlined(head) else ""
        return f"Right word{outlined} looked at most: {_right(head)}; chance: {two(head.chance)}"
    target = "On target (outlined)" if _outlined(head) else "On target"
    what = target if head.cells else "Score here"
    return f"{what}: {two(head.mass)}; chance: {two(head.chance)}"


def _right(head: HeadView) -> str:
    """How often a word's most attended other word is the right one: `2 of 3`."""
    return f"{round((head.mass or 0.0) * head.words)} of {head.words}"


def _outlined(head: HeadView) -> bool:
    """Whether any cell of the target is drawn as a single weight."""
    if head.windows:
        return any(inside(head.cells, window) for window in head.windows)
    return bool(head.cells)


def caption(view: SentenceView, head: HeadView) -> str:
    """How much of the head's attention is on the role's target here."""
    name = head_name(head.layer, head.head)
    role = head.mark.title.lower()
    if head.mass is None or head.chance is None:
        finding = f"{name} was found for its {role} score; this sentence has no such target."
    elif head.words:
        finding = (
            f"{name} looks most at the right word for {_right(head)} "
            f"{'word' if head.words == 1 else 'words'} of its role here, {role}; a word at random "
            f"would be right with probability {two(head.chance)}."
        )
    elif not head.cells:
        finding = (
            f"{name} scores {two(head.mass)} as {role} here, where uniform attention would "
            f"score {two(head.chance)}."
        )
    else:
        finding = (
            f"{name} puts {two(head.mass)} of its attention here on the target of its role, "
            f"{role}, where uniform attention would put {two(head.chance)}."
        )
    outlined = "; the target is outlined." if _outlined(head) else "."
    if head.windows:
        more = windows_note(view, head.windows)
    else:
        more = thinning_note(max(len(view.labels), len(view.keys)))
    return " ".join(part for part in (finding, f"{READ_MATRIX}{outlined}", more) if part)


FIGURE = ReportFigure(
    view=SentenceView,
    name="head",
    title="One head",
    about="One head on one sentence, each token named, the cells of its role outlined.",
    formula="a_ij, rows i are queries, columns j keys",
    source="Clark et al. 2019",
    subjects=subjects,
    draw=draw,
    caption=caption,
    order=50,
)
