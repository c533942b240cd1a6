"""The groups of a corpus: a measurement each, and what surely differs between them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from attnviz.comparison.records import HeadDifference
from attnviz.corpus.state import State
from attnviz.evidence.rules import USUAL
from attnviz.folder import Growing
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.source import FileInfo, InputInfo
from attnviz.report.monitoring import Group, GroupDifference, Groups
from attnviz.report.numbers import counted
from attnviz.settings import Settings
from attnviz.steps.groups import group_differences
from attnviz.text.showable import in_short

FOLDER = "groups"
"""Where in the folder of a scan the measurements of its groups lie."""

TOLD = 4
"""Certain differences of a role or statistic that are told."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def names(values: Sequence[str]) -> dict[str, str]:
    """The file of each value: its name where that is plain, else with its hash."""
    alike = Counter(value.casefold() for value in values)
    return {
        value: f"{FOLDER}/{_name(value, alone=alike[value.casefold()] == 1)}.safetensors"
        for value in values
    }


def _name(value: str, *, alone: bool) -> str:
    if alone and _PLAIN.fullmatch(value):
        return value
    kept = re.sub(r"[^A-Za-z0-9_-]+", "-", value)[:24].strip("-")
    return f"{kept}-{blake2b(value.encode(), digest_size=4).hexdigest()}".lstrip("-")


def measurements(state: State, corpus: Mapping[str, Any]) -> dict[str, Measurement]:
    """The measurement of each group, as whole as that of the corpus; `corpus` is the manifest's."""
    split, documents = state.measurement.input.split, state.measurement.input.documents
    fitted = replace(state.measurement, streams={}, input=InputInfo(split=split))
    return {
        value: _measurement(fitted, of, documents, value, corpus)
        for value, of in state.groups.items()
    }


def _measurement(
    fitted: Measurement, state: State, documents: int, value: str, corpus: Mapping[str, Any]
) -> Measurement:
    total = fitted + state.measurement
    units = max((len(sums.units) for sums in total.streams.values()), default=0)
    grouped = any(sums.units.grouped for sums in total.streams.values())
    files = tuple(
        FileInfo(file["name"], file["sha256"], state.sentences[file["name"]])
        for file in corpus["files"]
        if file["name"] in state.sentences
    )
    # Of more documents than are kept apart it is not known how many are in a group.
    many = min(documents, total.input.sentences if grouped else units)
    info = replace(total.input, files=files, documents=many)
    return replace(total, input=info, warnings=(_warning(value, corpus),))


def _warning(value: str, corpus: Mapping[str, Any]) -> str:
    if corpus["label"]:
        return f"Only the sentences whose label is predicted {value}."
    return f"Only the sentences whose {in_short(corpus['group'])} is {in_short(value)}."


def put(
    place: Growing,
    corpus: Mapping[str, Any],
    kept: Mapping[str, Measurement],
    settings: Settings | None,
) -> Groups:
    """Writes the measurements of groups into the folder of a scan; what is told of them.

    They are compared by the `settings`, those of a part of a corpus, None, are not. Raises
    WriteError as the folder does.
    """
    files = names(list(kept))
    for value, measurement in kept.items():
        place.put(files[value], measurement.to_bytes())
    tested, certain, reason = _compared(kept, settings)
    return Groups(
        field=corpus["group"] or corpus["label"],
        by="prediction" if corpus["label"] else "field",
        groups=tuple(
            Group(value, of.input.sentences, of.input.tokens, files[value])
            for value, of in kept.items()
        ),
        compared=tested,
        certain=len(certain),
        differences=tuple(_first(certain)),
        reason=reason,
    )


def _compared(
    kept: Mapping[str, Measurement], settings: Settings | None
) -> tuple[int, list[GroupDifference], str]:
    """How many differences were tested, those that are certain, and why none was tested.

    The certain ones come as they are told: the surely largest first.
    """
    if settings is None:
        return 0, [], "Parts are not compared: attnviz merge compares the whole."
    if len(kept) < 2:
        return 0, [], "There is one group only."
    tested, certain = 0, list[tuple[str, HeadDifference]]()
    for value, each in group_differences(kept, settings):
        if each.same_as:
            continue  # one fact with another, which is counted
        tested += each.certain is not None
        if each.certain:
            certain.append((value, each))
    certain.sort(key=lambda both: -both[1].sure_change)
    reason = "" if certain else _few(kept, tested)
    return tested, [_told(*both) for both in certain], reason


def _few(kept: Mapping[str, Measurement], tested: int) -> str:
    """That a group has too few sentences for anything to be certain; "" where all have enough.

    Those that are the same count once; of more than are kept apart nobody knows how many differ.
    """
    if not tested:
        return "There are too few sentences in the groups to compare them."
    many = {
        value: len(sums.units)
        for value, of in kept.items()
        for sums in of.streams.values()
        if not sums.units.grouped
    }
    if not many or min(many.values()) >= USUAL.sentences:
        return ""
    least = min(many, key=lambda value: many[value])
    what = "document" if kept[least].input.documents else "different sentence"
    return (
        f"None of {counted(tested, 'difference')} is certain: {in_short(least)} has "
        f"{counted(many[least], what)}, and so few make hardly any difference certain."
    )


def _first(differences: Sequence[GroupDifference]) -> Iterator[GroupDifference]:
    """The first few of each role and statistic."""
    many = Counter[tuple[str, str]]()
    for each in differences:
        many[each.role, each.measure] += 1
        if many[each.role, each.measure] <= TOLD:
            yield each


def _told(value: str, of: HeadDifference) -> GroupDifference:
    numbers = of.before, of.after, of.difference, of.sure_low, of.sure_high
    others, mean, difference, low, high = (float(each or 0.0) for each in numbers)
    return GroupDifference(
        group=value,
        head=of.head,
        role=of.role,
        measure=of.measure,
        unit=of.unit,
        value=mean,
        others=others,
        difference=difference,
        low=of.low,
        high=of.high,
        sure_low=low,
        sure_high=high,
        attention=of.attention,
    )
