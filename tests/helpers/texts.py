"""Little treebanks for the tests, written in the columns that matter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.text.annotation import placed_forms
from attnviz.text.split import Split, sentences
from attnviz.text.types import Annotation, Sentence, SourceFile

if TYPE_CHECKING:
    pass


def conllu(*rows: str) -> SourceFile:
    """Make a file of rows such as `1 Dogs 2 nsubj NOUN Entity=(e1)`; left-out columns are `_`.

    Comments and blank rows stay; spaces in a form are written `~`.
    """
    return SourceFile("bank.conllu", "0" * 64, "\n".join(map(_line, rows)) + "\n")


def parsed(*rows: str, split: Split = "auto") -> tuple[Sentence, ...]:
    return sentences([conllu(*rows)], split)


def _line(row: str) -> str:
    if not row or row.startswith("#"):
        return row
    number, form, head, relation, upos, misc = [*row.split(), *["_"] * 4][:6]
    return "\t".join(
        [number, form.replace("~", " "), "_", upos, "_", "_", head, relation, "_", misc]
    )


Spans = list[tuple[int, int]]


def annotated(text: str, spans: Spans) -> Sentence:
    count = len(spans)
    blank = ("",) * count
    annotation = Annotation(
        tuple(text[start:end] for start, end in spans), tuple(spans), blank, (-1,) * count, blank
    )
    return Sentence(1, text, annotation=annotation)


def in_words(text: str, *forms: str) -> Sentence:
    return annotated(text, placed_forms(text, forms))


def sentence(text: str) -> Sentence:
    return Sentence(1, text)


def text_file(text: str, name: str = "a.txt") -> SourceFile:
    return SourceFile(name, "0" * 64, text)
