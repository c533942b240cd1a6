"""Sentences become tokens, some at a time: a shard is what is measured together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from attnviz.attention.merge import Wording
from attnviz.models.generate import generate
from attnviz.models.load import LoadedModel, quiet
from attnviz.models.related import Related
from attnviz.settings import Settings
from attnviz.survey.tally import Tally
from attnviz.survey.texts import Pair
from attnviz.text.annotate import Parser
from attnviz.text.chat import rendered
from attnviz.text.documents import shared
from attnviz.text.merge import merged
from attnviz.text.special import Reading, SpecialTokens, unread, written_in
from attnviz.text.tokenize import tokenize_all, tokenize_targets
from attnviz.text.types import Sentence, Tokens


@dataclass(frozen=True)
class Shard:
    """Sentences that are measured together.

    `tokens` are what the model reads, `targets` what its decoder reads, `wording` the words that
    the tokens make, where words are measured.
    """

    tokens: Sequence[Tokens]
    targets: Sequence[Tokens] | None = None
    wording: Wording | None = None

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def shown(self) -> tuple[Sequence[Tokens], Sequence[Tokens] | None]:
        """The sentences and targets as observers see them: words where they are measured."""
        return self.wording.texts if self.wording else (self.tokens, self.targets)

    def picked(self, places: Sequence[int]) -> Shard:
        """Some of the sentences."""
        return Shard(
            [self.tokens[place] for place in places],
            self.targets and [self.targets[place] for place in places],
            self.wording and self.wording.picked(places),
        )


class Reader:
    """Makes shards of sentences, for one model."""

    def __init__(self, loaded: LoadedModel, settings: Settings, parser: Parser | None) -> None:
        self._loaded, self._settings, self._parser = loaded, settings, parser
        self._special = SpecialTokens(loaded.tokenizer)

    def read(self, pairs: Sequence[Pair], tally: Tally | None = None) -> Shard:
        """The sentences that have a content token, on both sides of a pair.

        All of them are counted in the `tally`. Raises UsageError or InputError where they can't
        be parsed or rendered.
        """
        sentences = [sentence for sentence, _ in pairs]
        answers = [target for _, target in pairs if target is not None]
        if self._parser is not None:
            sentences = list(self._parser.annotated(sentences))
        tokens = self._tokenized(sentences, tally)
        targets = self._of_targets(answers) if answers else None
        if tally is not None and self._loaded.tokenizer.is_fast:
            many, names = unread([*tokens, *(targets or ())], self._special)
            tally.unread += many
            tally.unread_names.update(names)
        return self._usable(tokens, targets, tally)

    def _tokenized(self, sentences: Sequence[Sentence], tally: Tally | None) -> Sequence[Tokens]:
        settings, loaded = self._settings, self._loaded
        reading = self._reading
        if settings.chat:
            reading = "chat"
            if tally is not None:
                texts = [sentence.text for sentence in sentences]
                tally.special_said += written_in(texts, self._special)
            with quiet():
                sentences = rendered(
                    sentences, loaded.tokenizer, loaded.name, answered=settings.generate > 0
                )
        return tokenize_all(sentences, loaded.tokenizer, loaded.limit, reading=reading)

    def _of_targets(self, answers: Sequence[Sentence]) -> Sequence[Tokens]:
        loaded = self._loaded
        return tokenize_targets(
            answers,
            loaded.tokenizer,
            loaded.target_limit,
            loaded.decoder_start,
            reading=self._reading,
        )

    @property
    def _reading(self) -> Reading:
        return "parse" if self._settings.parse_special_tokens else "text"

    def _usable(
        self, tokens: Sequence[Tokens], targets: Sequence[Tokens] | None, tally: Tally | None
    ) -> Shard:
        usable = [
            place
            for place, sentence in enumerate(tokens)
            if _is_whole(sentence) and (targets is None or "" in targets[place].kinds)
        ]
        shard = Shard(tokens, targets).picked(usable)
        if tally is not None:
            there = set(usable)
            for place, sentence in enumerate(tokens):
                if place not in there:
                    tally.left_out.add(sentence.sentence, paired=targets is not None)
            for sentence in shard.tokens:
                tally.cut.add(sentence, sentence.cut)
            for target in shard.targets or ():
                tally.cut_targets.add(target, target.cut)
        return shard

    def written(self, shard: Shard, tally: Tally, advance: Callable[[int], None]) -> Shard:
        """The shard with what the model writes, where it is asked to write."""
        if not self._settings.generate or not len(shard):
            return shard
        loaded = self._loaded
        new = generate(loaded, shard.tokens, self._settings.generate, advance)
        for before, after in zip(shard.tokens, new, strict=True):
            lost = after.cut - (0 if loaded.encoder_decoder else before.cut)
            tally.unwritten.add(after, lost)
            tally.most_unwritten = max(tally.most_unwritten, lost)
        return Shard(shard.tokens, new) if loaded.encoder_decoder else Shard(new)

    def with_words(self, shard: Shard, related: tuple[Related, Related | None]) -> Shard:
        """The shard with the pairs of related words, and the words that its tokens make.

        `related` are what is known of related words of either side.
        """
        tokens, targets = related[0].within(shard.tokens), shard.targets
        if targets is not None and related[1] is not None:
            targets = related[1].within(shared(tokens, targets))
        return self.in_words(Shard(tokens, targets))

    def in_words(self, shard: Shard) -> Shard:
        """The shard with the words that its tokens make, where words are measured."""
        if not self._settings.words:
            return shard
        tokens, targets = shard.tokens, shard.targets
        words = merged([*tokens, *(targets or ())])
        several = words[len(tokens) :] if targets is not None else None
        return Shard(tokens, targets, Wording(words[: len(tokens)], several, self._settings.pieces))


def _is_whole(tokens: Tokens) -> bool:
    """Whether a sentence has a content token, a pair one in each text."""
    of = zip(tokens.segments or (0,) * len(tokens), tokens.kinds, strict=True)
    return {segment for segment, kind in of if not kind} >= {0, *({1} if tokens.segments else ())}
