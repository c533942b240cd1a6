"""Which tokenizers need packages, and how that is said where they are missing; exit code 3."""

from __future__ import annotations

import json
import sys
from importlib.abc import MetaPathFinder
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from torch.nn import Embedding
from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

from attnviz.errors import InputError
from attnviz.models import tokenizers
from attnviz.models.architectures import ARCHITECTURES, TOKENIZER_PACKAGES
from attnviz.models.catalogue import rows
from attnviz.models.explain import check_vocabulary
from attnviz.models.names import ModelName
from attnviz.models.tokenizers import load_tokenizer
from tests.helpers.tokenizer_classes import OF_ARCHITECTURES
from tests.helpers.tokenizer_makers import m2m


class _Absent(MetaPathFinder):
    """Finds none of some modules, as if they weren't installed."""

    def __init__(self, *modules: str) -> None:
        self.modules = modules

    def find_spec(self, name: str, *_: object) -> None:
        if name.partition(".")[0] in self.modules:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def without(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    for name in [*sys.modules]:
        if name.partition(".")[0] in modules:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Absent(*modules), *sys.meta_path])


def refusal(folder: Path, kind: str) -> str:
    with pytest.raises(InputError) as caught:
        load_tokenizer(ModelName("the model", "folder", str(folder)), kind, {})
    assert caught.value.exit_code == 3
    return f"{caught.value.message} {caught.value.hint}"


def written(folder: Path, kind: str, **files: str) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": kind}))
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


NO_BPE = {"vocab__json": '{"<unk>": 0, "<s>": 1, "</s>": 2, "<pad>": 3}', "merges__txt": ""}


@pytest.mark.parametrize("kind", ["xlm", "flaubert", "biogpt"])
def test_moses_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    without(monkeypatch, "sacremoses")
    said = refusal(written(tmp_path / "model", kind, **NO_BPE), kind)
    assert said == (
        "The tokenizer of the model needs sacremoses, not installed here. "
        "Run: pip install sacremoses"
    )


def test_a_chinese_word_splitter_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "rjieba")
    folder = written(tmp_path / "model", "roformer", vocab__txt="[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n")
    assert "Run: pip install rjieba" in refusal(folder, "roformer")


def test_a_japanese_word_splitter_and_its_dictionary_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "fugashi", "ipadic", "unidic_lite")
    named = json.dumps(
        {
            "tokenizer_class": "BertJapaneseTokenizer",
            "word_tokenizer_type": "mecab",
            "mecab_kwargs": {"mecab_dic": "ipadic"},
        }
    )
    files = {"vocab__txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n", "tokenizer_config__json": named}
    said = refusal(written(tmp_path / "model", "bert", **files), "bert")
    assert "needs fugashi and ipadic and unidic-lite" in said
    assert "Run: pip install fugashi ipadic unidic-lite" in said


@pytest.mark.parametrize("kind", ["t5", "xlm-roberta", "camembert", "deberta-v2"])
def test_sentencepiece_is_asked_for_where_there_is_only_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    without(monkeypatch, "sentencepiece", "google", "tiktoken")
    names = {"t5": "spiece.model", "deberta-v2": "spm.model"}
    folder = written(tmp_path / "model", kind)
    (folder / names.get(kind, "sentencepiece.bpe.model")).write_bytes(b"\x0a\x0e")
    assert "Run: pip install sentencepiece protobuf" in refusal(folder, kind)


@pytest.mark.parametrize("kind", ["marian", "m2m_100", "plbart"])
def test_sentencepiece_is_asked_for_by_those_in_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    # As if transformers had been imported without it: then it doesn't even know their classes.
    def unknown(*_: object, **__: object) -> Any:
        raise ValueError("Unrecognized configuration class to build an AutoTokenizer.")

    without(monkeypatch, "sentencepiece")
    monkeypatch.setattr("transformers.AutoTokenizer.from_pretrained", unknown)
    folder = written(tmp_path / "model", kind, vocab__json="{}")
    assert "Run: pip install sentencepiece" in refusal(folder, kind)


def test_a_tokenizer_that_reads_emoji_in_words_asks_for_their_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "emoji")
    named = json.dumps({"tokenizer_class": "BertweetTokenizer", "normalization": True})
    files = {"vocab__txt": "a 1\nb 1\nc 1\n", "bpe__codes": "a b 1\n"}
    folder = written(tmp_path / "model", "roberta", **files, tokenizer_config__json=named)
    assert "Run: pip install emoji" in refusal(folder, "roberta")


def test_damaged_files_are_no_missing_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenizers, "_installed", lambda _: True)
    folder = written(tmp_path / "model", "xlm", vocab__json="{nope", merges__txt="")
    said = refusal(folder, "xlm")
    assert "can't be loaded" in said
    assert "vocabulary files" in said


def test_the_class_of_every_architecture_is_tried() -> None:
    for kind in chain(*ARCHITECTURES.values()):
        name = TOKENIZER_MAPPING_NAMES.get(kind) or "TokenizersBackend"
        assert name in OF_ARCHITECTURES, kind


def test_the_list_of_models_names_the_packages_that_tokenizers_need() -> None:
    for name, made in OF_ARCHITECTURES.items():
        kinds = [kind for kind, of in TOKENIZER_MAPPING_NAMES.items() if of == name]
        for kind in {*kinds, made.kind} & {*chain(*ARCHITECTURES.values())}:
            assert TOKENIZER_PACKAGES.get(kind, ()) == made.needs, kind
    told = {row["name"]: row["about"] for row in rows()}["tokenizers"]
    for kind, packages in TOKENIZER_PACKAGES.items():
        assert kind in told
        assert all(package in told for package in packages)


def test_languages_that_the_model_doesnt_know(tmp_path: Path) -> None:
    pytest.importorskip("sentencepiece")
    tokenizer = m2m(tmp_path)
    model = SimpleNamespace(get_input_embeddings=lambda: Embedding(tokenizer.vocab_size, 4))
    with pytest.raises(InputError, match="is of another model") as caught:
        check_vocabulary(ModelName("the model", "folder", ""), model, tokenizer)
    assert "tokenizer files" in caught.value.hint
