"""Conversations: read from JSON, and made into texts by a model's own chat template."""

from __future__ import annotations

import difflib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import regex

from attnviz.errors import InputError
from attnviz.text.showable import showable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from attnviz.text.types import Sentence, SourceFile

_SPACE = regex.compile(r"\s+")

ROLES = ("system", "developer", "user", "assistant", "tool", "function", "ipython")

_HINT = (
    'A conversation is {"messages": [{"role": "user", "content": "Hello!"}]}, or the list alone; '
    "one a line, or all in one list. --input-format text takes each line for a user's message."
)


class Conversation(NamedTuple):
    """One conversation: its first line in the file, its texts joined, and itself as JSON."""

    line: int
    text: str
    messages: str


def conversations(file: SourceFile) -> Iterator[Conversation]:
    """Yield the conversations of a file of JSON Lines, or of JSON.

    Raises `InputError`, with the line, for what is no JSON, no conversation, or of no known role.
    """
    decoder = json.JSONDecoder()
    text, place, line = file.text, 0, 1
    while (start := _after_space(text, place)) < len(text):
        line += text.count("\n", place, start)
        try:
            value, place = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            fault = line + text.count("\n", start, error.pos)
            raise _malformed(file, fault, f"no JSON: {error.msg}") from error
        except (ValueError, RecursionError) as error:  # a number, or a nesting, too large to read
            raise _malformed(file, line, f"no JSON that can be read: {error}") from error
        for chat in _listed(value):
            yield Conversation(line, *_checked(chat, file, line))
        line += text.count("\n", start, place)


def _after_space(text: str, place: int) -> int:
    space = _SPACE.match(text, place)
    return space.end() if space else place


def _listed(value: object) -> list[object]:
    """The conversations of a JSON value, which is one conversation or a list of several."""
    if isinstance(value, list) and value:
        first = value[0]
        return [value] if isinstance(first, dict) and "role" in first else value
    return [value]


def _checked(value: object, file: SourceFile, line: int) -> tuple[str, str]:
    """The texts of a conversation, and the whole of it as JSON."""
    chat = {"messages": value} if isinstance(value, list) else value
    messages = chat.get("messages") if isinstance(chat, dict) else None
    if not isinstance(messages, list) or not messages:
        raise _malformed(file, line, "no conversation: it has no list of messages")
    texts = [
        _content(message, file, line, f"message {number}")
        for number, message in enumerate(messages, 1)
    ]
    if not any(text.strip() for text in texts):
        raise _malformed(file, line, "no message has a text")
    return "\n".join(texts), json.dumps(chat)


def _content(message: object, file: SourceFile, line: int, which: str) -> str:
    """The text of a message: a list of texts is joined; "" where it only calls tools."""
    if not isinstance(message, dict) or not isinstance(role := message.get("role"), str):
        raise _malformed(file, line, f"{which} has no role")
    if role not in ROLES:
        near = difflib.get_close_matches(role.lower(), ROLES, n=1)
        meant = f"; {near[0]} was meant?" if near else f": it is none of {', '.join(ROLES)}"
        raise _malformed(file, line, f"{which} has the role {showable(role)!r}{meant}")
    content = message.get("content")
    if content is None and message.get("tool_calls"):
        return ""
    items = content if isinstance(content, list) else [{"text": content}]
    texts = [item.get("text") if isinstance(item, dict) else None for item in items]
    if not all(isinstance(text, str) for text in texts):
        raise _malformed(file, line, f"{which} has no content that is text")
    return "".join(map(str, texts))


def _malformed(file: SourceFile, line: int, reason: str) -> InputError:
    return InputError(f"{file.shown}, line {line}: {reason}.", _HINT)


def rendered(
    sentences: Sequence[Sentence],
    tokenizer: Any,  # noqa: ANN401 - of transformers: more is used than `Tokenizer` names
    model: str,
    *,
    answered: bool,
) -> tuple[Sentence, ...]:
    """The sentences, one a conversation, as the chat template of `model` writes them.

    A sentence without messages is taken for a user's message; one without text stays as it is.
    `answered`: the model is to answer, so the text ends with the beginning of its answer.
    The template runs in transformers' sandbox.

    Raises `InputError` where there is no template, and where it refuses a conversation.
    """
    if not getattr(tokenizer, "chat_template", None):
        raise InputError(
            f"{model} has no chat template.",
            "Give a model that was made for conversations, or leave out --chat; a template is "
            "chat_template.jinja in the model's folder.",
        )
    return tuple(
        replace(sentence, text=_render(sentence, tokenizer, model, answered=answered), forms=())
        if sentence.text
        else sentence
        for sentence in sentences
    )


def _render(sentence: Sentence, tokenizer: Any, model: str, *, answered: bool) -> str:  # noqa: ANN401
    chat = json.loads(sentence.messages) if sentence.messages else _one_message(sentence.text)
    try:
        text: str = tokenizer.apply_chat_template(
            chat["messages"],
            tools=chat.get("tools"),
            documents=chat.get("documents"),
            add_generation_prompt=answered,
            tokenize=False,
        )
    except Exception as error:  # a template is a program of the model's: it may raise anything
        raise InputError(
            f"{sentence.source}, line {sentence.line}: the chat template of {model} doesn't take "
            f"this conversation: {showable(str(error)) or type(error).__name__}",
            "Check the order of its roles, and whether it may have a system message.",
        ) from error
    return text


def _one_message(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}]}
