"""A small tokenizer of each class that transformers has for the architectures of attnviz.

Each is trained or written here, saved as the library saves it, next to a config.json of the type
of model that it belongs to.
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


def _wordpiece(name: str, *special: str) -> Maker:
    def make(_: Path) -> Any:
        pieces = dict.fromkeys([*special, *_words()])
        return _transformers(name)(vocab={piece: place for place, piece in enumerate(pieces)})

    return make


_BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
_ROBERTA = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


def _byte_bpe(name: str, *special: str, **more: Any) -> Maker:
    def make(_: Path) -> Any:
        vocabulary, merges = _bpe(bytes_=True)
        pieces = dict.fromkeys([*special, *vocabulary])
        return _transformers(name)(
            vocab={piece: place for place, piece in enumerate(pieces)}, merges=[*merges], **more
        )

    return make


def _letter_bpe(name: str, *special: str, ending: str = "") -> Maker:
    def make(_: Path) -> Any:
        vocabulary, merges = _bpe(ending=ending)
        pieces = dict.fromkeys([*special, *vocabulary])
        return _transformers(name)(
            vocab={piece: place for place, piece in enumerate(pieces)}, merges=[*merges]
        )

    return make


def _scored(name: str, *special: str, **more: Any) -> Maker:
    def make(_: Path) -> Any:
        known = {*special}
        vocabulary = [(piece, 0.0) for piece in special]
        vocabulary += [each for each in _unigram() if each[0] not in known]
        return _transformers(name)(vocab=vocabulary, **more)

    return make


def _vocabulary_file(name: str, *special: str, **more: Any) -> Maker:
    def make(folder: Path) -> Any:
        pieces = dict.fromkeys([*special, *_words()])
        (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")
        return _transformers(name)(str(folder / "vocab.txt"), **more)

    return make


def _bpe_files(name: str, *special: str, ending: str, marks: str, counts: bool = False) -> Maker:
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


def _sentencepiece(name: str, **more: Any) -> Maker:
    return lambda folder: _transformers(name)(_sentencepiece_model(folder), **more)


def _numbered(folder: Path, model: str) -> str:
    """All pieces of a SentencePiece model with their numbers in JSON, as Marian has them."""
    sentencepiece: Any = import_module("sentencepiece")
    processor = sentencepiece.SentencePieceProcessor(model_file=model)
    pieces = [processor.id_to_piece(place) for place in range(processor.get_piece_size())]
    numbers = {piece: place for place, piece in enumerate(dict.fromkeys([*pieces, "<pad>"]))}
    (folder / "vocab.json").write_text(json.dumps(numbers))
    return str(folder / "vocab.json")


def _marian(folder: Path) -> Any:
    model = _sentencepiece_model(folder)
    return _transformers("MarianTokenizer")(model, model, _numbered(folder, model))


def m2m(folder: Path, **more: Any) -> Any:
    model = _sentencepiece_model(folder)
    return _transformers("M2M100Tokenizer")(_numbered(folder, model), model, **more)


def _m2m(folder: Path) -> Any:
    return m2m(folder, tgt_lang="de")


def _bartpho(folder: Path) -> Any:
    model = _sentencepiece_model(folder)
    pieces = list(json.loads(Path(_numbered(folder, model)).read_text()))
    (folder / "dict.txt").write_text("\n".join(f"{piece} 1" for piece in pieces[3:]))
    return _transformers("BartphoTokenizer")(model, str(folder / "dict.txt"))


def _roc_bert(folder: Path) -> Any:
    pieces = dict.fromkeys([*_BERT, *_words()])
    numbers = json.dumps({piece: place for place, piece in enumerate(pieces)})
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")
    files = [folder / "shapes.json", folder / "sounds.json"]
    for file in files:
        file.write_text(numbers)
    return _transformers("RoCBertTokenizer")(str(folder / "vocab.txt"), *map(str, files))


def _gpt_neox_japanese(folder: Path) -> Any:
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


def _my_t5(folder: Path) -> Any:
    (folder / "maps.json").write_text(json.dumps({"decompose_map": {}, "merge_map": {}}))
    return _transformers("MyT5Tokenizer")(str(folder / "maps.json"))


def _esm(folder: Path) -> Any:
    pieces = ["<cls>", "<pad>", "<eos>", "<unk>", "<mask>", *"LAGVSERTIDPKQNFYMHWC"]
    (folder / "vocab.txt").write_text("\n".join(pieces))
    return _transformers("EsmTokenizer")(str(folder / "vocab.txt"))


def _plain(name: str, **more: Any) -> Maker:
    return lambda _: _transformers(name)(**more)


def _japanese(**more: Any) -> Maker:
    return _vocabulary_file("BertJapaneseTokenizer", *_BERT, **more)


def _cohere() -> Maker:
    return _byte_bpe("CohereTokenizer", "<PAD>", "<UNK>", "<CLS>", "<SEP>", "<MASK_TOKEN>")


def _backend(_: Path) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary, merges = _bpe(bytes_=True)
    tokenizer = Tokenizer(models.BPE({**vocabulary}, [*merges]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return _transformers("PreTrainedTokenizerFast")(tokenizer_object=tokenizer)


_SP, _MOSES, _MECAB = ("sentencepiece",), ("sacremoses",), ("fugashi",)

OF_ARCHITECTURES: Mapping[str, TokenizerClass] = {
    "AlbertTokenizer": TokenizerClass(
        "albert", _scored("AlbertTokenizer", "<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]")
    ),
    "BertTokenizer": TokenizerClass("bert", _wordpiece("BertTokenizer", *_BERT)),
    "BigBirdTokenizer": TokenizerClass(
        "big_bird", _scored("BigBirdTokenizer", "<unk>", "<s>", "</s>", "<pad>", "[SEP]", "[CLS]")
    ),
    "BioGptTokenizer": TokenizerClass(
        "biogpt",
        _bpe_files("BioGptTokenizer", "<s>", "<pad>", "</s>", "<unk>", ending="</w>", marks="</w>"),
        _MOSES,
    ),
    "BlenderbotSmallTokenizer": TokenizerClass(
        "blenderbot-small",
        _bpe_files(
            "BlenderbotSmallTokenizer",
            *("__null__", "__start__", "__end__", "__unk__", "__newln__"),
            ending="</w>",
            marks="@@",
        ),
    ),
    "BlenderbotTokenizer": TokenizerClass(
        "blenderbot", _byte_bpe("BlenderbotTokenizer", *_ROBERTA)
    ),
    "CTRLTokenizer": TokenizerClass(
        "ctrl", _bpe_files("CTRLTokenizer", "<unk>", ending="</w>", marks="@@")
    ),
    "CamembertTokenizer": TokenizerClass(
        "camembert", _scored("CamembertTokenizer", "<s>", "<pad>", "</s>", "<unk>", "<mask>")
    ),
    "CohereTokenizer": TokenizerClass("cohere", _cohere()),
    "DebertaTokenizer": TokenizerClass(
        "deberta", _byte_bpe("DebertaTokenizer", "[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]")
    ),
    "DebertaV2Tokenizer": TokenizerClass("deberta-v2", _scored("DebertaV2Tokenizer", *_BERT)),
    "EsmTokenizer": TokenizerClass("esm", _esm),
    "EsmcTokenizer": TokenizerClass("esmc", _plain("EsmcTokenizer")),
    "FlaubertTokenizer": TokenizerClass(
        "flaubert",
        _bpe_files(
            "FlaubertTokenizer", "<s>", "</s>", "<pad>", "<unk>", ending="</w>", marks="</w>"
        ),
        _MOSES,
    ),
    "FunnelTokenizer": TokenizerClass(
        "funnel",
        _wordpiece("FunnelTokenizer", "<pad>", "<unk>", "<cls>", "<sep>", "<mask>", "<s>", "</s>"),
    ),
    "GPT2Tokenizer": TokenizerClass("gpt2", _byte_bpe("GPT2Tokenizer", "<|endoftext|>")),
    "GPTNeoXJapaneseTokenizer": TokenizerClass("gpt_neox_japanese", _gpt_neox_japanese),
    "GPTNeoXTokenizer": TokenizerClass("gpt_neox", _byte_bpe("GPTNeoXTokenizer", "<|endoftext|>")),
    "GemmaTokenizer": TokenizerClass(
        "gemma",
        _letter_bpe(
            "GemmaTokenizer",
            *("<pad>", "<eos>", "<bos>", "<unk>", "<mask>"),
            *_BYTES,
        ),
    ),
    "LEDTokenizer": TokenizerClass("led", _byte_bpe("LEDTokenizer", *_ROBERTA)),
    "LukeTokenizer": TokenizerClass(
        "luke",
        _byte_bpe(
            "LukeTokenizer",
            *_ROBERTA,
            entity_vocab={"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3},
        ),
        becomes="PreTrainedTokenizerFast",
    ),
    "M2M100Tokenizer": TokenizerClass("m2m_100", _m2m, _SP),
    "MBartTokenizer": TokenizerClass(
        "mbart", _scored("MBartTokenizer", *_ROBERTA, src_lang="en_XX", tgt_lang="de_DE")
    ),
    "MPNetTokenizer": TokenizerClass(
        "mpnet", _wordpiece("MPNetTokenizer", "<s>", "<pad>", "</s>", "[UNK]", "<mask>")
    ),
    "MarianTokenizer": TokenizerClass("marian", _marian, _SP),
    "MobileBertTokenizer": TokenizerClass("mobilebert", _wordpiece("MobileBertTokenizer", *_BERT)),
    "MvpTokenizer": TokenizerClass("mvp", _byte_bpe("MvpTokenizer", *_ROBERTA)),
    "NllbTokenizer": TokenizerClass("nllb-moe", _letter_bpe("NllbTokenizer", *_ROBERTA)),
    "OpenAIGPTTokenizer": TokenizerClass(
        "openai-gpt", _letter_bpe("OpenAIGPTTokenizer", "<unk>", ending="</w>")
    ),
    "PLBartTokenizer": TokenizerClass("plbart", _sentencepiece("PLBartTokenizer"), _SP),
    "PegasusTokenizer": TokenizerClass(
        "pegasus", _scored("PegasusTokenizer", "<pad>", "</s>", "<unk>", "<mask_1>", "<mask_2>")
    ),
    "ProphetNetTokenizer": TokenizerClass(
        "prophetnet", _vocabulary_file("ProphetNetTokenizer", *_BERT, "[X_SEP]")
    ),
    "Qwen2Tokenizer": TokenizerClass("qwen2", _byte_bpe("Qwen2Tokenizer", "<|endoftext|>")),
    "Qwen3_5Tokenizer": TokenizerClass(
        "qwen3_5_text", _byte_bpe("Qwen3_5Tokenizer", "<|endoftext|>")
    ),
    "RemBertTokenizer": TokenizerClass(
        "rembert", _scored("RemBertTokenizer", "<pad>", "[CLS]", "<unk>", "[SEP]", "[MASK]")
    ),
    "RoCBertTokenizer": TokenizerClass("roc_bert", _roc_bert),
    "RoFormerTokenizer": TokenizerClass(
        "roformer", _wordpiece("RoFormerTokenizer", *_BERT), ("rjieba",)
    ),
    "RobertaTokenizer": TokenizerClass("roberta", _byte_bpe("RobertaTokenizer", *_ROBERTA)),
    "T5Tokenizer": TokenizerClass("t5", _scored("T5Tokenizer", "<pad>", "</s>", "<unk>")),
    "TokenizersBackend": TokenizerClass("llama", _backend),
    "XGLMTokenizer": TokenizerClass("xglm", _scored("XGLMTokenizer", *_ROBERTA)),
    "XLMRobertaTokenizer": TokenizerClass("xlm-roberta", _scored("XLMRobertaTokenizer", *_ROBERTA)),
    "XLMTokenizer": TokenizerClass(
        "xlm",
        _bpe_files("XLMTokenizer", "<s>", "</s>", "<pad>", "<unk>", ending="</w>", marks="</w>"),
        _MOSES,
    ),
    "XLNetTokenizer": TokenizerClass("xlnet", _scored("XLNetTokenizer", "<unk>", "<s>", "</s>")),
}
"""The class that transformers takes for each architecture, by itself."""

OF_CHECKPOINTS: Mapping[str, TokenizerClass] = {
    "BertJapaneseTokenizer, MeCab": TokenizerClass(
        "bert",
        _japanese(word_tokenizer_type="mecab", mecab_kwargs={"mecab_dic": "ipadic"}),
        ("fugashi", "ipadic"),
    ),
    "BertJapaneseTokenizer, characters": TokenizerClass(
        "bert", _japanese(word_tokenizer_type="basic", subword_tokenizer_type="character")
    ),
    "BertTokenizerLegacy": TokenizerClass("bert", _vocabulary_file("BertTokenizerLegacy", *_BERT)),
    "BartphoTokenizer": TokenizerClass("mbart", _bartpho, _SP),
    "BertweetTokenizer": TokenizerClass(
        "roberta",
        _bpe_files("BertweetTokenizer", *_ROBERTA, ending="</w>", marks="@@", counts=True),
    ),
    "ByT5Tokenizer": TokenizerClass("t5", _plain("ByT5Tokenizer")),
    "CpmTokenizer": TokenizerClass(
        "gpt2", _sentencepiece("CpmTokenizer"), ("sentencepiece", "rjieba")
    ),
    "GPTSw3Tokenizer": TokenizerClass("gpt2", _sentencepiece("GPTSw3Tokenizer"), _SP),
    "LlamaTokenizer": TokenizerClass(
        "llama", _letter_bpe("LlamaTokenizer", "<unk>", "<s>", "</s>", *_BYTES)
    ),
    "MBart50Tokenizer": TokenizerClass(
        "mbart", _scored("MBart50Tokenizer", *_ROBERTA, src_lang="en_XX", tgt_lang="de_DE")
    ),
    "MyT5Tokenizer": TokenizerClass("t5", _my_t5),
    "PerceiverTokenizer": TokenizerClass("bert", _plain("PerceiverTokenizer")),
    "PhobertTokenizer": TokenizerClass(
        "roberta",
        _bpe_files("PhobertTokenizer", *_ROBERTA, ending="</w>", marks="@@", counts=True),
    ),
}
"""Classes that checkpoints of these architectures name instead."""
