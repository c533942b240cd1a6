"""What each layer is, in plain words: how many heads, which share keys, what they can see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.report.numbers import count, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attnviz.report.given import LayerInfo
    from attnviz.report.model import Report

GROUPS_NAMED = 8
"""More groups of heads than this are not all spelled out."""

_SHORTEST_RUN = 3


def headline(report: Report) -> str:
    """Layers and heads, of both stacks of an encoder-decoder model: "6 layers of 12 heads"."""
    if not report.parts:
        return f"{_count(report, 'layer')} of {_heads(report)}"
    encoder, decoder = report.part("encoder"), report.part("decoder")
    lower, upper = _count(encoder, "encoder layer"), _count(decoder, "decoder layer")
    if _heads(encoder) == _heads(decoder):
        return f"{lower} and {upper}, {_heads(decoder)} each"
    return f"{lower} of {_heads(encoder)} and {upper} of {_heads(decoder)}"


def notes(report: Report) -> tuple[str, ...]:
    """What is not the same everywhere: shared keys, layers without attention, windows."""
    return (*_shared(report.layers), *_gaps(report), *_windows(report))


def key_head(report: Report, layer: int, head: int) -> int | None:
    """The key head that a head reads; None where the report doesn't tell."""
    return next((known.key_head(head) for known in report.layers if known.layer == layer), None)


def listed(numbers: Sequence[int]) -> str:
    """Numbers in order, runs of three and more in short: "0, 2, 4–9"."""
    return ", ".join(
        str(first) if first == last else f"{first}–{last}" for first, last in runs(numbers)
    )


def runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """The first and last number of each run of three and more; other numbers alone, twice."""
    joined: list[list[int]] = []
    for number in numbers:
        if joined and number == joined[-1][-1] + 1:
            joined[-1].append(number)
        else:
            joined.append([number])
    return [ends for run in joined for ends in _ends(run)]


def _count(report: Report, noun: str) -> str:
    """The layers, and how many of them have attention where not all do."""
    having, every = len(report.layers), report.model.layers
    some = f" ({having} with attention)" if 0 < having < every else ""
    return f"{counted(every, noun)}{some}"


def _heads(report: Report) -> str:
    return counted(report.model.heads, "head")


def _ends(run: Sequence[int]) -> list[tuple[int, int]]:
    if len(run) < _SHORTEST_RUN:
        return [(number, number) for number in run]
    return [(run[0], run[-1])]


def _shared(layers: Sequence[LayerInfo]) -> Iterable[str]:
    """Which query heads share a key head, once for all layers that are alike."""
    shapes = dict.fromkeys((layer.heads, layer.key_heads) for layer in layers)
    for heads, keys in shapes:
        if keys == heads:
            continue
        alike = [layer.layer for layer in layers if (layer.heads, layer.key_heads) == (heads, keys)]
        where = "" if len(alike) == len(layers) else f"{_named(alike)}: "
        yield f"{where}{heads} query heads share {_key_heads(heads, keys)}."


def _key_heads(heads: int, keys: int) -> str:
    if keys == 1:
        return "one key head"
    if heads % keys:
        return f"{keys} key heads"
    size = heads // keys
    groups = [f"H{first}–H{first + size - 1}" for first in range(0, heads, size)]
    if size == 2:
        groups = [group.replace("–", " and ") for group in groups]
    if keys > GROUPS_NAMED:
        groups = [*groups[:2], "…", groups[-1]]
    return f"{keys} key heads: {', '.join(groups)}"


def _gaps(report: Report) -> Iterable[str]:
    having = {layer.layer for layer in report.layers}
    without = [layer for layer in range(report.model.layers) if layer not in having]
    if having and without:
        has = "has" if len(without) == 1 else "have"
        yield f"{_named(without)} {has} no attention."


def _windows(report: Report) -> Iterable[str]:
    """Which layers see only what is near, window by window."""
    for window in sorted({layer.window for layer in report.layers if layer.window is not None}):
        narrow = [layer.layer for layer in report.layers if layer.window == window]
        every = len(narrow) == len(report.layers)
        who = "All layers" if every and len(narrow) > 1 else _named(narrow)
        sees = "sees" if len(narrow) == 1 else "see"
        what = "the last {} tokens" if report.model.causal else "a window of {} tokens"
        yield f"{who} {sees} {what.format(count(window))} only."


def _named(layers: Sequence[int]) -> str:
    return f"{'Layer' if len(layers) == 1 else 'Layers'} {listed(layers)}"
