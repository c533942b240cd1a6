"""Rule files: what is read of them, and every mistake with its line, key and the right name."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from attnviz.errors import UsageError
from attnviz.rules import files
from attnviz.rules.bounds import Bounds
from attnviz.rules.heads import Heads
from attnviz.rules.read import of_tables, read
from attnviz.rules.rule import GroupOf, Mass, Rival, RoleOf, StatisticOf, TokenSet

MASS = '[[rule]]\ntext = "A cat sat"\nfrom = "sat"\nto = "cat"\n'


def test_a_rule_on_a_sentence() -> None:
    (rule,) = read(
        f'{MASS}gt = 0.2\nmore_than = {{ to = ["A", 3], by = 0.1 }}\nheads = "L5H7"\n'
        'pieces = "last"\nlens = "content"\ncritical = false\nname = "it"\n',
        "rules.toml",
    ).rules
    assert rule.name == "it"
    assert rule.line == 1
    assert rule.subject == Mass("cat", "sat", (Rival(("A", 3), 0.1),), "content", "last")
    assert rule.bounds == Bounds(gt=0.2)
    assert rule.heads == Heads("all", "item", ((5, 7),))
    assert rule.text.texts == ("A cat sat",)
    assert not rule.critical


def test_a_rule_without_a_name_is_called_what_it_asks() -> None:
    (rule,) = read(f"{MASS}gt = 0.2\nmore_than = {{ to = 'A' }}", "r").rules
    assert rule.name == "“sat” to “cat” > 0.2 and more than to “A” in any head"


def test_rules_that_ask_the_same_are_told_apart() -> None:
    rules = read(f"{MASS}gt = 0.2\n{MASS}gt = 0.2\n{MASS}gt = 0.2\n", "r").rules
    asked = "“sat” to “cat” > 0.2 in any head"
    assert [rule.name for rule in rules] == [asked, f"{asked} (2)", f"{asked} (3)"]


def test_rules_on_roles_statistics_and_groups() -> None:
    source = """
    file = "corpus.txt"
    [[rule]]
    role = "induction"
    verdict = "supported"
    gte = 0.4
    [[rule]]
    role = "dep:nsubj:reverse"
    count = { gte = 2 }
    [[rule]]
    statistic = "normalized_entropy"
    lt = 1
    [[rule]]
    redundant = { lte = 5 }
    texts = ["a", "b"]
    """
    rules = read(source, "r").rules
    assert [rule.subject for rule in rules] == [
        RoleOf("induction", "supported"),
        RoleOf("dep:nsubj:reverse", count=True),
        StatisticOf("normalized_entropy"),
        GroupOf("redundant"),
    ]
    assert [rule.bounds for rule in rules] == [
        *(Bounds(gte=0.4), Bounds(gte=2), Bounds(lt=1), Bounds(lte=5)),
    ]
    assert [rule.text.file for rule in rules] == ["corpus.txt", "corpus.txt", "corpus.txt", ""]
    # A role has to be somewhere, a statistic must hold of all heads.
    assert [rule.heads.how for rule in rules[::2]] == ["any", "all"]
    assert [rule.asked for rule in rules] == [
        "supported induction ≥ 0.4 in any head",
        "heads with the role dep:nsubj:reverse ≥ 2",
        "normalized_entropy < 1 in every head",
        "redundant heads ≤ 5",
    ]


def test_targets_by_class_and_by_role() -> None:
    (rule,) = read('[[rule]]\ntext = "a"\nto = { role = "previous-token" }\ngt = 0.5', "r").rules
    assert rule.subject == Mass(TokenSet(role="previous-token"))
    (rule,) = read(
        '[[rule]]\ntext = "a"\nfrom = { tokens = "content" }\n'
        'to = { tokens = "special" }\nin = [0, 1]',
        "r",
    ).rules
    assert rule.subject == Mass(TokenSet("special"), TokenSet("content"))
    assert rule.bounds == Bounds(within=(0.0, 1.0))


T = 'text = "a"'
MISTAKES = [
    # source, message, hint
    ("gt = ", "rules.toml is no TOML: Invalid value (at end of document).", "Mend"),
    (
        "[[rule]]\nfrom = it\nto = 'a'",
        "rules.toml:2: what stands after from = is no value.",
        'from = "…"',
    ),
    ("[[rule]]\nto 'a'", "rules.toml:2: no TOML: Expected '='", "Mend"),
    ("[[rule]]\nto = 'a", 'rules.toml is no TOML: Expected "\'"', "Mend"),
    ("", "rules.toml has no rules.", "[[rule]]"),
    ("rule = 3", "rules.toml:1: rule is no list of tables.", "[[rule]]"),
    ("rule = []", "There are no rules.", ""),
    ("\n[[rules]]\nto = 3", "rules.toml:2: there is no key 'rules'.", "Did you mean rule?"),
    ("fiel = 'a'", "rules.toml:1: there is no key 'fiel'.", "Did you mean file?"),
    (f"[[rule]]\n{T}\nto = 'a'\ngte_ = 0.1", "rules.toml:4: there is no key 'gte_'.", "gte?"),
    (f"[[rule]]\n{T}\nTo = 'a'", "rules.toml:3: there is no key 'To'.", "Did you mean to?"),
    (f"[[rule]]\n{T}\nto = 'a'\ngt = 'much'", "rules.toml:4: gt is 'much'.", "Use a number."),
    (f"[[rule]]\n{T}\nto = 'a'\ngt = true", "rules.toml:4: gt is True.", "Use a number."),
    (f"[[rule]]\n{T}\nto = 'a'\ngt = nan", "rules.toml:4: gt is nan.", "Use a number."),
    (f"[[rule]]\n{T}\nto = 'a'\ngt = 20", "rules.toml:4: gt is 20.0.", "20% is 0.2"),
    (f"[[rule]]\n{T}\nto = 'a'\nin = [0.1]", "rules.toml:4: in is [0.1].", "two numbers"),
    (f"[[rule]]\n{T}\nto = 'a'\nin = [0.3, 0.1]", "rules.toml:4: no number is in [0.3, 0.1].", ""),
    (
        f"[[rule]]\n{T}\nto = 'a'\ngt = 0.5\nlt = 0.4",
        "rules.toml:4: no number is > 0.5 and < 0.4.",
        "Mend",
    ),
    (f"[[rule]]\n{T}\nto = 'a'\napprox = 0.3", "rules.toml:4: approx needs rel or abs", "abs ="),
    (f"[[rule]]\n{T}\nto = 'a'\ngt=0.1\nrel = 0.3", "rules.toml:4: approx needs rel", "approx ="),
    (f"[[rule]]\n{T}\nto = 'a'\napprox = 0.3\nabs = -1", "a tolerance is below 0", "0 or more"),
    (f"[[rule]]\n{T}\nto = 'a'", "rules.toml:1: the rule has no condition.", "gt = 0.2"),
    (f"[[rule]]\n{T}\ngt = 0.1", "the rule doesn't say what it is about", "to, role, statistic"),
    (
        f"[[rule]]\n{T}\nto = 'a'\nrole = 'induction'\ngt = 0.1",
        "rules.toml:4: to and role are rules of their own.",
        "two rules",
    ),
    ("[[rule]]\nto = 'a'\ngt = 0.1", "rules.toml:1: the rule names no text.", "text, texts"),
    (
        f"[[rule]]\n{T}\nfile = 'b'\nto = 'a'\ngt = 0.1",
        "rules.toml:3: text and file don't go together.",
        "Keep one",
    ),
    ("[[rule]]\ntext = ' '\nto = 'a'\ngt = 0.1", "rules.toml:2: text is empty.", ""),
    ("[[rule]]\ntexts = []\nto = 'a'\ngt = 0.1", "rules.toml:2: texts is empty.", "list of texts"),
    ("[[rule]]\ntexts = 'a'\nto = 'a'\ngt = 0.1", "rules.toml:2: texts is 'a'.", "list of texts"),
    (f"[[rule]]\n{T}\nto = ''\ngt = 0.1", "rules.toml:3: to is ''.", "the#2"),
    (f"[[rule]]\n{T}\nto = -1\ngt = 0.1", "rules.toml:3: to is -1.", "from 0"),
    (f"[[rule]]\n{T}\nto = []\ngt = 0.1", "rules.toml:3: to is ().", "from 0"),
    (f"[[rule]]\n{T}\nto = 0.5\ngt = 0.1", "rules.toml:3: to is 0.5.", "from 0"),
    (f"[[rule]]\n{T}\nto = {{ tokens = 'sepcial' }}\ngt = 0.1", "'sepcial'", "mean special?"),
    (f"[[rule]]\n{T}\nto = {{ token = 'special' }}\ngt = 0.1", "no key 'token'", "mean tokens?"),
    (f"[[rule]]\n{T}\nto = {{ role = 'previos-token' }}\ngt = 0.1", "", "mean previous-token?"),
    (f"[[rule]]\n{T}\nto = {{ role = 'sparse' }}\ngt = 0.1", "role with one target", ""),
    (f"[[rule]]\n{T}\nto = {{ role = 3 }}\ngt = 0.1", "rules.toml:3: to is {'role': 3}.", "Use"),
    (f"[[rule]]\n{T}\nto = {{}}\ngt = 0.1", "rules.toml:3: to is {}.", "Use words"),
    (
        f"[[rule]]\n{T}\nto = 'a'\nfrom = {{ role = 'induction' }}\ngt = 0.1",
        "rules.toml:4: a role says where tokens look, not which look.",
        "Use words",
    ),
    (
        f"[[rule]]\n{T}\nto = 'a'\nmore_than = {{ two = 'b' }}",
        "rules.toml:4: there is no key 'two'.",
        "Did you mean to?",
    ),
    (f"[[rule]]\n{T}\nto = 'a'\nmore_than = {{ by = 0.1 }}", "rules.toml:4: more_than is", "to ="),
    (f"[[rule]]\n{T}\nto = 'a'\nmore_than = 'b'", "rules.toml:4: more_than is 'b'.", "to ="),
    (f"[[rule]]\n{T}\nto = 'a'\nmore_than = {{to='b', by=2}}", "more_than is", "by = 0.1"),
    (f"[[rule]]\n{T}\nto = 'a'\nmore_than = {{to=true}}", "more_than: to is True", "Use words"),
    (
        f"[[rule]]\n{T}\nto = 'a'\ngt = 0.1\nheads = 'L1'",
        "rules.toml:5: 'L1' names no heads.",
        "any",
    ),
    (f"[[rule]]\n{T}\nto = 'a'\ngt = 0.1\nheads = 3", "rules.toml:5: heads is 3.", "rollout"),
    (f"[[rule]]\n{T}\nto = 'a'\ngt = 0.1\nheads = []", "rules.toml:5: heads is empty.", "rollout"),
    (f"[[rule]]\n{T}\nto = 'a'\ngt = 0.1\nlens = 'own'", "rules.toml:5: lens is 'own'.", "content"),
    (f"[[rule]]\n{T}\nto = 'a'\ngt = 0.1\npieces = 'first'", "rules.toml:5: pieces is", "last"),
    (f"[[rule]]\n{T}\nto = 'a'\ngt = 0.1\nstream = 'left'", "rules.toml:5: stream is", "encoder"),
    (f"[[rule]]\n{T}\nto = 'a'\ngt = 0.1\nname = ' '", "rules.toml:5: the name is empty.", ""),
    (f"[[rule]]\n{T}\nrole = 'inducton'\ngt = 0.1", "rules.toml:3: there is no role", "induction?"),
    (f"[[rule]]\n{T}\nstatistic = 'entropie'\ngt = 0.1", "no statistic 'entropie'", "entropy?"),
    (
        f"[[rule]]\n{T}\nrole = 'induction'\nlens = 'all'\ngt = 0.1",
        "rules.toml:4: lens doesn't go with role.",
        "Leave out",
    ),
    (
        f"[[rule]]\n{T}\nredundant = {{ lte = 5 }}\nheads = 'all'",
        "rules.toml:4: heads doesn't go with redundant.",
        "Leave out",
    ),
    (f"[[rule]]\n{T}\nredundant = 5", "rules.toml:3: redundant is 5.", "{ lte = 5 }"),
    (f"[[rule]]\n{T}\nredundant = {{ max = 5 }}", "rules.toml:3: there is no key 'max'.", "gt"),
    (f"[[rule]]\n{T}\nredundant = {{ lte = 'a' }}", "rules.toml:3: lte is 'a'.", "number"),
    (f"[[rule]]\n{T}\nredundant = {{}}", "rules.toml:3: redundant has no condition.", "lte"),
    (
        f"[[rule]]\n{T}\nrole = 'induction'\ncount = {{ gte = 1 }}\ngt = 0.1",
        "rules.toml:4: conditions stand in count and beside it.",
        "{ lte = 5 }",
    ),
    (
        f"[[rule]]\n{T}\nrole = 'induction'\ncount = {{ gte = 1 }}\nheads = 'all'",
        "rules.toml:5: a count is over all heads.",
        "Leave out heads",
    ),
    (
        f"[[rule]]\n{T}\nrole = 'induction'\nverdict = 'supported'\nheads = 'layer 3'",
        "rules.toml:4: a verdict is on a head, not on a mean of heads.",
        "Leave out",
    ),
    (
        f"[[rule]]\n{T}\nstatistic = 'entropy'\nlt = 3\nheads = 'rollout'",
        "rules.toml:5: rollout has no roles and no statistics.",
        "",
    ),
    (
        f"[[rule]]\n{T}\nto='a'\ngt=0\nname='x'\n[[rule]]\n{T}\nto='b'\ngt=0\nname='x'",
        "rules.toml:10: there is a rule 'x' already.",
        "a name of its own",
    ),
    (
        f"[[rule]]\n{T}\nto = 'a'\ngt = 0.1\nvalues = {{ b = ['c'] }}",
        "rules.toml:5: values doesn't go with text.",
        "template",
    ),
    (
        "[[rule]]\ntemplate = 'a {b}'\nto = 'a'\ngt = 0.1",
        "rules.toml:2: There is no value for {b}.",
        "values or cases",
    ),
    (
        "[[rule]]\ntemplate = 'a {b}'\nvalues = { b = [] }\nto = 'a'\ngt = 0.1",
        "rules.toml:3: There are no values for b.",
        "at least one",
    ),
    (
        "[[rule]]\ntemplate = 'a {b}'\nvalues = { b = ['c'], d = ['e'] }\nto = 'a'\ngt = 0.1",
        "rules.toml:3: The values of d stand nowhere.",
        "{d}",
    ),
    (
        "[[rule]]\ntexts = ['a', 'b']\ntargets = ['c']\nto = 'a'\ngt = 0.1",
        "rules.toml:3: there aren't as many targets as texts.",
        "",
    ),
    ("[[rule]]\ntext = 2024-05-01\nto = 'a'\ngt = 0.1", "rules.toml:2: text is datetime", "text"),
]


@pytest.mark.parametrize(("source", "message", "hint"), MISTAKES, ids=lambda value: value[:40])
def test_every_mistake(source: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(source, "rules.toml")
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == 2


def test_rules_from_a_script() -> None:
    rules = of_tables(
        [{"text": "A cat", "to": "cat", "gt": 0.1}, {"text": "A cat", "to": "cat", "lt": 1}]
    )
    assert [rule.line for rule in rules] == [0, 0]
    with pytest.raises(UsageError, match="rule 2: there is no key 'too'"):
        of_tables([{"text": "a", "to": "a", "gt": 0.1}, {"text": "a", "too": "a", "gt": 0.1}])
    odd: Any = {1: "a"}
    with pytest.raises(UsageError, match="rule 1: there is no key 1"):
        of_tables([odd])
    with pytest.raises(UsageError, match="rule 1: text is datetime"):
        of_tables([{"text": dt.date(2024, 5, 1), "to": "a", "gt": 0.1}])


def test_files_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        files.open_rules(tmp_path / "none.toml")
    with pytest.raises(UsageError, match="Is a directory"):
        files.open_rules(tmp_path)
    path = tmp_path / "latin.toml"
    path.write_bytes("name = 'é'".encode("latin-1"))
    with pytest.raises(UsageError, match="not UTF-8"):
        files.open_rules(path)


def test_a_text_that_is_not_there_is_told_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('\n[[rule]]\nfile = "none.txt"\nto = "a"\ngt = 0.1\n')
    rules = files.open_rules(path)
    with pytest.raises(UsageError, match=r"rules.toml:3: .*none.txt"):
        files.open_texts(rules, tmp_path)


def test_texts_are_seen_from_the_folder_of_the_rules(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A cat sat.\n")
    path = tmp_path / "rules.toml"
    path.write_text('\ufeff[[rule]]\r\nfile = "a.txt"\r\nto = "cat"\r\ngt = 0.1\r\n')
    rules = files.open_rules(path)
    assert list(files.open_texts(rules, tmp_path)) == ["a.txt"]


def test_rules_that_name_no_text_get_that_of_the_command(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[[rule]]\nto = "cat"\ngt = 0.1\n')
    (rule,) = files.open_rules(path, str(tmp_path / "b.txt")).rules
    assert rule.text.file == str(tmp_path / "b.txt")
