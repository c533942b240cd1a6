"""What the model says, as each format tells it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from attnviz.report.formats import html, markdown
from attnviz.report.predictions import Answer, Choice, LayerLooks, Prediction
from attnviz.report.sections import prediction
from attnviz.text.types import TokenLabel
from tests.helpers import example
from tests.helpers.page import Page

if TYPE_CHECKING:
    from attnviz.report.model import Report, SentenceReport

TOKENS = [TokenLabel(text) for text in ("[CLS]", "Ada", "met", "Grace", "[SEP]")]


def answer(
    *choices: tuple[str, float], place: int | None = None, read: tuple[int, ...] = (0,)
) -> Answer:
    told = tuple(Choice(text, share) for text, share in choices)
    return Answer(told, place, read, (LayerLooks(0, (2, 0), (0.5, 0.25)),) if read else ())


def sentence(said: Prediction) -> SentenceReport:
    return replace(example.report().sentences[0], prediction=said)


def with_predictions(*every: Prediction) -> Report:
    """An example report in which its illustrated sentences have these predictions."""
    made = example.report()
    told = dict(zip([view.id for view in made.illustrations], every, strict=False))
    return replace(
        made,
        sentences=tuple(replace(each, prediction=told.get(each.id)) for each in made.sentences),
    )


def section(said: Prediction) -> prediction.Prediction:
    found = prediction.of(sentence(said), TOKENS, "linear")
    assert found is not None
    return found


def test_a_label_with_its_verdict_and_what_it_is_read_off() -> None:
    said = Prediction("label", (answer(("no", 0.9971), ("yes", 0.0029)),), "yes", False)
    found = section(said)
    assert found.text == "no >0.99, yes 0.0029"
    assert found.verdict_says == "Wrong: the right label is yes."
    (told,) = found.answers
    assert told.reads == (
        "Read off “[CLS]” (token 0). What it looks at most in each layer, mean over its heads:"
    )
    assert [row.text for row in told.layers] == ["“met” 0.50, “[CLS]” 0.25"]
    assert [key.shade for key in told.layers[0].keys] == [50, 25]


def test_without_a_right_label_there_is_no_verdict() -> None:
    assert section(Prediction("label", (answer(("no", 0.6)),), None, None)).verdict == ""


def test_a_next_token_shows_its_space_and_what_cant_be_seen() -> None:
    found = section(
        Prediction("next-token", (answer((" to", 0.5), ("\n", 0.2), (" ", 0.1)),), None, None)
    )
    assert [choice.label for choice in (found.answers[0].first, *found.answers[0].others)] == [
        TokenLabel("to", space=True),
        TokenLabel("⏎"),
        TokenLabel("␣"),
    ]


def test_words_outside_of_all_labels_say_only_that() -> None:
    every = (
        answer(("PER", 0.9), ("O", 0.1), place=1),
        answer(("O", 0.8), ("PER", 0.2), place=2),
        answer(("PER", 0.7), ("O", 0.3), place=3),
    )
    found = section(Prediction("token-labels", every, None, None))
    assert found.text == "Ada at 1: PER 0.90; met at 2: O 0.80; Grace at 3: PER 0.70"
    assert [len(each.layers) for each in found.answers] == [1, 0, 1]


def test_a_head_that_reads_what_cant_be_told() -> None:
    (told,) = section(Prediction("label", (answer(("no", 0.6), read=()),), None, None)).answers
    assert told.reads == "It could not be told which tokens the head reads this off."
    assert told.layers == ()


def test_the_formats_print_the_same_and_nothing_hostile() -> None:
    hostile = answer((example.HOSTILE, 0.75), ("no", 0.25))
    made = with_predictions(
        Prediction("label", (hostile,), example.HOSTILE, True),
        Prediction("label", (answer(("no", 0.6)),), example.HOSTILE, False),
    )
    page, text = Page(html.write(made, ()).decode()), markdown.write(made, ()).decode()
    tally = "The model's label is right for 1 of 2 sentences shown here with a right label"
    assert tally in page.text
    assert tally in text
    assert page.text.count("What the model says") == 2
    assert text.count("What the model says") == 2
    assert "<img src=x" not in text
    lines = list(prediction.lines(made))
    assert lines[0].startswith(tally)
    assert len(lines) == 2


def test_a_report_without_predictions_says_nothing_of_them() -> None:
    made = example.report()
    assert "What the model says" not in Page(html.write(made, ()).decode()).text
    assert list(prediction.lines(made)) == []
