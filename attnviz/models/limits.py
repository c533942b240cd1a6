"""The most tokens a model takes on each side: by its positions, its config and its tokenizer."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import nn

_NO_LIMIT = 10**9
_TABLES = frozenset({"embed_positions", "position_embeddings", "positions_embed", "wpe"})
"""Names of the module that holds an embedding for each position."""

_SETTINGS = ("max_position_embeddings", "max_seq_len")
_OF_SIDE = {
    "encoder": "max_encoder_position_embeddings",
    "decoder": "max_decoder_position_embeddings",
}


class Limits(NamedTuple):
    """The most tokens of a source, or a model's only text, and of a target; None: no limit."""

    source: int | None
    target: int | None


def limits(model: Any, tokenizer: Any) -> Limits:  # noqa: ANN401 - transformers' own
    """The most tokens of each side. LED's decoder, for one, takes fewer than its encoder."""
    if not model.config.is_encoder_decoder:
        limit = _limit(model, tokenizer, model, _SETTINGS)
        return Limits(limit, limit)
    return Limits(
        _limit(model, tokenizer, model.get_encoder(), (*_SETTINGS, _OF_SIDE["encoder"])),
        _limit(model, tokenizer, model.get_decoder(), (*_SETTINGS, _OF_SIDE["decoder"])),
    )


def _limit(model: Any, tokenizer: Any, side: nn.Module, settings: tuple[str, ...]) -> int | None:  # noqa: ANN401
    config = model.config.get_text_config()
    named = (getattr(config, name, None) for name in settings)
    rooms = [tokenizer.model_max_length, *named, *_rooms(side)]
    least = min((room for room in rooms if isinstance(room, int) and room > 0), default=_NO_LIMIT)
    return None if least >= _NO_LIMIT else least


def _rooms(side: nn.Module) -> list[int]:
    """The number of tokens that each table of positions of a stack has room for."""
    return [
        _room(side, table)
        for path, table in side.named_modules()
        if path.rpartition(".")[2] in _TABLES and isinstance(table, nn.Embedding)
    ]


def _room(side: Any, table: nn.Embedding) -> int:  # noqa: ANN401
    """Some tables begin with unused positions: BART's `offset`, RoBERTa's padding."""
    unused = getattr(table, "offset", None)
    if unused is None:
        unused = 0 if table.padding_idx is None else table.padding_idx + 1
    room = table.num_embeddings - int(unused)
    if not unused and hasattr(side, "_pad_to_window_size"):  # LED counts the padding, too
        windows = side.config.attention_window
        window = windows if isinstance(windows, int) else max(windows)
        room -= room % window
    if hasattr(side, "ngram"):  # ProphetNet's decoder looks one place ahead
        room -= 1
    return room
