"""Annotates plain text with the user's own spaCy model (`--annotate spacy`)."""

from __future__ import annotations

import difflib
import importlib
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import regex

from attnviz.errors import InputError, UsageError
from attnviz.text.annotation import joined
from attnviz.text.pairs import second_start
from attnviz.text.showable import showable
from attnviz.text.types import Annotation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from attnviz.text.types import Sentence

DEFAULT_MODEL = "en_core_web_sm"

_LIBRARY = "spacy"
# They cost time, and nothing of theirs is used; spaCy doesn't mind where a model has none.
_UNUSED = ["ner", "lemmatizer", "textcat", "entity_linker"]
_SURROGATE = regex.compile(r"\p{Cs}")


class Parser:
    """The user's spaCy model, named `spacy` or `spacy:NAME`.

    The labels are spaCy's own, in lower case ("nsubjpass"). A sentence that spaCy would split has
    several roots; the texts of a pair are parsed apart.

    Raises `UsageError` where spaCy or the model isn't there or can't parse, `InputError` where a
    sentence is too long for it.
    """

    def __init__(self, model: str) -> None:
        self._name = spacy_model(model)
        self._parser = _loaded(self._name)

    def annotated(self, sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
        """The sentences, those without an annotation with one."""
        bare = [sentence for sentence in sentences if sentence.annotation is None]
        if not bare:
            return tuple(sentences)
        _check_lengths(bare, self._parser.max_length)
        # spaCy takes no lone surrogates; a stand-in of the same length keeps the places right.
        texts = [
            _SURROGATE.sub("\ufffd", text)
            for sentence in bare
            for text in sentence.pair or (sentence.text,)
        ]
        parsed = iter([_annotation(document) for document in self._parser.pipe(texts)])
        annotations = [_sentence_annotation(sentence, parsed) for sentence in bare]
        if not any(relation for annotation in annotations for relation in annotation.relations):
            raise UsageError(
                f"The spaCy model {showable(self._name)} doesn't parse.",
                f"Name one with a dependency parser, such as spacy:{DEFAULT_MODEL}.",
            )
        new = iter(annotations)
        return tuple(
            replace(sentence, annotation=next(new)) if sentence.annotation is None else sentence
            for sentence in sentences
        )


def _sentence_annotation(sentence: Sentence, parsed: Iterator[Annotation]) -> Annotation:
    """The annotation of a sentence; those of a pair's two texts, the next `parsed`, joined."""
    first = next(parsed)
    if sentence.pair is None:
        return first
    return joined([(first, 0), (next(parsed), second_start(sentence.pair))])


def spacy_model(value: str) -> str:
    """Read the name of the model from `spacy` or `spacy:NAME`; raises `UsageError` for others."""
    library, colon, name = value.partition(":")
    if library != _LIBRARY or (colon and not name.strip()):
        close = difflib.get_close_matches(library, [_LIBRARY], n=1)
        meant = f"Did you mean {_LIBRARY}{colon}{name}? " if close and library != _LIBRARY else ""
        raise UsageError(
            f"Text can't be annotated with {showable(value) or 'nothing'}.",
            f"{showable(meant)}Give spacy, or spacy:NAME for another model than {DEFAULT_MODEL}.",
        )
    return name.strip() or DEFAULT_MODEL


def _loaded(name: str) -> Any:  # noqa: ANN401 - spaCy may be missing where types are checked
    try:
        spacy = importlib.import_module(_LIBRARY)
    except ImportError as error:
        raise UsageError(
            f"Text can be annotated only with spaCy, which can't be imported: {error}.",
            'Install it: pip install "attnviz[syntax]"',
        ) from error
    try:
        return spacy.load(name, exclude=_UNUSED)
    except OSError as error:
        raise UsageError(
            f"There is no spaCy model {showable(name)}.",
            f"Install it: python -m spacy download {shlex.quote(showable(name))}",
        ) from error
    except (ImportError, ValueError) as error:
        raise UsageError(
            f"The spaCy model {showable(name)} can't be loaded: {showable(str(error))}",
            f"Check that it fits the installed spaCy {spacy.__version__}: python -m spacy validate",
        ) from error


def _check_lengths(sentences: Iterable[Sentence], limit: int) -> None:
    for sentence in sentences:
        if len(sentence.text) > limit:
            raise InputError(
                f"Sentence {sentence.id} has {len(sentence.text):,} characters; "
                f"spaCy parses up to {limit:,}.",
                "Split the text with --split sentence.",
            )


def _annotation(document: Any) -> Annotation:  # noqa: ANN401
    # spaCy counts runs of spaces as words; nothing hangs on them.
    words = [token for token in document if not token.is_space]
    places = {word.i: place for place, word in enumerate(words)}
    roots = [word.head.i == word.i or word.head.i not in places for word in words]
    return Annotation(
        forms=tuple(word.text for word in words),
        spans=tuple((word.idx, word.idx + len(word.text)) for word in words),
        upos=tuple(word.pos_ for word in words),
        heads=tuple(
            -1 if root else places[word.head.i] for word, root in zip(words, roots, strict=True)
        ),
        relations=tuple(word.dep_.lower() for word in words),
    )
