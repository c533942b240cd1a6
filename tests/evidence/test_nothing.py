"""Models with random weights have no heads that look for meaning, and the evidence says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from attnviz.models import names, tap
from attnviz.models.load import LoadedModel
from attnviz.text.files import read
from attnviz.text.split import sentences
from attnviz.text.tokenize import tokenize_all
from attnviz.text.types import Tokens
from tests.helpers import circuits
from tests.helpers.measure import with_related
from tests.helpers.planted import ROLES
from tests.helpers.tables import Tables

pytestmark = pytest.mark.slow

# Roles of what tokens say, by how their names begin. A random head may well look at position 0, or
# at one token whatever the others say; it never looks for a subject.
MEANING = ("dep", "coreference", "induction", "related-words", "rare-token")
ARCHITECTURES = ("bert", "llama", "gpt2")
MODELS = 20
VOCABULARY = 997
_SIZES: dict[str, dict[str, int]] = {
    "bert": {
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
    },
    "gpt2": {"n_embd": 64, "n_inner": 96, "n_layer": 3, "n_head": 4},
}
_SIZES["llama"] = _SIZES["bert"] | {"num_key_value_heads": 2}


def model(kind: str, seed: int, spread: float | None) -> LoadedModel:
    """A model as transformers makes it, or with matrices of so large weights that heads differ."""
    from transformers import CONFIG_MAPPING, AutoModel

    make: Any = AutoModel.from_config
    configs: Any = CONFIG_MAPPING
    config = configs[kind](vocab_size=VOCABULARY, pad_token_id=0, **_SIZES[kind])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = make(config, attn_implementation=tap.install())
        if spread is not None:
            with torch.no_grad():
                for weights in made.parameters():
                    if weights.dim() == 2:
                        weights.copy_(torch.randn_like(weights) * spread)
    made.eval()
    return circuits.wrapped(made)


@pytest.fixture(scope="module")
def sample(quickstart: Path) -> list[Tokens]:
    """The annotated sample in minilm's tokens, their ids cut down to a small vocabulary."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(names.resolve("minilm").location)
    found = tokenize_all(
        sentences(read([quickstart.with_name("annotated.conllu")], None))[:60], tokenizer, None
    )
    return [replace(one, ids=tuple(token % VOCABULARY for token in one.ids)) for one in found]


def meant(roles: Sequence[str] | set[str]) -> list[str]:
    return sorted(role for role in roles if role.startswith(MEANING))


def test_the_registry_has_roles_of_meaning() -> None:
    assert set(MEANING) <= set(meant([role.name for role in ROLES]))


@pytest.mark.parametrize(
    "spread", [pytest.param(None, id="as made"), pytest.param(0.15, id="large weights")]
)
def test_twenty_random_models_have_no_head_that_looks_for_meaning(
    spread: float | None, sample: list[Tokens], tables: Tables
) -> None:
    assert len(sample) == 60
    counts = {kind: Counter[str]() for kind in ARCHITECTURES}
    heads = 0
    wrong = []
    for seed in range(MODELS):
        kind = ARCHITECTURES[seed % len(ARCHITECTURES)]
        loaded = model(kind, seed, spread)
        for place, roles in circuits.supported(loaded, with_related(loaded, sample)).items():
            heads += 1
            counts[kind].update(roles or {"none"})
            wrong += [(kind, seed, place, role) for role in meant(roles)]
    for kind, found in counts.items():
        tables.add(
            f"{MODELS} models with random weights: heads by what they are supported to be",
            {
                "architecture": kind,
                "weights": "as made" if spread is None else f"spread {spread}",
                "heads": ", ".join(f"{role} {count}" for role, count in found.most_common()),
            },
        )
    assert heads == MODELS * 12
    assert not wrong
