"""Makes small tokenizers of transformers' classes, from a corpus of four lines.

Each is trained or written here, and saved as the library saves it, next to a config.json of the
type of model that it belongs to.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

CORPUS = (
    "The cafe isn't open today, and the cat sat on the mat.",
    "I like apples and pears! Two spaces, one leading.",
    "Der Hund lief heute nicht; der Vogel sang.",
    "हम में सर , ที่ นี่ , 猫は日本語が好き。 你好",
)

Maker = Callable[[Path], Any]


@dataclass(frozen=True)
class TokenizerClass:
    """How a class is made, in a folder for its files; the packages that it needs.

    `becomes` is the class that it is loaded as, where that isn't itself.
    """

    kind: str
    make: Maker
    needs: tuple[str, ...] = ()
    becomes: str = ""

    def save(self, folder: Path) -> Path:
        """Save the tokenizer and the config of its type of model, which may name its class."""
        files = folder / "files"
        files.mkdir(parents=True)
        tokenizer = self.make(files)
        tokenizer.save_pretrained(folder / "model")
        (folder / "model" / "config.json").write_text(json.dumps({"model_type": self.kind}))
        return folder / "model"


def _transformers(name: str) -> Any:
    import transformers

    return getattr(transformers, name)


@cache
def _words() -> tuple[str, ...]:
    """A WordPiece vocabulary: letters, pieces of words, a few words; no 🍕, nor ö."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordPiece())
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(
        CORPUS, trainers.WordPieceTrainer(vocab_size=220, show_progress=False)
    )
    return tuple(sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().__getitem__))


@cache
def _bpe(*, bytes_: bool = False, ending: str = "") -> tuple[Mapping[str, int], tuple[Any, ...]]:
    """The vocabulary and merges of BPE over letters, with an ending of words, or over bytes."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    suffix: dict[str, Any] = {"end_of_word_suffix": ending} if ending else {}
    tokenizer = Tokenizer(models.BPE(**suffix))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    alphabet: list[str] = []
    if bytes_:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    elif not ending:
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    tokenizer.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=340 if bytes_ else 160,
            initial_alphabet=alphabet,
            show_progress=False,
            **suffix,
        ),
    )
    trained = json.loads(tokenizer.to_str())["model"]
    return trained["vocab"], tuple(tuple(merge) for merge in trained["merges"])


@cache
def _unigram() -> tuple[tuple[str, float], ...]:
    """A Unigram vocabulary with scores."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(
        CORPUS, trainers.UnigramTrainer(vocab_size=120, show_progress=False)
    )
    return tuple(
        (piece, score) for piece, score in json.loads(tokenizer.to_str())["model"]["vocab"]
    )


def wordpiece(name: str, *special: str) -> Maker:
    def make(_: Path) -> Any:
        pieces = dict.fromkeys([*special, *_words()])
        return _transformers(name)(vocab={piece: place for place, piece in enumerate(pieces)})

    return make


BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
ROBERTA = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


def byte_bpe(name: str, *special: str, **more: Any) -> Maker:
    def make(_: Path) -> Any:
        vocabulary, merges = _bpe(bytes_=True)
        pieces = dict.fromkeys([*special, *vocabulary])
        return _transformers(name)(
            vocab={piece: place for place, piece in enumerate(pieces)}, merges=[*merges], **more
        )

    return make


def letter_bpe(name: str, *special: str, ending: str = "") -> Maker:
    def make(_: Path) -> Any:
        vocabulary, merges = _bpe(ending=ending)
        pieces = dict.fromkeys([*special, *vocabulary])
        return _transformers(name)(
            vocab={piece: place for place, piece in enumerate(pieces)}, merges=[*merges]
        )

    return make


def scored(name: str, *special: str, **more: Any) -> Maker:
    def make(_: Path) -> Any:
        known = {*special}
        vocabulary = [(piece, 0.0) for piece in special]
        vocabulary += [each for each in _unigram() if each[0] not in known]
        return _transformers(name)(vocab=vocabulary, **more)

    return make


def vocabulary_file(name: str, *special: str, **more: Any) -> Maker:
    def make(folder: Path) -> Any:
        pieces = dict.fromkeys([*special, *_words()])
        (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")
        return _transformers(name)(str(folder / "vocab.txt"), **more)

    return make


def bpe_files(name: str, *special: str, ending: str, marks: str, counts: bool = False) -> Maker:
    """Vocabulary and merges as files: as JSON or with counts; `kept` marks stand in the vocabulary.

    BPE in Python merges `</w>`, and then writes it (XLM), or `@@` on all pieces but the last.
    """

    def make(folder: Path) -> Any:
        vocabulary, merges = _bpe(ending=ending)
        pieces = [*dict.fromkeys([*special, *map(_marked(marks), vocabulary)])]
        lines = [" ".join(merge) + (" 1" if counts else "") for merge in merges]
        if counts:  # PhoBERT: no header, special tokens not listed
            listed = [f"{piece} 1" for piece in pieces[len(special) :]]
            (folder / "vocab.txt").write_text("\n".join(listed) + "\n")
            (folder / "bpe.codes").write_text("\n".join(lines) + "\n")
            return _transformers(name)(str(folder / "vocab.txt"), str(folder / "bpe.codes"))
        numbers = {piece: place for place, piece in enumerate(pieces)}
        (folder / "vocab.json").write_text(json.dumps(numbers))
        header = [] if marks == "</w>" else ["#version: 0.2"]
        (folder / "merges.txt").write_text("\n".join([*header, *lines]) + "\n")
        return _transformers(name)(str(folder / "vocab.json"), str(folder / "merges.txt"))

    return make


def _marked(marks: str) -> Callable[[str], str]:
    def rename(piece: str) -> str:
        if marks == "</w>":
            return piece
        return piece.removesuffix("</w>") if piece.endswith("</w>") else f"{piece}@@"

    return rename


def _sentencepiece_model(folder: Path, name: str = "spm.model") -> str:
    sentencepiece: Any = import_module("sentencepiece")
    (folder / "corpus.txt").write_text("\n".join(CORPUS))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "corpus.txt"),
        model_prefix=str(folder / "trained"),
        vocab_size=120,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    return str((folder / "trained.model").rename(folder / name))


def sentencepiece(name: str, **more: Any) -> Maker:
    return lambda folder: _transformers(name)(_sentencepiece_model(folder), **more)


def _numbered(folder: Path, model: str) -> str:
    """All pieces of a SentencePiece model with their numbers in JSON, as Marian has them."""
    sentencepiece: Any = import_module("sentencepiece")
    processor = sentencepiece.SentencePieceProcessor(model_file=model)
    pieces = [processor.id_to_piece(place) for place in range(processor.get_piece_size())]
    numbers = {piece: place for place, piece in enumerate(dict.fromkeys([*pieces, "<pad>"]))}
    (folder / "vocab.json").write_text(json.dumps(numbers))
    return str(folder / "vocab.json")


def marian(folder: Path) -> Any:
    model = _sentencepiece_model(folder)
    return _transformers("MarianTokenizer")(model, model, _numbered(folder, model))


def m2m(folder: Path, **more: Any) -> Any:
    model = _sentencepiece_model(folder)
    return _transformers("M2M100Tokenizer")(_numbered(folder, model), model, **more)


def m2m_german(folder: Path) -> Any:
    return m2m(folder, tgt_lang="de")


def bartpho(folder: Path) -> Any:
    model = _sentencepiece_model(folder)
    pieces = list(json.loads(Path(_numbered(folder, model)).read_text()))
    (folder / "dict.txt").write_text("\n".join(f"{piece} 1" for piece in pieces[3:]))
    return _transformers("BartphoTokenizer")(model, str(folder / "dict.txt"))


def roc_bert(folder: Path) -> Any:
    pieces = dict.fromkeys([*BERT, *_words()])
    numbers = json.dumps({piece: place for place, piece in enumerate(pieces)})
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")
    files = [folder / "shapes.json", folder / "sounds.json"]
    for file in files:
        file.write_text(numbers)
    return _transformers("RoCBertTokenizer")(str(folder / "vocab.txt"), *map(str, files))


def gpt_neox_japanese(folder: Path) -> Any:
    special = ["<|startoftext|>", "<|endoftext|>", "<SP>", "<BR>", "<TAB>", "<BLOCK>", "<KIGOU>"]
    special += ["<U2000U2BFF>", "<|emoji1|>", *(f"<|byte{byte}|>" for byte in range(256))]
    letters = dict.fromkeys(
        each for line in CORPUS for each in line if not each.isspace() and each != ","
    )
    (folder / "vocab.txt").write_text("\n".join([*letters, "日本", "慶応,慶應", *special]) + "\n")
    emoji = {"emoji": {"🍕": "<|emoji1|>"}, "emoji_inv": {"<|emoji1|>": "🍕"}}
    (folder / "emoji.json").write_text(json.dumps(emoji))
    return _transformers("GPTNeoXJapaneseTokenizer")(
        str(folder / "vocab.txt"), str(folder / "emoji.json")
    )


def my_t5(folder: Path) -> Any:
    (folder / "maps.json").write_text(json.dumps({"decompose_map": {}, "merge_map": {}}))
    return _transformers("MyT5Tokenizer")(str(folder / "maps.json"))


def esm(folder: Path) -> Any:
    pieces = ["<cls>", "<pad>", "<eos>", "<unk>", "<mask>", *"LAGVSERTIDPKQNFYMHWC"]
    (folder / "vocab.txt").write_text("\n".join(pieces))
    return _transformers("EsmTokenizer")(str(folder / "vocab.txt"))


def plain(name: str, **more: Any) -> Maker:
    return lambda _: _transformers(name)(**more)


def japanese(**more: Any) -> Maker:
    return vocabulary_file("BertJapaneseTokenizer", *BERT, **more)


def cohere() -> Maker:
    return byte_bpe("CohereTokenizer", "<PAD>", "<UNK>", "<CLS>", "<SEP>", "<MASK_TOKEN>")


def backend(_: Path) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary, merges = _bpe(bytes_=True)
    tokenizer = Tokenizer(models.BPE({**vocabulary}, [*merges]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return _transformers("PreTrainedTokenizerFast")(tokenizer_object=tokenizer)
