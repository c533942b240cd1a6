"""Conversations: JSON in, texts by the tokenizer's chat template out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from attnviz.errors import InputError
from attnviz.text.chat import conversations, rendered
from attnviz.text.split import sentences
from attnviz.text.tokenize import Tokenizer, tokenize_all
from attnviz.text.types import Sentence
from tests.helpers.texts import text_file

HI = {"role": "user", "content": "Hi."}
YES = {"role": "assistant", "content": "Yes?"}


def read(text: str, name: str = "chats.jsonl") -> list[tuple[int, str]]:
    return [(chat.line, chat.text) for chat in conversations(text_file(text, name))]


def test_a_line_is_a_conversation() -> None:
    lines = [json.dumps({"messages": [HI, YES]}), "", json.dumps([HI])]
    assert read("\n".join(lines)) == [(1, "Hi.\nYes?"), (3, "Hi.")]


def test_json_over_several_lines() -> None:
    assert read(json.dumps([HI, YES], indent=1)) == [(1, "Hi.\nYes?")]
    assert read("\n" + json.dumps([[HI], {"messages": [YES]}], indent=1)) == [
        (2, "Hi."),
        (2, "Yes?"),
    ]
    assert read(json.dumps({"messages": [HI]}, indent=1) * 2) == [(1, "Hi."), (8, "Hi.")]


def test_content_in_parts_and_calls_of_tools() -> None:
    parts = {"role": "user", "content": [{"type": "text", "text": "a"}, {"text": "b"}]}
    call: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [{"function": {}}]}
    assert read(json.dumps([parts, call])) == [(1, "ab\n")]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('{"messages": [', 2, "no JSON: "),
        ("Hello!", 2, "no JSON: "),
        ("[" * 100_000, 2, "no JSON"),
        ("1" * 10_000, 2, "no JSON"),
        ("{}", 2, "no conversation: it has no list of messages"),
        ("[]", 2, "no conversation"),
        ("3", 2, "no conversation"),
        ("[3]", 2, "no conversation"),
        ('{"messages": "Hi."}', 2, "no conversation"),
        ('{"messages": ["Hi."]}', 2, "message 1 has no role"),
        ('[{"role": 3}]', 2, "message 1 has no role"),
        ('[{"role": "usr", "content": "a"}]', 2, "has the role 'usr'; user was meant?"),
        ('[{"role": "\\u001b", "content": "a"}]', 2, "has the role '<U+001B>': it is none of"),
        ('[{"role": "user"}]', 2, "message 1 has no content that is text"),
        ('[{"role": "user", "content": [{"type": "image"}]}]', 2, "message 1 has no content that"),
        ('[{"role": "user", "content": " "}]', 2, "no message has a text"),
        ('\n{"messages":\n [3}', 4, "no JSON: "),
    ],
)
def test_a_fault_is_told_by_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        read(json.dumps([HI]) + "\n" + text)
    assert caught.value.message.startswith(f"chats.jsonl, line {line}: ")
    assert reason in caught.value.message
    assert '"role": "user"' in caught.value.hint


def test_sentences_hold_their_conversation_or_are_messages() -> None:
    chats = text_file(json.dumps({"messages": [HI], "tools": []}), "-")
    lines = text_file("How are you? And who?\n\nWho")
    split = sentences([chats, lines], chat=True)
    assert [(sentence.line, sentence.text, bool(sentence.messages)) for sentence in split] == [
        (1, "Hi.", True),
        (1, "How are you? And who?", False),
        (3, "Who", False),
    ]
    assert json.loads(split[0].messages) == {"messages": [HI], "tools": []}


def test_annotated_sentences_are_no_conversations() -> None:
    tree = text_file("1\tHi\t_\tINTJ\t_\t_\t0\troot\t_\t_\n", "-")
    with pytest.raises(InputError, match="standard input holds annotated sentences, and no conv"):
        sentences([tree], chat=True)


def template_texts(tokenizer: Any, *texts: str, answered: bool = False) -> list[str]:
    messages = [Sentence(number, text, "a.txt", number) for number, text in enumerate(texts, 1)]
    return [
        sentence.text for sentence in rendered(messages, tokenizer, "the model", answered=answered)
    ]


def test_a_template_makes_the_text(smollm: Tokenizer) -> None:
    prompt, blank = template_texts(smollm, "Hi.", "")
    assert prompt.endswith("<|im_start|>user\nHi.<|im_end|>\n")
    assert prompt.startswith("<|im_start|>system\nYou are")
    assert blank == ""
    (answered,) = template_texts(smollm, "Hi.", answered=True)
    assert answered == prompt + "<|im_start|>assistant\n"
    chat = Sentence(1, "x", messages=json.dumps({"messages": [{**HI, "role": "system"}, HI]}))
    (sentence,) = rendered([chat], smollm, "the model", answered=False)
    assert sentence.text == "<|im_start|>system\nHi.<|im_end|>\n<|im_start|>user\nHi.<|im_end|>\n"


def test_its_tokens_are_those_of_transformers(smollm: Any) -> None:
    (sentence,) = rendered([Sentence(1, "Hi there.")], smollm, "the model", answered=True)
    (tokens,) = tokenize_all([sentence], smollm, None, reading="chat")
    expected = smollm.apply_chat_template(
        [{"role": "user", "content": "Hi there."}], add_generation_prompt=True
    )
    assert list(tokens.ids) == expected["input_ids"]
    special = [tokens.pieces[at] for at, kind in enumerate(tokens.kinds) if kind]
    assert special == ["<|im_start|>", "<|im_end|>"] * 2 + ["<|im_start|>"]


def test_a_model_without_a_template(minilm: Tokenizer) -> None:
    with pytest.raises(InputError, match="the model has no chat template") as caught:
        template_texts(minilm, "Hi.")
    assert "leave out --chat" in caught.value.hint


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ raise_exception('Roles must\x1b alternate') }}", "Roles must<U+001B> alternate"),
        ("{% for %}", "Expected"),
        ("{{ messages[0].content + 1 }}", "str"),
        ("{{ 1 // 0 }}", "zero"),
        ("{{ ().__class__.__mro__[1].__subclasses__() }}", "unsafe"),
    ],
)
def test_a_template_that_refuses(
    smollm: Any, monkeypatch: pytest.MonkeyPatch, template: str, reason: str
) -> None:
    monkeypatch.setattr(smollm, "chat_template", template)
    with pytest.raises(InputError) as caught:
        template_texts(smollm, "Hi.")
    assert caught.value.message.startswith("a.txt, line 1: the chat template of the model doesn't")
    assert reason in caught.value.message
