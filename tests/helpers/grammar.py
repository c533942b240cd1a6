"""A grammar of ten words, whose sentences know who does what: text for planted dependency heads.

    clause   = subject ["often"] verb
    verb     = "sleeps" | "sees" object
    sentence = clause {"and" clause}
    subject  = object = ("the" | "a") ["small"] ("cat" | "dog" | "bird")

So the subject stands one to two words before its verb, its determiner one to two words before
it, and the object two or three after the verb: no fixed offset finds any of them all the time.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from attnviz.text.types import Annotation, Sentence, Tokens
from tests.helpers.planted import sentence

WORDS = ("the", "a", "small", "cat", "dog", "bird", "often", "sees", "sleeps", "and")
NOUNS, VERBS = ("cat", "dog", "bird"), ("sees", "sleeps")
_UPOS = dict.fromkeys(("the", "a"), "DET") | dict.fromkeys(NOUNS, "NOUN")
_UPOS |= dict.fromkeys(VERBS, "VERB") | {"small": "ADJ", "often": "ADV", "and": "CCONJ"}
BOS = 0
"""Its id; the words' are 1 to 10, in the order of `WORDS`."""


class _Writer:
    """Writes a sentence word by word, each with its head and its relation to it."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self.forms: list[str] = []
        self.heads: list[int] = []
        self.relations: list[str] = []

    def sentence(self, clauses: int) -> None:
        root = self.clause()
        self.heads[root], self.relations[root] = -1, "root"
        for _ in range(clauses - 1):
            joint = self._word("and")
            verb = self.clause()
            self._arc(joint, verb, "cc")
            self._arc(verb, root, "conj")

    def clause(self) -> int:
        """Writes a clause; the place of its verb."""
        subject = self._noun_phrase()
        adverb = self._word("often") if self._rng.random() < 0.5 else None
        verb = self._word(str(self._rng.choice(VERBS)))
        self._arc(subject, verb, "nsubj")
        if adverb is not None:
            self._arc(adverb, verb, "advmod")
        if self.forms[verb] == "sees":
            self._arc(self._noun_phrase(), verb, "obj")
        return verb

    def _noun_phrase(self) -> int:
        determiner = self._word(str(self._rng.choice(("the", "a"))))
        small = self._word("small") if self._rng.random() < 0.5 else None
        noun = self._word(str(self._rng.choice(NOUNS)))
        self._arc(determiner, noun, "det")
        if small is not None:
            self._arc(small, noun, "amod")
        return noun

    def _word(self, form: str) -> int:
        self.forms.append(form)
        self.heads.append(-1)
        self.relations.append("")
        return len(self.forms) - 1

    def _arc(self, dependent: int, head: int, relation: str) -> None:
        self.heads[dependent], self.relations[dependent] = head, relation


def annotation(rng: np.random.Generator, clauses: int) -> Annotation:
    """A random sentence of so many clauses, its words one space apart."""
    writer = _Writer(rng)
    writer.sentence(clauses)
    ends = np.cumsum([len(form) + 1 for form in writer.forms]) - 1
    return Annotation(
        forms=tuple(writer.forms),
        spans=tuple(
            (int(end) - len(form), int(end)) for form, end in zip(writer.forms, ends, strict=True)
        ),
        upos=tuple(_UPOS[form] for form in writer.forms),
        heads=tuple(writer.heads),
        relations=tuple(writer.relations),
    )


def corpus(count: int, seed: int) -> list[Tokens]:
    """Different sentences of two or three clauses, a token a word, [BOS] first."""
    rng = np.random.default_rng(seed)
    found: dict[str, Tokens] = {}
    while len(found) < count:
        gold = annotation(rng, int(rng.integers(2, 4)))
        text = " ".join(gold.forms)
        tokens = sentence(f"[BOS] {text}")
        found[text] = replace(
            tokens,
            sentence=Sentence(len(found) + 1, text, forms=gold.forms, annotation=gold),
            ids=(BOS, *(1 + WORDS.index(form) for form in gold.forms)),
            words=(None, *range(len(gold.forms))),
            spans=((0, 0), *gold.spans),
        )
    return list(found.values())


def arcs(tokens: Tokens, relation: str) -> list[tuple[int, int]]:
    """(head, dependent) of every arc of a relation, as places of tokens."""
    gold = tokens.sentence.annotation
    if gold is None:
        raise ValueError("not a sentence of the grammar")
    return [
        (head + 1, dependent + 1)  # [BOS] is token 0
        for dependent, (head, name) in enumerate(zip(gold.heads, gold.relations, strict=True))
        if name == relation
    ]
