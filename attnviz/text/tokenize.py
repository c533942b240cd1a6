"""Tokenizes sentences with the model's own tokenizer, and finds the text of each token."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from attnviz.errors import InputError
from attnviz.text import pairs
from attnviz.text.graphemes import whole_characters
from attnviz.text.labels import labels, with_leading_space, with_shared_characters
from attnviz.text.python_tokenizer import PythonTokenizer, token_offsets, written_offsets
from attnviz.text.showable import showable
from attnviz.text.special import Reading, SpecialTokens
from attnviz.text.spelling import encodable
from attnviz.text.types import Sentence, TokenLabel, Tokens
from attnviz.text.unknown import marked
from attnviz.text.word_numbers import numbered_words
from attnviz.text.word_splitter import split_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Sentences in one call of the tokenizer: fast, but bounded in memory.
_AT_ONCE = 512

_T = TypeVar("_T")


class Tokenizer(PythonTokenizer, Protocol):
    """The members of a Hugging Face tokenizer used here, besides `cls_token_id` and its like."""

    @property
    def is_fast(self) -> bool:
        """Whether it tells where in the text a token stands."""

    @property
    def all_special_ids(self) -> list[int]:
        """The ids of all tokens that are declared special."""

    def __call__(self, text: list[str] | None, **options: Any) -> Any:  # noqa: ANN401
        """Encode several texts."""


def tokenize(sentence: Sentence, tokenizer: Tokenizer, limit: int | None) -> Tokens:
    """Tokenize one sentence as `tokenize_all` does."""
    return tokenize_all([sentence], tokenizer, limit)[0]


def tokenize_all(
    sentences: Sequence[Sentence],
    tokenizer: Tokenizer,
    limit: int | None,
    *,
    targets: bool = False,
    reading: Reading = "text",
) -> tuple[Tokens, ...]:
    """Tokenize each sentence, with the special tokens that the tokenizer adds.

    `targets`: add those of the target language, where the tokenizer knows of two languages.

    A sentence with more than `limit` tokens loses its last content tokens, never special ones; None
    is no limit. It may be left without a content token. A pair of texts goes through the
    tokenizer's own template for pairs, and its longer text is cut first.

    `reading` says how `[SEP]` in a sentence is read. "text": split like any other word, except
    where the vocabulary has no other reading (SentencePiece's `</s>`) or the tokenizer is one in
    Python: there it is the special token. "parse": as the special token. "chat": as the special
    token, and the tokenizer adds none, for the chat template has written them all.

    Raises `InputError` where the tokenizer has no template for pairs.
    """
    special = SpecialTokens(tokenizer)
    return tuple(
        tokens
        for first in range(0, len(sentences), _AT_ONCE)
        for tokens in _chunk(
            sentences[first : first + _AT_ONCE], tokenizer, special, limit, targets, reading
        )
    )


def tokenize_targets(
    sentences: Sequence[Sentence],
    tokenizer: Tokenizer,
    limit: int | None,
    start: int | None,
    *,
    reading: Reading = "text",
) -> tuple[Tokens, ...]:
    """Tokenize each sentence as a decoder reads it: shifted to the right, a start token first.

    `start` is the start token's id, and the token that closes the target is left out; with None the
    closing token itself is moved to the front (mBART). Tokenizers that know languages write the
    target's.
    """
    texts = tokenize_all(sentences, tokenizer, limit, targets=True, reading=reading)
    special = SpecialTokens(tokenizer)
    return tuple(_moved_right(tokens, tokenizer, special, limit, start) for tokens in texts)


def _moved_right(
    tokens: Tokens,
    tokenizer: Tokenizer,
    special: SpecialTokens,
    limit: int | None,
    start: int | None,
) -> Tokens:
    last = tokens.ids[-1] if tokens.ids else None
    closed = last is not None and (start is None or special.closes(last, tokens.kinds[-1]))
    if start is None:
        start = last or 0
    # A target that nothing closes grows by the start token.
    overflow = int(not closed and limit is not None and len(tokens) >= limit > 0)
    body = picked(tokens, slice(0, len(tokens) - closed - overflow))
    return started(replace(body, cut=body.cut + overflow), tokenizer, start)


def picked(tokens: Tokens, places: slice) -> Tokens:
    """The tokens at `places`."""
    return replace(
        tokens,
        ids=tokens.ids[places],
        pieces=tokens.pieces[places],
        surfaces=tokens.surfaces[places],
        labels=tokens.labels[places],
        kinds=tokens.kinds[places],
        words=tokens.words[places],
        spans=tokens.spans[places],
        segments=tokens.segments[places],
        types=tokens.types[places],
    )


def started(tokens: Tokens, tokenizer: Tokenizer, start: int) -> Tokens:
    """Put a decoder's start token before the others, as "bos" whatever else it is used for."""
    piece = str(tokenizer.convert_ids_to_tokens([start])[0])
    return replace(
        tokens,
        ids=(start, *tokens.ids),
        pieces=(piece, *tokens.pieces),
        surfaces=("", *tokens.surfaces),
        labels=(TokenLabel(showable(piece), special=True), *tokens.labels),
        kinds=("bos", *tokens.kinds),
        words=(None, *tokens.words),
        spans=((0, 0), *tokens.spans),
        segments=(None, *tokens.segments) if tokens.segments else (),
        types=(0, *tokens.types) if tokens.types else (),
    )


def continued(
    tokens: Tokens,
    tokenizer: Any,  # noqa: ANN401 - of transformers: more is used than `Tokenizer` names
    ids: Sequence[int],
    text: str,
    ends: Sequence[int],
) -> Tokens:
    """Add tokens that a model wrote: their `ids`, their `text`, and where in it each of them ends.

    The ids stay as written, though tokenizing the text may give others; the tokenizer reads it
    again only to find its words. The tokens of a pair continue the second text.
    """
    special = SpecialTokens(tokenizer)
    whole = tokens.sentence.text + text
    new_pieces = tokenizer.convert_ids_to_tokens(list(ids))
    new_kinds = special.kinds(ids, [0] * len(ids))
    pieces, kinds = [*tokens.pieces, *new_pieces], [*tokens.kinds, *new_kinds]
    new_spans = _written_spans(tokenizer, ids, text, ends, new_pieces, new_kinds)
    offset = len(tokens.sentence.text)
    moved = [
        (0, 0) if kind else (offset + start, offset + end)
        for (start, end), kind in zip(new_spans, new_kinds, strict=True)
    ]
    spans = _whole([*tokens.spans, *moved], whole, tokens.sentence)
    surfaces = tuple(whole[start:end] for start, end in spans)
    places = split_words(whole, tokens.sentence.language)
    words = numbered_words(whole, spans, kinds, places, _hints(whole, spans, tokenizer))
    longer = replace(
        tokens,
        sentence=replace(
            tokens.sentence, text=whole, forms=(), pair=pairs.continued(tokens.sentence.pair, text)
        ),
        ids=(*tokens.ids, *ids),
        pieces=tuple(pieces),
        surfaces=surfaces,
        labels=labels(surfaces, spans, pieces, kinds, words),
        kinds=tuple(kinds),
        words=words,
        spans=tuple(spans),
        generated=len(tokens),
        segments=_longer(tokens.segments, [None if kind else 1 for kind in new_kinds]),
        types=_longer(tokens.types, tokens.types[-1:] * len(ids)),
    )
    return marked(longer, special.unknown)


def _written_spans(
    tokenizer: Tokenizer,
    ids: Sequence[int],
    text: str,
    ends: Sequence[int],
    pieces: Sequence[str],
    kinds: Sequence[str],
) -> list[tuple[int, int]]:
    """The spans in `text` of tokens that a model wrote."""
    if tokenizer.is_fast:
        starts = [0, *ends][: len(ends)]
        return list(with_shared_characters([*zip(starts, ends, strict=True)], kinds))
    # What Python decodes may be longer without the tokens that follow (`lo@@`).
    return with_leading_space(text, written_offsets(tokenizer, text, ids), pieces, kinds)


def _longer(known: tuple[_T, ...], more: Sequence[_T]) -> tuple[_T, ...]:
    return (*known, *more) if known else ()


def _whole(
    spans: Sequence[tuple[int, int]], text: str, sentence: Sentence
) -> list[tuple[int, int]]:
    """The spans widened to whole characters, each text of a pair by itself."""
    texts = (0, pairs.second_start(sentence.pair)) if sentence.pair else (0,)
    return whole_characters(text, spans, texts)


def _hints(
    text: str,
    spans: Sequence[tuple[int, int]],
    tokenizer: Any,  # noqa: ANN401
) -> list[int | None] | None:
    """The tokenizer's own number of the word at the first letter of each span."""
    if not tokenizer.is_fast:
        return None
    encoding = tokenizer(encodable(text), add_special_tokens=False, verbose=False)
    hints: list[int | None] = []
    for start, end in spans:
        first = start + len(text[start:end]) - len(text[start:end].lstrip())
        hints.append(encoding.char_to_word(first) if start < end and first < len(text) else None)
    return hints


def _chunk(
    sentences: Sequence[Sentence],
    tokenizer: Tokenizer,
    special: SpecialTokens,
    limit: int | None,
    targets: bool,
    reading: Reading,
) -> Iterator[Tokens]:
    encoding = _encoded(sentences, tokenizer, targets, reading)
    firsts = _first_lengths(sentences, tokenizer)
    for k, sentence in enumerate(sentences):
        ids, added = encoding["input_ids"][k], encoding["special_tokens_mask"][k]
        segments = pairs.segments(encoding, k, added, first=firsts[k]) if sentence.pair else ()
        places = _fitting(added, limit, segments)
        offsets = _offsets(encoding, k, sentence, segments, tokenizer)
        kinds = special.kinds(ids, added, [sentence.text[start:end] for start, end in offsets])
        tokens = _tokens(
            sentence,
            _picked(ids, places),
            tokenizer.convert_ids_to_tokens(_picked(ids, places)),
            _picked(kinds, places),
            _picked(offsets, places),
            _picked(encoding.word_ids(k), places) if tokenizer.is_fast else None,
            cut=len(ids) - len(places),
        )
        if sentence.pair:
            types = encoding.get("token_type_ids")
            tokens = replace(
                tokens,
                segments=tuple(None if kinds[at] else segments[at] for at in places),
                types=tuple(_picked(types[k], places)) if types else (),
            )
        yield marked(tokens, special.unknown)


def _encoded(
    sentences: Sequence[Sentence],
    tokenizer: Tokenizer,
    targets: bool,
    reading: Reading,
) -> Any:  # noqa: ANN401 - a BatchEncoding
    """The encoding of all sentences, uncut; `InputError` where the tokenizer takes no pairs."""
    # A stand-in of the same length for what Rust doesn't take keeps the offsets right.
    texts, seconds = (list(map(encodable, side)) for side in pairs.sides(sentences))
    try:
        return tokenizer(
            None if targets else texts,
            text_pair=seconds or None,
            text_target=texts if targets else None,
            add_special_tokens=reading != "chat",
            # Tokenizers in Python may find all their tokens the way they find special ones (ESM).
            split_special_tokens=tokenizer.is_fast and reading == "text",
            padding=False,
            truncation=False,
            return_attention_mask=False,
            # Of pairs, where the model was trained with them.
            return_token_type_ids=None if seconds else False,
            return_special_tokens_mask=True,
            return_offsets_mapping=tokenizer.is_fast,
            verbose=False,
        )
    except KeyError as error:
        if not targets or getattr(tokenizer, "tgt_lang", "") is not None:
            raise
        raise InputError(
            "The model's tokenizer must know which language the targets are in.",
            'Name it in the model\'s tokenizer_config.json, such as "tgt_lang": "de".',
        ) from error
    except (ValueError, NotImplementedError) as error:
        if not seconds:
            raise
        raise InputError(
            f"The model's tokenizer takes no pairs of texts: {showable(str(error))}",
            "Use another model, or leave out --split pair.",
        ) from error


def _first_lengths(sentences: Sequence[Sentence], tokenizer: Tokenizer) -> Sequence[int | None]:
    """The number of tokens of each pair's first text, None where the tokenizer tells segments."""
    firsts, seconds = pairs.sides(sentences)
    if tokenizer.is_fast or not seconds:
        return [None] * len(sentences)
    alone = tokenizer(firsts, add_special_tokens=False, verbose=False)
    return [len(ids) for ids in alone["input_ids"]]


def _offsets(
    encoding: Any,  # noqa: ANN401
    place: int,
    sentence: Sentence,
    segments: Sequence[int | None],
    tokenizer: Tokenizer,
) -> list[tuple[int, int]]:
    """The spans of the tokens in the sentence's text; the tokenizer counts each text from 0."""
    if not tokenizer.is_fast:
        ids, added = encoding["input_ids"][place], encoding["special_tokens_mask"][place]
        return token_offsets(tokenizer, sentence, ids, added, segments)
    spans: list[tuple[int, int]] = encoding["offset_mapping"][place]
    if sentence.pair is None:
        return spans
    shift = pairs.second_start(sentence.pair)
    return [
        (start + shift, end + shift) if segment == 1 else (start, end)
        for (start, end), segment in zip(spans, segments, strict=True)
    ]


def _picked(values: Sequence[Any], places: Sequence[int]) -> list[Any]:
    return [values[i] for i in places]


def _fitting(
    added: Sequence[int], limit: int | None, segments: Sequence[int | None] = ()
) -> list[int]:
    """The indices of the tokens that stay: all special ones and the content that fits."""
    if limit is None or len(added) <= limit:
        return list(range(len(added)))
    room = max(limit - sum(added), 0)
    if segments:
        fitting = pairs.fitting(tuple(segments), room)
        return [at for at, by_tokenizer in enumerate(added) if by_tokenizer or at in fitting]
    content = [place for place, by_tokenizer in enumerate(added) if not by_tokenizer]
    left_out = set(content[room:])
    return [place for place in range(len(added)) if place not in left_out]


def _tokens(
    sentence: Sentence,
    ids: Sequence[int],
    pieces: Sequence[str],
    kinds: Sequence[str],
    offsets: Sequence[tuple[int, int]],
    hints: Sequence[int | None] | None,
    cut: int,
) -> Tokens:
    text = sentence.text
    spans = _whole(with_leading_space(text, offsets, pieces, kinds), text, sentence)
    surfaces = tuple(text[start:end] for start, end in spans)
    words = numbered_words(text, spans, kinds, split_words(text, sentence.language), hints)
    return Tokens(
        sentence,
        tuple(ids),
        tuple(pieces),
        surfaces,
        labels(surfaces, spans, pieces, kinds, words),
        tuple(kinds),
        words,
        cut,
        tuple(spans),
    )
