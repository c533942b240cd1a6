"""Bounds that are rewritten hold of what was measured; all else in the file stays."""

import pytest

from attnviz.errors import UsageError
from attnviz.rules.read import read
from attnviz.rules.update import updated
from attnviz.rules.verdict import Measured, Status, Verdict

HEAD = '# above\n[[rule]]\nname = "a"  # its name\ntext = "gt = 0.9"\n'


def rewritten(
    rule: str,
    number: float,
    *,
    name: str = "L0H1",
    low: float | None = None,
    high: float | None = None,
    status: Status = "failed",
) -> str:
    """The rule's last lines after an update by one verdict; the lines before are as they were."""
    rules = read(HEAD + rule, "rules.toml")
    measured = Measured(
        name, number, number if low is None else low, number if high is None else high
    )
    verdict = Verdict(rule="a", status=status, asked="", measured=measured)
    source, changes = updated(rules, [verdict])
    assert source.startswith(HEAD)
    (after,) = read(source, "rules.toml").rules
    if changes:
        assert after.bounds.hold(measured.low or 0, measured.high or 0)
    return source.removeprefix(HEAD)


@pytest.mark.parametrize(
    ("rule", "number", "after"),
    [
        ('to = "b"\ngt = 0.2  # gt = 0.2\n', 0.1, 'to = "b"\ngt = 0.09  # gt = 0.2\n'),
        ("to = 3\nlte = 2e-1", 0.5, "to = 3\nlte = 0.55"),
        ("to = 3\nin = [0.2,\n 0.3] # in", 0.5, "to = 3\nin = [0.45, 0.55] # in"),
        ("to = 3\napprox = 0.2\nabs = 0.01", 0.5, "to = 3\napprox = 0.5\nabs = 0.01"),
        ("to = 3\ngt = 0.01\nlt = 0.3", 0.5, "to = 3\ngt = 0.01\nlt = 0.55"),
        ("to = 3\n'gt'=0.9", 0.5, "to = 3\n'gt'=0.45"),
        ("to = 3\ngt = 0.2\nmore_than = { to = 2 }", 0.5, None),
    ],
)
def test_bounds_in_a_sentence(rule: str, number: float, after: str | None) -> None:
    assert rewritten(rule, number) == (rule if after is None else after)


def test_bounds_of_estimates_go_by_the_interval() -> None:
    assert rewritten('role = "induction"\ngte = 0.4', 0.41, low=0.38, high=0.44) == (
        'role = "induction"\ngte = 0.32'
    )


@pytest.mark.parametrize(
    ("rule", "number", "after"),
    [
        ("redundant = { lte = 5 }  # few", 7, "redundant = { lte = 7 }  # few"),
        ("redundant.lt = 5", 7, "redundant.lt = 8"),
        ("redundant.gt = 2\nredundant.lt = 5", 7, "redundant.gt = 2\nredundant.lt = 8"),
        ("[rule.redundant]\n'lte' = 5", 7, "[rule.redundant]\n'lte' = 7"),
        ('role = "induction"\ncount = { gte = 3 }', 1, 'role = "induction"\ncount = { gte = 1 }'),
        ('role = "induction"\ncount = { eq = 3 }', 1, 'role = "induction"\ncount = { eq = 1 }'),
    ],
)
def test_counts_are_exact(rule: str, number: float, after: str) -> None:
    assert rewritten(rule, number, name="") == after


@pytest.mark.parametrize("status", ["passed", "skipped", "error"])
def test_what_does_not_fail_stays(status: Status) -> None:
    assert rewritten("to = 3\ngt = 0.2", 0.1, status=status) == "to = 3\ngt = 0.2"


def test_a_rule_on_several_texts_holds_of_all() -> None:
    rules = read(f"{HEAD}to = 3\ngt = 0.5", "rules.toml")
    known: list[tuple[Status, float]] = [("passed", 0.8), ("failed", 0.2), ("failed", 0.4)]
    verdicts = [
        Verdict(rule="a", status=status, asked="", measured=Measured("L0H0", of, of, of))
        for status, of in known
    ]
    _, (change,) = updated(rules, verdicts)
    assert str(change) == "a: gt = 0.153, was 0.5"


def test_rules_in_a_list_are_not_taken_for_each_other() -> None:
    rule = '{ name = "%s", text = "a b", to = "b", gt = %s }'
    rules = read(f"rule = [{rule % ('a', 0.1)}, {rule % ('b', 0.5)}]", "rules.toml")
    measured = Measured("L0H0", 0.2, 0.2, 0.2)
    verdict = Verdict(rule="b", status="failed", asked="", measured=measured)
    with pytest.raises(UsageError, match="rules in a list are not rewritten"):
        updated(rules, [verdict])
