from __future__ import annotations

import pytest

from attnviz.text.types import Mention
from tests.helpers.texts import parsed

Found = list[tuple[str, str, str]]


def mentions(*rows: str) -> Found:
    """Each mention of the first sentence: its entity, its words, its head word."""
    annotation = parsed(*rows)[0].annotation
    assert annotation is not None
    return [
        (
            each.entity,
            " ".join(annotation.forms[each.start : each.end]),
            annotation.forms[each.head],
        )
        for each in annotation.mentions
    ]


def test_mentions_of_one_entity() -> None:
    (sentence,) = parsed(
        "1 Ann 2 nsubj PROPN Entity=(e1-person-1-new-coref)",
        "2 fed 0 root VERB",
        "3 her 4 nmod:poss PRON Entity=(e2-animal-2-(e1-person-1)",
        "4 dog 2 obj NOUN Entity=e2)",
    )
    assert sentence.annotation is not None
    assert sentence.annotation.mentions == (
        Mention("e1", 0, 1, 0),
        Mention("e2", 2, 4, 3),
        Mention("e1", 2, 3, 2),
    )


@pytest.mark.parametrize(
    ("opening", "head"),
    [
        ("(e1-person-3-new", "dog"),
        ("(e1-person-2", "old"),
        ("(e1-person-2,3", "old"),
        ("(e1-person-9", "dog"),
        ("(e1-person-0", "dog"),
        ("(e1-person--new", "dog"),
        ("(e1", "dog"),
    ],
)
def test_the_head_is_the_one_given_or_else_that_of_the_tree(opening: str, head: str) -> None:
    rows = [
        f"1 the 3 det DET Entity={opening}",
        "2 old 3 amod",
        "3 dog 5 nsubj",
        "4 outside 3 advmod ADV Entity=e1)",
        "5 barks 0 root",
    ]
    assert mentions(*rows) == [("e1", "the old dog outside", head)]


def test_without_head_and_tree_the_last_word_is_the_head() -> None:
    assert mentions("1 old _ _ _ Entity=(e1", "2 dog _ _ _ Entity=e1)") == [
        ("e1", "old dog", "dog")
    ]


def test_brackets_may_follow_each_other_and_cross() -> None:
    assert mentions(
        "1 a 0 x X Entity=(e1-x-1(e2-y-1)(e3",
        "2 b 1 x X Entity=e1)(e4",
        "3 c 2 x X Entity=e3)e4)",
    ) == [("e3", "a b c", "a"), ("e1", "a b", "a"), ("e2", "a", "a"), ("e4", "b c", "b")]


def test_mentions_of_one_entity_may_be_nested() -> None:
    rows = ["1 a 0 x X Entity=(e1--2", "2 b 1 x X Entity=(e1--1", "3 c 2 x X Entity=e1)e1)"]
    assert mentions(*rows) == [("e1", "a b c", "b"), ("e1", "b c", "b")]


def test_the_order_of_the_fields_may_be_told() -> None:
    mentions = parsed(
        "# global.Entity = etype-GRP-infstat-minspan",
        "1 a 0 x X Entity=(person-7-new-2",
        "2 b 1 x X Entity=7)",
        "",
        "1 c 0 x X Entity=(person-8)",
    )
    assert [each.annotation and each.annotation.mentions for each in mentions] == [
        (Mention("7", 0, 2, 1),),
        (Mention("8", 0, 1, 0),),
    ]


def test_of_a_mention_in_parts_the_first_counts() -> None:
    assert mentions(
        "1 old 4 amod X Entity=(e1[1/2]-animal-3)",
        "2 , 1 punct",
        "3 loud 4 amod X Entity=(e1[2/2]-animal-3",
        "4 dogs 0 root X Entity=e1[2/2])",
    ) == [("e1", "old", "old")]


def test_empty_nodes_count_for_the_head_alone() -> None:
    assert mentions(
        "1 says 0 root X",
        "1.1 she _ _ _ Entity=(e1-person-1)(e2-x-2",
        "2 so 1 obj X",
        "3 often 1 advmod X Entity=e2)",
    ) == [("e2", "so often", "so")]


def test_a_head_that_is_an_empty_node_is_that_of_the_tree() -> None:
    assert mentions("1 old 0 root X Entity=(e1-x-2", "1.1 dog", "2 big 1 amod X Entity=e1)") == [
        ("e1", "old big", "old")
    ]


@pytest.mark.parametrize(
    "misc", ["(e1-person-1", "e1)", "PERSON", "_", "()", "(e1))", "(", ")", "(-x-1)", "(e1[1/2]-x"]
)
def test_what_is_no_whole_mention_is_left_out(misc: str) -> None:
    whole = [("e1", "a", "a")] if misc == "(e1))" else []
    assert mentions(f"1 a 0 root X Entity={misc}") == whole


def test_a_mention_does_not_cross_sentences() -> None:
    mentions = parsed("1 a 0 root X Entity=(e1-x-1", "", "1 b 0 root X Entity=e1)")
    assert [each.annotation and each.annotation.mentions for each in mentions] == [(), ()]


def test_an_equals_sign_in_a_field_hides_no_bracket() -> None:
    assert mentions("1 a 0 x X Gloss=b|Entity=(e1-x-1-k=v)(e2)|SpaceAfter=No") == [
        ("e1", "a", "a"),
        ("e2", "a", "a"),
    ]
