"""Random tokens that repeat, as they are drawn, and the induction heads of real models on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attnviz.evidence.prefix_matching import Induction, judge_induction
from attnviz.models import load as loading
from attnviz.models.direct_path import direct_path
from attnviz.models.names import resolve
from attnviz.models.repeated import DRAWS, FEWEST, REPEATS, TOKENS, draws
from attnviz.models.run import observe
from attnviz.observers.repeats import InductionKeeper
from attnviz.text.types import Tokens
from tests.helpers.repeated import KNOWN, NO_TEXT, SPECIAL, encoder, tokenizer

pytestmark = pytest.mark.slow


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.none() | st.integers(0, 110), st.booleans())
def test_draws_are_text_tokens_in_exact_repeats(seed: int, limit: int | None, ends: bool) -> None:
    loaded = replace(encoder(), tokenizer=tokenizer(ends=ends), limit=limit)
    length = TOKENS if limit is None else min(TOKENS, (limit - 2 * ends) // REPEATS)
    found = draws(loaded, seed)
    if length < FEWEST:
        assert found is None
        return
    assert found is not None
    assert len(found) == DRAWS
    for tokens in found:
        assert len(tokens) == length * REPEATS + 2 * ends
        assert limit is None or len(tokens) <= limit
        body = list(tokens.ids[1:-1] if ends else tokens.ids)
        assert body == body[:length] * REPEATS
        assert len(set(body)) == length
        assert len(SPECIAL) + len(NO_TEXT) <= min(body)
        assert max(body) < KNOWN
        assert tokens.content.sum() == len(body)
    again = draws(loaded, seed)
    assert again is not None
    assert [one.ids for one in again] == [one.ids for one in found]
    assert len({one.sentence.digest for one in found}) == DRAWS


def test_a_draw_is_a_sentence_like_any_other() -> None:
    found = draws(replace(encoder(), limit=18), 0)
    assert found is not None
    one = found[0]
    assert one.kinds == ("cls", *[""] * 16, "sep")
    assert "".join(one.surfaces) == one.sentence.text
    assert [surface.strip() for surface in one.surfaces] == ["", *one.pieces[1:-1], ""]
    assert [start for start, _ in one.spans[2:-1]] == [end for _, end in one.spans[1:-2]]
    assert (one.words[0], one.words[-1], one.words[1]) == (None, None, 0)
    assert (one.sentence.id, one.cut, one.generated) == (1, 0, None)
    assert len(one.labels) == len(one)


def test_other_seeds_give_other_draws() -> None:
    one, other = draws(encoder(), 0), draws(encoder(), 1)
    assert one is not None
    assert other is not None
    assert one[0].ids != other[0].ids


def real(name: str) -> tuple[Induction, list[Tokens]]:
    loaded = loading.load(resolve(name), device=torch.device("cpu"))
    found = draws(loaded, 0)
    assert found is not None
    path = direct_path(loaded, found[0])
    keeper = InductionKeeper(found, None if path is None else path.logits)
    observe(loaded, found, [keeper])
    return judge_induction(keeper.table(), 500), found


def test_smollm2_has_induction_heads(smollm2: Path) -> None:
    scores, found = real(str(smollm2))
    assert {len(one) for one in found} == {100}  # its tokenizer puts nothing in front
    assert scores.queries == 750
    prefix, copying = scores.prefix_matching, scores.copying
    order = [scores.heads[head] for head in np.argsort(-prefix.score)]
    assert (17, 5) in order[:5]
    assert (prefix.score > 0.5).sum() >= 5
    assert (prefix.low > 0.5).sum() >= 5
    supported = [head for head, one in enumerate(scores.verdicts) if one == "supported"]
    assert set(np.flatnonzero(prefix.score > 0.5)) <= set(supported)
    assert len(supported) < len(scores.heads) / 10
    # Those that write late enough to be read as they are raise what they look at.
    assert copying is not None
    assert scores.lifted is not None
    assert scores.lifted_chance is not None
    late = scores.heads.index((23, 2))
    assert copying.low[late] > 0.6
    assert scores.lifted.score[late] > 0.95
    assert scores.lifted.low[late] > 0.9
    assert scores.lifted_chance[late] < 0.5


def test_minilm_runs_and_has_none() -> None:
    scores, found = real("minilm")
    assert {(one.kinds[0], one.kinds[-1], len(one)) for one in found} == {("cls", "sep", 102)}
    assert len(scores.heads) == 72
    assert set(scores.verdicts) == {"no"}
    assert scores.copying is None
    assert scores.baselines["chance"] == pytest.approx(2 / 102, abs=1e-6)
