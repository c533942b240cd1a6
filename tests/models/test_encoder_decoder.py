"""Encoder-decoder models: three attentions kept apart, and targets moved to the right."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from attnviz.attention.batch import Batch
from attnviz.attention.layer import LayerAttention
from attnviz.attention.observer import Observer
from attnviz.errors import InputError
from attnviz.models.architectures import ARCHITECTURES
from attnviz.models.run import observe
from attnviz.text.tokenize import tokenize_targets
from attnviz.text.types import Sentence, Tokens
from tests.helpers import tiny

pytestmark = pytest.mark.slow

SOURCES, TARGETS = (4, 9, 5, 8), (6, 2, 9, 3)
IDS = torch.randint(5, 60, (4, 9), generator=torch.Generator().manual_seed(1))


class Diary(Observer):
    """Writes down the batches of its stream, and the shape of every layer."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.batches: list[tuple[Batch, list[int]]] = []
        self.layers: list[LayerAttention] = []

    def begin(self, batch: Batch, places: Any) -> None:
        self.batches.append((batch, list(places)))

    def see(self, attention: LayerAttention) -> None:
        batch = self.batches[-1][0]
        assert attention.stream == self.stream
        assert attention.query.shape[2] == batch.length
        assert attention.mask.keys == batch.looked_at.length
        seen = attention.mask.dense().expand(len(batch.ids), 1, -1, -1)
        expected = batch.looked_at.mask.bool()[:, None, None, :].expand_as(seen)
        if self.stream == "decoder":
            expected = expected & torch.ones(seen.shape[-2:]).tril().bool()
        real = batch.mask.bool()[:, None, :, None]
        # A reach of the encoder's windows may hide more, but never less.
        assert not (seen & ~expected & real).any()
        if self.stream != "encoder":
            assert torch.equal(seen & real, expected & real)
        self.layers.append(attention)


@pytest.mark.parametrize("kind", ARCHITECTURES["encoder-decoders"])
def test_each_stream_has_its_own_batch_layers_and_mask(kind: str) -> None:
    loaded = tiny.loaded(kind)
    diaries = [Diary(stream) for stream in ("encoder", "decoder", "cross")]
    sources, targets = tiny.tokens(IDS, SOURCES), tiny.tokens(IDS.flip(0), TARGETS)
    done: list[int] = []
    observe(loaded, sources, diaries, done.append, targets)
    assert sum(done) == 4
    for diary in diaries:
        assert sorted(place for _, places in diary.batches for place in places) == [0, 1, 2, 3]
        for batch, places in diary.batches:
            of_source = diary.stream == "encoder"
            own = [(sources if of_source else targets)[place] for place in places]
            assert list(batch.sentences) == own
            if diary.stream == "cross":
                assert list(batch.looked_at.sentences) == [sources[place] for place in places]
        numbers = [layer.layer for layer in diary.layers]
        count = 3 if diary.stream == "encoder" else 2
        assert numbers == list(range(count)) * len(diary.batches)


def test_without_targets_the_hint_says_how_to_give_some() -> None:
    with pytest.raises(InputError, match="nothing for the decoder") as caught:
        observe(tiny.loaded("bart"), tiny.tokens(IDS, SOURCES), [])
    assert "--target FILE" in caught.value.hint
    assert "--generate N" in caught.value.hint
    given = tiny.tokens(IDS, SOURCES)
    with pytest.raises(InputError, match="takes no targets"):
        observe(tiny.loaded("bert"), given, [], targets=given)


_UNKNOWN = {"unk_token": "<unk>"}


def tokenizer(prefix: str = "", suffix: str = "</s>") -> Any:
    """Words, between the special tokens that a family puts around them."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    entries = ["<pad>", "<s>", "</s>", "<unk>", "en_XX", *"abcdefgh"]
    places = {entry: k for k, entry in enumerate(entries)}
    made = Tokenizer(models.WordLevel(places, **_UNKNOWN))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    around = f"{prefix} $A {suffix}".split()
    special = [(one, places[one]) for one in around if one != "$A"]
    made.post_processor = processors.TemplateProcessing(single=around, special_tokens=special)
    named = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", **_UNKNOWN}
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=made, **named, extra_special_tokens=["en_XX"]
    )


# A family's tokens around a target, its start token, and what its decoder then reads.
FAMILIES = {
    "t5": ("", "</s>", 0, "<pad> a b c"),
    "bart": ("<s>", "</s>", 2, "</s> <s> a b c"),
    "m2m_100": ("en_XX", "</s>", 2, "</s> en_XX a b c"),
    "mbart": ("", "</s> en_XX", None, "en_XX a b c </s>"),
    "open": ("", "", 1, "<s> a b c"),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_targets_are_moved_to_the_right(family: str) -> None:
    prefix, suffix, start, expected = FAMILIES[family]
    given = [Sentence(7, "a b c", "t.txt", 3)]
    (found,) = tokenize_targets(given, tokenizer(prefix, suffix), None, start)
    assert found.pieces == tuple(expected.split())
    assert found.kinds[0] == "bos"
    assert [found.surfaces[k] for k, kind in enumerate(found.kinds) if not kind] == ["a", "b", "c"]
    assert found.sentence == given[0]
    assert found.generated is None
    lengths = {len(getattr(found, name)) for name in ("ids", "labels", "words", "spans", "kinds")}
    assert lengths == {len(found)}
    shifted = _shift_of(family)
    if shifted is not None:
        own = tokenizer(prefix, suffix)("a b c", return_tensors="pt")["input_ids"]
        assert shifted(own) == list(found.ids)


def _shift_of(family: str) -> Any:
    """The function by which the family itself moves targets."""
    from transformers.models.bart.modeling_bart import shift_tokens_right as of_bart
    from transformers.models.m2m_100.modeling_m2m_100 import shift_tokens_right as of_m2m
    from transformers.models.mbart.modeling_mbart import shift_tokens_right as of_mbart

    return {
        "bart": lambda ids: of_bart(ids, 0, 2)[0].tolist(),
        "m2m_100": lambda ids: of_m2m(ids, 0, 2)[0].tolist(),
        "mbart": lambda ids: of_mbart(ids, 0)[0].tolist(),
    }.get(family)


@pytest.mark.parametrize("family", FAMILIES)
def test_targets_keep_to_the_limit(family: str) -> None:
    prefix, suffix, start, _ = FAMILIES[family]
    text = [Sentence(1, "a b c d e f g h")]
    (found,) = tokenize_targets(text, tokenizer(prefix, suffix), 6, start)
    assert len(found) == 6
    assert found.cut == 8 - sum(kind == "" for kind in found.kinds)


def test_a_tokenizer_with_a_mode_for_targets_is_put_into_it_and_back() -> None:
    made, modes = tokenizer(), list[str]()
    made._switch_to_target_mode = lambda: modes.append("target")
    made._switch_to_input_mode = lambda: modes.append("input")
    found: tuple[Tokens, ...] = tokenize_targets([Sentence(1, "a")], made, None, 0)
    assert modes[0] == "target"
    assert modes[-1] == "input"
    assert found[0].pieces == ("<pad>", "a")
