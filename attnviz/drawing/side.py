"""One side of a matrix, queries or keys: its tokens, its words, and how they are named."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from attnviz.errors import UsageError
from attnviz.text.merge import merged
from attnviz.text.types import TokenLabel, Tokens
from attnviz.values import quoted

Places = tuple[int, ...]

_NUMBERED = re.compile(r"(.+)#([1-9][0-9]{0,5})", re.DOTALL)
_LISTED = 40


@dataclass(frozen=True)
class Word:
    """A word's text and the places of its tokens, on its side."""

    text: str
    places: Places


@dataclass(frozen=True)
class Side:
    """The tokens of one side, in their order; `places` are those in the sentence.

    `words` are made of content tokens alone.
    """

    labels: tuple[TokenLabel, ...]
    places: Places
    words: tuple[Word, ...]

    @classmethod
    def of(cls, tokens: Tokens) -> Side:
        """The side of a sentence, or of its words where they were merged before."""
        whole = merged([tokens])[0]
        words = zip(whole.tokens.labels, whole.groups, strict=True)
        return cls(
            tokens.labels,
            tuple(range(len(tokens))),
            tuple(Word(str(label), group) for label, group in words if not label.special),
        )

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The tokens as they are shown."""
        return tuple(map(str, self.labels))

    @cached_property
    def content(self) -> Places:
        """Where on this side the tokens stand that are not special."""
        return tuple(place for place, label in enumerate(self.labels) if not label.special)

    def picked(self, chosen: Sequence[int]) -> Side:
        """The side with these of its tokens; words that lose one are words no more."""
        new = {old: place for place, old in enumerate(chosen)}
        return Side(
            tuple(self.labels[old] for old in chosen),
            tuple(self.places[old] for old in chosen),
            tuple(
                Word(word.text, tuple(new[old] for old in word.places))
                for word in self.words
                if all(old in new for old in word.places)
            ),
        )

    def refuse_special(self, places: Iterable[int]) -> None:
        """Raises UsageError where a special token is among these places."""
        for place in places:
            if self.labels[place].special:
                raise UsageError(
                    f"{self.texts[place]} is a special token, which the lens content takes away.",
                    "Use the lens all.",
                )

    def like(self, name: str) -> list[Places]:
        """Every word of this name, or else every token: the places of its tokens.

        Small letters stand for large ones, too; a name with a large letter is first taken as it is.
        """
        names: Sequence[tuple[str, Places]]
        for names in (
            [(word.text, word.places) for word in self.words],
            [(text, (place,)) for place, text in enumerate(self.texts)],
        ):
            exact = [places for text, places in names if text == name]
            if exact and name != name.lower():
                return exact
            alike = [places for text, places in names if text.lower() == name.lower()]
            if alike:
                return alike
        return []

    def find(self, name: str) -> Places:
        """The tokens of the word or token called `name`; "the#2" is the second "the".

        UsageError where there is none, with those that come near.
        """
        if alike := self.like(name):
            return alike[0]
        if (numbered := _NUMBERED.fullmatch(name)) and (alike := self.like(numbered[1])):
            if int(numbered[2]) <= len(alike):
                return alike[int(numbered[2]) - 1]
            many = "only one" if len(alike) == 1 else f"only {len(alike)}"
            raise UsageError(
                f"There is no {quoted(name)}: the sentence has {many}.",
                f"The last is {quoted(f'{numbered[1]}#{len(alike)}')}.",
            )
        raise UsageError(f"The sentence has no word or token {quoted(name)}.", self._near(name))

    def find_all(self, names: str) -> list[Places]:
        """The tokens of each of several words with spaces between them, or of a name with spaces.

        UsageError where there is none.
        """
        if not isinstance(names, str):  # a script's
            raise UsageError(f"{quoted(names)} is no word.", "Give words or tokens as text.")
        if self.like(names) or not names.split():
            return [self.find(names)]
        return [self.find(name) for name in names.split()]

    def ambiguous(self, names: str) -> list[str]:
        """A note for each word that stands there more than once, and was named without a number."""
        several = [names] if self.like(names) else names.split()
        counts = {name: len(self.like(name)) for name in several}
        return [
            f"{quoted(name)} stands there {count} times: the first is taken; {quoted(f'{name}#2')} "
            "is the second."
            for name, count in counts.items()
            if count > 1
        ]

    def _near(self, name: str) -> str:
        """Names that are like one that isn't there, or else those that there are."""
        names = list(dict.fromkeys([*(word.text for word in self.words), *self.texts]))
        by_lower = {each.lower(): each for each in reversed(names)}
        near = difflib.get_close_matches(name.lower(), by_lower, n=3)
        if near:
            return f"Did you mean {_listed(by_lower[each] for each in near)}?"
        more = ", …" if len(names) > _LISTED else ""
        return f"It has {', '.join(names[:_LISTED])}{more}."


def _listed(names: Iterable[str]) -> str:
    return " or ".join(map(quoted, names))
