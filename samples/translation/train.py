"""Trains a tiny English-to-French model whose word alignment is known.

Sentences come from a small grammar that writes a pair together with the source word that each
target word translates. The model sees the pairs only, never the alignment: where its
cross-attention agrees with the alignment, it found that out by itself.

    python -m samples.translation.train [--out DIR]
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import GenerationConfig, MarianConfig, MarianMTModel, PreTrainedTokenizerFast

from samples import training

HERE = Path(__file__).parent
HELD_OUT_SEED = 20240
TRAIN_SEED = 7
HELD_OUT = 500
SHOWN = 120
SHORTEST, LONGEST = 4, 14

STEPS = 1500
BATCH = 128
RATE = 3e-3
WARM_UP = 200

SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")
PAD, START, END, UNKNOWN = range(len(SPECIAL))

# --- The words -----------------------------------------------------------------------------------
# No French noun, verb or adjective before a noun starts with a vowel or h, so nothing elides, and
# apart from the full stop no word is in both languages.

NOUNS = {
    "person": """
        boy boys garçon garçons m
        farmer farmers fermier fermiers m
        baker bakers boulanger boulangers m
        king kings roi rois m
        brother brothers frère frères m
        girl girls fille filles f
        queen queens reine reines f
        sister sisters sœur sœurs f
    """,
    "animal": """
        cat cats chat chats m
        dog dogs chien chiens m
        rabbit rabbits lapin lapins m
        horse horses cheval chevaux m
        wolf wolves loup loups m
        duck ducks canard canards m
        mouse mice souris souris f
        cow cows vache vaches f
        goat goats chèvre chèvres f
        hen hens poule poules f
        turtle turtles tortue tortues f
    """,
    "thing": """
        book books livre livres m
        cake cakes gâteau gâteaux m
        hat hats chapeau chapeaux m
        basket baskets panier paniers m
        pencil pencils crayon crayons m
        cheese cheeses fromage fromages m
        apple apples pomme pommes f
        letter letters lettre lettres f
        flower flowers fleur fleurs f
        dress dresses robe robes f
        cup cups tasse tasses f
        key keys clé clés f
    """,
    "place": """
        garden gardens jardin jardins m
        castle castles château châteaux m
        field fields champ champs m
        boat boats bateau bateaux m
        house houses maison maisons f
        forest forests forêt forêts f
        street streets rue rues f
        kitchen kitchens cuisine cuisines f
    """,
    "surface": """
        bench benches banc bancs m
        bridge bridges pont ponts m
        carpet carpets tapis tapis m
        chair chairs chaise chaises f
        mountain mountains montagne montagnes f
    """,
}

LIVING = ("person", "animal")

# Masculine, feminine, and the masculine plural; the feminine plural always adds an s.
ADJECTIVES = {
    "before": """
        small petit petite petits
        big grand grande grands
        old vieux vieille vieux
        beautiful beau belle beaux
        pretty joli jolie jolis
        new nouveau nouvelle nouveaux
        good bon bonne bons
    """,
    "mood": """
        tired fatigué fatiguée fatigués
        sad triste triste tristes
        happy heureux heureuse heureux
        funny drôle drôle drôles
        proud fier fière fiers
        shy timide timide timides
    """,
    "state": """
        dirty sale sale sales
        heavy lourd lourde lourds
        strange étrange étrange étranges
        light léger légère légers
    """,
    "colour": """
        red rouge rouge rouges
        black noir noire noirs
        white blanc blanche blancs
        green vert verte verts
        blue bleu bleue bleus
        grey gris grise gris
    """,
}

# Plain form, third person, -ing form (a dash: never used so), French singular and plural.
VERBS = {
    "transitive": """
        see sees - voit voient
        want wants - veut veulent
        know knows - connaît connaissent
        watch watches watching regarde regardent
        find finds finding trouve trouvent
        follow follows following suit suivent
        carry carries carrying porte portent
        draw draws drawing dessine dessinent
        push pushes pushing pousse poussent
        hide hides hiding cache cachent
        lose loses losing perd perdent
    """,
    "intransitive": """
        sleep sleeps sleeping dort dorment
        run runs running court courent
        sing sings singing chante chantent
        dance dances dancing danse dansent
        work works working travaille travaillent
        fall falls falling tombe tombent
        jump jumps jumping saute sautent
    """,
}

# English, then the French masculine, feminine and plural; a dash: not in that number.
DETERMINERS = """
    the le la les
    a un une -
    this ce cette -
    these - - ces
    my mon ma mes
    his son sa ses
    some - - quelques
"""
DEFINITE = ("the", "this", "these", "my", "his")
"""What may follow a negation: with the others French has "pas de"."""

PREPOSITIONS = {
    "place": (("in", "dans"), ("behind", "derrière")),
    "surface": (("on", "sur"), ("under", "sous"), ("behind", "derrière")),
    "person": (("with", "avec"), ("without", "sans"), ("behind", "derrière")),
    "animal": (("with", "avec"), ("without", "sans"), ("behind", "derrière")),
}
ADVERBS = (
    ("often", "souvent"),
    ("always", "toujours"),
    ("already", "déjà"),
    ("slowly", "lentement"),
    ("quickly", "rapidement"),
)
NEGATED_ADVERBS = ADVERBS[:2]
FRONTED = (("now", "maintenant"), ("sometimes", "parfois"))
PRONOUNS = (("him", "le"), ("her", "la"), ("them", "les"))
SUBJECTS = (("he", "il"), ("she", "elle"))

FUNCTION_WORDS = """
    le la les un une ce cette ces mon ma mes son sa ses quelques
    dans derrière sur sous avec sans il elle et qui ne pas est sont .
"""
"""Target words that are no content words."""


def rows(table: str) -> list[list[str]]:
    """The words of a table, a row a line."""
    return [line.split() for line in table.split("\n") if line.strip()]


# --- The grammar ---------------------------------------------------------------------------------


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


def held_out(count: int = HELD_OUT) -> list[Pair]:
    """The first `count` sentences that no model is trained on, each once."""
    grammar, pairs = Grammar(HELD_OUT_SEED), dict[tuple[str, ...], Pair]()
    while len(pairs) < count:
        pair = grammar.sentence()
        pairs.setdefault(pair.source, pair)
    return list(pairs.values())


def sample_files() -> dict[str, str]:
    """The sample text: file names and what is in them."""
    pairs = held_out(SHOWN)
    lines = {
        "source.txt": [" ".join(pair.source) for pair in pairs],
        "target.txt": [" ".join(pair.target) for pair in pairs],
        "alignment.txt": [pair.pharaoh() for pair in pairs],
    }
    return {name: "\n".join(each) + "\n" for name, each in lines.items()}


def vocabulary() -> list[str]:
    """Every word that the grammar can write, in both languages."""
    words = {".", "an", "and", "et", "that", "qui", "do", "does", "not", "ne", "pas"}
    words |= {"is", "are", "est", "sont"}
    for table in (*NOUNS.values(), *ADJECTIVES.values(), *VERBS.values(), DETERMINERS):
        words |= set(table.split())
    words |= {f"{row[2]}s" for table in ADJECTIVES.values() for row in rows(table)}
    pairs = (*ADVERBS, *FRONTED, *PRONOUNS, *SUBJECTS)
    words |= {word for pair in (*pairs, *chain(*PREPOSITIONS.values())) for word in pair}
    return [*SPECIAL, *sorted(words - {"-", "m", "f"})]


# --- The model -----------------------------------------------------------------------------------


def make_tokenizer() -> Any:  # noqa: ANN401 - transformers' own
    """One token a word, for both languages; a text ends with </s>."""
    ids = {word: index for index, word in enumerate(vocabulary())}
    backend: Any = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))  # noqa: S106
    backend.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()]
    )
    backend.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", END)]
    )
    fast: Any = PreTrainedTokenizerFast
    return fast(
        tokenizer_object=backend,
        pad_token="<pad>",  # noqa: S106
        bos_token="<s>",  # noqa: S106
        eos_token="</s>",  # noqa: S106
        unk_token="<unk>",  # noqa: S106
        model_max_length=64,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )


def make_model(tokenizer: Any) -> Any:  # noqa: ANN401 - transformers' own
    """An untrained Marian model, small enough to be part of the repository."""
    config = MarianConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=64,
        d_model=64,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        dropout=0.05,
        init_std=0.08,
        scale_embedding=True,
        pad_token_id=PAD,
        bos_token_id=START,
        eos_token_id=END,
        forced_eos_token_id=None,
        decoder_start_token_id=START,
    )
    model: Any = MarianMTModel(config)
    model.set_attn_implementation("eager")  # the only one that hands out its weights
    generation: Any = GenerationConfig
    model.generation_config = generation(
        max_length=32,
        pad_token_id=PAD,
        bos_token_id=START,
        eos_token_id=END,
        decoder_start_token_id=START,
    )
    return model


def encode(tokenizer: Any, pairs: Sequence[Pair]) -> dict[str, torch.Tensor]:  # noqa: ANN401
    """A batch as the model takes it; padding is no label."""
    source = tokenizer([" ".join(pair.source) for pair in pairs], padding=True, return_tensors="pt")
    target = tokenizer([" ".join(pair.target) for pair in pairs], padding=True, return_tensors="pt")
    labels = target["input_ids"].masked_fill(target["input_ids"] == PAD, -100)
    return {
        "input_ids": source["input_ids"],
        "attention_mask": source["attention_mask"],
        "labels": labels,
    }


def batches(avoid: frozenset[tuple[str, ...]]) -> Iterator[list[Pair]]:
    """Fresh sentences without end, none of which is in `avoid`."""
    grammar = Grammar(TRAIN_SEED)
    while True:
        batch: list[Pair] = []
        while len(batch) < BATCH:
            pair = grammar.sentence()
            if pair.source not in avoid:
                batch.append(pair)
        yield batch


def train(model: Any, tokenizer: Any, avoid: frozenset[tuple[str, ...]]) -> None:  # noqa: ANN401
    """Trains on the words alone; the alignment plays no part."""
    encoded = (encode(tokenizer, batch) for batch in batches(avoid))
    for step, loss in training.steps(model, encoded, count=STEPS, rate=RATE, warm_up=WARM_UP):
        if step % 250 == 0:
            print(f"step {step:5}  loss {loss:.4f}", flush=True)


# --- How well it went ----------------------------------------------------------------------------


def translate(model: Any, tokenizer: Any, texts: Sequence[str]) -> list[str]:  # noqa: ANN401
    """The model's greedy translations."""
    batch = tokenizer(list(texts), padding=True, return_tensors="pt")
    with torch.inference_mode():
        ids = model.generate(
            input_ids=batch["input_ids"],
            attention_mask=batch["attention_mask"],
            num_beams=1,
            do_sample=False,
        )
    return [str(text) for text in tokenizer.batch_decode(ids, skip_special_tokens=True)]


def exact_match(model: Any, tokenizer: Any, pairs: Sequence[Pair]) -> float:  # noqa: ANN401
    """The share of sentences that are translated without a mistake."""
    made = translate(model, tokenizer, [" ".join(pair.source) for pair in pairs])
    return sum(a == " ".join(b.target) for a, b in zip(made, pairs, strict=True)) / len(pairs)


def is_content(word: str) -> bool:
    """Whether a target word is a noun, verb, adjective or adverb."""
    return word not in FUNCTION_WORDS.split()


def accuracy(pairs: Sequence[Pair], guesses: Sequence[Sequence[int]], *, content: bool) -> float:
    """The share of target words, or only of content words, whose guess is the aligned word."""
    right = [
        guess[word] == pair.links[word]
        for pair, guess in zip(pairs, guesses, strict=True)
        for word, text in enumerate(pair.target)
        if is_content(text) or not content
    ]
    return sum(right) / len(right)


def alignment_table(
    model: Any,  # noqa: ANN401 - transformers' own
    tokenizer: Any,  # noqa: ANN401 - transformers' own
    pairs: Sequence[Pair],
) -> dict[str, tuple[float, float, float, float]]:
    """How often each cross-attention head looks most at the aligned word, and the diagonal's.

    The columns: for content words, from the decoder position that predicts the word and from the
    one whose input it is; then the same two for all words.
    """
    with torch.inference_mode():
        layers = model(**encode(tokenizer, pairs), output_attentions=True).cross_attentions

    def scores(predicts: Any, inputs: Any) -> tuple[float, float, float, float]:  # noqa: ANN401
        return (
            accuracy(pairs, predicts, content=True),
            accuracy(pairs, inputs, content=True),
            accuracy(pairs, predicts, content=False),
            accuracy(pairs, inputs, content=False),
        )

    table = {}
    for layer, weights in enumerate(layers):
        for head in range(weights.shape[1]):
            best = weights[:, head].argmax(-1)
            # Position 0 reads <s> and predicts word 0; word 0 is read at position 1.
            table[f"{layer}.{head}"] = scores(best.tolist(), best[:, 1:].tolist())
    diagonal = [
        [word * len(pair.source) // len(pair.target) for word in range(len(pair.target))]
        for pair in pairs
    ]
    table["diagonal"] = scores(diagonal, diagonal)
    return table


def main() -> None:
    """Trains, evaluates, and writes the model and the sample text."""
    parser = argparse.ArgumentParser(description="Train the sample translation model.")
    parser.add_argument("--out", type=Path, default=HERE / "model", help="the model's folder")
    out: Path = parser.parse_args().out
    torch.set_num_threads(1)
    torch.manual_seed(TRAIN_SEED)
    pairs, start = held_out(), time.monotonic()
    tokenizer = make_tokenizer()
    model = make_model(tokenizer)
    train(model, tokenizer, frozenset(pair.source for pair in pairs))
    print(f"trained in {time.monotonic() - start:.0f} s")
    match = exact_match(model, tokenizer, pairs)
    print(f"exact match on {len(pairs)} held-out sentences: {match:.1%}\n")
    print("alignment  content words       all words")
    print("head       predicts   input    predicts   input")
    for name, scores in alignment_table(model, tokenizer, pairs).items():
        print(f"{name:9}  " + "  ".join(f"{score:8.1%}" for score in scores))
    training.save(model, tokenizer, out)
    for name, text in sample_files().items():
        (HERE / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
