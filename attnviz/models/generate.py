"""Generates text: a decoder continues prompts, an encoder-decoder model answers sources."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from attnviz.errors import AttnvizError, InputError
from attnviz.models.explain import stopped
from attnviz.models.load import LoadedModel, quiet
from attnviz.text.tokenize import continued, picked, started
from attnviz.text.types import Tokens

_BEFORE = 16
"""Tokens before the new ones that are decoded with them, for the space between them."""

_CLOSING = ("eos", "sep")
_OF_CHANCE = (
    *("temperature", "top_k", "top_p", "typical_p", "min_p"),
    *("max_length", "early_stopping", "length_penalty"),
)
BROKEN = "\ufffd"
"""What decoding writes for a character whose bytes aren't complete."""


def generate(
    loaded: LoadedModel,
    tokens: Sequence[Tokens],
    count: int,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Tokens]:
    """Generates at most `count` tokens for each sentence, greedily.

    Returns a decoder's prompt with its continuation, or what an encoder-decoder model's decoder
    read: the start token and what it wrote. The token that ends a text is left out. Where the
    model's context is full before, `cut` grows by the tokens that were not written. Sentences run
    one by one: padding would change the last digits, and with them the words. `progress` gets
    sentences done. Raises InputError where the model has no head.
    """
    if loaded.generator is None:
        raise InputError(
            f"{loaded.name} was loaded without the head that continues a text.",
            "Load it with generates=True; encoders such as BERT have no such head.",
        )
    written: list[Tokens] = []
    for prompt in tokens:
        write = _answer if loaded.encoder_decoder else _continuation
        written.append(write(loaded, prompt, count))
        progress(1)
    return written


def _continuation(loaded: LoadedModel, tokens: Tokens, count: int) -> Tokens:
    """The prompt and its continuation by a decoder."""
    # What the tokenizer added is left out, not what the text itself ends with.
    closed = len(tokens) > 1 and tokens.kinds[-1] in _CLOSING and not tokens.surfaces[-1]
    prompt = picked(tokens, slice(0, len(tokens) - closed))
    allowed = _room(loaded, len(prompt), count)
    ids = _write(loaded, prompt.ids, allowed)
    return _joined(loaded, prompt, ids, count, allowed)


def _answer(loaded: LoadedModel, tokens: Tokens, count: int) -> Tokens:
    """What an encoder-decoder model's decoder reads while it answers a source."""
    allowed = _room(loaded, 1, count)
    start, *ids = _write(loaded, tokens.ids, allowed, answers=True)
    nothing = replace(
        picked(tokens, slice(0, 0)),
        sentence=replace(tokens.sentence, text="", forms=(), annotation=None, pair=None),
        cut=0,
    )
    return _joined(loaded, started(nothing, loaded.tokenizer, start), ids, count, allowed)


def _joined(
    loaded: LoadedModel, before: Tokens, ids: Sequence[int], count: int, allowed: int
) -> Tokens:
    """Adds what was written, without the token that ended it."""
    ended = bool(ids) and ids[-1] in _endings(loaded.generator)
    body = list(ids[:-1] if ended else ids)
    text, ends = _decoded(loaded.tokenizer, before, body)
    longer = continued(before, loaded.tokenizer, body, text, ends)
    unwritten = 0 if ended or len(ids) < allowed else count - allowed
    return replace(longer, cut=longer.cut + unwritten)


def _room(loaded: LoadedModel, used: int, count: int) -> int:
    """The number of tokens, at most `count`, that fit into the rest of the context."""
    limit = loaded.target_limit if loaded.encoder_decoder else loaded.limit
    return count if limit is None else max(0, min(count, limit - used))


def _write(
    loaded: LoadedModel, ids: Sequence[int], count: int, *, answers: bool = False
) -> list[int]:
    """The ids that the model writes: an answer with its start token, else the new ones alone."""
    model = loaded.generator
    prompt = torch.tensor([ids], device=loaded.device)
    if count == 0:
        return [loaded.decoder_start or 0] if answers else []
    try:
        with torch.inference_mode(), quiet():
            output = model.generate(
                prompt,
                attention_mask=torch.ones_like(prompt),
                generation_config=_greedy(model, loaded.pad, count),
            )
    except AttnvizError:
        raise
    except Exception as error:
        if (explanation := stopped(f"{loaded.name} stops while it writes", error)) is None:
            raise
        raise explanation from error
    written: list[int] = output[0].tolist()
    return written if answers else written[len(ids) :]


def _greedy(model: Any, pad: int, count: int) -> Any:  # noqa: ANN401 - transformers' own
    """The model's own settings (forced and suppressed tokens and the like) without sampling."""
    settings = copy.deepcopy(model.generation_config)
    settings.update(do_sample=False, num_beams=1, max_new_tokens=count)
    for name in _OF_CHANCE:
        setattr(settings, name, None)
    if settings.pad_token_id is None:
        settings.pad_token_id = pad
    return settings


def _endings(model: Any) -> set[int]:  # noqa: ANN401
    """The ids that end a text."""
    ids = model.generation_config.eos_token_id
    if ids is None:
        ids = model.config.eos_token_id
    return set(ids) if isinstance(ids, list) else {ids}


def _decoded(
    tokenizer: Any,  # noqa: ANN401
    before: Tokens,
    ids: Sequence[int],
) -> tuple[str, list[int]]:
    """The text that the ids add to the tokens before, and where in it each of them ends.

    They are decoded together with the tokens before, as many tokenizers drop a leading space.
    """
    prompt = [token for token, kind in zip(before.ids, before.kinds, strict=True) if not kind]
    text, ends = "", list[int]()
    prompt = prompt[-_BEFORE:]
    base = len(decode(tokenizer, prompt))
    for count in range(1, len(ids) + 1):
        text = decode(tokenizer, [*prompt, *ids[:count]])[base:]
        ends.append(max(len(text.rstrip(BROKEN)), ends[-1] if ends else 0))
    if ends and text.endswith(BROKEN):
        ends[-1] = len(text)
    return text, [min(end, len(text)) for end in ends]


def decode(tokenizer: Any, ids: Sequence[int]) -> str:  # noqa: ANN401
    """The text of ids without special tokens, its white space as it is."""
    text: str = tokenizer.decode(
        list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False
    )
    return text
