"""A small grammar that writes English sentences, their French, and which word comes from which."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from samples.translation.words import (
    ADJECTIVES,
    ADVERBS,
    DEFINITE,
    DETERMINERS,
    FRONTED,
    LIVING,
    NEGATED_ADVERBS,
    NOUNS,
    PREPOSITIONS,
    PRONOUNS,
    SUBJECTS,
    VERBS,
    rows,
)

SHORTEST, LONGEST = 4, 14


@dataclass(frozen=True)
class Pair:
    """A phrase in both languages; `links` has, for each target word, its source word's index."""

    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    links: tuple[int, ...] = ()

    def __add__(self, other: Pair) -> Pair:
        moved = tuple(link + len(self.source) for link in other.links)
        return Pair(self.source + other.source, self.target + other.target, self.links + moved)

    def pharaoh(self) -> str:
        """The alignment as `source-target` indices."""
        return " ".join(f"{link}-{target}" for target, link in enumerate(self.links))


@dataclass(frozen=True)
class Noun:
    """A noun phrase with what the words around it have to agree with."""

    pair: Pair
    feminine: bool
    plural: bool


def arrange(words: Sequence[tuple[str, str | None]], order: Sequence[int]) -> Pair:
    """A pair from source words and their translations; `order` has the target's source indices."""
    target = tuple(words[index][1] or "" for index in order)
    return Pair(tuple(source for source, _ in words), target, tuple(order))


def in_order(*words: tuple[str, str]) -> Pair:
    """A pair whose words come in the same order in both languages."""
    return arrange(words, range(len(words)))


class Grammar:
    """Writes random sentence pairs; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - sentences, not secrets
        self._nouns = {kind: rows(table) for kind, table in NOUNS.items()}
        self._adjectives = {kind: rows(table) for kind, table in ADJECTIVES.items()}
        self._verbs = {kind: rows(table) for kind, table in VERBS.items()}
        self._determiners = rows(DETERMINERS)

    def sentence(self) -> Pair:
        """A sentence of SHORTEST to LONGEST source words, the full stop included."""
        while True:
            pair = self._sentence()
            if SHORTEST <= len(pair.source) <= LONGEST:
                return pair

    def _sentence(self) -> Pair:
        subject = self._subject()
        if self._chance(0.15) and subject.pair.source[0] not in dict(SUBJECTS):
            clause = subject.pair + self._copula(subject)
        elif self._chance(0.25):
            clause = self._fronted(subject)
        else:
            clause = subject.pair + self._predicate(subject)
        if self._chance(0.5):
            clause += self._place()
        return clause + in_order((".", "."))

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _subject(self) -> Noun:
        kind = self._random.random()
        if kind < 0.1:
            source, target = self._random.choice(SUBJECTS)
            return Noun(in_order((source, target)), target == "elle", plural=False)
        noun = self._noun(self._random.choice(LIVING))
        if kind < 0.2:
            other = self._noun(self._random.choice(LIVING))
            both = noun.pair + in_order(("and", "et")) + other.pair
            return Noun(both, noun.feminine and other.feminine, plural=True)
        if kind < 0.35:
            return Noun(noun.pair + self._place(), noun.feminine, noun.plural)
        if kind < 0.5:
            relative = in_order(("that", "qui")) + self._plain_verb(noun) + self._object().pair
            return Noun(noun.pair + relative, noun.feminine, noun.plural)
        return noun

    def _noun(self, kind: str, *, definite: bool = False) -> Noun:
        """A noun with its determiner and up to three adjectives, all agreeing with it."""
        plural = self._chance(0.35)
        singular_en, plural_en, singular_fr, plural_fr, gender = self._random.choice(
            self._nouns[kind]
        )
        feminine = gender == "f"
        before = self._adjective("before", 0.35, feminine=feminine, plural=plural)
        quality = "mood" if kind in LIVING else "state"
        after = self._adjective(quality, 0.25, feminine=feminine, plural=plural)
        if kind != "person":
            after += self._adjective("colour", 0.35, feminine=feminine, plural=plural)
        noun = (plural_en, plural_fr) if plural else (singular_en, singular_fr)
        rest = [*before, *after, noun]
        words = [
            self._determiner(rest[0][0], definite=definite, feminine=feminine, plural=plural),
            *rest,
        ]
        # What follows a French noun is the mirror image of what precedes the English one.
        stay = 1 + len(before)
        order = [*range(stay), *reversed(range(stay, len(words)))]
        return Noun(arrange(words, order), feminine, plural)

    def _determiner(
        self, following: str, *, definite: bool, feminine: bool, plural: bool
    ) -> tuple[str, str]:
        form = 3 if plural else 1 + feminine
        fitting = [
            row
            for row in self._determiners
            if row[form] != "-" and (not definite or row[0] in DEFINITE)
        ]
        # About half of them are "the", as in real text.
        row = fitting[0] if self._chance(0.4) else self._random.choice(fitting)
        source = "an" if row[0] == "a" and following[0] in "aeiou" else row[0]
        return source, row[form]

    def _adjective(
        self, kind: str, probability: float, *, feminine: bool, plural: bool
    ) -> list[tuple[str, str]]:
        """An adjective of `kind`, or none."""
        if not self._chance(probability):
            return []
        source, masculine, feminine_form, masculine_plural = self._random.choice(
            self._adjectives[kind]
        )
        if plural:
            return [(source, f"{feminine_form}s" if feminine else masculine_plural)]
        return [(source, feminine_form if feminine else masculine)]

    def _object(self, *, definite: bool = False) -> Noun:
        return self._noun(self._random.choice((*LIVING, "thing")), definite=definite)

    def _place(self) -> Pair:
        kind = self._random.choice(tuple(PREPOSITIONS))
        preposition = self._random.choice(PREPOSITIONS[kind])
        return in_order(preposition) + self._noun(kind).pair

    def _plain_verb(self, subject: Noun) -> Pair:
        base, third, _, singular, plural = self._random.choice(self._verbs["transitive"])
        return in_order((base, plural) if subject.plural else (third, singular))

    def _copula(self, subject: Noun) -> Pair:
        """Writes "is" and an adjective that agrees with a noun that may be far away."""
        adjective = self._adjective("mood", 1.0, feminine=subject.feminine, plural=subject.plural)
        verb = ("are", "sont") if subject.plural else ("is", "est")
        adverb = [self._random.choice(NEGATED_ADVERBS)] if self._chance(0.3) else []
        return in_order(verb, *adverb, *adjective)

    def _fronted(self, subject: Noun) -> Pair:
        """An adverb that comes first in English and after the verb in French."""
        adverb, adverb_fr = self._random.choice(FRONTED)
        verb = self._plain_verb(subject)
        source = (adverb, *subject.pair.source, *verb.source)
        target = (*subject.pair.target, *verb.target, adverb_fr)
        links = (*(link + 1 for link in subject.pair.links), len(source) - 1, 0)
        return Pair(source, target, links) + self._object().pair

    def _predicate(self, subject: Noun) -> Pair:
        kind = self._random.choice(("transitive", "transitive", "intransitive"))
        base, third, progressive, singular, plural = self._random.choice(self._verbs[kind])
        verb_fr = plural if subject.plural else singular
        clitic = kind == "transitive" and self._chance(0.2)
        pronoun = [self._random.choice(PRONOUNS)] if clitic else []
        negated = self._chance(0.2)
        if negated:
            verb = self._negated((base, verb_fr), pronoun, plural=subject.plural)
        elif progressive != "-" and self._chance(0.5):
            be = "are" if subject.plural else "is"
            verb = self._affirmed([(be, None)], (progressive, verb_fr), pronoun)
        else:
            verb = self._affirmed([], (base if subject.plural else third, verb_fr), pronoun)
        if kind == "intransitive" or clitic:
            return verb
        return verb + self._object(definite=negated).pair

    def _affirmed(
        self,
        auxiliary: list[tuple[str, None]],
        verb: tuple[str, str],
        pronoun: list[tuple[str, str]],
    ) -> Pair:
        """Writes "[is] [often] seeing [him]", "[le] voit [souvent]": "is" stays untranslated."""
        adverb = [self._random.choice(ADVERBS)] if self._chance(0.3) else []
        at = len(auxiliary) + len(adverb)
        order = [*range(at + 1, at + 1 + len(pronoun)), at, *range(len(auxiliary), at)]
        return arrange([*auxiliary, *adverb, verb, *pronoun], order)

    def _negated(
        self, verb: tuple[str, str], pronoun: list[tuple[str, str]], *, plural: bool
    ) -> Pair:
        """Writes "does not [often] see [him]", "ne [le] voit pas [souvent]"."""
        adverb = [self._random.choice(NEGATED_ADVERBS)] if self._chance(0.3) else []
        negation = [("do" if plural else "does", "ne"), ("not", "pas")]
        at = 2 + len(adverb)
        order = [0, *range(at + 1, at + 1 + len(pronoun)), at, 1, *range(2, at)]
        return arrange([*negation, *adverb, verb, *pronoun], order)
