"""One head on one sentence: every weight, every token named, its roles' targets outlined."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from attnviz.figures.captions import READ_MATRIX, head_name, listing, titled, two
from attnviz.figures.figure import ReportFigure, Subject
from attnviz.figures.matrix import matrix_figure, thinning_note
from attnviz.figures.outlines import Outline
from attnviz.figures.palette import FAMILIES, on_paper
from attnviz.figures.style import FigureStyle
from attnviz.figures.views import HeadView, RoleTarget, SentenceView
from attnviz.figures.windows import inside, windows_figure, windows_note


def subjects(view: SentenceView) -> Sequence[Subject]:
    """Each of the heads that are drawn, once."""
    return [Subject((head,), head_name(head.layer, head.head), _named(head)) for head in view.heads]


def _named(head: HeadView) -> str:
    """The head with its roles: `L3H11: sentence end and punctuation`."""
    roles = listing([*(role.mark.title for role in head.roles), *head.also])
    return ": ".join(filter(None, (head_name(head.layer, head.head), roles)))


def draw(view: SentenceView, head: HeadView, style: FigureStyle) -> Figure:
    """Draw the head's weights [query, key]; title: head and roles; legend: mass against chance."""
    title, outlines = titled(_named(head), view.stream), _outlines(head)
    if head.windows:
        return windows_figure(view, head, style, title=title, outlines=outlines)
    return matrix_figure(
        head.attention, view.labels, view.keys, style, title=title, outlines=outlines
    )


def _outlines(head: HeadView) -> list[Outline]:
    """The targets in the colours of their roles' families; every second is dashed."""
    outlines: list[Outline] = []
    for role in head.roles:
        colour = on_paper(FAMILIES.get(role.mark.family, FAMILIES["none"]))
        cells = role.cells if _outlined(head, role) else ()
        dashed = sum(bool(each.cells) for each in outlines) % 2 == 1
        outlines.append(Outline(cells, _evidence(role), colour, dashed=dashed))
    return outlines


def _outlined(head: HeadView, role: RoleTarget) -> bool:
    """Whether any cell of the target is drawn as a single weight."""
    if head.windows:
        return any(inside(role.cells, window) for window in head.windows)
    return bool(role.cells)


def _evidence(role: RoleTarget) -> str:
    """What the legend says of a role."""
    title = role.mark.title
    if role.mass is None or role.chance is None:
        return f"{title}: no target in this sentence"
    if role.words:
        return f"{title}: right word looked at most: {_right(role)}; by chance {two(role.chance)}"
    what = f"{two(role.mass)} on target" if role.cells else f"score {two(role.mass)}"
    aside = "" if role.shows else " (not shown here)"
    return f"{title}: {what}; by chance {two(role.chance)}{aside}"


def _right(role: RoleTarget) -> str:
    """How often a word's most attended other word is the right one: `2 of 3`."""
    return f"{round((role.mass or 0.0) * role.words)} of {role.words}"


def caption(view: SentenceView, head: HeadView) -> str:
    """How much of the head's attention is on each role's target here."""
    name = head_name(head.layer, head.head)
    shown = [role for role in head.roles if role.shows]
    hidden = [role for role in head.roles if not role.shows]
    finding = "; ".join(map(_says, [*shown, *hidden]))
    also = f" It also has the roles {listing(head.also)}." if len(head.also) > 1 else ""
    also = f" It also has the role {head.also[0]}." if len(head.also) == 1 else also
    outlined = sum(_outlined(head, role) for role in head.roles)
    targets = "; the targets are outlined" if outlined > 1 else "; the target is outlined"
    if head.windows:
        more = windows_note(view, head.windows)
    else:
        more = thinning_note(max(len(view.labels), len(view.keys)))
    read = f"{READ_MATRIX}{targets if outlined else ''}."
    return " ".join(part for part in (f"{name} {finding}.{also}", read, more) if part)


def _says(role: RoleTarget) -> str:
    """What the caption says of a role, beginning with a verb."""
    title = role.mark.title
    if role.mass is None or role.chance is None:
        return f"has no target as {title} in this sentence"
    mass, chance = two(role.mass), two(role.chance)
    if role.words:
        words = "word" if role.words == 1 else "words"
        return (
            f"looks most at the right word for {_right(role)} {words} as {title}, where a word at "
            f"random would be right with probability {chance}"
        )
    if not role.shows:
        return f"is no further than chance as {title} here ({mass}, by chance {chance})"
    if not role.cells:
        return f"scores {mass} as {title}, where uniform attention would score {chance}"
    return (
        f"puts {mass} of its attention here on its target as {title}, where uniform attention "
        f"would put {chance}"
    )


FIGURE = ReportFigure(
    view=SentenceView,
    name="head",
    title="One head",
    about="One head on one sentence, each token named, the targets of its roles outlined.",
    formula="a_ij, rows i are queries, columns j keys",
    source="Clark et al. 2019",
    subjects=subjects,
    draw=draw,
    caption=caption,
    order=50,
)
