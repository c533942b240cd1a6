"""From numbers to whether a rule holds, and why it doesn't."""

from typing import Any

import pytest

from attnviz.rules.decide import Candidate, Decision, decide
from attnviz.rules.read import of_tables
from attnviz.rules.verdict import Measured


def exactly(name: str, number: float, *others: float) -> Candidate:
    return Candidate(Measured(name, number, number, number, others))


def decided(candidates: list[Candidate], **keys: Any) -> Decision:
    subject = {"to": "a"} if "role" not in keys and "statistic" not in keys else {}
    (rule,) = of_tables([{"text": "a", **subject, **keys}])
    return decide(rule, candidates)


HEADS = [exactly("L0H0", 0.1), exactly("L0H1", 0.4), exactly("L1H0", 0.3), exactly("L1H1", 0.2)]


def test_any_takes_the_one_furthest_inside() -> None:
    decision = decided(HEADS, gt=0.2)
    assert decision.holds is True
    assert [measured.name for measured in decision.closest] == ["L0H1", "L1H0", "L1H1"]
    assert decision.reason == ""


def test_any_that_fails_tells_what_came_closest() -> None:
    decision = decided(HEADS, gt=0.5)
    assert decision.holds is False
    assert [measured.name for measured in decision.closest] == ["L0H1", "L1H0", "L1H1"]
    assert decision.reason == "the closest of 4, L0H1, has 0.400"


def test_what_misses_by_little_is_told_with_the_digits_that_show_it() -> None:
    sure = [Candidate(Measured("L0H2", 0.9987, 0.9982, 0.9991)), HEADS[0]]
    assert decided(sure, gte=0.99999).reason == ("the closest of 2, L0H2, has 0.999 [0.998, 0.999]")
    assert decided(sure, gte=0.9984).reason == (
        "the closest of 2, L0H2, has 0.999 [0.998, 0.999]: its lower bound is not ≥ 0.9984"
    )
    nearly = [Candidate(Measured("L0H2", 0.9987, 0.9982, 0.9991))]
    assert decided(nearly, gte=0.998701).reason == "L0H2 has 0.9987 [0.9982, 0.9991]"
    beside = decided([exactly("L0H0", 0.50001, 0.50002)], more_than={"to": "b"})
    assert beside.reason == "L0H0 has 0.500, beside 0.50002 to “b”"


def test_all_tells_what_is_furthest_off() -> None:
    decision = decided(HEADS, heads="all", lt=0.25)
    assert decision.holds is False
    assert [measured.name for measured in decision.closest] == ["L0H1", "L1H0", "L1H1"]
    assert decision.reason == "L0H1 has 0.400"
    assert decided(HEADS, heads="all", lt=0.5).holds is True


def test_the_same_head_must_meet_every_condition() -> None:
    heads = [exactly("L0H0", 0.5, 0.6), exactly("L0H1", 0.3, 0.1)]
    rival = {"more_than": {"to": "b", "by": 0.1}}
    assert decided(heads, gt=0.2, **rival).holds is True
    decision = decided(heads, gt=0.4, **rival)
    assert decision.holds is False
    assert decision.reason == "the closest of 2, L0H0, has 0.500, beside 0.600 to “b”" or (
        decision.reason == "the closest of 2, L0H1, has 0.300"
    )


def test_more_is_strictly_more_and_by_as_much() -> None:
    def more(own: float, other: float, by: float) -> bool | None:
        return decided([exactly("L0H0", own, other)], more_than={"to": "b", "by": by}).holds

    assert more(0.5, 0.25, 0.25) is True
    assert more(0.5, 0.25, 0.26) is False
    assert more(0.5, 0.5, 0.0) is False


def test_intervals_are_tested_by_their_bounds() -> None:
    head = Candidate(Measured("L0H0", 0.45, 0.38, 0.52))
    decision = decided([head], role="induction", gte=0.4)
    assert decision.holds is False
    assert decision.reason == "L0H0 has 0.45 [0.38, 0.52]: its lower bound is not ≥ 0.4"
    assert decided([head], role="induction", lt=0.6).holds is True
    assert decided([head], role="induction", lt=0.5).reason.endswith("upper bound is not < 0.5")


def test_without_an_interval_nothing_is_said() -> None:
    few = Candidate(Measured("L0H0", 0.9, None, None))
    sure = Candidate(Measured("L0H1", 0.5, 0.45, 0.55))
    decision = decided([few], role="induction", gte=0.4)
    assert decision.holds is None
    assert decision.reason == "L0H0 has 0.900: too few sentences for an interval"
    # One that surely does is enough of any, one that surely doesn't too much of all.
    assert decided([few, sure], role="induction", gte=0.4).holds is True
    assert decided([few, sure], role="induction", gte=0.6).holds is None
    assert decided([few, sure], role="induction", heads="all", gte=0.6).holds is False
    assert decided([few, sure], role="induction", heads="all", gte=0.4).holds is None


def test_a_doubt_counts_only_where_the_number_is_enough() -> None:
    tentative = Candidate(Measured("L0H0", 0.5, 0.45, 0.55), doubt="tentative")
    assert decided([tentative], role="induction", gte=0.4).reason == (
        "L0H0 has 0.50 [0.45, 0.55]: tentative"
    )
    assert decided([tentative], role="induction", gte=0.7).holds is False


@pytest.mark.parametrize(("number", "shown"), [(6.0, "6"), (1234.0, "1234")])
def test_counts_have_no_decimals(number: float, shown: str) -> None:
    decision = decided([exactly("", number)], statistic="entropy", lt=1)
    assert decision.reason == shown
