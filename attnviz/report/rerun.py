"""The command that makes the same report again."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from attnviz.report.escape import harmless
from attnviz.report.given import Options

if TYPE_CHECKING:
    from attnviz.report.model import Report

_FLAGS = (
    "language",
    "long",
    "illustrate",
    "sentences",
    "resamples",
    "seed",
    "scale",
    "cmap",
    "dpi",
    "kernel",
    "generate",
    "target",
    "max_memory",
    "annotate",
    "pieces",
    "input_format",
)
_SWITCHES = ("words", "chat", "parse_special_tokens")


def command(report: Report) -> str:
    """`attnviz report MODEL TEXT...` with every option that differs from its default."""
    words = ["attnviz", "report", report.model.name, *(file.name for file in report.input.files)]
    if report.input.split != "auto":
        words += ["--split", report.input.split]
    if report.model.revision:
        words += ["--revision", report.model.revision]
    if report.model.dtype != "float32":
        words += ["--dtype", report.model.dtype]
    default = Options()
    for name in _FLAGS:
        value = getattr(report.options, name)
        if value != getattr(default, name):
            text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            words += [f"--{name.replace('_', '-')}", text]
    words += [f"--{name.replace('_', '-')}" for name in _SWITCHES if getattr(report.options, name)]
    if given := report.options.evidence.given:
        words += ["--evidence", ",".join(f"{key}={value:g}" for key, value in given)]
    if not report.options.rollout_residual:
        words.append("--no-rollout-residual")
    return harmless(shlex.join(words))
