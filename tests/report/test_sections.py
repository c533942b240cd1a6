"""What formats print is data, and templates only print it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import pytest
from jinja2 import nodes

from attnviz.figures.picture import Picture
from attnviz.report import pages, sections
from tests.helpers import example

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from attnviz.report.model import Report

TEMPLATES = sorted(path.name for path in pages.templates().glob("*.j2"))


def leaves(value: object) -> Iterator[object]:
    if is_dataclass(value) and not isinstance(value, type | Picture):
        for field in fields(value):
            yield from leaves(getattr(value, field.name))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from leaves(each)
    else:
        yield value


@pytest.mark.parametrize("make", [example.report, example.translation, example.document])
def test_sections_are_words_and_pictures(make: Callable[[], Report]) -> None:
    made = make()
    every = sections.of(made, example.pictures(made))
    assert {type(leaf) for leaf in leaves(every)} <= {str, int, float, bool, type(None), Picture}


def test_every_stream_has_its_sections_and_the_whole_the_others() -> None:
    made = sections.of(example.translation())
    assert [stream.title for stream in made.streams] == ["Encoder", "Decoder", "Cross-attention"]
    assert [stream.roles.title for stream in made.streams] == ["Roles"] * 3
    assert [each.title for each in made.first.maps] == ["Encoder", "Decoder", "Cross-attention"]
    assert made.induction is not None
    (alone,) = sections.of(example.report()).streams
    assert alone.title == ""
    assert alone.induction is not None


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_calls_nothing_but_macros(name: str) -> None:
    page = pages.environment().parse((pages.templates() / name).read_text(encoding="utf-8"))
    macros = {macro.name for macro in page.find_all(nodes.Macro)}
    imported = {"macros", "of_head"}  # by the page that includes the others

    def is_macro(called: Any) -> bool:
        if isinstance(called, nodes.Getattr):
            return isinstance(called.node, nodes.Name) and called.node.name in imported
        return called.name in macros

    assert all(is_macro(call.node) for call in page.find_all(nodes.Call))
    assert {each.name for each in page.find_all(nodes.Filter)} <= {"length", "lower"}
