"""The settings of a drawing, declared as those of a report are (`attnviz.settings`).

They say what is shown of a sentence and how. How a model is loaded and run is said by `Settings`,
of which a drawing takes those that are named here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from attnviz.errors import UsageError
from attnviz.settings import Declaration, Setting, Settings, checked, declarations, flag, unknown
from attnviz.values import NO_HEAD, are_heads
from attnviz.values import heads as heads

Lens = Literal["all", "content"]
Mean = Literal["none", "heads", "layers", "all"]
Scale = Literal["sqrt", "linear", "own"]
FlowKind = Literal["rollout", "maximum"]
Stream = Literal["auto", "encoder", "decoder", "cross"]

HeadPlace = tuple[int, int]
"""A layer and the number of a head in it."""

RUN = (
    *("split", "input_format", "chat", "parse_special_tokens", "language", "long", "target"),
    *("generate", "revision", "device", "device_map", "dtype", "allow_pickle", "trust_remote_code"),
    *("words", "pieces", "max_memory", "rollout_residual"),
)
"""The settings of a run that a drawing takes."""

FIGURE = ("cmap", "dpi")
"""Those of figures."""

KEPT = ("sentence", "stream", "heads", "layers")
"""The drawing's own settings that say what is kept of a run."""

TARGET = Setting(
    "Text",
    "What the decoder of an encoder-decoder model reads: a file, or the sentence itself.",
    "TEXT",
    "none",
)
"""What a drawing says of `target`, of which a report takes a file."""

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+) ?(in|cm|mm)")
_INCHES = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4}
_NARROWEST, _WIDEST = 1.0, 100.0
_NO_SIZE = "Give the width of the page or column: 3.3in, 8.4cm or 84mm, from 1in to 100in."


def head_name(layer: int, head: int) -> str:
    """A head's name, such as "L5H7"."""
    return f"L{layer}H{head}"


def inches(size: str) -> float | None:
    """A width such as "3.3in", "8.4cm" or "84mm" in inches; None for "".

    UsageError where it is none, or none that anything can be drawn in.
    """
    if not size:
        return None
    match = _SIZE.fullmatch(size.strip())
    width = float(match[1]) * _INCHES[match[2]] if match else 0.0
    if not _NARROWEST <= width <= _WIDEST:
        raise UsageError(f"{size!r} is no width.", _NO_SIZE)
    return width


def _is_size(size: str) -> bool:
    try:
        return inches(size) is not None
    except UsageError:
        return False


@dataclass(frozen=True, kw_only=True)
class DrawSettings:
    """What is shown of a sentence, and how; UsageError where a value can't be."""

    sentence: Annotated[
        int,
        Setting(
            "Text",
            "Which sentence of a file, counted as in a report.",
            "N",
            first=True,
            range=(1, 2**63 - 1),
            hint="Sentences count from 1.",
        ),
    ] = 1
    heads: Annotated[
        str,
        Setting(
            "What is shown",
            "These heads.",
            "L5H7,L2H0",
            "all",
            allowed=are_heads,
            hint=NO_HEAD,
        ),
    ] = ""
    layers: Annotated[
        tuple[int, ...],
        Setting(
            "What is shown",
            "All heads of these layers.",
            "3,5",
            "all",
            range=(0, 9999),
            hint="Layers count from 0.",
        ),
    ] = ()
    mean: Annotated[
        Mean,
        Setting(
            "What is shown",
            "The mean over heads (a matrix a layer), over layers (a matrix a head number) or over "
            "all.",
            "OVER",
        ),
    ] = "none"
    query: Annotated[
        str,
        Setting(
            "What is shown",
            "Only what this token or word looks at, of a flow what runs to it; the#2 is the second "
            "'the'.",
            "WORD",
            "all",
        ),
    ] = ""
    mass_from: Annotated[
        str,
        Setting(
            "What is shown",
            "With --to: how much these words give those, in every head, the most first.",
            "WORDS",
            "none",
            flags="--from",
        ),
    ] = ""
    mass_to: Annotated[
        str,
        Setting(
            "What is shown",
            "See --from; several words with spaces between them are summed.",
            "WORDS",
            "none",
            flags="--to",
        ),
    ] = ""
    flow: Annotated[
        FlowKind,
        Setting(
            "What is shown",
            "With --view flow: rollout, or the maximum flow of Abnar and Zuidema (2020).",
            "KIND",
        ),
    ] = "rollout"
    key: Annotated[
        str,
        Setting(
            "What is shown",
            "With --view flow: only what comes from this token or word.",
            "WORD",
            "all",
        ),
    ] = ""
    lens: Annotated[
        Lens,
        Setting(
            "What is shown",
            "all tokens, or content: without special tokens, what is left made to sum to 1.",
            "LENS",
        ),
    ] = "all"
    stream: Annotated[
        Stream,
        Setting(
            "What is shown",
            "Of an encoder-decoder model: encoder, decoder or cross.",
            "WHICH",
            "cross",
        ),
    ] = "auto"
    view: Annotated[
        str,
        Setting(
            "Figures",
            "matrix, mosaic, arcs, text, rollout or flow.",
            "VIEW",
            "matrix for up to four heads or means, mosaic for more",
            first=True,
        ),
    ] = ""
    size: Annotated[
        str,
        Setting(
            "Figures",
            "Width of the page or column that a picture has to fit: 3.3in, 8.4cm or 84mm.",
            "WIDTH",
            "as wide as it needs",
            allowed=_is_size,
            hint=_NO_SIZE,
        ),
    ] = ""
    scale: Annotated[
        Scale,
        Setting(
            "Figures",
            "Colour by a weight's root (sqrt), by itself (linear), or up to the largest weight of "
            "each matrix (own).",
            "SCALE",
        ),
    ] = "sqrt"
    values: Annotated[bool, Setting("Figures", "Print the numbers into the cells.")] = False

    def __post_init__(self) -> None:
        for name, declared in declarations(DrawSettings).items():
            declared.setting.check(getattr(self, name), declared.flags[0])
        if self.heads and self.layers:
            raise UsageError("--heads and --layers don't go together.", "Leave out one of them.")
        if bool(self.mass_from) != bool(self.mass_to):
            raise UsageError("--from and --to need each other.", "Give both: --from it --to cat.")
        if (self.key or self.flow != "rollout") and self.view != "flow":
            name = "--key" if self.key else "--flow"
            raise UsageError(f"{name} is for flow.", f"Add --view flow, or leave out {name}.")
        for name, value in (("--query", self.query), ("--view", self.view), ("--mean", self._mean)):
            if value and self.mass_from:
                raise UsageError(
                    f"{name} and --from don't go together.",
                    f"--from and --to make a table of every head; leave out {name}.",
                )

    @property
    def _mean(self) -> str:
        return "" if self.mean == "none" else self.mean

    @property
    def places(self) -> tuple[HeadPlace, ...]:
        """The heads that were named; empty for all, or those of the `layers`."""
        return heads(self.heads) if self.heads else ()


def taken() -> list[Declaration]:
    """Every setting of a drawing: its own, and those of a run and of figures that it takes."""
    of_run, own = dict(declarations(Settings)), declarations(DrawSettings)
    of_run["target"] = replace(of_run["target"], setting=TARGET)
    return [*own.values(), *(of_run[name] for name in (*RUN, *FIGURE) if name not in own)]


def from_flags(flags: Mapping[str, Any], settings: Settings) -> DrawSettings:
    """The drawing's own settings from flags; those that are None were not given.

    `settings` are those of the run: without a flag the colours' scale is theirs.
    """
    own = declarations(DrawSettings)
    asked = {name: value for name, value in flags.items() if name in own and value is not None}
    spelled = {name: own[name].flags[0] for name in own}
    values = checked(asked, lambda name: spelled.get(name, flag(name)), DrawSettings)
    return DrawSettings(**{"scale": settings.scale} | values)


def from_mapping(values: Mapping[str, Any], names: tuple[str, ...]) -> DrawSettings:
    """The drawing's own settings from names and values, as a script gives them.

    UsageError for others than these `names`, and for what `checked` refuses. Heads may come as a
    list of names, a layer as a number.
    """
    for name in values:
        if name not in names:
            raise unknown(name, names, str)
    spelled = dict(values)
    if isinstance(spelled.get("heads"), list | tuple):
        spelled["heads"] = ",".join(map(str, spelled["heads"]))
    if isinstance(spelled.get("layers"), int):
        spelled["layers"] = (spelled["layers"],)
    return DrawSettings(**checked(spelled, str, DrawSettings))
