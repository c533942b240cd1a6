"""Candidates for removal: by hand, in every format, and on a real model."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from attnviz.evidence.similarity import REDUNDANT, Likeness
from attnviz.findings.removal import RESTING, spare
from attnviz.report.candidates import Alike, Spare
from attnviz.report.formats import json_report, markdown
from attnviz.report.model import Estimate, HeadReport, RoleScore, Similarity
from attnviz.report.scores import Verdict
from attnviz.report.sections import spare as section
from tests.helpers import example, schemas
from tests.helpers.page import page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attnviz.report.model import Report

pytestmark = pytest.mark.slow

FAR = 0.5
LOW = Estimate(0.2, 0.1, 0.3)
REST = Estimate(0.95, 0.93, 0.97)
EVEN = Estimate(0.94, 0.92, 0.96)


def head(number: int, evenness: Estimate = LOW, resting: Estimate = LOW) -> HeadReport:
    statistics = {"normalized_entropy": evenness, "resting": resting}
    return HeadReport(number // 2, number % 2, statistics, {"broad": broad(evenness)})


def broad(evenness: Estimate) -> RoleScore:
    """The role's score: of 0.85 in a random row, and a margin of 0.05."""
    low = None if evenness.low is None else evenness.low - 0.85
    verdict: Verdict = None if low is None else "supported" if low > 0.05 else "no"
    ends = evenness.low, evenness.high
    return RoleScore(evenness.mean, 0.85, 0.0, 0.85, "chance", *ends, low, 500, 90, verdict)


def likeness(heads: int, pairs: dict[tuple[int, int], float], *groups: tuple[int, ...]) -> Likeness:
    """Heads that are `FAR` apart but for some pairs, whose bounds are 0.02 above."""
    apart = np.full((heads, heads), FAR) - FAR * np.eye(heads)
    upper = np.full((heads, heads), np.inf)
    np.fill_diagonal(upper, 0.0)
    for (one, other), value in pairs.items():
        apart[one, other] = apart[other, one] = value
        upper[one, other] = upper[other, one] = value + 0.02
    return Likeness(apart, upper, tuple(range(heads)), groups, 100, 20)


def names(places: Sequence[tuple[int, int]]) -> list[int]:
    return [2 * layer + number for layer, number in places]


def reasons(found: Spare) -> dict[int, tuple[str, ...]]:
    return {2 * one.layer + one.head: tuple(one.reasons) for one in found.heads}


def test_of_a_group_the_one_in_the_middle_is_kept() -> None:
    # From 1 the others are 0.05 and 0.06 away, from 0 0.05 and 0.1, from 2 0.06 and 0.1.
    pairs = {(0, 1): 0.05, (1, 2): 0.06, (0, 2): 0.1}
    found = spare([head(at) for at in range(4)], likeness(4, pairs, (0, 1, 2)), None)
    assert reasons(found) == {0: ("redundant",), 2: ("redundant",)}
    (group,) = found.groups
    assert (names([group.kept]), names(group.others)) == ([1], [0, 2])
    assert group.high == pytest.approx(0.12)
    # The surest first: its bound is the furthest below the threshold.
    assert found.heads[0].alike == Alike(0, 1, 0.05, 0.07)
    assert found.heads[1].alike == Alike(0, 1, 0.06, 0.08)


def test_two_heads_alike_keep_the_first() -> None:
    found = spare([head(0), head(1)], likeness(2, {(0, 1): 0.1}, (0, 1)), None)
    assert reasons(found) == {1: ("redundant",)}


def test_bounds_decide_and_not_means() -> None:
    unsure = Estimate(0.95, 0.89, 0.99)
    unknown = Estimate(0.95, None, None)
    heads = [head(0, resting=REST), head(1, evenness=EVEN), head(2, unsure, unsure)]
    found = spare([*heads, head(3, unknown, unknown)], None, None)
    assert RESTING == 0.9
    assert reasons(found) == {0: ("resting",), 1: ("uniform",)}
    assert found.groups == ()


def test_the_head_with_more_reasons_is_first() -> None:
    heads = [head(0, resting=Estimate(0.99, 0.99, 0.99)), head(1), head(2, resting=REST)]
    found = spare(heads, likeness(3, {(1, 2): 0.1}, (1, 2)), None)
    assert reasons(found) == {2: ("redundant", "resting"), 0: ("resting",)}
    assert list(reasons(found)) == [2, 0]
    redundant, uniform, resting = found.criteria
    assert names(redundant.heads) == [2]
    assert names(uniform.heads) == []
    assert names(resting.heads) == [0, 2]


def test_where_nothing_is_found_the_closest_is_named() -> None:
    heads = [head(0), head(1, Estimate(0.8, 0.75, 0.85)), head(2, LOW, Estimate(0.7, 0.6, 0.8))]
    found = spare(heads, likeness(3, {(0, 2): 0.2}), None)
    assert found.heads == ()
    assert [one.closest and (one.closest.layer, one.closest.head) for one in found.criteria] == [
        (0, 0),
        (0, 1),
        (1, 0),
    ]
    says = summary(replace(example.report(sentences=1), heads=tuple(heads), spare=found))
    assert says == (
        "None of 3 heads is a candidate. L0H0 is the most like another (root mean Jensen-Shannon "
        f"divergence), 0.20 (at most 0.22) from L1H0 where surely less than {REDUNDANT} is asked; "
        "L0H1 spreads its attention most evenly (normalised entropy), 0.80 [0.75, 0.85] where "
        "surely more than 0.9 is asked; L1H0 gives the most to the first token and special ones, "
        "0.70 [0.60, 0.80] where surely more than 0.9 is asked."
    )


def test_one_head_alone_is_compared_with_none() -> None:
    found = spare([head(0)], likeness(1, {}), None)
    assert found.heads == ()
    assert found.criteria[0].closest is None
    nothing = spare([HeadReport(0, 0, {}, {})], None, None)
    assert [one.closest for one in nothing.criteria] == [None, None, None]
    made = replace(example.report(sentences=1), heads=(head(0),), spare=nothing)
    assert summary(made) == "None of 1 head is a candidate."


def test_heads_that_do_induction_are_no_candidates() -> None:
    # Heads 0 and 1 are alike and at rest, 2 and 3 at rest; 1 and 2 match prefixes.
    heads = [head(at, resting=REST) for at in range(4)]
    probed = example.induction([(0, 1), (1, 0)], 2)
    found = spare(heads, likeness(4, {(0, 1): 0.1}, (0, 1)), None, probed)
    assert reasons(found) == {0: ("resting",), 3: ("resting",)}
    assert [(one.layer, one.head, one.reasons) for one in found.working] == [
        (1, 0, ("resting",)),
        (0, 1, ("redundant", "resting")),
    ]
    redundant, _, resting = found.criteria
    assert (redundant.heads, names(resting.heads)) == ((), [0, 3])
    made = replace(example.report(sentences=1), spare=found)
    best, other = (one.prefix_matching.score for one in probed.supported)
    says = (
        "2 heads that have such a reason on this text match prefixes on repeated random tokens and "
        f"are no candidates: L1H0 {best:.2f}, L0H1 {other:.2f}."
    )
    assert says in page(made).text
    assert says in markdown.write(made, ()).decode()
    told = json.loads(json_report.write(made, ()))
    schemas.validate(told)
    assert [one["induction"] for one in told["spare"]["working"]] == pytest.approx([best, other])
    assert [one["induction"] for one in told["spare"]["heads"]] == [None, None]


def summary(made: Report) -> str:
    found = section.of(made)
    assert found is not None
    return found.says[0].text


def many(*, hostile: bool = False) -> Report:
    """The example with 30 of its 72 heads at rest, the first two of them redundant, one even."""
    made = example.report(hostile=hostile, sentences=3)
    numbers = [
        {
            "normalized_entropy": EVEN if at == 40 else LOW,
            "resting": REST if at < 30 else LOW,
        }
        for at in range(72)
    ]
    heads = tuple(
        replace(
            one,
            statistics={**one.statistics, **more},
            roles={**one.roles, "broad": broad(more["normalized_entropy"])},
        )
        for one, more in zip(made.heads, numbers, strict=True)
    )
    alike = likeness(72, {(0, 1): 0.01, (1, 2): 0.02, (0, 2): 0.03}, (0, 1, 2))
    like = Similarity(tuple(map(tuple, alike.apart.tolist())), alike.order, (), (0, 3), (), "")
    return replace(made, heads=heads, spare=spare(heads, alike, like))


def test_what_the_page_says() -> None:
    made = many()
    told = page(made).text
    assert "31 of 72 heads are candidates by their attention" in told
    assert "2 attend like a head that is kept, 1 is near-uniform, 30 rest" in told
    assert "2 for more than one reason" in told
    assert "Layers 0, 3 have collapsed: in each, all heads attend alike." in told
    assert section.CAUTION in told
    assert "Michel et al. 2019; Voita et al. 2019" in section.CAUTION
    assert "The other 19, layer by layer" in told


def test_few_heads_get_a_row_and_all_are_named_once() -> None:
    made = many()
    found = section.of(made)
    assert found is not None
    assert found.table is not None
    rows = [[cell.text for cell in row] for row in found.table.rows]
    assert len(rows) == section.SHOWN
    assert rows[0][:4] == ["L0H0", "redundant, at rest", "L0H1", "0.010 (at most 0.030)"]
    assert rows[2][3] == ""
    named = [row[0] for row in rows]
    for others in found.others:
        for first, last in others.runs:
            numbers = [int(end.name.partition("H")[2]) for end in (first, last)]
            named += [f"L{others.layer}H{at}" for at in range(numbers[0], numbers[1] + 1)]
    assert made.spare is not None
    assert sorted(named) == sorted(f"L{one.layer}H{one.head}" for one in made.spare.heads)


def test_a_supported_role_is_told_unless_it_says_the_same() -> None:
    made = many()
    score = RoleScore(0.9, 0.1, 0.8, 0.1, "chance", 0.8, 1.0, 0.7, 500, 90, "supported")
    bare = [replace(one, roles={}) for one in made.heads]

    def contradiction(role: str) -> str:
        first = replace(bare[0], roles={role: score})
        return summary(replace(made, heads=(first, *bare[1:])))

    assert "1 of them has a supported role all the same" in contradiction("previous-token")
    assert "all the same" not in contradiction("first-token")
    assert "all the same" not in contradiction("broad")


@pytest.mark.parametrize("hostile", [False, True])
def test_every_format_takes_it(hostile: bool) -> None:
    made = many(hostile=hostile)
    told = json.loads(json_report.write(made, ()))
    schemas.validate(told)
    found = told["spare"]
    assert found["collapsed"] == [0, 3]
    assert found["groups"] == [{"kept": [0, 1], "others": [[0, 0], [0, 2]], "high": 0.05}]
    assert found["heads"][0]["alike"] == {"layer": 0, "head": 1, "apart": 0.01, "high": 0.03}
    assert [one["threshold"] for one in found["criteria"]] == [REDUNDANT, 0.9, RESTING]
    text = markdown.write(made, ()).decode()
    assert f"## {section.TITLE}" in text
    assert "| L0H0 | redundant, at rest | L0H1 |" in text
    assert "And 19 more in report.json." in text


def test_a_report_without_it_has_no_section() -> None:
    made = example.report(sentences=3)
    assert section.TITLE not in page(made).text
    assert json.loads(json_report.write(made, ()))["spare"] is None


def test_on_a_real_model(quickstart_report: Report) -> None:
    made = quickstart_report
    assert made.spare is not None
    redundant, uniform, resting = made.spare.criteria
    assert made.similarity is not None
    assert set(uniform.heads) == set(made.similarity.uniform)
    assert len(redundant.heads) == sum(len(group) - 1 for group in made.similarity.groups)
    # CLS stands first and SEP last: what is at rest is the sum of two roles' scores.
    for one in made.heads:
        at_rest = (one.roles["first-token"].score or 0) + (one.roles["separator"].score or 0)
        assert one.statistics["resting"].mean == pytest.approx(at_rest, abs=1e-5)
    lows = [one.statistics["resting"].low or 0 for one in made.heads]
    assert len(resting.heads) == sum(low > RESTING for low in lows)
    schemas.validate(json.loads(json_report.write(made, ())))
