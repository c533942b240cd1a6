"""Baselines are files: each is whole, and a new one needs no more than a role that names it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import attnviz
import attnviz.baselines
import attnviz.roles
from attnviz.attention.word_table import WordTable
from attnviz.baselines import other_segment, positional_profile
from attnviz.baselines.known import baselines, title_of
from attnviz.baselines.positional_profile import profile_of
from attnviz.evidence import arcs
from attnviz.evidence.collect import collect
from attnviz.evidence.gather import Candidate, RoleColumns, Sums, choose
from attnviz.measurement.pilot import Fit
from attnviz.observers.positional import ProfileKeeper
from attnviz.observers.sums import ScoreKeeper
from attnviz.observers.tables import ScoreTable
from attnviz.observers.watcher import Watch, watchers
from attnviz.registry import discover
from attnviz.roles.induction import ROLE as INDUCTION
from attnviz.roles.masks import offsets
from attnviz.roles.role import Role
from attnviz.roles.segment_block import ROLE as SEGMENTS
from attnviz.text.types import Tokens
from tests.conftest import SAMPLES
from tests.helpers import grammar
from tests.helpers.planted import at_offset, corpus, even, on_target, sentence, show
from tests.helpers.words import planted, role

ROLES = discover("attnviz.roles", "ROLE", Role)
KNOWN = baselines()
WATCHES = {watch.name for watch in discover("attnviz.observers", "WATCH", Watch)}


@pytest.mark.parametrize("name", KNOWN)
def test_a_baseline_has_words_and_one_way_to_be_found(name: str) -> None:
    one = KNOWN[name]
    assert one.title
    assert one.about.endswith(".")
    assert one.formula
    ways = [one.target, one.mass, one.expect, one.arcs, one.choices]
    assert sum(way is not None for way in ways) == (name != "chance")
    assert (name in WATCHES) == bool(one.expect)
    assert one.choices or not one.learn


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_role_names_baselines_that_there_are_and_that_can_be_asked_of_it(role: Role) -> None:
    assert {*role.baselines} <= {*KNOWN, *(other.name for other in ROLES)}
    assert ("matched" in role.baselines) == (role.matched is not None)
    permuted = role.shape is not None and role.shape.permuted is not None
    assert ("permuted" in role.baselines) == permuted
    between = role.arcs is not None or role.members is not None
    for name in role.baselines:
        if name in KNOWN:
            assert between == bool(KNOWN[name].arcs or KNOWN[name].choices), name
            assert any(stream in KNOWN[name].streams for stream in role.streams), name


def test_tables_print_titles() -> None:
    assert title_of("matched") == "other words like it"
    assert title_of("other segment") == "the other segment at the same distance"
    assert title_of("duplicate-token") == "duplicate token", "a role that must be beaten"
    assert title_of("unheard of") == "unheard of"


def test_a_baseline_that_there_is_not_is_an_error() -> None:
    misspelt = replace(INDUCTION, baselines=("profil",))
    with pytest.raises(ValueError, match="induction must beat 'profil', which is no baseline"):
        watchers([misspelt], [sentence("a b")])


def test_what_watches_is_what_the_roles_name_and_the_text_has() -> None:
    pair = replace(sentence("a b"), segments=(0, 1))
    assert {*watchers(ROLES, [sentence("a b")])} == {"profile"}
    assert {*watchers(ROLES, [pair])} == {"profile", "other segment"}
    assert {*watchers([SEGMENTS], [pair])} == {"other segment"}
    assert not watchers(ROLES, [sentence("a b")], "cross")


ADDED_ROLE = """
from attnviz.roles.masks import offsets
from attnviz.roles.role import TargetRole

ROLE = TargetRole(
    name="three-back", title="up to three back", family="position", letter="3", order=999,
    about="Each token looks up to three back.", formula="S_i = {i - 1, i - 2, i - 3}",
    source="a test", margin=0.1, does="looks three back", baselines=("two-back",),
    target=offsets(-1, -2, -3),
)
"""
ADDED_BASELINE = """
from attnviz.baselines.baseline import Baseline
from attnviz.roles.masks import offsets

BASELINE = Baseline(
    name="two-back", title="the token two back", about="The token before the last.",
    formula="S_i = {i - 2}", target=lambda role, tokens, own: offsets(-2)(tokens),
)
"""


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A role and a baseline in a folder of their own."""
    files = {"roles.three_back": ADDED_ROLE, "baselines.two_back": ADDED_BASELINE}
    for name, text in files.items():
        room, module = name.split(".")
        (tmp_path / room).mkdir()
        (tmp_path / room / f"{module}.py").write_text(text, encoding="utf-8")
    for package in (attnviz.roles, attnviz.baselines):
        room = package.__name__.rpartition(".")[2]
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / room)])
    yield
    for name in files:
        sys.modules.pop(f"attnviz.{name}")


@pytest.mark.slow
@pytest.mark.usefixtures("added")
def test_a_new_baseline_is_one_file_and_a_role_that_names_it(tmp_path: Path) -> None:
    report = attnviz.analyze("minilm", SAMPLES / "quickstart.txt", illustrate=0, resamples=100)
    info = next(role for role in report.roles if role.name == "three-back")
    assert info.baselines == ("chance", "two-back")
    scores = [head.roles["three-back"] for head in report.heads]
    beaten = [score for score in scores if score.against == "two-back"]
    assert 0 < len(beaten) < len(scores)
    assert all((one.baseline or 0.0) > (one.chance or 0.0) for one in beaten)
    report.save(tmp_path / "out")
    told = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    numbers = [head["roles"]["three-back"] for head in told["heads"]]
    assert [one["baseline"] for one in numbers if one["against"] == "two-back"]
    for page in ("report.html", "report.md"):
        assert "the token two back" in (tmp_path / "out" / page).read_text(encoding="utf-8")


def test_a_longer_sentence_than_the_pilots_is_held_against_what_is_farthest() -> None:
    # One head; offsets -2 to 2, and 0.1 at the farthest on the left, 0.3 on the right.
    fit = Fit({"by_offset": np.full((2, 1, 5), 0.2), "total": np.ones((2, 1))})
    fit.arrays["by_offset"][..., [0, -1]] = 0.1, 0.3
    wide = profile_of(fit, 5).by_offset[0, 0]
    np.testing.assert_allclose(wide, [0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.3, 0.3, 0.3])
    assert profile_of(fit, 2).by_offset.shape == (2, 1, 5)
    long = sentence("a b c d e f")
    found = positional_profile.expected(fit, [long], [offsets(1)(long)])
    assert np.isfinite(found).all()
    assert 0 < found[0, 0] < 5


def test_a_pilots_habits_with_segments_are_held_against_other_sentences() -> None:
    # As far as the pilot tells, all segments are treated alike: a row's attention goes to both.
    halves = [replace(sentence(f"x{k} b c d"), segments=(0, 0, 1, 1)) for k in range(9)]
    habit = np.ones((2, 1, 2))  # the pilot's sentences were of two tokens
    fit = Fit({"habit": habit, "like_other": habit, "causal": np.array([False])})
    rows = [np.full((1, 4), 0.6, np.float32)] * len(halves)
    found = other_segment.expected(fit, halves, [], rows)
    # Of three others one is of the own segment.
    np.testing.assert_allclose(found, 4 * 0.6 / 3, rtol=1e-6)


def columns(role: Role, scores: dict[str, list[float]], beside: list[float]) -> RoleColumns:
    """One head, an event in each row."""
    over = np.ones((len(beside), 1))
    rest = {"chance": Sums(0 * over, over), "profile": Sums(np.array(beside)[:, None], over)}
    return RoleColumns(
        role,
        {
            name: Candidate(Sums(np.array(mass)[:, None], over), rest, over)
            for name, mass in scores.items()
        },
    )


def test_the_candidate_that_counts_is_the_other_halfs_best() -> None:
    half = np.array([0, 0, 1, 1])
    chosen = next(role for role in ROLES if role.name == "fixed-offset")
    given = columns(chosen, {"-2": [0.9, 0.7, 0.1, 0.2], "+2": [0.3, 0.4, 0.5, 0.4]}, [0.1] * 4)
    (found,) = choose([given], half)
    # Half 0 prefers -2, and half 1 is scored with it; half 1 prefers +2.
    assert found.score.mass[:, 0].tolist() == [0.3, 0.4, 0.1, 0.2]
    assert found.variants == ("",)
    (agreed,) = choose([given], np.array([0, 1, 0, 1]))
    assert (agreed.score.mass[:, 0].tolist(), agreed.variants) == ([0.9, 0.7, 0.1, 0.2], ("-2",))


def test_a_role_must_beat_the_roles_that_it_names_where_they_are_measured() -> None:
    before = next(role for role in ROLES if role.name == "previous-token")
    given = [
        columns(INDUCTION, {"": [0.5, 0.6]}, [0.2, 0.2]),
        columns(before, {"": [0.3, 0.4]}, [0.0, 0.0]),
    ]
    (found, _) = choose(given, np.array([0, 1]))
    assert [*found.baselines] == ["chance", "profile", "previous-token"]
    assert found.baselines["previous-token"].mass[:, 0].tolist() == [0.3, 0.4]


def same_rows(whole: RoleColumns, part: RoleColumns, rows: slice) -> None:
    """Whether a part of the sentences has the rows that it has among all."""
    for name, candidate in part.candidates.items():
        among = whole.candidates[name]
        pairs = [(candidate.score, among.score)]
        pairs += [(sums, among.baselines[of]) for of, sums in candidate.baselines.items()]
        pairs += [
            (sums, whole.choices[of][choice])
            for of, choices in part.choices.items()
            for choice, sums in choices.items()
        ]
        for own, other in pairs:
            np.testing.assert_allclose(own.mass, other.mass[rows], atol=1e-5)
            np.testing.assert_allclose(own.events, other.events[rows])
        np.testing.assert_array_equal(candidate.present, among.present[rows])


@pytest.mark.parametrize("rows", [slice(0, 11), slice(11, 30)])
def test_parts_of_a_text_scored_with_one_fit_are_those_of_the_whole(rows: slice) -> None:
    # A pilot's fit is handed in, so that nothing depends on what else is measured with a sentence.
    texts, heads = corpus(30), [at_offset(-1, 0.7), even, on_target("comma")]

    def measured(some: list[Tokens]) -> tuple[ScoreTable, Fit]:
        scores, profiles = ScoreKeeper(ROLES, (), len(some)), ProfileKeeper(24)
        show(some, heads, [scores, profiles])
        return scores.table(), profiles.fit()

    table, fit = measured(texts)
    whole = collect(table, texts, {"profile": fit})
    part = collect(measured(texts[rows])[0], texts[rows], {"profile": fit})
    assert any("profile" in one.candidates[""].baselines for one in whole if "" in one.candidates)
    for one, other in zip(whole, part, strict=True):
        same_rows(one, other, rows)


@pytest.mark.parametrize("rows", [slice(0, 15), slice(15, 40)])
def test_so_are_parts_of_a_text_between_words(rows: slice) -> None:
    texts = grammar.corpus(40, seed=3)
    roles = [role("dep:nsubj", texts), role("dep:det", texts)]

    def table(some: list[Tokens]) -> WordTable:
        annotations = [one.sentence.annotation for one in some]
        return planted([[0] * len(one.forms) for one in annotations if one], some)

    fits = arcs.learn(roles, table(texts), texts)
    whole = arcs.collect(roles, table(texts), texts, fits)
    part = arcs.collect(roles, table(texts[rows]), texts[rows], fits)
    for one, other in zip(whole, part, strict=True):
        same_rows(one, other, rows)
        assert one.on_target is not None
        assert other.on_target is not None
        np.testing.assert_array_equal(other.on_target, one.on_target[rows])
