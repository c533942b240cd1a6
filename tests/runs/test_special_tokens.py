"""Special tokens and chat templates, from the command line to the report."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import attnviz
from attnviz.errors import InputError, UsageError
from attnviz.report.formats import html, markdown
from attnviz.report.rerun import command
from tests.helpers import schemas
from tests.helpers.models import write_model
from tests.helpers.tool import Tool

pytestmark = pytest.mark.slow

FEW: dict[str, Any] = {"illustrate": 0, "resamples": 100}
JSON = ("--format", "json", "--illustrate", "0", "--resamples", "100")
TEMPLATE = (
    "{% for message in messages %}[CLS] {{ message['role'] }} : {{ message['content'] }} [SEP] "
    "{% endfor %}{% if add_generation_prompt %}[CLS]{% endif %}"
)


@pytest.fixture(scope="module")
def chatty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small decoder with a chat template."""
    folder = tmp_path_factory.mktemp("models") / "chatty"
    write_model(folder, "gpt2", head="ForCausalLM", n_positions=64, n_embd=16, n_layer=2, n_head=2)
    (folder / "chat_template.jinja").write_text(TEMPLATE)
    return folder


def test_a_text_with_special_tokens_is_warned_of(tool: Tool, tiny: Path, tmp_path: Path) -> None:
    text = tmp_path / "masks.txt"
    text.write_text("The dog [MASK].\nThe [MASK] sat on [MASK].\nA cat ran.\n")
    done = tool("report", tiny, text, *JSON)
    assert done.code == 0, done.err
    (warning,) = [one for one in json.loads(done.out)["warnings"] if "special token" in one]
    assert warning == (
        "3 special tokens ([MASK]) in 2 sentences read as plain text, split like any word: "
        "--parse-special-tokens reads them as special tokens."
    )


def test_an_option_reads_them_as_such(tool: Tool, tiny: Path, tmp_path: Path) -> None:
    text = tmp_path / "masks.txt"
    text.write_text("The dog [MASK].\nA cat ran.\n")
    done = tool("report", tiny, text, "--parse-special-tokens", *JSON)
    assert done.code == 0, done.err
    told = json.loads(done.out)
    schemas.validate(told)
    assert told["options"]["parse_special_tokens"] is True
    assert told["sentences"][0]["tokens"] == ["[CLS]", "the", "dog", "[MASK]", ".", "[SEP]"]
    assert told["sentences"][0]["special"] == [True, False, False, True, False, True]
    assert not [one for one in told["warnings"] if "special token" in one]


def test_the_report_says_how_the_text_was_read(tiny: Path) -> None:
    found = attnviz.analyze(tiny, ["A [MASK] ran."], parse_special_tokens=True, **FEW)
    assert "--parse-special-tokens" in command(found)
    for written in (html.write(found, []), markdown.write(found, [])):
        assert "Special tokens that the text holds were read as such." in written.decode()


def test_pairs_and_words_with_special_tokens(tiny: Path) -> None:
    pairs = "The [MASK] sat.\tA cat [MASK].\n"
    for words in (False, True):
        found = attnviz.analyze(
            tiny, pairs, split="pair", words=words, parse_special_tokens=True, **FEW
        )
        assert found.sentences[0].tokens.count("[MASK]") == 2


def test_conversations_go_through_the_template(tool: Tool, chatty: Path, tmp_path: Path) -> None:
    chats = tmp_path / "chats.jsonl"
    messages = [{"role": "user", "content": "the dog"}, {"role": "assistant", "content": "a cat"}]
    chats.write_text(json.dumps({"messages": messages}) + "\n" + json.dumps(messages[:1]) + "\n")
    done = tool("report", chatty, chats, "--chat", *JSON)
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert [one["text"] for one in told["sentences"]] == [
        "[CLS] user : the dog [SEP] [CLS] assistant : a cat [SEP] ",
        "[CLS] user : the dog [SEP] ",
    ]
    tokens, special = told["sentences"][1]["tokens"], told["sentences"][1]["special"]
    assert [token for token, is_special in zip(tokens, special, strict=True) if is_special] == [
        "[CLS]",
        "[SEP]",
    ]
    refused = tool("report", chatty, chats, *JSON)
    assert refused.code == 3
    assert "chats.jsonl holds conversations (JSON Lines)." in refused.err
    assert "--chat" in refused.err


def test_lines_are_messages_of_a_user(chatty: Path, tmp_path: Path) -> None:
    text = tmp_path / "lines.txt"
    text.write_text("the dog. a cat.\n\nthe [SEP] tree\n")
    found = attnviz.analyze(chatty, text, chat=True, **FEW)
    assert [one.text for one in found.sentences] == [
        "[CLS] user : the dog. a cat. [SEP] ",
        "[CLS] user : the [SEP] tree [SEP] ",
    ]
    assert any("1 conversation with special tokens in what is said" in w for w in found.warnings)
    assert "--chat" in command(found)
    assert "chat template made the text" in html.write(found, []).decode()


def test_a_script_gives_messages(chatty: Path) -> None:
    chat = [{"role": "user", "content": "the dog"}]
    for texts in (chat, [chat], [{"messages": chat}]):
        found = attnviz.analyze(chatty, texts, chat=True, **FEW)
        assert [one.text for one in found.sentences] == ["[CLS] user : the dog [SEP] "]
    with pytest.raises(InputError, match="text holds conversations"):
        attnviz.analyze(chatty, chat, **FEW)
    with pytest.raises(UsageError, match="what is no JSON"):
        attnviz.analyze(chatty, [{"role": "user", "content": object()}], chat=True, **FEW)


def test_the_model_answers(chatty: Path) -> None:
    found = attnviz.analyze(chatty, ["the dog"], chat=True, generate=3, **FEW)
    first = found.sentences[0]
    assert first.text.startswith("[CLS] user : the dog [SEP] [CLS]")
    assert first.generated == 7
    # The end that the text itself has is no end that the tokenizer put there.
    found = attnviz.analyze(chatty, ["the dog [SEP]"], parse_special_tokens=True, generate=2, **FEW)
    assert found.sentences[0].tokens[:4] == ("[CLS]", "the", "dog", "[SEP]")
    assert found.sentences[0].generated == 4


def test_what_doesnt_go_together(tool: Tool, tiny: Path, text: Path) -> None:
    for flags, told in (
        (("--chat", "--split", "pair"), "--chat and --split pair don't go together"),
        (("--chat", "--annotate", "spacy"), "--chat and --annotate don't go together"),
        (("--input-format", "jsonl"), "JSON Lines are read as conversations only"),
        (("--chat", "--input-format", "conllu"), "don't go together"),
    ):
        done = tool("report", tiny, text, *flags, *JSON)
        assert done.code == 2
        assert told in done.err
    done = tool("report", tiny, text, "--chat", *JSON)
    assert done.code == 3
    assert "has no chat template" in done.err
    done = tool("report", tiny, text, "--chat", "--input-format", "jsonl", *JSON)
    assert done.code == 3
    assert "animals.txt, line 1: no JSON" in done.err


def test_a_template_with_todays_date(chatty: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(chatty, tmp_path / "dated")
    (folder / "chat_template.jinja").write_text("{{ strftime_now('%Y') }} the dog")
    found = attnviz.analyze(folder, ["the dog"], chat=True, **FEW)
    assert any("today's date" in warning for warning in found.warnings)
