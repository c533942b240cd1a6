"""Heads planted in a corpus get the roles they play, with the evidence there is, and no others."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.attention.targets import KeyTarget, OffsetTarget
from attnviz.baselines.positional_profile import PositionalProfile
from attnviz.text.types import Tokens
from tests.helpers.planted import (
    Floats,
    Head,
    at_offset,
    corpus,
    even,
    measure,
    on_target,
    sentence,
)

pytestmark = pytest.mark.slow

# A head may be sparse or local as well, and what looks at commas looks at punctuation.
SPARSE, MARKS = {"sparse"}, {"punctuation", "vertical-strip", "sparse"}
PLAYED: dict[str, tuple[Head, set[str]]] = {
    "self": (on_target("self"), {"self"} | SPARSE),
    "previous": (on_target("previous-token"), {"previous-token", "local-window"} | SPARSE),
    "next": (on_target("next-token"), {"next-token", "local-window"} | SPARSE),
    "window": (on_target("local-window"), {"local-window"}),
    "CLS": (on_target("cls"), {"cls", "first-token"} | SPARSE),
    "SEP": (on_target("separator"), {"separator"} | SPARSE),
    "SEP to SEP": (on_target("separator-self"), {"separator-self", "broad"}),
    "punctuation": (on_target("punctuation"), {"punctuation", "comma", "sentence-end"} | MARKS),
    "sentence end": (on_target("sentence-end"), {"sentence-end"} | MARKS),
    "comma": (on_target("comma"), {"comma"} | MARKS),
    "copy": (on_target("duplicate-token"), {"duplicate-token"}),
    "induction": (on_target("induction"), {"induction", "broad"}),
    "rare word": (on_target("rare-token"), {"rare-token", "vertical-strip"} | SPARSE),
    "three back": (on_target("fixed-offset", variant="-3"), {"fixed-offset"} | SPARSE),
    "four ahead": (on_target("fixed-offset", variant="+4"), {"fixed-offset"}),
    "even": (even, {"broad"}),
    "two back": (at_offset(-2, 0.9), {"fixed-offset", "local-window"} | SPARSE),
    "diagonal": (at_offset(0, 0.9), {"self", "separator-self"} | SPARSE),
}
NAMES = list(PLAYED)
HEADS = [head for head, _ in PLAYED.values()]


def test_every_head_gets_its_roles_and_no_others() -> None:
    found = measure(corpus(80), HEADS)
    assert {name: found.found(head) for head, name in enumerate(NAMES)} == {
        name: roles for name, (_, roles) in PLAYED.items()
    }


def test_fixed_offset_names_the_offset() -> None:
    found = measure(corpus(60), [HEADS[NAMES.index(name)] for name in ("three back", "four ahead")])
    judged = found.judgements["fixed-offset"]
    assert judged.variants == ("-3", "+4")
    assert judged.verdicts == ("supported", "supported")
    assert judged.score == pytest.approx([0.8, 0.8])


def test_what_a_positional_profile_explains_is_no_interest_in_marks_or_copies() -> None:
    # Each sentence starts "x x" and ends ", a b .": one back is a copy, three back a comma.
    rng = np.random.default_rng(1)
    sentences = []
    for _ in range(80):
        words = [f"w{k}" for k in rng.permutation(500)[:8]]
        sentences.append(sentence(f"[CLS] {words[0]} {' '.join(words)} , a b . [SEP]"))
    heads = [at_offset(-1), at_offset(-3), at_offset(2), at_offset(-2, 0.7)]
    found = measure(sentences, heads)
    for role in ("punctuation", "comma", "sentence-end", "duplicate-token"):
        assert found.judgements[role].verdicts == ("no",) * 4, role
    # The head that looks one back does find half of the copies, and its profile knows it.
    copies = found.judgements["duplicate-token"]
    assert copies.score[0] == pytest.approx(0.5)
    assert copies.against[0] == "profile"
    assert copies.baseline[0] == pytest.approx(0.5, abs=0.01)


def test_the_same_marks_found_by_content_are() -> None:
    found = measure(corpus(80), [on_target("sentence-end", 0.5), on_target("comma", 0.5)])
    assert found.verdict("sentence-end", 0) == "supported"
    assert found.verdict("comma", 1) == "supported"


def test_induction_must_beat_position_and_looking_at_copies() -> None:
    # "a a b a a c a a": the token after a copy is a copy too, or the token before, or two before.
    texts = [f"[CLS] x{k} x{k} y{k} x{k} x{k} z{k} x{k} x{k} [SEP]" for k in range(80)]
    heads = [at_offset(-2, 0.9), at_offset(-1, 0.9), on_target("duplicate-token")]
    found = measure(list(map(sentence, texts)), heads)
    judged = found.judgements["induction"]
    assert judged.verdicts == ("no", "no", "no")
    assert judged.against == ("profile", "previous-token", "duplicate-token")


def test_a_head_that_looks_at_one_column_beats_its_weights_dealt_out_anew() -> None:
    def column(tokens: Tokens) -> Floats:
        weights = 0.2 * even(tokens)
        weights[:, 1 + tokens.sentence.digest % (len(tokens) - 2)] += 0.8
        return weights

    found = measure(corpus(60), [column, at_offset(-1, 0.9), even])
    assert found.judgements["vertical-strip"].verdicts == ("supported", "no", "no")
    assert found.judgements["vertical-strip"].against[:2] == ("permuted", "permuted")


@pytest.mark.parametrize(
    ("sentences", "verdict"), [(50, "supported"), (49, "tentative"), (5, "tentative"), (4, None)]
)
def test_fewer_than_fifty_sentences_are_tentative_and_fewer_than_five_have_no_verdict(
    sentences: int, verdict: str | None
) -> None:
    found = measure(corpus(sentences), [on_target("previous-token")])
    assert found.verdict("previous-token") == verdict


@pytest.mark.parametrize(("sentences", "verdict"), [(100, "supported"), (99, "tentative")])
def test_fewer_than_a_hundred_events_are_tentative(sentences: int, verdict: str) -> None:
    # One event a sentence: the second "a" looks at the first.
    given = [sentence(f"[BOS] w{k} a v{k} u{k} t{k} a s{k}") for k in range(sentences)]
    found = measure(given, [on_target("duplicate-token", causal=True)], causal=True)
    assert found.judgements["duplicate-token"].events[0] == sentences
    assert found.verdict("duplicate-token") == verdict


def test_few_sentences_get_no_interval() -> None:
    four, five = measure(corpus(4), [even]), measure(corpus(5), [even])
    assert np.isnan(four.judgements["broad"].low[0])
    assert np.isnan(four.judgements["broad"].margin_low[0])
    assert five.judgements["broad"].low[0] == pytest.approx(1.0, abs=1e-6)


def test_what_holds_on_one_half_only_is_no_role() -> None:
    def on_one_half(tokens: Tokens) -> Floats:
        return at_offset(-1)(tokens) if tokens.sentence.half == 0 else even(tokens)

    found = measure(corpus(200), [on_one_half])
    judged = found.judgements["previous-token"]
    # Over all sentences it would pass: a score near 0.53, a chance near 0.06, a margin of 0.3.
    assert judged.margin_low[0] > 0.3
    assert judged.verdicts == ("no",)


def test_halves_that_choose_different_offsets_are_no_role() -> None:
    def undecided(tokens: Tokens) -> Floats:
        return at_offset(-2 if tokens.sentence.half else 3)(tokens)

    judged = measure(corpus(100), [undecided]).judgements["fixed-offset"]
    assert judged.variants == ("",)
    assert judged.verdicts == ("no",)
    # Scored by the other half's choice, so that the best of many offsets finds nothing.
    assert judged.score[0] < 0.02


def test_a_head_between_two_offsets_has_neither() -> None:
    def wavering(tokens: Tokens) -> Floats:
        share = 0.51 if tokens.sentence.half else 0.49
        return share * at_offset(-2)(tokens) + (1 - share) * at_offset(2)(tokens)

    judged = measure(corpus(100), [wavering]).judgements["fixed-offset"]
    # Either offset would pass, but which one it is the halves don't agree on.
    assert judged.margin_low[0] > 0.3
    assert judged.variants == ("",)
    assert judged.verdicts == ("no",)


def test_one_half_without_sentences_is_tentative_at_most() -> None:
    left = [one for one in corpus(150) if one.sentence.half == 0]
    assert len(left) >= 50
    found = measure(left, [on_target("previous-token"), on_target("fixed-offset", variant="-3")])
    assert found.verdict("previous-token", 0) == "tentative"
    assert found.verdict("fixed-offset", 1) == "no"


def test_a_role_that_never_comes_up_is_unknown_and_has_no_verdict() -> None:
    given = [sentence(f"[BOS] one two{k} three") for k in range(60)]
    found = measure(given, [even], causal=True)
    for role in ("separator", "next-token", "comma", "induction", "cls"):
        judged = found.judgements[role]
        assert judged.events[0] == judged.sentences[0] == 0
        assert judged.verdicts == (None,)
        known = (judged.score, judged.chance, judged.lift, judged.baseline, judged.low)
        assert all(np.isnan(array[0]) for array in known), role


def test_a_sink_that_takes_mass_lowers_the_profile_too() -> None:
    # One head that spreads 0.4 evenly over offsets and loses 0.6 to its sink logit.
    profile = PositionalProfile(np.full((2, 1, 5), 0.1), np.full((2, 1), 0.4))
    target = KeyTarget(queries=np.array([True, True, True]), keys=np.array([True, False, False]))
    # Three queries, each expected to put a third of 0.4 on the first of three keys.
    assert profile.expect([target], 3, 0)[0] == pytest.approx([0.4])


def test_a_sentence_is_held_against_the_profile_of_the_other_half() -> None:
    # Offsets -2 to 2: half 0 looks one back, half 1 looks at itself.
    by_offset = np.array([[[0.0, 1.0, 0.0, 0.0, 0.0]], [[0.0, 0.0, 1.0, 0.0, 0.0]]])
    profile = PositionalProfile(by_offset, np.ones((2, 1)))
    itself = OffsetTarget(queries=np.array([False, True, True]), offsets=(0,))
    one_back = OffsetTarget(queries=np.array([False, True, True]), offsets=(-1,))
    assert [profile.expect([itself], 3, half)[0][0] for half in (0, 1)] == [2.0, 0.0]
    assert [profile.expect([one_back], 3, half)[0][0] for half in (0, 1)] == [0.0, 2.0]


def test_a_profile_is_scaled_to_the_keys_that_a_sentence_has() -> None:
    # Even over five offsets; in a sentence of two tokens each row has two of them.
    profile = PositionalProfile(np.full((2, 1, 5), 0.2), np.ones((2, 1)))
    first = KeyTarget(queries=np.array([False, True]), keys=np.array([True, False]))
    assert profile.expect([first], 2, 0)[0] == pytest.approx([0.5])


def test_profile_of_planted_heads() -> None:
    given = corpus(40)
    found = measure(given, [at_offset(-1), even]).profile
    zero = found.by_offset.shape[-1] // 2
    assert found.by_offset[..., zero + 1 :].any()
    np.testing.assert_allclose(found.total, 1.0, atol=1e-6)
    np.testing.assert_allclose(found.by_offset[:, 0, zero - 1], 1.0, atol=1e-6)
    assert not found.by_offset[:, 0, zero:].any()
    # Even attention over 12 to 19 tokens puts as little on each offset.
    assert (found.by_offset[:, 1, zero - 3 : zero + 3] > 1 / 20).all()
    assert (found.by_offset[:, 1, zero - 3 : zero + 3] < 1 / 11).all()
    causal = measure(given, [even], causal=True).profile.by_offset
    assert not causal[..., causal.shape[-1] // 2 + 1 :].any(), "nothing to the right"
