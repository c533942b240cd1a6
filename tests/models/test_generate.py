"""What models write themselves: always the same, as written, and labelled like any text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

from attnviz.errors import InputError
from attnviz.models import heads, tap
from attnviz.models.generate import generate
from attnviz.models.load import LoadedModel
from attnviz.models.run import observe
from attnviz.models.streams import streams
from attnviz.text.tokenize import tokenize_all
from attnviz.text.types import Sentence, Tokens
from tests.helpers import tiny
from tests.helpers.byte_tokenizer import tokenizer
from tests.helpers.measure import Recorder

pytestmark = pytest.mark.slow


def writer(kind: str, limit: int | None = None) -> LoadedModel:
    """A tiny model with its head, loaded as `load` would."""
    from transformers import GenerationConfig

    config = tiny.config(kind)
    make: Any = heads.auto_class(config).from_config
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        whole = make(config, attn_implementation=tap.install()).eval()
        with torch.no_grad():
            for weights in whole.parameters():
                if weights.dim() == 2:
                    weights.copy_(torch.randn_like(weights) * 0.3)
    # As chat models have it: settings of chance, which must neither matter nor warn.
    whole.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=True,
        temperature=0.6,
        top_p=0.9,
        eos_token_id=config.eos_token_id,
        pad_token_id=0,
        decoder_start_token_id=getattr(config, "decoder_start_token_id", None),
    )
    bare = tiny.loaded(kind)
    model = heads.without(whole)
    return replace(
        bare,
        model=model,
        generator=whole,
        tokenizer=tokenizer(),
        limit=limit,
        stream_of=streams(model),
    )


def read(loaded: LoadedModel, *texts: str) -> tuple[Tokens, ...]:
    sentences = [Sentence(k, text, "a.txt", k) for k, text in enumerate(texts, 1)]
    return tokenize_all(sentences, loaded.tokenizer, loaded.limit)


def likeliest(loaded: LoadedModel, ids: list[int], count: int, **given: Any) -> list[int]:
    """Greedy decoding the plain way: the whole text again for every token, without a cache."""
    ids = list(ids)
    name = "decoder_input_ids" if loaded.encoder_decoder else "input_ids"
    for _ in range(count):
        with torch.inference_mode():
            inputs = {**given, name: torch.tensor([ids])}
            scores = loaded.generator(**inputs, use_cache=False).logits[0, -1]
        ids.append(int(scores.argmax()))
        if ids[-1] == loaded.generator.config.eos_token_id:
            return ids[:-1]
    return ids


@pytest.mark.parametrize("kind", ["gpt2", "llama", "gpt_oss"])
def test_a_decoder_goes_on_with_the_likeliest_tokens(kind: str) -> None:
    loaded = writer(kind)
    prompts = read(loaded, "the cat sat on", "and saw two crabs on a mat")
    done: list[int] = []
    written = generate(loaded, prompts, 12, done.append)
    assert done == [1, 1]
    for prompt, one in zip(prompts, written, strict=True):
        assert list(one.ids) == likeliest(loaded, list(prompt.ids), 12)
        assert one.generated == len(prompt)
        assert one.sentence.text.startswith(prompt.sentence.text)
        assert (one.sentence.id, one.sentence.source) == (prompt.sentence.id, "a.txt")
        fresh = Sentence(9, one.sentence.text)
        assert one.sentence.digest == fresh.digest
    # One by one: who stands beside a sentence changes nothing.
    assert generate(loaded, prompts[1:], 12) == written[1:]


@pytest.mark.parametrize("kind", ["t5", "bart", "mbart"])
def test_an_encoder_decoder_model_answers(kind: str) -> None:
    loaded = writer(kind)
    sources = read(loaded, "the cat sat on", "and saw two crabs on a mat")
    for source, one in zip(sources, generate(loaded, sources, 8), strict=True):
        start = loaded.generator.config.decoder_start_token_id
        given = torch.tensor([source.ids])
        assert list(one.ids) == likeliest(loaded, [start], 8, input_ids=given)
        assert one.generated == 1
        assert one.kinds[0] == "bos"
        assert one.sentence.id == source.sentence.id
    recorder = Recorder("cross")
    observe(loaded, sources[:1], [recorder], targets=generate(loaded, sources[:1], 8))
    assert sorted(recorder.layers) == [0, 1]


def test_the_model_that_is_analysed_has_no_head_and_the_same_weights() -> None:
    for kind in ("gpt2", "t5", "bart"):
        loaded = writer(kind)
        assert loaded.model is not loaded.generator
        own = {id(one) for one in loaded.model.parameters()}
        assert own <= {id(one) for one in loaded.generator.parameters()}
        assert type(loaded.model) is type(tiny.model(kind, "eager"))


class Scripted:
    """A generator that writes what it is told."""

    def __init__(self, ids: list[int]) -> None:
        from transformers import GenerationConfig

        self.ids = ids
        make: Any = GenerationConfig
        self.generation_config = make(eos_token_id=2)

    def generate(self, given: torch.Tensor, **options: Any) -> torch.Tensor:
        count = options["generation_config"].max_new_tokens
        return torch.cat([given, torch.tensor([self.ids[:count]])], 1)


def scripted(text: str, limit: int | None = None, *, ends: bool = False) -> LoadedModel:
    loaded = replace(tiny.loaded("gpt2"), tokenizer=tokenizer(), limit=limit)
    ids = loaded.tokenizer(text)["input_ids"] + [2] * ends
    return replace(loaded, generator=Scripted(ids))


@pytest.mark.parametrize(
    ("before", "after"),
    [("the cat", " sat on the mat. the cat"), ("two", " 🦀🦀, and"), ("the m", "at and\n\na mat")],
)
def test_what_was_written_is_labelled_like_text_that_was_read(before: str, after: str) -> None:
    loaded = scripted(after, ends=True)
    (one,) = generate(loaded, read(loaded, before), 99)
    (expected,) = read(loaded, before + after)
    assert one.sentence.text == before + after
    if one.ids == expected.ids:
        assert replace(one, generated=None, sentence=expected.sentence) == expected
    else:  # written as other tokens than it would be read as
        assert one.pieces[: one.generated] == expected.pieces[:0] + read(loaded, before)[0].pieces
        assert "".join(one.surfaces) == before + after
        assert one.words[one.generated or 0] == one.words[(one.generated or 0) - 1]


def test_writing_stops_where_the_context_is_full_and_says_so() -> None:
    loaded = scripted(" sat on the mat", limit=8)
    (prompt,) = read(loaded, "the cat")
    (one,) = generate(loaded, [prompt], 10)
    assert len(one) == 8
    assert one.cut == 10 - (8 - len(prompt))
    full = replace(loaded, limit=len(prompt))
    (nothing,) = generate(full, [prompt], 10)
    assert (nothing.ids, nothing.cut, nothing.generated) == (prompt.ids, 10, len(prompt))
    ended = scripted(" sat", limit=20, ends=True)
    (short,) = generate(ended, [prompt], 50)
    assert short.cut == 0


def test_a_model_without_its_head_is_an_error_that_names_the_fix() -> None:
    loaded = replace(tiny.loaded("gpt2"), tokenizer=tokenizer())
    with pytest.raises(InputError, match="without the head") as caught:
        generate(loaded, read(loaded, "the cat"), 3)
    assert "generates=True" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("eos_token_id", "end"),
        ("repetition_penalty", "much"),
        ("min_length", "long"),
        ("suppress_tokens", "all"),
        ("forced_eos_token_id", 10**6),
    ],
)
def test_a_word_for_a_number_in_the_settings_of_generation(name: str, word: object) -> None:
    loaded = writer("gpt2")
    setattr(loaded.generator.generation_config, name, word)
    with pytest.raises(InputError, match="gpt2 stops while it writes") as caught:
        generate(loaded, read(loaded, "the cat"), 3)
    assert "generation_config.json" in caught.value.hint
