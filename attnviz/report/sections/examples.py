"""Sentences that show what a head does in a role, with the query that does."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from attnviz.report.numbers import count, counted, number
from attnviz.report.sections.shading import shade

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.report.head_profiles import Example, Looked, ShownToken
    from attnviz.report.model import Report
    from attnviz.text.types import TokenLabel

TITLE = "Examples"
NAMED = 2
"""Tokens of a target that are named."""

LEAST = 0.01
"""Tokens that a query looks at with a smaller weight are not named."""

FAINT = 8
"""Shades below this, in hundredths, are not drawn."""

LISTED = 24
"""Roles whose examples are told in a line each."""

READING = (
    "Of the best head of each role the sentence where the role shows most and the one where it "
    "shows least, by score − chance, and in each the query that does; between them the sentence "
    "that half of all sentences fall behind, with the query nearest to its score."
)
MIDDLE = 5
"""The tenth of the sentence that is told between the ends."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of an example: a token, or several that are not marked, as one text.

    `shade` in hundredths; `space`: a space stands before it.
    """

    text: str
    shade: int = 0
    query: bool = False
    target: bool = False
    special: bool = False
    space: bool = True
    plain: bool = False


@dataclass(frozen=True, slots=True)
class ExampleText:
    """One example: how it `shows` the role, its tokens, and in words.

    `asking` are the tokens of the target in cross-attention, whose `tokens` are the source's.
    """

    shows: str
    asking: tuple[Stretch, ...]
    tokens: tuple[Stretch, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Examples:
    """A line for each of the first roles: examples of its best head."""

    title: str
    reading: str
    lines: tuple[str, ...]


def of(report: Report) -> Examples | None:
    """Those of one stream; None where there are none."""
    lines = _lines(report)
    return Examples(TITLE, READING, tuple(lines)) if lines else None


def in_full(example: Example, scale: str) -> ExampleText:
    """One example with its tokens."""
    return ExampleText(
        _shows(example),
        _stretches(example.asking, scale),
        _stretches(example.tokens, scale),
        _in_words(example),
    )


def _lines(report: Report) -> list[str]:
    lines = []
    for role in report.roles:
        own = (report.head(*place) for place in role.shown)
        for head in islice((head for head in own if role.name in head.told), 1):
            own_ones = [each for each in head.examples[::-1] if each.role == role.name]
            told = {each.shows: each for each in own_ones if each.tenth in (None, MIDDLE)}
            says = [
                f"{name}: {_in_words(told[shows])}"
                for shows, name in (("most", "Most"), ("between", "Half"), ("least", "Least"))
                if shows in told
            ]
            if says:
                lines.append(f"{role.title}, {head.name}. {' '.join(says)}")
    return lines[:LISTED]


def _shows(example: Example) -> str:
    """How it shows the role, beside the others."""
    if example.tenth is None:
        return f"Shows {example.shows} in"
    return f"More than in {example.tenth} of 10:"


def _stretches(tokens: Sequence[ShownToken], scale: str) -> tuple[Stretch, ...]:
    """The tokens in order, runs without a mark joined; gaps as an ellipsis."""
    joined: list[Stretch] = []
    for at, token in enumerate(tokens):
        if at and token.place != tokens[at - 1].place + 1:
            joined.append(Stretch("…", plain=True))
        stretch = _stretch(token, scale)
        if joined and joined[-1].plain and stretch.plain:
            space = " " if stretch.space else ""
            text = f"{joined[-1].text}{space}{stretch.text}"
            joined[-1] = Stretch(text, space=joined[-1].space, plain=True)
        else:
            joined.append(stretch)
    return tuple(joined)


def _stretch(token: ShownToken, scale: str) -> Stretch:
    dark = shade(token.weight, scale)
    dark = dark if dark >= FAINT else 0
    label = token.label
    marked = dark or token.query or token.target or label.special
    return Stretch(
        label.text.removeprefix("##") if label.piece else label.text,
        dark,
        token.query,
        token.target,
        label.special,
        not label.piece,
        not marked,
    )


def _in_words(example: Example) -> str:
    return f"{_where(example)} {_says(example)}"


def _where(example: Example) -> str:
    return (
        f"sentence {example.sentence}, {number(example.score)} against chance "
        f"{number(example.chance)} on {counted(example.events, 'event')}."
    )


def query(example: Example) -> str:
    """The token or word that looks, in quotes."""
    return _quoted([token.label for token in (*example.asking, *example.tokens) if token.query])


def _says(example: Example) -> str:
    asks = query(example)
    hit = any(set(best.places) <= set(example.target) for best in example.looked[:1])
    most = _listed(example.looked, ", which is right" if example.between and hit else "")
    if example.between:
        right = "" if hit else f"; right is {target(example)} {number(example.mass)}"
        return f"{asks} {most}{right}."
    if example.target:
        instead = "" if hit else f"; it {most}"
        return f"{asks} puts {number(example.mass)} on {target(example)}{instead}."
    return f"{asks} scores {number(example.mass)}; it {most}."


def _listed(looked: Sequence[Looked], aside: str) -> str:
    """The first, and the others as far as they have a share worth naming."""
    if not looked:
        return "looks at nothing"
    first, *others = (f"{_quoted(key.labels)} {number(key.weight)}" for key in looked)
    named = others[: sum(key.weight >= LEAST for key in looked[1:])]
    return f"looks most at {first}{aside}{', then ' * bool(named)}{', '.join(named)}"


def target(example: Example) -> str:
    """The tokens that the query should look at, those first that it looks at most."""
    shown = [token for token in example.tokens if token.target]
    if example.between:
        words: list[list[TokenLabel]] = []
        for token in shown:
            if words and token.label.piece:
                words[-1].append(token.label)
            else:
                words.append([token.label])
        return " or ".join(map(_quoted, words))
    ranked = sorted(shown, key=lambda token: -token.weight)[:NAMED]
    says = ", ".join(_quoted([token.label]) for token in ranked)
    more = len(example.target) - len(ranked)
    return f"{says} and {count(more)} more" if more else says


def _quoted(labels: Sequence[TokenLabel]) -> str:
    """A token in quotes, or those of a word joined."""
    text = "".join(label.text for label in labels[:1])
    for label in labels[1:]:
        text += label.text.removeprefix("##") if label.piece else f" {label.text}"
    return f"“{text}”"
