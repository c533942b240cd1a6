"""`attnviz check` from rules to exit codes, on a model of random weights."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import attnviz
from attnviz.errors import InputError, UsageError
from tests.helpers.tool import Tool, content

pytestmark = pytest.mark.slow

SENTENCE = "the dog saw the cat"
PASSES = f'[[rule]]\nname = "sees"\ntext = "{SENTENCE}"\nfrom = "saw"\nto = "cat"\ngt = 0\n'
FAILS = PASSES.replace("sees", "fails").replace("gt = 0", "gt = 0.99")
ZEBRA = PASSES.replace("sees", "zebra").replace('"cat"', '"zebra"')
FEW = PASSES.replace("sees", "few").replace('from = "saw"\nto = "cat"', 'role = "previous-token"')


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return tmp_path / "rules.toml"


@pytest.mark.parametrize(
    ("source", "code", "last"),
    [
        (PASSES, 0, "1 passed"),
        (FAILS, 1, "1 failed"),
        (f"{FAILS}critical = false\n", 0, "1 warned"),
        (ZEBRA, 2, "1 with errors"),
        (f"{FAILS}{ZEBRA}{PASSES}", 2, "1 failed, 1 with errors, 1 passed"),
        (FEW, 0, "all 1 skipped: nothing was checked"),
        (f"{FEW}{PASSES}", 0, "1 skipped, 1 passed"),
    ],
)
def test_exit_codes(tool: Tool, tiny: Path, rules: Path, source: str, code: int, last: str) -> None:
    rules.write_text(source)
    done = tool("check", tiny, rules)
    assert done.code == code
    assert done.out.splitlines()[-1].endswith(f": {last}")


def test_what_fails_is_told_with_number_heads_and_command(
    tool: Tool, tiny: Path, rules: Path
) -> None:
    rules.write_text(FAILS)
    status, asked, closest, others, command, last = tool("check", tiny, rules).out.splitlines()
    assert status == "failed   fails"
    assert asked.strip() == "“saw” to “cat” > 0.99 in any head"
    assert closest.strip().startswith("the closest of 4, L")
    assert others.strip().startswith("next: L")
    head = closest.split(", ")[1]
    assert command.strip() == (
        f"attnviz draw {tiny} '{SENTENCE}' --from saw --to cat --heads {head}"
    )
    assert last.endswith("1 failed")
    # The command is one that works, and has the number.
    mass = attnviz.weights(tiny, SENTENCE, heads=head).mass("saw", "cat")[0].mass
    assert f"has {mass:.3g}" in closest


def test_every_output_says_the_same(tool: Tool, tiny: Path, rules: Path, tmp_path: Path) -> None:
    rules.write_text(f"{PASSES}{FAILS}{ZEBRA}{FEW}")
    junit = tmp_path / "junit.xml"
    done = tool("check", tiny, rules, "--junit", junit, "--format", "json", "--tag", "git.sha=3f")
    assert done.code == 2
    values = json.loads(done.out)
    assert values["exit_code"] == 2
    statuses = {each["rule"]: each["status"] for each in values["verdicts"]}
    assert statuses == {"sees": "passed", "fails": "failed", "zebra": "error", "few": "skipped"}
    suite = ET.parse(junit).getroot()[0]
    assert {case.get("name"): case[0].tag for case in suite.iter("testcase")} == {
        "sees": "system-out",
        "fails": "failure",
        "zebra": "error",
        "few": "skipped",
    }
    assert suite.find("properties/property[@name='git.sha']").get("value") == "3f"  # type: ignore[union-attr]
    markdown = tool("check", tiny, rules, "--format", "markdown").out
    assert markdown.startswith("## attnviz check: 1 failed, 1 with errors, 1 skipped, 1 passed\n")
    again = junit.read_bytes()
    assert tool("check", tiny, rules, "--junit", junit, "--tag", "git.sha=3f").code == 2
    assert junit.read_bytes() == again


def test_quiet_tells_failures_only(tool: Tool, tiny: Path, rules: Path) -> None:
    rules.write_text(PASSES)
    assert tool("check", tiny, rules, "-q").out == ""
    rules.write_text(FAILS)
    assert "fails" in tool("check", tiny, rules, "-q").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tag", "sha"], "--tag is 'sha'"),
        (["--junit", "no/such/folder/j.xml"], "doesn't exist"),
        (["--text", "none.txt"], "none.txt"),
        (["--split", "word"], "'word'"),
    ],
)
def test_mistakes_in_the_command(
    tool: Tool, tiny: Path, rules: Path, arguments: list[str], message: str
) -> None:
    rules.write_text('[[rule]]\nto = "cat"\ngt = 0\n' if "--text" in arguments else PASSES)
    done = tool("check", tiny, rules, *arguments)
    assert done.code == (4 if "--junit" in arguments else 2)
    assert message in done.err
    assert done.out == ""


def test_a_mistake_in_the_rules_is_told_before_the_model_is_looked_for(
    tool: Tool, rules: Path
) -> None:
    rules.write_text(PASSES.replace("gt =", "gtt ="))
    done = tool("check", "no/such/model", rules)
    assert done.code == 2
    assert f"{rules}:6: there is no key 'gtt'." in done.err
    assert "Did you mean gt?" in done.err


def test_a_file_of_rules_without_end_is_refused(tool: Tool, tiny: Path) -> None:
    done = tool("check", tiny, "/dev/zero")
    assert done.code == 2
    assert "/dev/zero is too large for a file of rules." in done.err


def test_a_model_that_is_not_there_is_no_verdict(tool: Tool, rules: Path) -> None:
    rules.write_text(PASSES)
    assert tool("check", "no/such/model", rules).code == 3


def test_sentences_of_a_file_that_hold_the_words(
    tool: Tool, tiny: Path, rules: Path, tmp_path: Path
) -> None:
    (tmp_path / "some.txt").write_text("The dog sat.\nA cat saw the bird.\nThe catnap was blue.\n")
    rules.write_text('[[rule]]\nname = "a"\nfile = "some.txt"\nto = "cat"\ngt = 0\n')
    done = tool("check", tiny, rules, "--format", "json")
    (verdict,) = json.loads(done.out)["verdicts"]
    assert (verdict["case"], verdict["text"]) == ("sentence 2", "A cat saw the bird.")
    assert f"{tmp_path / 'some.txt'} --sentence 2" in verdict["command"]
    rules.write_text('[[rule]]\nname = "a"\nfile = "some.txt"\nto = "zebra"\ngt = 0\n')
    done = tool("check", tiny, rules)
    assert done.code == 2
    assert "No sentence of some.txt has what the rule names." in done.out


def test_a_text_is_measured_once_for_all_rules(
    tool: Tool, tiny: Path, text: Path, rules: Path
) -> None:
    rule = 'role = "previous-token"\ngt = 0.1\n'
    other = 'statistic = "entropy"\nlt = 9\n[[rule]]\nredundant = { gte = 0 }\n'
    rules.write_text(f"[[rule]]\n{rule}[[rule]]\n{other}")
    done = tool("check", tiny, rules, "--text", text, "--log", "json")
    stages = [json.loads(line).get("stage") for line in done.err.splitlines()]
    assert stages.count("measuring sentences") == 2  # begin and end
    assert "2 skipped, 1 passed" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "No file of rules was given."),
        (["RULES", "--from", "none"], 3, "There is no folder none"),
        (["RULES", "--update", "--from", "none"], 2, "--update runs the model, and --from"),
        (["RULES", "--init", "new.toml"], 2, "--init writes rules, and reads none."),
        (["--init", "new.toml"], 2, "--init needs a text."),
        (["--init", "new.toml", "--text", "caf\udce9.txt"], 2, "is not UTF-8, as rules are."),
        (["--init", "RULES", "--text", "TEXT"], 4, "is there already"),
        (["--init", f"{'x' * 300}.toml", "--text", "TEXT"], 4, "too long"),
        (["--init", "new.toml", "--text", "-"], 2, "--text is standard input"),
        (["--init", "new.toml", "--from", "none"], 3, "There is no folder none"),
        (["--init", "new.toml", "--text", "none.txt"], 3, "none.txt"),
    ],
)
def test_mistakes_with_new_rules(
    tool: Tool, tiny: Path, text: Path, rules: Path, arguments: list[str], code: int, message: str
) -> None:
    rules.write_text(PASSES)
    paths = {"RULES": rules, "TEXT": text, "new.toml": rules.with_name("new.toml")}
    done = tool("check", tiny, *(paths.get(each, each) for each in arguments))
    assert done.code == code
    assert message in done.err
    assert not rules.with_name("new.toml").exists()


def test_new_rules_from_a_report_that_was_kept(
    tool: Tool, tiny: Path, tmp_path: Path, rules: Path
) -> None:
    text = tmp_path / "some.txt"
    words = ["dog", "cat", "bird", "mat", "tree"]
    text.write_text("".join(f"The {a} saw the {b} .\n" for a in words for b in words))
    assert tool("report", tiny, text, "-o", tmp_path / "out", "--illustrate", "0").code == 0
    done = tool("check", tiny, "--init", rules, "--from", tmp_path / "out")
    assert done.code == 0
    assert "has 10 rules" in done.err
    # The name of the text is as the report has it: beside the rules here.
    assert tool("check", tiny, rules).code == 0
    again = tmp_path / "again.toml"
    assert tool("check", tiny, "--init", again, "--text", text).code == 0
    rest = [path.read_text().partition("file =")[2] for path in (rules, again)]
    assert rest[0] == rest[1]
    other = tool("check", "minilm", "--init", tmp_path / "new.toml", "--from", tmp_path / "out")
    assert other.code == 2
    assert "is of tiny, not of minilm" in other.err


def test_from_a_script(tiny: Path, rules: Path) -> None:
    rules.write_text(PASSES)
    of_file = attnviz.check(tiny, rules)
    assert of_file.passed
    of_list = attnviz.check(
        str(tiny), [{"name": "sees", "text": SENTENCE, "from": "saw", "to": "cat", "gt": 0}]
    )
    of_text = attnviz.check(tiny, PASSES, tags={"a": "b"})
    numbers = {each[0].measured for each in (of_file, of_list, of_text)}
    assert len(numbers) == 1
    assert of_text.tags == {"a": "b"}
    assert repr(of_file) == "<Verdicts on tiny: 1 passed>"
    with pytest.raises(UsageError, match="rules is int"):
        attnviz.check(tiny, 3)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="rules is list"):
        attnviz.check(tiny, ["a"])  # type: ignore[list-item]
    with pytest.raises(InputError):
        attnviz.check("no/such/model", PASSES)


def test_words_and_pieces(tiny: Path) -> None:
    # "catsed" is cat ##s ##ed: as a key the sum over its tokens, as a query their mean.
    rule = {"text": "the catsed sat", "from": "catsed", "to": "catsed", "heads": "L0H0", "gt": 0}

    def number(**more: str | bool) -> float:
        settings: Any = {name: more[name] for name in more.keys() & {"words"}}
        keys = {name: more[name] for name in more.keys() - {"words"}}
        (verdict,) = attnviz.check(tiny, [rule | keys], **settings)
        assert verdict.measured is not None
        return verdict.measured.number

    matrix = attnviz.weights(tiny, "the catsed sat").head("L0H0").astype(float)
    assert number() == pytest.approx(matrix[2:5, 2:5].sum(1).mean(), abs=1e-6)
    assert number(pieces="last") == pytest.approx(matrix[4, 2:5].sum(), abs=1e-6)
    assert number(words=True) == pytest.approx(number(), abs=1e-6)


def test_update_makes_what_fails_pass(tool: Tool, tiny: Path, rules: Path) -> None:
    rules.write_bytes(f"# kept\r\n{FAILS}".replace("\n", "\r\n").replace("\r\r", "\r").encode())
    done = tool("check", tiny, rules, "--update")
    assert done.code == 0
    assert done.err.startswith("updated: fails: gt = 0.")
    assert done.out.startswith("passed   fails")
    after = rules.read_bytes()
    assert after.startswith(b"# kept\r\n[[rule]]\r\n")
    assert after.count(b"\r\n") == after.count(b"\n")
    assert tool("check", tiny, rules, "--update").err == ""
    assert rules.read_bytes() == after


def test_a_folder_with_every_format_and_pictures_of_what_fails(
    tool: Tool, tiny: Path, rules: Path, tmp_path: Path
) -> None:
    mean = FAILS.replace("fails", "mean").replace("gt =", 'heads = "mean"\ngt =')
    layer = FAILS.replace("fails", "layer").replace("gt =", 'heads = "layer 1"\ngt =')
    rollout = FAILS.replace("fails", "<b> & ../x").replace("gt =", 'heads = "rollout"\ngt =')
    rules.write_text(f"{PASSES}{FAILS}{mean}{layer}{rollout}{ZEBRA}{FEW}")
    out = tmp_path / "out"
    assert tool("check", tiny, rules, "--report", out).code == 2
    made = content(out)
    names = ["001-fails", "002-mean", "003-layer", "004-b-x"]
    figures = {f"figures/{name}{suffix}" for name in names for suffix in (".png", ".svg")}
    assert set(made) == {"report.json", "report.md", "junit.xml", *figures}
    assert made["report.md"].decode().count("](figures/") == 4
    # The same folder again, with other pictures; nothing of the old stays.
    rules.write_text(PASSES)
    assert tool("check", tiny, rules, "--report", out).code == 0
    assert set(content(out)) == {"report.json", "report.md", "junit.xml"}
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    done = tool("check", tiny, rules, "--report", tmp_path / "mine")
    assert done.code == 4
    assert "notes.txt" in done.err


def test_pairs_and_the_settings_of_the_command(tool: Tool, tiny: Path, rules: Path) -> None:
    rules.write_text(FAILS.replace(SENTENCE, "the dog\\tsaw the cat"))
    done = tool("check", tiny, rules, "--split", "pair", "--pieces", "last", "--words")
    assert done.code == 1
    command = done.out.splitlines()[4]
    assert "--split pair --pieces last --words --from saw --to cat" in command
