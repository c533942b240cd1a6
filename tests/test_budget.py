"""How much memory a run may take: reckoned by hand, refused in time, kept to by the batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from attnviz import budget
from attnviz.attention.batch import Batch, by_length
from attnviz.attention.observer import Observer
from attnviz.errors import InputError
from attnviz.models import run
from attnviz.text.types import Sentence, Tokens
from tests.helpers import tiny

# A tiny Llama is 32 wide and 48 inside, with 4 heads: for each token the model holds 6 x 32 + 3 x
# 48 floats, and measuring 6 x 32 + 40 x 4.
A_TOKEN = 4 * (6 * 32 + 3 * 48 + 6 * 32 + 40 * 4)
IDS = torch.randint(5, 60, (4, 20), generator=torch.Generator().manual_seed(1))


def of_tokens(*lengths: int) -> list[Tokens]:
    """Sentences of so many tokens, with ids that a tiny model knows, numbered from 1."""
    found = []
    for number, length in enumerate(lengths, 1):
        (one,) = tiny.tokens(IDS[:1, :4], (4,))
        many = {name: getattr(one, name)[:1] * length for name in ("pieces", "surfaces", "labels")}
        kinds, words = ("",) * length, tuple(range(length))
        ids = tuple(IDS.flatten()[:length].tolist())
        sentence = replace(one.sentence, id=number)
        found.append(replace(one, sentence=sentence, ids=ids, kinds=kinds, words=words, **many))
    return found


@pytest.mark.parametrize("kind", ["llama", "bert", "bart"])
def test_the_need_of_most_models_grows_with_the_tokens(kind: str) -> None:
    loaded = tiny.loaded(kind)
    assert loaded.path == "interface"
    for tokens in (0, 1, 10, 10**6):
        assert budget.need(loaded, tokens) == A_TOKEN * tokens


@pytest.mark.parametrize("kind", ["mpnet", "longt5"])
def test_the_need_of_models_that_hand_over_matrices_has_their_square(kind: str) -> None:
    loaded = tiny.loaded(kind)
    assert loaded.path == "fallback"
    linear = budget.need(replace(loaded, path="interface"), 1)
    for tokens in (1, 10, 1000):
        # Six matrices of 4 heads, 4 bytes a weight.
        square = 6 * 4 * 4 * tokens**2
        assert budget.need(loaded, tokens) == pytest.approx(linear * tokens + square)


def test_a_config_without_sizes_still_has_a_need() -> None:
    config = SimpleNamespace()
    config.get_text_config = lambda: config
    loaded = replace(tiny.loaded("llama"), model=SimpleNamespace(config=config))
    # As if it were 1,024 wide, 4,096 inside, and had one head.
    assert budget.need(loaded, 1) == 4 * (12 * 1024 + 3 * 4096 + 40)


def test_a_sentence_that_needs_too_much_is_refused_before_the_run() -> None:
    loaded, given_ = tiny.loaded("llama"), of_tokens(3, 10, 9)
    assert A_TOKEN == 2752
    budget.check(loaded, given_, "27520")
    with pytest.raises(InputError) as caught:
        budget.check(loaded, given_, "27519")
    assert caught.value.message == (
        "Sentence 2 of 10 tokens needs about 26.9 KiB, and 26.9 KiB are allowed."
    )
    assert "--split sentence" in caught.value.hint
    assert "--max-memory" in caught.value.hint


def test_without_a_limit_most_of_what_is_free_may_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded, given_ = tiny.loaded("llama"), of_tokens(10)
    monkeypatch.setattr(budget, "free", lambda _: 27520 / 0.8 + 1)
    assert budget.check(loaded, given_).room == pytest.approx(0.4)
    monkeypatch.setattr(budget, "free", lambda _: 1024.0)
    with pytest.raises(InputError, match=r"of 10 tokens .* and 819\.2 B are free") as caught:
        budget.check(loaded, given_)
    assert "--split sentence" in caught.value.hint
    assert "--max-memory" not in caught.value.hint


def test_what_is_left_is_for_more_tokens_and_for_rollout() -> None:
    allowed = budget.check(tiny.loaded("llama"), of_tokens(10), "55040")  # 20 tokens
    assert allowed.tokens == 19
    assert allowed.room == 0.5 * 10 * A_TOKEN


def test_free_memory_is_the_devices_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    memory = SimpleNamespace(available=12345, total=99999)
    monkeypatch.setattr("psutil.virtual_memory", lambda: memory)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (678, 99999))
    monkeypatch.setattr(budget, "_GROUP", tmp_path)  # where no limit is written
    assert budget.free(torch.device("cpu")) == 12345
    assert budget.free(torch.device("cuda")) == 678


@pytest.mark.parametrize(
    ("most", "left"), [("1000\n", 750), ("max\n", 12345), ("99999\n", 12345), ("", 12345)]
)
def test_a_container_may_leave_less_than_the_machine_has(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, most: str, left: int
) -> None:
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=12345))
    monkeypatch.setattr(budget, "_GROUP", tmp_path)
    (tmp_path / "memory.max").write_text(most)
    (tmp_path / "memory.current").write_text("300\n")
    (tmp_path / "memory.stat").write_text("anon 200\ninactive_file 50\n")
    assert budget.free(torch.device("cpu")) == left


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "0.0 B"),
        (1023, "1023.0 B"),
        (1024, "1.0 KiB"),
        (1.5 * 2**20, "1.5 MiB"),
        (2**30, "1.0 GiB"),
        (5000 * 2**30, "5000.0 GiB"),
    ],
)
def test_sizes_as_people_write_them(amount: float, shown: str) -> None:
    assert budget.shown(amount) == shown


LENGTHS = st.lists(st.integers(1, 60), max_size=40)


@given(LENGTHS, st.integers(1, 5000), st.integers(1, 200))
def test_no_batch_of_several_sentences_has_more_tokens_than_allowed(
    lengths: list[int], cells: int, most: int
) -> None:
    batches = by_length(lengths, cells, most)
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[place] for place in batch)
        assert len(batch) == 1 or len(batch) * longest <= most
        assert len(batch) == 1 or len(batch) * longest**2 <= cells


@given(LENGTHS, st.integers(1, 5000))
def test_without_an_allowance_or_with_a_large_one_the_batches_are_the_same(
    lengths: list[int], cells: int
) -> None:
    assert by_length(lengths, cells) == by_length(lengths, cells, 60 * 40)


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), max_size=40), st.integers(1, 99))
def test_neither_sources_nor_targets_have_more_tokens_than_allowed(
    pairs: list[tuple[int, int]], most: int
) -> None:
    sources: Any = [range(length) for length, _ in pairs]
    targets: Any = [range(length) for _, length in pairs]
    groups = run._groups(sources, targets, most, torch.device("cpu"))
    assert sorted(place for group in groups for place in group) == list(range(len(pairs)))
    for group in groups:
        for side in (sources, targets):
            tokens = len(group) * max(len(side[place]) for place in group)
            assert len(group) == 1 or tokens <= most


class Sizes(Observer):
    """Notes how many sentences of how many tokens each batch has."""

    def __init__(self) -> None:
        self.found: list[tuple[int, int]] = []

    def begin(self, batch: Batch, places: Sequence[int]) -> None:
        self.found.append((len(places), batch.length))


@pytest.mark.parametrize(
    ("most", "expected"),
    [
        (None, [(3, 5), (1, 20)]),
        (15, [(3, 5), (1, 20)]),
        (14, [(2, 5), (1, 5), (1, 20)]),
        (1, [(1, 5), (1, 5), (1, 5), (1, 20)]),
    ],
)
def test_a_run_keeps_to_its_allowance(most: int | None, expected: list[tuple[int, int]]) -> None:
    sizes = Sizes()
    run.observe(tiny.loaded("llama"), of_tokens(5, 20, 5, 5), [sizes], most=most)
    assert sizes.found == expected


def test_the_warning_says_how_many_sentences_have_no_rollout() -> None:
    assert budget.no_rollout(1).startswith("No rollout for 1 sentence: ")
    assert budget.no_rollout(3).startswith("No rollout for 3 sentences: ")
    assert "--max-memory" in budget.no_rollout(3)


def test_sums_of_sentences_that_are_measured_together_count() -> None:
    # Twelve heads in all layers, 300 numbers of 8 bytes each.
    loaded = replace(tiny.loaded("llama"), heads=12)
    assert budget.sums(loaded, 10) == 10 * 12 * 300 * 8
    both = str(10 * 28_800 + 20 * A_TOKEN)
    assert budget.check(loaded, of_tokens(20), both, together=10).tokens == 19
    with pytest.raises(InputError, match=r"sums of 11 sentences .* need about 363\.1 KiB"):
        budget.check(loaded, of_tokens(20), both, together=11)


def test_a_text_whose_tokens_dont_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    sentences = [Sentence(number, "the dog sat " * 10) for number in range(1000)]
    monkeypatch.setattr(budget, "free", lambda _: 20e6)
    budget.check_text(sentences)  # 13.25 MB of 16
    monkeypatch.setattr(budget, "free", lambda _: 16e6)
    with pytest.raises(InputError, match=r"1,000 sentences of 120,000 characters .* 12\.6 MiB"):
        budget.check_text(sentences)
    budget.check_text(sentences, together=500)
