"""Rules and their keys are found by line, whatever stands around them."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from attnviz.rules.lines import Lines

SOURCE = '''\
# [[rule]] in a comment
file = """
[[rule]]
gt = 1 is text here
"""  # line 5

[[rule]]
name = 'one # no comment'
"text" = "a"

[[ rule ]]   # line 11
heads = [
  "L0H1",  # ] no end
  "L0H2",
]
gt = 0.5
[rule.more_than]
to = "b"
by = 0.1

[[rule]]
redundant.lte = 5
'''


def test_rules_and_keys_are_found() -> None:
    assert len(tomllib.loads(SOURCE)["rule"]) == 3
    lines = Lines(SOURCE)
    assert [lines.rule(number) for number in range(3)] == [7, 11, 21]
    assert [lines.key(0, key).first for key in ("name", "text")] == [8, 9]
    heads = lines.key(1, "heads")
    assert (heads.first, heads.last) == (12, 15)
    assert [lines.key(1, key).first for key in ("gt", "more_than")] == [16, 17]
    assert lines.key(1, "more_than.by").first == 19
    assert [lines.key(2, key).first for key in ("redundant", "redundant.lte")] == [22, 22]
    assert lines.key(2, "redundant.gte").first == 22
    assert lines.top("file") == 2


def test_what_is_not_seen_is_where_its_rule_is() -> None:
    lines = Lines(SOURCE)
    assert lines.key(1, "to").first == 11
    assert Lines('\n\nrule = [{ to = "a" }]').rule(0) == 3
    assert Lines("").rule(0) == 1


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters='"\\\x7f', min_codepoint=32)))
)
def test_texts_never_hide_a_rule(texts: list[str]) -> None:
    source = "".join(f'[[rule]]\ntext = "{text}"\ngt = 0.1\n' for text in texts)
    tomllib.loads(source)
    lines = Lines(source)
    assert [lines.key(number, "gt").first for number in range(len(texts))] == [
        3 * number + 3 for number in range(len(texts))
    ]
