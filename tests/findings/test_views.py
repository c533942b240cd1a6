"""Heads of relations between words in the figures of sentences: which, where, and what they say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import attnviz
from attnviz.attention.word_table import WordTable
from attnviz.figures.head import FIGURE
from attnviz.figures.views import HeadView, RoleMark, RoleTarget, SentenceView
from attnviz.findings import views
from attnviz.observers.words import WordKeeper
from tests.conftest import SAMPLES
from tests.helpers import pictured as planted
from tests.helpers.words import SPLIT, annotated, role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attnviz.report.model import Report

pytestmark = pytest.mark.slow

# [CLS] un do it [SEP]: "it" is the object of "undo", which is two tokens.
TREE = [
    replace(
        SPLIT,
        sentence=replace(
            SPLIT.sentence,
            annotation=annotated(
                "[CLS] un do it [SEP]", "- 0 0 1 -", heads=(-1, 0), relations=("root", "obj")
            ).sentence.annotation,
        ),
    )
] * 20
MARK = RoleMark("dep:obj", "obj, to the head", "syntax", "T", 0.7, supported=True)


def cells(name: str, *, causal: bool) -> tuple[tuple[int, int], ...]:
    seen: WordTable = replace(WordKeeper(TREE).table(), causal=causal)
    asked = role(name, TREE)
    assert asked.arcs is not None
    return views.word_cells(asked.arcs, TREE[0], seen, 0)


def test_each_token_of_a_word_is_outlined_with_each_of_the_right_one() -> None:
    assert cells("dep:obj", causal=False) == ((3, 1), (3, 2))
    assert cells("dep:obj:reverse", causal=False) == ((1, 3), (2, 3))


def test_what_a_causal_model_cannot_see_is_not_outlined() -> None:
    assert cells("dep:obj", causal=True) == ((3, 1), (3, 2))
    assert cells("dep:obj:reverse", causal=True) == ()


@pytest.mark.parametrize(
    ("words", "mass", "says"),
    [(3, 2 / 3, "for 2 of 3 words"), (1, 0.0, "for 0 of 1 word "), (1, 1.0, "for 1 of 1 word ")],
)
def test_a_caption_counts_the_words_whose_head_is_found(words: int, mass: float, says: str) -> None:
    view = planted.sentence(6)
    target = RoleTarget(MARK, ((3, 1),), mass, 0.25, words=words)
    head = HeadView((target,), 1, 2, view.attention[1, 2])
    caption = FIGURE.caption(view, head)
    assert f"L1H2 looks most at the right word {says}".strip() in caption
    assert "obj, to the head" in caption
    assert "a word at random would be right with probability 0.25" in caption
    assert "of its attention" not in caption


@pytest.fixture(scope="module")
def drawn() -> Report:
    """MiniLM on the annotated sample, with room for the relation furthest above."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "RELATIONS", 1)
        path = SAMPLES / "annotated.conllu"
        # With a smaller margin, so that there is more than one to choose from.
        asked = {"dep": 0.05}
        return attnviz.analyze("minilm", path, illustrate=3, resamples=500, evidence=asked)


def between(report: Report) -> Iterator[tuple[SentenceView, HeadView, RoleTarget]]:
    for view in report.illustrations:
        for head in view.heads:
            yield from ((view, head, role) for role in head.roles if role.words)


def test_the_best_heads_of_the_relations_furthest_above_are_drawn(drawn: Report) -> None:
    best = {info.name: info.heads[0] for info in drawn.roles if info.heads}
    supported = [
        row.role
        for row in drawn.relations
        if row.role in best and drawn.head(*best[row.role]).roles[row.role].verdict == "supported"
    ]
    assert len(supported) > 1
    found = {(seen.mark.role, (head.layer, head.head)) for _, head, seen in between(drawn)}
    assert {(name, best[name]) for name in supported[:1]} <= found
    assert len({place for _, place in found}) == 1
    # The sentences are chosen so that they have it.
    assert len(list(between(drawn))) >= 2


def test_a_figure_counts_what_the_weights_say(drawn: Report) -> None:
    for view, head, seen in between(drawn):
        queries = {query for query, _ in seen.cells}
        keys = {query: {key for other, key in seen.cells if other == query} for query in queries}
        groups = _words(view)
        rights = 0
        asked = [word for word in groups if queries & set(word)]
        for word in asked:
            to = head.attention[list(word)].mean(0)
            sums = {other: to[list(other)].sum() for other in groups if other != word}
            looked = max(sums, key=lambda other: sums[other])
            rights += set(looked) <= keys[word[0]]
        assert seen.words == len(asked)
        assert seen.mass == pytest.approx(rights / len(asked))
        assert seen.chance is not None
        assert 0 < seen.chance < 0.5


def _words(view: SentenceView) -> list[tuple[int, ...]]:
    """The tokens of each word; in these sentences a word is a token and its pieces."""
    groups: list[list[int]] = []
    for place, label in enumerate(view.labels):
        if label.special:
            continue
        if label.piece:
            groups[-1].append(place)
        else:
            groups.append([place])
    return [tuple(one) for one in groups]
