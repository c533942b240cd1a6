"""A small tokenizer of each class that transformers has for the architectures of attnviz."""

from __future__ import annotations

from collections.abc import Mapping

from tests.helpers.tokenizer_makers import (
    BERT,
    BYTES,
    ROBERTA,
    TokenizerClass,
    backend,
    bartpho,
    bpe_files,
    byte_bpe,
    cohere,
    esm,
    gpt_neox_japanese,
    japanese,
    letter_bpe,
    m2m_german,
    marian,
    my_t5,
    plain,
    roc_bert,
    scored,
    sentencepiece,
    vocabulary_file,
    wordpiece,
)

_SP, _MOSES, _MECAB = ("sentencepiece",), ("sacremoses",), ("fugashi",)

OF_ARCHITECTURES: Mapping[str, TokenizerClass] = {
    "AlbertTokenizer": TokenizerClass(
        "albert", scored("AlbertTokenizer", "<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]")
    ),
    "BertTokenizer": TokenizerClass("bert", wordpiece("BertTokenizer", *BERT)),
    "BigBirdTokenizer": TokenizerClass(
        "big_bird", scored("BigBirdTokenizer", "<unk>", "<s>", "</s>", "<pad>", "[SEP]", "[CLS]")
    ),
    "BioGptTokenizer": TokenizerClass(
        "biogpt",
        bpe_files("BioGptTokenizer", "<s>", "<pad>", "</s>", "<unk>", ending="</w>", marks="</w>"),
        _MOSES,
    ),
    "BlenderbotSmallTokenizer": TokenizerClass(
        "blenderbot-small",
        bpe_files(
            "BlenderbotSmallTokenizer",
            *("__null__", "__start__", "__end__", "__unk__", "__newln__"),
            ending="</w>",
            marks="@@",
        ),
    ),
    "BlenderbotTokenizer": TokenizerClass("blenderbot", byte_bpe("BlenderbotTokenizer", *ROBERTA)),
    "CTRLTokenizer": TokenizerClass(
        "ctrl", bpe_files("CTRLTokenizer", "<unk>", ending="</w>", marks="@@")
    ),
    "CamembertTokenizer": TokenizerClass(
        "camembert", scored("CamembertTokenizer", "<s>", "<pad>", "</s>", "<unk>", "<mask>")
    ),
    "CohereTokenizer": TokenizerClass("cohere", cohere()),
    "DebertaTokenizer": TokenizerClass(
        "deberta", byte_bpe("DebertaTokenizer", "[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]")
    ),
    "DebertaV2Tokenizer": TokenizerClass("deberta-v2", scored("DebertaV2Tokenizer", *BERT)),
    "EsmTokenizer": TokenizerClass("esm", esm),
    "EsmcTokenizer": TokenizerClass("esmc", plain("EsmcTokenizer")),
    "FlaubertTokenizer": TokenizerClass(
        "flaubert",
        bpe_files(
            "FlaubertTokenizer", "<s>", "</s>", "<pad>", "<unk>", ending="</w>", marks="</w>"
        ),
        _MOSES,
    ),
    "FunnelTokenizer": TokenizerClass(
        "funnel",
        wordpiece("FunnelTokenizer", "<pad>", "<unk>", "<cls>", "<sep>", "<mask>", "<s>", "</s>"),
    ),
    "GPT2Tokenizer": TokenizerClass("gpt2", byte_bpe("GPT2Tokenizer", "<|endoftext|>")),
    "GPTNeoXJapaneseTokenizer": TokenizerClass("gpt_neox_japanese", gpt_neox_japanese),
    "GPTNeoXTokenizer": TokenizerClass("gpt_neox", byte_bpe("GPTNeoXTokenizer", "<|endoftext|>")),
    "GemmaTokenizer": TokenizerClass(
        "gemma",
        letter_bpe(
            "GemmaTokenizer",
            *("<pad>", "<eos>", "<bos>", "<unk>", "<mask>"),
            *BYTES,
        ),
    ),
    "LEDTokenizer": TokenizerClass("led", byte_bpe("LEDTokenizer", *ROBERTA)),
    "LukeTokenizer": TokenizerClass(
        "luke",
        byte_bpe(
            "LukeTokenizer",
            *ROBERTA,
            entity_vocab={"[PAD]": 0, "[UNK]": 1, "[MASK]": 2, "[MASK2]": 3},
        ),
        becomes="PreTrainedTokenizerFast",
    ),
    "M2M100Tokenizer": TokenizerClass("m2m_100", m2m_german, _SP),
    "MBartTokenizer": TokenizerClass(
        "mbart", scored("MBartTokenizer", *ROBERTA, src_lang="en_XX", tgt_lang="de_DE")
    ),
    "MPNetTokenizer": TokenizerClass(
        "mpnet", wordpiece("MPNetTokenizer", "<s>", "<pad>", "</s>", "[UNK]", "<mask>")
    ),
    "MarianTokenizer": TokenizerClass("marian", marian, _SP),
    "MobileBertTokenizer": TokenizerClass("mobilebert", wordpiece("MobileBertTokenizer", *BERT)),
    "MvpTokenizer": TokenizerClass("mvp", byte_bpe("MvpTokenizer", *ROBERTA)),
    "NllbTokenizer": TokenizerClass("nllb-moe", letter_bpe("NllbTokenizer", *ROBERTA)),
    "OpenAIGPTTokenizer": TokenizerClass(
        "openai-gpt", letter_bpe("OpenAIGPTTokenizer", "<unk>", ending="</w>")
    ),
    "PLBartTokenizer": TokenizerClass("plbart", sentencepiece("PLBartTokenizer"), _SP),
    "PegasusTokenizer": TokenizerClass(
        "pegasus", scored("PegasusTokenizer", "<pad>", "</s>", "<unk>", "<mask_1>", "<mask_2>")
    ),
    "ProphetNetTokenizer": TokenizerClass(
        "prophetnet", vocabulary_file("ProphetNetTokenizer", *BERT, "[X_SEP]")
    ),
    "Qwen2Tokenizer": TokenizerClass("qwen2", byte_bpe("Qwen2Tokenizer", "<|endoftext|>")),
    "Qwen3_5Tokenizer": TokenizerClass(
        "qwen3_5_text", byte_bpe("Qwen3_5Tokenizer", "<|endoftext|>")
    ),
    "RemBertTokenizer": TokenizerClass(
        "rembert", scored("RemBertTokenizer", "<pad>", "[CLS]", "<unk>", "[SEP]", "[MASK]")
    ),
    "RoCBertTokenizer": TokenizerClass("roc_bert", roc_bert),
    "RoFormerTokenizer": TokenizerClass(
        "roformer", wordpiece("RoFormerTokenizer", *BERT), ("rjieba",)
    ),
    "RobertaTokenizer": TokenizerClass("roberta", byte_bpe("RobertaTokenizer", *ROBERTA)),
    "T5Tokenizer": TokenizerClass("t5", scored("T5Tokenizer", "<pad>", "</s>", "<unk>")),
    "TokenizersBackend": TokenizerClass("llama", backend),
    "XGLMTokenizer": TokenizerClass("xglm", scored("XGLMTokenizer", *ROBERTA)),
    "XLMRobertaTokenizer": TokenizerClass("xlm-roberta", scored("XLMRobertaTokenizer", *ROBERTA)),
    "XLMTokenizer": TokenizerClass(
        "xlm",
        bpe_files("XLMTokenizer", "<s>", "</s>", "<pad>", "<unk>", ending="</w>", marks="</w>"),
        _MOSES,
    ),
    "XLNetTokenizer": TokenizerClass("xlnet", scored("XLNetTokenizer", "<unk>", "<s>", "</s>")),
}
"""The class that transformers takes for each architecture, by itself."""

OF_CHECKPOINTS: Mapping[str, TokenizerClass] = {
    "BertJapaneseTokenizer, MeCab": TokenizerClass(
        "bert",
        japanese(word_tokenizer_type="mecab", mecab_kwargs={"mecab_dic": "ipadic"}),
        ("fugashi", "ipadic"),
    ),
    "BertJapaneseTokenizer, characters": TokenizerClass(
        "bert", japanese(word_tokenizer_type="basic", subword_tokenizer_type="character")
    ),
    "BertTokenizerLegacy": TokenizerClass("bert", vocabulary_file("BertTokenizerLegacy", *BERT)),
    "BartphoTokenizer": TokenizerClass("mbart", bartpho, _SP),
    "BertweetTokenizer": TokenizerClass(
        "roberta",
        bpe_files("BertweetTokenizer", *ROBERTA, ending="</w>", marks="@@", counts=True),
    ),
    "ByT5Tokenizer": TokenizerClass("t5", plain("ByT5Tokenizer")),
    "CpmTokenizer": TokenizerClass(
        "gpt2", sentencepiece("CpmTokenizer"), ("sentencepiece", "rjieba")
    ),
    "GPTSw3Tokenizer": TokenizerClass("gpt2", sentencepiece("GPTSw3Tokenizer"), _SP),
    "LlamaTokenizer": TokenizerClass(
        "llama", letter_bpe("LlamaTokenizer", "<unk>", "<s>", "</s>", *BYTES)
    ),
    "MBart50Tokenizer": TokenizerClass(
        "mbart", scored("MBart50Tokenizer", *ROBERTA, src_lang="en_XX", tgt_lang="de_DE")
    ),
    "MyT5Tokenizer": TokenizerClass("t5", my_t5),
    "PerceiverTokenizer": TokenizerClass("bert", plain("PerceiverTokenizer")),
    "PhobertTokenizer": TokenizerClass(
        "roberta",
        bpe_files("PhobertTokenizer", *ROBERTA, ending="</w>", marks="@@", counts=True),
    ),
}
"""Classes that checkpoints of these architectures name instead."""
