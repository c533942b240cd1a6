"""The command that shows what a rule is about."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from attnviz.rules.rule import Mass, Rule
from attnviz.rules.verdict import Measured


def draw(
    model: str,
    text: str,
    rule: Rule,
    mass: Mass,
    decisive: Measured | None,
    more: Sequence[str] = (),
) -> str:
    """`attnviz draw` with the tokens and heads of a rule on one sentence.

    `text` is a sentence or a file's name, `more` what else the command takes.
    """
    words = ["attnviz", "draw", model, text, *more]
    heads = [] if decisive is None else _heads(decisive.name)
    named = isinstance(mass.source, str) and isinstance(mass.to, str)
    if named and (not heads or heads[0] == "--heads"):
        words += ["--from", str(mass.source), "--to", str(mass.to)]
    words += heads
    if rule.stream != "auto":
        words += ["--stream", rule.stream]
    if mass.lens != "all":
        words += ["--lens", mass.lens]
    if mass.pieces:
        words += ["--pieces", mass.pieces]
    return shlex.join(words)


def report(model: str, file: str, target: str) -> str:
    """`attnviz report` on a file, and on what a decoder reads with it; "" without a file."""
    more = ["--target", target] if target else []
    return shlex.join(["attnviz", "report", model, file, *more]) if file else ""


def _heads(name: str) -> list[str]:
    if name == "rollout":
        return ["--view", "rollout"]
    if name == "mean":
        return ["--mean", "all"]
    if name.startswith("layer "):
        return ["--layers", name.removeprefix("layer "), "--mean", "heads"]
    return ["--heads", name] if name else []
