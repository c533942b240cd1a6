"""Texts as scripts give them: a text, sentences, paths, conversations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike, fspath
from typing import Any

from attnviz.errors import NothingToAnalyseError, UsageError
from attnviz.text.files import read
from attnviz.text.literal import as_file
from attnviz.text.types import SourceFile

Message = Mapping[str, Any]
Texts = (
    str
    | PathLike[str]
    | Sequence[str]
    | Sequence[PathLike[str]]
    | Sequence[Message]
    | Sequence[Sequence[Message]]
)
"""A text to be split, a path, a list of sentences, paths, a conversation, or several."""


def files_of(texts: Texts, name: str = "texts") -> tuple[Sequence[SourceFile], bool]:
    """The texts as files, and whether they came as a list; `name` is the argument's."""
    items: list[object] = [texts]
    if isinstance(texts, Iterable) and not isinstance(texts, str | PathLike | Mapping):
        items = list(texts)
    paths = [fspath(item) for item in items if isinstance(item, PathLike)]
    parts = [item for item in items if isinstance(item, str)]
    chats = [item for item in items if _is_chat(item)]
    if not items:
        raise NothingToAnalyseError("No text was given.", "Give at least one sentence.")
    if len(paths) == len(items):
        return read(paths, None), False
    if len(chats) == len(items):
        return [_conversations(chats)], False
    if len(parts) != len(items):
        raise UsageError(
            f"{name} is neither a text nor sentences nor paths.",
            "Give a list of sentences, a text, or paths (pathlib.Path); with chat=True "
            "conversations, too.",
        )
    if isinstance(texts, str):
        return [as_file(texts)], False
    return [as_file("".join(part.replace("\n", " ") + "\n" for part in parts))], True


def _is_chat(item: object) -> bool:
    """Whether this is a message, or a list of messages."""
    messages = item if isinstance(item, list | tuple) else [item]
    return bool(messages) and all(isinstance(message, Mapping) for message in messages)


def _conversations(chats: Sequence[object]) -> SourceFile:
    """Conversations, or one as a list of messages, as JSON Lines."""
    lines = [chats] if isinstance(chats[0], Mapping) and "role" in chats[0] else chats
    try:
        return as_file("".join(json.dumps(line) + "\n" for line in lines), "jsonl")
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"A conversation holds what is no JSON: {error}.",
            "Give messages with texts: {'role': 'user', 'content': '...'}.",
        ) from error
