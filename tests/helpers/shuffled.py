"""Treebanks whose words stand in random order, with what is known of them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from attnviz.text.files import read
from attnviz.text.treebank import TreebankSentence, treebank_sentences
from attnviz.text.types import Annotation


def shuffled(treebank: Path) -> str:
    """The sentences of a CoNLL-U file, the words of each in an order drawn by its text."""
    (file,) = read([str(treebank)], None)
    return "\n".join("\n".join([*_lines(one), ""]) for one in treebank_sentences(file))


def _lines(sentence: TreebankSentence) -> Iterator[str]:
    known = sentence.annotation
    seed = int.from_bytes(hashlib.sha256(sentence.text.encode()).digest()[:8], "big")
    order = np.random.default_rng(seed).permutation(len(known.forms)).tolist()
    entities = _entities(known)
    yield f"# newdoc id = {sentence.document}"
    yield "# global.Entity = eid-etype-head-other"
    for place, word in enumerate(order, 1):
        head = 1 + order.index(known.heads[word]) if known.heads[word] >= 0 else 0
        columns = (
            *(str(place), known.forms[word], "_", known.upos[word] or "_", "_", "_"),
            *(str(head), known.relations[word] or "_", "_", entities.get(word, "_")),
        )
        yield "\t".join(columns)


def _entities(known: Annotation) -> dict[int, str]:
    """The mentions by their head words: the other words of a mention need not follow any more."""
    brackets: dict[int, list[str]] = defaultdict(list)
    for mention in known.mentions:
        brackets[mention.head].append(f"({mention.entity.replace('-', '.')})")
    return {word: f"Entity={''.join(one)}" for word, one in brackets.items()}


def words(treebank: Sequence[TreebankSentence]) -> list[list[tuple[str, str, str, str]]]:
    """Form, relation, form of the head and entities of each word, in the order of the alphabet."""
    return [sorted(_words(one.annotation)) for one in treebank]


def _words(known: Annotation) -> Iterator[tuple[str, str, str, str]]:
    entities = _entities(known)
    for word, (form, head) in enumerate(zip(known.forms, known.heads, strict=True)):
        above = known.forms[head] if head >= 0 else ""
        yield form, known.relations[word], above, entities.get(word, "")
