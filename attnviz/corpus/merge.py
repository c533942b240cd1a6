"""Finished scans become one: the parts of a corpus, or corpora that share a pilot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from attnviz.corpus import drift
from attnviz.corpus import groups as monitoring
from attnviz.corpus import manifest as manifests
from attnviz.corpus.finished import Finished, groups_of, notes_of, strangest_of, warnings_of
from attnviz.corpus.grouping import check_many
from attnviz.corpus.manifest import Manifest
from attnviz.corpus.measurements import MEASUREMENT, measurement_in
from attnviz.corpus.notes import evidence_warnings
from attnviz.corpus.scan import is_ours
from attnviz.corpus.strange import Strangest
from attnviz.errors import InputError, UsageError
from attnviz.folder import growing
from attnviz.measurement.measurement import Measurement
from attnviz.measurement.source import FileInfo
from attnviz.report.numbers import counted
from attnviz.settings import Settings
from attnviz.text.showable import showable

_COUNTS = ("read", "sentences", "documents")
_RESULTS = ("sentences", "tokens", "words", "truncated", "documents")


def merge(folders: Sequence[Path], into: Path, against: Path | None = None) -> Finished:
    """Adds the measurements of finished scans into a folder of its own.

    What comes of it is compared with what the folder `against` holds, if there is one.

    Raises InputError for a folder without a finished scan, UsageError where parts are missing,
    where text is there twice, or where scans don't add, WriteError as a scan does.
    """
    if len({folder.resolve() for folder in (*folders, into)}) < len(folders) + 1:
        raise UsageError("A folder is named twice.", "Name each scan once, and -o besides.")
    scans = [_finished(folder) for folder in folders]
    whole = _together(scans, folders)
    before = None if against is None else measurement_in(against)
    with growing(into, is_ours) as place:
        _refuse_other(place.read(manifests.NAME), whole, into)
        # One at a time: a measurement may be large.
        total = reduce(add, map(measurement_in, folders), Measurement())
        if before is not None and against is not None and total.source is not None:
            drift.check(before, total.source, against)
        measurement = replace(
            total,
            input=replace(total.input, files=_files(whole, total)),
            warnings=tuple(warnings_of(whole)),
        )
        if whole["corpus"]["group"] or whole["corpus"]["label"]:
            kept = _groups_together(scans, folders, whole["corpus"])
            groups = monitoring.put(place, whole["corpus"], kept, Settings())
            whole["result"]["groups"] = to_builtins(groups)
        whole["result"]["evidence"] = evidence_warnings(measurement)
        place.put(MEASUREMENT, measurement.to_bytes())
        place.put(manifests.NAME, manifests.written(whole))
    done = Finished.of(whole, into)
    if before is None or against is None:
        return done
    return done.held_against(before, against, Settings())


def _refuse_other(data: bytes | None, whole: Manifest, into: Path) -> None:
    """Raises UsageError where the folder holds something else than this."""
    if data is not None:
        manifests.check_same(manifests.read(data, into), whole, into)


def _finished(folder: Path) -> Manifest:
    shown = showable(str(folder))
    try:
        data = (folder / manifests.NAME).read_bytes()
    except (OSError, ValueError) as error:
        what = "holds no scan" if folder.is_dir() else "is no folder"
        raise InputError(f"{shown} {what}.", "Name folders of finished scans.") from error
    manifest = manifests.read(data, shown)
    if "result" not in manifest:
        raise InputError(f"The scan in {shown} is not finished.", "Give its command again.")
    return manifest


def _together(scans: Sequence[Manifest], folders: Sequence[Path]) -> Manifest:
    """The manifest of all of them."""
    corpora = [scan["corpus"] for scan in scans]
    _check_fields(corpora, folders)
    results = [scan["result"] for scan in scans]
    first = scans[0]
    if all(corpus == corpora[0] for corpus in corpora):
        _check_parts([scan["part"] for scan in scans], folders)
        corpus = corpora[0]
    else:
        _check_whole(scans, folders)
        corpus = _corpora_together(corpora)
    notes = reduce(add, map(notes_of, scans))
    result = {name: sum(of[name] for of in results) for name in _RESULTS} | {
        "notes": asdict(notes),
        "limit": results[0]["limit"],
        "warnings": list(dict.fromkeys(text for of in results for text in of["warnings"])),
    }
    strangest = sum((strangest_of(scan) for scan in scans), Strangest())
    result["strangest"] = to_builtins(strangest.sentences)
    given = [path for scan in scans for path in scan.get("given", {}).get("paths", ())]
    return first | {
        "corpus": corpus,
        "part": "1/1",
        "rows": False,
        "result": result,
        "given": first.get("given", {}) | {"paths": list(dict.fromkeys(given))},
    }


def _groups_together(
    scans: Sequence[Manifest], folders: Sequence[Path], corpus: dict[str, Any]
) -> dict[str, Measurement]:
    """The measurement of each group, added up over the scans that have it."""
    lie = [
        (group.value, folder / group.file)
        for scan, folder in zip(scans, folders, strict=True)
        if (groups := groups_of(scan)) is not None
        for group in groups.groups
    ]
    together: dict[str, Measurement] = {}
    for value, path in sorted(lie):
        together[value] = together.get(value, Measurement()) + measurement_in(path)
    check_many(corpus["group"], together)
    places = {file["name"]: place for place, file in enumerate(corpus["files"])}
    return {
        value: replace(
            of,
            input=replace(
                of.input,
                files=tuple(sorted(of.input.files, key=lambda file: places[file.name])),
            ),
        )
        for value, of in together.items()
    }


def _check_fields(corpora: Sequence[dict[str, Any]], folders: Sequence[Path]) -> None:
    """Raises UsageError where scans are grouped by different fields, or not all."""
    named = [(corpus["group"], corpus["label"]) for corpus in corpora]
    for folder, fields in zip(folders, named, strict=True):
        if fields != named[0]:
            mine, other = (
                f"grouped by {showable(group or label)}" if group or label else "not grouped"
                for group, label in (named[0], fields)
            )
            raise UsageError(
                f"{showable(str(folders[0]))} is {mine}, and {showable(str(folder))} is {other}.",
                "Scan all of them with the same --group or --label.",
            )


def _check_parts(parts: Sequence[str], folders: Sequence[Path]) -> None:
    """Raises UsageError unless these are all parts of a corpus, each once."""
    many = int(parts[0].partition("/")[2])
    numbers = [int(part.partition("/")[0]) for part in parts]
    if other := next((part for part in parts if not part.endswith(f"/{many}")), None):
        raise UsageError(
            f"Parts {parts[0]} and {other} are of different divisions.",
            "Scan all parts with one number of them.",
        )
    for place, number in enumerate(numbers):
        if number in numbers[:place]:
            before = folders[numbers.index(number)]
            if many == 1:
                raise UsageError(
                    f"{showable(str(before))} and {showable(str(folders[place]))} are whole scans, "
                    "and no parts of one.",
                    "Parts come from --part 1/2 and so on; attnviz compare sets scans of the same "
                    "text side by side, and scan --against tells what drifted.",
                )
            raise UsageError(
                f"{showable(str(folders[place]))} and {showable(str(before))} are both part "
                f"{parts[place]}.",
                "Name each part once.",
            )
    if missing := sorted({*range(1, many + 1)} - {*numbers}):
        told = ", ".join(f"{number}/{many}" for number in missing[:5])
        more = ", ..." if len(missing) > 5 else ""
        raise UsageError(
            f"{counted(len(missing), 'part')} missing: {told}{more}.", "Name the folders of all."
        )


def _check_whole(scans: Sequence[Manifest], folders: Sequence[Path]) -> None:
    """Raises UsageError where parts are of different corpora, or where a text is there twice."""
    for scan, folder in zip(scans, folders, strict=True):
        if scan["part"] != "1/1":
            raise UsageError(
                f"{showable(str(folder))} is part {scan['part']} of another corpus, or was read "
                "otherwise.",
                "Merge the parts of a corpus by themselves, then the results.",
            )
    seen: dict[str, Path] = {}
    for scan, folder in zip(scans, folders, strict=True):
        for file in scan["corpus"]["files"]:
            other = seen.setdefault(file["sha256"], folder)
            if other != folder:
                raise UsageError(
                    f"{showable(str(other))} and {showable(str(folder))} both hold {file['name']}.",
                    "A text counts once: leave one of them out.",
                )


def _corpora_together(corpora: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Several corpora as one; what differs between them and does not add is that of the first."""
    aside = [corpus["set_aside"] for corpus in corpora]
    reasons = [reason for each in aside for reason in each["reasons"]]
    return corpora[0] | {
        **{name: sum(corpus[name] for corpus in corpora) for name in _COUNTS},
        "files": [file for corpus in corpora for file in corpus["files"]],
        "sample": sum(corpus["sample"] or corpus["read"] for corpus in corpora)
        if any(corpus["sample"] for corpus in corpora)
        else 0,
        "set_aside": {"many": sum(each["many"] for each in aside), "reasons": reasons},
        "merged": True,
    }


def _files(whole: Manifest, total: Measurement) -> tuple[FileInfo, ...]:
    """The files in the order of the corpus, with the sentences of all parts."""
    many = {(file.name, file.sha256): file.sentences for file in total.input.files}
    keys = dict.fromkeys((file["name"], file["sha256"]) for file in whole["corpus"]["files"])
    return tuple(FileInfo(*key, many.get(key, 0)) for key in keys)
