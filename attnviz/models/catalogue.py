"""What can be measured and what can't, for `attnviz list models`."""

from __future__ import annotations

from collections.abc import Mapping

from attnviz.models.architectures import ARCHITECTURES, FALLBACK, NAMES, REFUSED, TOKENIZER_PACKAGES


def rows() -> list[Mapping[str, str]]:
    """Embedded models, architectures by type, tokenizers, and what is refused: name and about."""
    named = [{"name": name, "about": about} for name, about in NAMES.items()]
    supported = [
        {"name": model_type, "about": "Architectures: " + ", ".join(members) + "."}
        for model_type, members in ARCHITECTURES.items()
    ]
    seen_as_weights = {
        "name": "measured from weights",
        "about": "Of these, the kinds outside transformers' attention interface, whose modules "
        f"hand over whole matrices: {', '.join(sorted(FALLBACK))}.",
    }
    tokenizers = {
        "name": "tokenizers",
        "about": "From a tokenizer.json, or the files that save_pretrained wrote; those in Python "
        "alone tell no places, and their tokens are found in the text. Some need a package: "
        f"{_tokenizer_packages()}, fugashi with ipadic or unidic-lite (Japanese BERT), and "
        "sentencepiece with protobuf where there is a SentencePiece file and no tokenizer.json. "
        "Extras `tokenizers` and `japanese`.",
    }
    refused = [
        {"name": f"not {model_type}", "about": f"{why[0].upper()}{why[1:]}."}
        for model_type, why in REFUSED.items()
    ]
    return [*named, *supported, seen_as_weights, tokenizers, *refused]


def _tokenizer_packages() -> str:
    """Each package with the architectures whose tokenizers need it."""
    packages = sorted({package for needed in TOKENIZER_PACKAGES.values() for package in needed})
    of = {
        package: [
            model_type for model_type, needed in TOKENIZER_PACKAGES.items() if package in needed
        ]
        for package in packages
    }
    return ", ".join(f"{package} ({', '.join(types)})" for package, types in of.items())
