"""What a file holds: told by name and content, said outright, or refused with the way out."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from attnviz.errors import InputError
from attnviz.text.formats import format_of
from attnviz.text.split import sentences
from attnviz.text.types import SourceFile

TREE = "1\tDogs\tdog\tNOUN\t_\t_\t2\tnsubj\t_\t_\n2\trun\trun\tVERB\t_\t_\t0\troot\t_\t_\n"
PLUS = "# global.columns = ID FORM HEAD DEPREL X:Y\n1\tDogs\t2\tnsubj\t*\n2\trun\t0\troot\t*\n"


def file(text: str, name: str = "-") -> SourceFile:
    return SourceFile(name, "", text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("-", TREE),
        ("-", "# sent_id = 1\n# text = Dogs run\n" + TREE),
        ("-", "# newdoc\n" + TREE),
        ("-", "\n\n# a note\n" + TREE),
        ("bank.txt", TREE),
        ("bank.CoNLL", TREE),
        ("bank.conllu.txt", TREE),
        ("bank.conllup", PLUS),
        ("-", PLUS),
    ],
)
def test_a_treebank_is_recognised(name: str, text: str) -> None:
    (sentence,) = sentences([file(text, name)])
    assert sentence.text == "Dogs run"
    assert sentence.annotation is not None
    assert sentence.annotation.heads == (1, -1)
    assert sentence.annotation.relations == ("nsubj", "root")


@pytest.mark.parametrize("columns", ["FORM HEAD", "ID FORM HEAD DEPREL"])
def test_the_columns_of_conllu_plus_must_fit(columns: str) -> None:
    text = f"# global.columns = {columns}\n1\tDogs\t0\n"
    with pytest.raises(InputError, match="standard input, line 2: malformed CoNLL-U") as caught:
        sentences([file(text)])
    assert "--input-format text" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "[MASK] is a word, and {this} is none.",
        "# text\nA heading, as Markdown has it.",
        "1. Dogs run.\n2. Cats sit.",
        "One, two, three.\nFour, five, six.",
        "Dogs,\ncats,\nbirds.",
        "One\tline with a tab.",
        "\tIndented.\n\tIndented, too.",
        '"Quoted," he said.',
    ],
)
def test_prose_stays_prose(text: str) -> None:
    assert format_of(file(text)) == "text"


@pytest.mark.parametrize(
    ("name", "text", "holds", "fix"),
    [
        ("a.csv", "The dog sat.", "a table: columns with commas", "python3 -c"),
        ("-", "id,text\n1,Dogs run.\n2,Cats sit.\n", "a table: columns with commas", "python3 -c"),
        ("a.tsv", "Dogs\tCats", "a table: columns with tabs", "--split pair"),
        ("-", "Dogs\tNN\nrun\tVB\n", "a table: columns with tabs", "cut -f 2"),
        ("-", "<!DOCTYPE html><p>Dogs", "markup", "pandoc -f html"),
        ("a.rtf", "{\\rtf1 Dogs", "markup", "pandoc -f rtf"),
        ("a.json", "{}", "JSON", "jq"),
        ("-", '{"messages": []}', "conversations", "--chat"),
        ("-", '[{"role": "user", "content": "Hi."}]', "conversations", "--chat"),
    ],
)
def test_what_holds_no_sentences_is_refused(name: str, text: str, holds: str, fix: str) -> None:
    with pytest.raises(InputError) as caught:
        sentences([file(text, name)])
    spoken = "standard input" if name == "-" else name
    assert caught.value.message.startswith(f"{spoken} holds {holds}")
    assert fix in caught.value.hint
    assert "--input-format text takes its lines as they are." in caught.value.hint


@pytest.mark.parametrize(
    ("text", "holds", "command"),
    [
        ('{"id": "7", "text": "Dogs run."}\n', "JSON Lines", """jq -r '. | .["text"] | gsub"""),
        ('[{"s t": "Dogs."}]', "JSON", """jq -r '.[] | .["s t"] | gsub"""),
        ('["Dogs run.", "Cats."]', "JSON", """jq -r '.[] | . | gsub"""),
    ],
)
def test_json_is_refused_with_the_command_that_gets_its_texts(
    text: str, holds: str, command: str
) -> None:
    with pytest.raises(InputError, match=f"my file.jsonl holds {holds}, not plain") as caught:
        sentences([file(text, "my file.jsonl")])
    assert command in caught.value.hint
    assert "'my file.jsonl' > sentences.txt`" in caught.value.hint


def test_the_command_for_a_table_works() -> None:
    with pytest.raises(InputError) as caught:
        sentences([file("x", "a.csv")])
    command = caught.value.hint.split("`")[1]
    program = shlex.split(command.split("<", maxsplit=1)[0])
    table = 'id,text\n1,"Dogs, run."\n'
    done = subprocess.run(program, input=table, capture_output=True, text=True, check=True)
    assert done.stdout == "text\nDogs, run.\n"


def test_what_is_said_outright_counts() -> None:
    table = SourceFile("a.csv", "", "id,text\n1,Dogs.\n", "text")
    assert [sentence.text for sentence in sentences([table], "line")] == ["id,text", "1,Dogs."]
    tree = SourceFile("a.conllu", "", TREE, "text")
    assert [sentence.annotation for sentence in sentences([tree], "line")] == [None, None]
    prose = SourceFile("a.txt", "", "Dogs run.", "conllu")
    with pytest.raises(InputError, match=r"a\.txt, line 1: malformed CoNLL-U"):
        sentences([prose])


def test_a_table_of_two_columns_is_pairs_where_pairs_are_wanted() -> None:
    (sentence,) = sentences([file("Dogs\tCats", "a.tsv")], "pair")
    assert sentence.pair == ("Dogs", "Cats")
