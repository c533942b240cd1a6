"""Models whose weights are written by hand: each planted head gets its role and no other has it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from attnviz.models.load import LoadedModel
from attnviz.models.run import observe
from attnviz.observers.matrices import MatrixKeeper
from attnviz.text.types import Tokens
from tests.helpers import circuits, grammar
from tests.helpers.planted import Floats, sentence
from tests.helpers.tables import Tables

pytestmark = pytest.mark.slow

SEEDS = range(12)
Place = tuple[int, int]

PLANTED: dict[Place, tuple[str, circuits.Plant]] = {
    (0, 0): ("previous-token", circuits.previous),
    (0, 1): ("first-token", circuits.first),
    (0, 2): ("duplicate-token", circuits.duplicate),
    (1, 3): ("induction", circuits.induction),
}
# What follows from what was planted, by the roles' own definitions.
IMPLIED: dict[str, set[str]] = {
    "previous-token": {
        "local-window",  # one back is within two
        "sparse",  # one key has all the mass
    },
    "first-token": {"sparse"},  # one key has all the mass
    "duplicate-token": set(),
    "induction": set(),
    "idle": {"broad"},  # weights near 0 make even attention
}


def text(seed: int, count: int = 80) -> list[Tokens]:
    """Sentences of 16 to 31 tokens drawn from 31, so that most of the later ones are copies."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        drawn = rng.integers(1, circuits.VOCABULARY, int(rng.integers(16, circuits.POSITIONS)))
        words = sentence(f"[BOS] {' '.join(f'w{one}' for one in drawn)}")
        found.append(replace(words, ids=(0, *drawn.tolist())))
    return found


def test_each_planted_head_has_its_role_and_what_follows_from_it(tables: Tables) -> None:
    heads = {place: plant for place, (_, plant) in PLANTED.items()}
    counts: dict[Place, Counter[str]] = {}
    wrong = []
    for seed in SEEDS:
        for place, roles in circuits.supported(circuits.loaded(heads, seed), text(seed)).items():
            counts.setdefault(place, Counter()).update(roles)
            name = PLANTED[place][0] if place in PLANTED else "idle"
            planted = {name} if place in PLANTED else set()
            if roles != planted | IMPLIED[name]:
                wrong.append((seed, place, name, sorted(roles)))
    for place, found in sorted(counts.items()):
        tables.add(
            f"planted models: in how many of {len(SEEDS)} a role is supported",
            {
                "head": f"L{place[0]} H{place[1]}",
                "planted": PLANTED[place][0] if place in PLANTED else "",
                "supported": ", ".join(f"{role} {count}" for role, count in found.most_common()),
            },
        )
    assert not wrong


def seen(model: LoadedModel, tokens: Tokens, place: Place) -> Floats:
    keeper = MatrixKeeper({place}, most=64)
    observe(model, [tokens], [keeper])
    return np.asarray(keeper.drawn[0].heads[place])


def test_planted_weights_do_what_they_say() -> None:
    heads = {place: plant for place, (_, plant) in PLANTED.items()}
    model = circuits.loaded(heads, 0)
    #                    0 1 2 3 4 5 6
    given = replace(sentence("[BOS] a b c a b c"), ids=(0, 7, 8, 9, 7, 8, 9))
    one_back, at_first, copies, after = (seen(model, given, place) for place in PLANTED)
    np.testing.assert_allclose(one_back[1:], np.eye(7)[:6], atol=1e-4)
    np.testing.assert_allclose(at_first[:, 0], 1.0, atol=1e-4)
    np.testing.assert_allclose(copies[4:], np.eye(7)[1:4], atol=1e-4)
    np.testing.assert_allclose(after[4:], np.eye(7)[2:5], atol=1e-3)
    # "b" has no copy before it: even over what it sees, but not itself.
    np.testing.assert_allclose(copies[2], [0.5, 0.5, 0, 0, 0, 0, 0], atol=1e-4)


# --- dependency relations ---
SUBJECT = circuits.nearest_before(
    [1 + grammar.WORDS.index(verb) for verb in grammar.VERBS],
    [1 + grammar.WORDS.index(noun) for noun in grammar.NOUNS],
)


def test_a_head_from_verbs_to_their_subjects_has_that_relation_and_no_other(
    tables: Tables,
) -> None:
    counts: Counter[str] = Counter()
    for seed in SEEDS:
        model = circuits.loaded({(0, 1): SUBJECT}, seed)
        found = circuits.supported(model, grammar.corpus(80, seed))
        counts.update(found.pop((0, 1)))
        assert not any(role.startswith("dep:") for roles in found.values() for role in roles)
    tables.add(
        f"planted models: in how many of {len(SEEDS)} a role is supported",
        {
            "head": "L0 H1 (grammar)",
            "planted": "dep:nsubj:reverse",
            "supported": ", ".join(f"{role} {count}" for role, count in counts.most_common()),
        },
    )
    assert counts == {"dep:nsubj:reverse": len(SEEDS)}


@pytest.mark.parametrize("seed", SEEDS[:3])
def test_the_planted_dependency_head_looks_from_verbs_to_their_subjects(seed: int) -> None:
    model = circuits.loaded({(0, 1): SUBJECT}, seed)
    for tokens in grammar.corpus(20, seed):
        found = seen(model, tokens, (0, 1))
        arcs = grammar.arcs(tokens, "nsubj")
        assert len(arcs) >= 2
        assert min(found[verb, noun] for verb, noun in arcs) > 0.99


def test_the_grammar_gives_each_word_one_head_and_one_relation() -> None:
    sentences = grammar.corpus(60, 0)
    assert len({one.sentence.text for one in sentences}) == 60
    used = {form for one in sentences for form in one.sentence.forms}
    assert used == set(grammar.WORDS)
    relations: dict[str, set[int]] = {}
    for tokens in sentences:
        gold = tokens.sentence.annotation
        assert gold is not None
        assert gold.forms == tuple(tokens.sentence.text[start:end] for start, end in gold.spans)
        assert gold.heads.count(-1) == 1
        assert len(tokens) <= circuits.POSITIONS
        for word, (head, relation) in enumerate(zip(gold.heads, gold.relations, strict=True)):
            assert relation
            relations.setdefault(relation, set()).add(head - word if head >= 0 else 0)
    assert set(relations) == {"root", "nsubj", "obj", "det", "amod", "advmod", "cc", "conj"}
    # What a dependency head must find is at no fixed offset.
    assert relations["nsubj"] == {1, 2}
    assert relations["obj"] == {-2, -3}
    assert relations["det"] == {1, 2}


def test_a_sentence_of_the_grammar() -> None:
    gold = grammar.annotation(np.random.default_rng(3), 1)
    verb = next(place for place, upos in enumerate(gold.upos) if upos == "VERB")
    assert gold.heads[verb] == -1
    subject = gold.relations.index("nsubj")
    assert gold.heads[subject] == verb
    assert gold.upos[subject] == "NOUN"


def test_small_weights_are_drawn_from_the_seed() -> None:
    one, again, other = (circuits.loaded({}, seed).model.state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)
