"""What `attnviz draw` shows of a rule, and the command that does."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from attnviz.drawing.settings import DrawSettings, HeadPlace, head_name
from attnviz.rules.heads import Heads
from attnviz.rules.rule import Mass, Rule
from attnviz.settings import Settings, declarations, flag
from attnviz.values import written


def chosen(name: str, heads: Heads, places: Sequence[HeadPlace], mass: Mass) -> DrawSettings:
    """What to draw for a number that is called `name`, of a rule on these heads of a model."""
    if name == "rollout":
        return DrawSettings(view="rollout", lens=mass.lens)
    if name.startswith("layer "):
        layer = int(name.removeprefix("layer "))
        return DrawSettings(layers=(layer,), mean="heads", lens=mass.lens)
    if name != "mean":
        return DrawSettings(heads=name, lens=mass.lens)
    if all(head is None for _, head in heads.items):
        layers = tuple(layer for layer, _ in heads.items)
        return DrawSettings(layers=layers, mean="all", lens=mass.lens)
    (group,) = heads.groups(places)
    members = ",".join(head_name(*places[at]) for at in group.members)
    return DrawSettings(heads=members, mean="all", lens=mass.lens)


def draw(
    model: str, text: str, rule: Rule, mass: Mass, shown: DrawSettings, more: Sequence[str] = ()
) -> str:
    """`attnviz draw` with the tokens of a rule on one sentence, and what is `shown` of it.

    `text` is a sentence or a file's name, `more` what else the command takes.
    """
    words = ["attnviz", "draw", model, text, *more]
    named = isinstance(mass.source, str) and isinstance(mass.to, str)
    if named and shown.heads and shown.mean == "none":
        words += ["--from", str(mass.source), "--to", str(mass.to)]
    if shown.view:
        words += ["--view", shown.view]
    if shown.heads:
        words += ["--heads", shown.heads]
    if shown.layers:
        words += ["--layers", written(shown.layers)]
    if shown.mean != "none":
        words += ["--mean", shown.mean]
    if rule.stream != "auto":
        words += ["--stream", rule.stream]
    if shown.lens != "all":
        words += ["--lens", shown.lens]
    if mass.pieces:
        words += ["--pieces", mass.pieces]
    return shlex.join(words)


def report(model: str, file: str, target: str) -> str:
    """`attnviz report` on a file, and on what a decoder reads with it; "" without a file."""
    more = ["--target", target] if target else []
    return shlex.join(["attnviz", "report", model, file, *more]) if file else ""


def changed(settings: Settings) -> list[str]:
    """The settings that change what is drawn, as flags."""
    flags = ["--split", "pair"] if settings.split == "pair" else []
    if settings.revision:
        flags += ["--revision", settings.revision]
    if settings.pieces != declarations()["pieces"].default:
        flags += [flag("pieces"), settings.pieces]
    return [*flags, "--words"] if settings.words else flags
