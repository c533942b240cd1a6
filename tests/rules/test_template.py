"""A template and the texts that it stands for."""

import pytest

from attnviz.errors import UsageError
from attnviz.rules import template
from attnviz.rules.rule import Text


def test_every_value_with_every_case() -> None:
    text = Text(
        template="The {animal} is {adj}.",
        values={"animal": ("cat", "dog")},
        cases=({"adj": "tired", "answer": "{animal}"}, {"adj": "wide", "answer": "street"}),
    )
    filled = template.filled(text)
    assert [each.text for each in filled] == [
        "The cat is tired.",
        "The cat is wide.",
        "The dog is tired.",
        "The dog is wide.",
    ]
    assert [template.fill("{answer}", each.values or {}) for each in filled] == [
        *("cat", "street", "dog", "street"),
    ]
    # A value that only names another tells nothing of its own.
    assert filled[0].case == "animal=cat, adj=tired"


def test_braces_are_doubled() -> None:
    assert template.fill("{{x}} {a}", {"a": "{{b}}"}) == "{x} {b}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a {b}", "There is no value for {b}"),
        ("a {", "A brace stands alone"),
        ("a }", "A brace stands alone"),
        ("{}", "There is no value for {}"),
    ],
)
def test_what_can_not_be_filled(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        template.fill(text, {"a": "x"})


def test_values_that_stand_nowhere_and_too_many() -> None:
    with pytest.raises(UsageError, match="The values of b stand nowhere"):
        template.check(Text(template="{a}", values={"a": ("x",), "b": ("y",)}), ["{a}"])
    many = tuple(map(str, range(40)))
    with pytest.raises(UsageError, match="makes 1,600 texts"):
        template.check(Text(template="{a}{b}", values={"a": many, "b": many}), ["{a}{b}"])


def test_texts_without_a_template_are_as_they_are() -> None:
    filled = template.filled(Text(texts=("a {b}", "c"), targets=("d", "e")))
    assert [(each.text, each.target, each.case) for each in filled] == [
        ("a {b}", "d", ""),
        ("c", "e", ""),
    ]
