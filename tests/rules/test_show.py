"""The command that shows a rule draws the heads that its number is of, and no others."""

import pytest

from attnviz.rules import show
from attnviz.rules.bounds import Bounds
from attnviz.rules.heads import read
from attnviz.rules.rule import Mass, Rule, Text

PLACES = ((0, 0), (0, 1), (1, 0), (1, 1))


@pytest.mark.parametrize(
    ("heads", "name", "flags"),
    [
        ("any", "L0H1", "--from it --to cat --heads L0H1"),
        ("all layers", "layer 1", "--layers 1 --mean heads"),
        ("mean", "mean", "--mean all"),
        ("mean of layer 1, layer 0", "mean", "--layers 1,0 --mean all"),
        ("mean of L1H0, L0H1", "mean", "--heads L0H1,L1H0 --mean all"),
        ("mean of L0H1, layer 1", "mean", "--heads L0H1,L1H0,L1H1 --mean all"),
        ("rollout", "rollout", "--view rollout"),
    ],
)
def test_the_heads_of_a_rule(heads: str, name: str, flags: str) -> None:
    mass = Mass(to="cat", source="it")
    rule = Rule(name="a", subject=mass, bounds=Bounds(gt=0.5), text=Text(), heads=read(heads))
    shown = show.chosen(name, rule.heads, PLACES, mass)
    assert show.draw("m", "a b", rule, mass, shown) == f"attnviz draw m 'a b' {flags}"
