"""Which heads a rule speaks of, of a model of two layers with two heads each."""

import pytest

from attnviz.errors import UsageError
from attnviz.rules import heads

PLACES = [(0, 0), (0, 1), (1, 0), (1, 1)]


@pytest.mark.parametrize(
    ("written", "how", "groups", "said"),
    [
        ("any", "any", {"L0H0": (0,), "L0H1": (1,), "L1H0": (2,), "L1H1": (3,)}, "in any head"),
        ("all of layer 1", "all", {"L1H0": (2,), "L1H1": (3,)}, "in every head of layer 1"),
        ("any of L0H1, layer 1", "any", {"L0H1": (1,), "L1H0": (2,), "L1H1": (3,)}, None),
        ("mean", "all", {"mean": (0, 1, 2, 3)}, "in the mean of all heads"),
        ("mean of L0H1, L1H0", "all", {"mean": (1, 2)}, "in the mean of L0H1, L1H0"),
        ("L1H0", "all", {"L1H0": (2,)}, "in L1H0"),
        ("l1h0", "all", {"L1H0": (2,)}, "in L1H0"),
        ("layer 1", "all", {"layer 1": (2, 3)}, "in layer 1"),
        (("L0H1", "layer 1"), "all", {"L0H1": (1,), "layer 1": (2, 3)}, "in L0H1, layer 1"),
        ("any layer", "any", {"layer 0": (0, 1), "layer 1": (2, 3)}, "in the mean of any layer"),
        ("all layers", "all", {"layer 0": (0, 1), "layer 1": (2, 3)}, "in the mean of each layer"),
        ("rollout", "all", {}, "in rollout"),
    ],
)
def test_heads(
    written: str | tuple[str, ...], how: str, groups: dict[str, tuple[int, ...]], said: str | None
) -> None:
    chosen = heads.read(written)
    assert chosen.how == how
    assert {group.name: group.members for group in chosen.groups(PLACES)} == groups
    assert said in (None, str(chosen))


@pytest.mark.parametrize("written", ["some", "L1", "any of", "layer x", "any of head 3", "H1L0"])
def test_what_names_no_heads(written: str) -> None:
    with pytest.raises(UsageError, match="names no heads") as caught:
        heads.read(written)
    assert "any of layer 5" in caught.value.hint


@pytest.mark.parametrize("written", ["L2H0", "L0H2", "layer 7", "mean of layer 2"])
def test_heads_that_the_model_lacks(written: str) -> None:
    with pytest.raises(UsageError, match="The model has no") as caught:
        heads.read(written).groups(PLACES)
    assert caught.value.hint == "Layers go from 0 to 1, heads from 0 to 1."


@pytest.mark.parametrize(
    ("written", "single"),
    [("any", True), ("L0H1", True), ("layer 1", False), ("mean", False), ("all layers", False)],
)
def test_whether_numbers_are_of_heads_alone(written: str, *, single: bool) -> None:
    assert heads.read(written).single == single
