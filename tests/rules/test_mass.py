"""The mass of a rule on a sentence whose weights are written down: see `tests.helpers.weights`."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from attnviz.errors import UsageError
from attnviz.rules import mass
from attnviz.rules.read import of_tables
from attnviz.rules.rule import Mass
from attnviz.rules.verdict import Measured
from tests.helpers.weights import CAT, EVEN, weights


def measured(**keys: Any) -> dict[str, Measured]:
    """The numbers of a rule with these keys, and whether the model is causal."""
    last, causal = keys.pop("last", False), keys.pop("causal", False)
    (rule,) = of_tables([{"text": "a", "gte": 0.0, **keys}])
    assert isinstance(rule.subject, Mass)
    of = replace(weights(), causal=causal)
    sentence = mass.Sentence(of, CAT, CAT)
    return {each.name: each for each in sentence.measured(rule.subject, rule.heads, last=last)}


def number(**keys: Any) -> float:
    return round(measured(heads="L0H1", **keys)["L0H1"].number, 6)


def test_words_sum_as_keys_and_are_the_mean_as_queries() -> None:
    # "the" gives "cat" 0.2 and "##nap" 0.1.
    assert number(**{"from": "the", "to": "cat##nap"}) == 0.3
    # "cat" gives "the" 0.1, "##nap" gives it all.
    assert number(**{"from": "cat##nap", "to": "the"}) == 0.55
    assert number(last=True, **{"from": "cat##nap", "to": "the"}) == 1.0


def test_several_words_places_and_lists() -> None:
    assert number(**{"from": "the", "to": "cat##nap The"}) == 0.4
    assert number(**{"from": "the", "to": ["cat##nap", "The"]}) == 0.4
    assert number(**{"from": 1, "to": [0, "the#1"]}) == 0.6
    assert number(**{"from": ["the", "cat##nap"], "to": "the"}) == round((0.1 + 0.55) / 2, 6)


def test_classes_of_tokens() -> None:
    assert number(**{"from": "the", "to": {"tokens": "special"}}) == 0.5
    assert number(**{"from": "the", "to": {"tokens": "first"}}) == 0.5
    # Content queries: three rows of 0.5 on content, and one of 1.
    assert number(to={"tokens": "content"}) == round((0.5 * 3 + 1) / 4, 6)
    with pytest.raises(UsageError, match="The sentence has no punctuation tokens"):
        number(to={"tokens": "punctuation"})


def test_targets_of_roles() -> None:
    # "the" to [CLS] 0.5, "cat" to "the" 0.1, "##nap" to "cat" 0, "The" to "##nap" 0.1.
    assert number(to={"role": "previous-token"}) == round((0.5 + 0.1 + 0 + 0.1) / 4, 6)
    assert number(**{"from": "the", "to": {"role": "previous-token"}}) == 0.5


def test_rivals_lenses_means_and_rollout() -> None:
    heads = measured(**{"from": "the"}, to="cat##nap", more_than={"to": "The"})
    assert list(heads) == ["L0H0", "L0H1", "L1H0", "L1H1"]
    assert heads["L0H1"].others == pytest.approx([0.1])
    assert number(lens="content", **{"from": "the", "to": "cat##nap"}) == 0.6
    layer = measured(heads="layer 0", **{"from": "the", "to": "cat##nap"})
    assert layer["layer 0"].number == pytest.approx((0.3 + 2 * EVEN[0, 0]) / 2)
    rollout = measured(heads="rollout", **{"from": "the", "to": "the"})
    assert rollout["rollout"].number == 1.0


def test_what_a_causal_model_can_not_see_is_no_zero() -> None:
    with pytest.raises(UsageError, match="Nothing that looks can see “The”") as caught:
        measured(causal=True, **{"from": "the", "to": "The"})
    assert "before it" in caught.value.hint
    assert measured(causal=True, **{"from": "The", "to": "the"})


def test_sets_count_the_queries_that_see_them() -> None:
    # In a causal model only [SEP], which is no content, sees [SEP]; all see [CLS].
    hit = np.tri(6, dtype=np.bool_)
    assert not hit[4, 5]
    assert number(causal=True, to={"tokens": "special"}) == round((0.5 * 3 + 0) / 4, 6)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"to": "dog"}, "no word or token 'dog'"),
        ({"to": "the#3"}, "There is no 'the#3'"),
        ({"to": 6}, "There is no token 6"),
        ({"to": "the", "from": "dog"}, "no word or token 'dog'"),
        ({"to": "the", "more_than": {"to": "dog"}}, "no word or token 'dog'"),
        ({"to": "the", "heads": "L2H0"}, "The model has no L2H0"),
        ({"to": {"role": "alignment"}}, "role alignment has no targets|there is no role"),
    ],
)
def test_what_matches_nothing_is_an_error(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        measured(**keys)
