"""`attnviz.analyze`: the report of the command line, for scripts and notebooks."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from os import PathLike, fspath
from typing import Any

from attnviz import pipeline
from attnviz.errors import UsageError
from attnviz.progress import Silent
from attnviz.report.model import Report
from attnviz.settings import from_mapping
from attnviz.text.files import read
from attnviz.text.types import SourceFile


def analyze(
    model: str, texts: Sequence[str] | str | PathLike[str] | Sequence[PathLike[str]], **settings: Any  # noqa: ANN401
) -> Report:
    """Measures every head of `model` on `texts` and returns the `Report`.

    `model` is what the command line takes: a Hub name, a folder, a .gguf file or "minilm".
    `texts` is a list of sentences (strings, one a sentence), or one path or several
    (`pathlib.Path`) to UTF-8 text or CoNLL-U files; a single string is a text to be split.
    `settings` are those of `attnviz.Settings`, by name: `split`, `device`, `illustrate`, ...

    Raises `AttnvizError`, whose `hint` names the fix.
    """
    if isinstance(texts, str):
        files: Sequence[SourceFile] = [_given(texts)]
    elif isinstance(texts, PathLike):
        files = read([fspath(texts)], None)
    elif all(isinstance(text, str) for text in texts) and texts:
        # A list says where sentences begin, so nothing is left to split.
        settings = {"split": "line"} | settings
        files = [_given("\n".join(" ".join(str(text).split()) for text in texts))]
    elif texts and all(isinstance(text, PathLike) for text in texts):
        files = read([fspath(text) for text in texts], None)
    else:
        raise UsageError("texts is no text.", "Give a list of sentences, or paths (pathlib.Path).")
    return pipeline.analyse(model, files, from_mapping(settings, ""), Silent())


def _given(text: str) -> SourceFile:
    return SourceFile("text", hashlib.sha256(text.encode(errors="replace")).hexdigest(), text)
