"""What a finished scan tells: warnings, and a summary for people and for machines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from msgspec import ValidationError, convert, to_builtins

from attnviz.corpus import manifest as manifests
from attnviz.corpus.drift import Drift, drift
from attnviz.corpus.manifest import Manifest
from attnviz.corpus.measurements import measurement_in
from attnviz.corpus.notes import Notes
from attnviz.corpus.strange import Strangest
from attnviz.corpus.summary import SCHEMA
from attnviz.errors import InputError
from attnviz.measurement.measurement import Measurement
from attnviz.report import codec
from attnviz.report.model import Report
from attnviz.report.monitoring import Groups, StrangeSentence
from attnviz.report.numbers import counted
from attnviz.report.watched import groups_in_words, strangest_in_words
from attnviz.settings import Settings
from attnviz.survey import survey
from attnviz.text.showable import showable

Value = TypeVar("Value")


def notes_of(manifest: Manifest) -> Notes:
    """What was lost or read otherwise."""
    notes = dict(manifest["result"]["notes"])
    return Notes(**notes | {"scripts": tuple(notes["scripts"])})


def groups_of(manifest: Manifest) -> Groups | None:
    """What is known of the groups of a finished scan; None where it has none."""
    known = manifest["result"].get("groups")
    return None if known is None else _read(known, Groups)


def strangest_of(manifest: Manifest) -> Strangest:
    """The strangest sentences of a finished scan."""
    return Strangest(_read(manifest["result"].get("strangest", []), tuple[StrangeSentence, ...]))


def _read(value: object, form: type[Value]) -> Value:
    """A value of that form. Raises InputError where it is none."""
    try:
        return convert(value, form)
    except ValidationError as error:
        raise InputError(
            f"{manifests.NAME} is damaged: {error}.", "Scan anew, into another folder."
        ) from error


def warnings_of(manifest: Manifest) -> list[str]:
    """The warnings of a finished scan."""
    corpus, result = manifest["corpus"], manifest["result"]
    warnings = list(result["warnings"])
    aside = corpus["set_aside"]
    if aside["many"]:
        many = counted(aside["many"], "document")
        warnings.append(
            f"Set aside, for want of being readable: {many}. The first: {aside['reasons'][0]}"
        )
    if corpus["sample"]:
        warnings.append(
            f"A sample: {corpus['sentences']:,} of {counted(corpus['read'], 'sentence')}, by the "
            "hash of their text."
        )
    if manifest["part"] != "1/1":
        warnings.append(f"This is part {manifest['part']} of the corpus.")
        if not result["sentences"]:
            warnings.append(
                f"The part is empty: the pilot is in the first, and of the others each takes "
                f"{survey.SHARD} in turn."
            )
    return [*notes_of(manifest).warnings(result["limit"]), *warnings]


def watched(report: Report, folder: Path) -> Report:
    """A report with what the scan in a folder watched for, or the one that a report there is from.

    Raises InputError where what the scan says is damaged.
    """
    try:
        data = (folder / manifests.NAME).read_bytes()
    except OSError:  # no scan
        return _as_reported(report, folder)
    manifest = manifests.read(data, showable(str(folder)))
    if "result" not in manifest:
        return report
    strangest = strangest_of(manifest).sentences
    return replace(report, groups=groups_of(manifest), strangest=strangest)


def _as_reported(report: Report, folder: Path) -> Report:
    """With what the report in a folder says of these, which is all that is kept of them there."""
    try:
        data = (folder / "report.json").read_bytes()
    except OSError:
        return report
    try:
        told = codec.read(data)
    except InputError:
        left_out = "Its report.json can't be read: groups and strangest sentences are left out."
        return replace(report, warnings=(*report.warnings, left_out))
    return replace(report, groups=told.groups, strangest=told.strangest)


@dataclass(frozen=True)
class Finished:
    """A finished scan: its numbers, and where it lies."""

    folder: Path
    numbers: dict[str, Any]
    warnings: tuple[str, ...]
    groups: Groups | None = None
    strangest: tuple[StrangeSentence, ...] = ()
    drift: Drift | None = None

    @classmethod
    def of(cls, manifest: Manifest, folder: Path) -> Finished:
        """What the manifest of a finished scan says."""
        corpus, result = manifest["corpus"], manifest["result"]
        notes = notes_of(manifest)
        numbers = {
            "model": manifest["model"]["name"],
            "part": manifest["part"],
            "files": len(corpus["files"]),
            "read": corpus["read"],
            "sentences": result["sentences"],
            "documents": result["documents"],
            "tokens": result["tokens"],
            "truncated": result["truncated"],
            "left_out": notes.left_out,
            "set_aside": corpus["set_aside"]["many"],
            "sample": corpus["sample"],
        }
        # Reports judge the evidence themselves, so it is not among the measurement's warnings.
        warnings = (*warnings_of(manifest), *result.get("evidence", ()))
        strangest = strangest_of(manifest).sentences
        return cls(folder, numbers, warnings, groups_of(manifest), strangest)

    def held_against(self, before: Measurement, against: Path, settings: Settings) -> Finished:
        """The same, compared with what was measured before and lies at `against`."""
        now = measurement_in(self.folder)
        return replace(self, drift=drift(before, now, against, settings))

    def json(self) -> dict[str, Any]:
        """The summary for machines."""
        return {
            "schema": SCHEMA,
            **self.numbers,
            "folder": str(self.folder),
            "groups": to_builtins(self.groups),
            "strangest": to_builtins(self.strangest),
            "drift": None if self.drift is None else self.drift.json(),
            "warnings": list(self.warnings),
        }

    def text(self) -> str:
        """The summary for people: what was measured, what was not, and what comes next."""
        numbers = self.numbers
        documents = (
            f" of {counted(numbers['documents'], 'document')}" if numbers["documents"] else ""
        )
        first = (
            f"{numbers['model']}: {counted(numbers['sentences'], 'sentence')}{documents}, "
            f"{counted(numbers['tokens'], 'token')}, from {counted(numbers['files'], 'file')}"
        )
        part = "" if numbers["part"] == "1/1" else f" (part {numbers['part']})"
        lines = [f"{first}{part}", *self.warnings]
        if self.groups is not None:
            lines += groups_in_words(self.groups)
        lines += strangest_in_words(self.strangest)
        if self.drift is not None:
            lines += self.drift.lines()
        after = (
            f"attnviz report --from {self.folder}"
            if numbers["part"] == "1/1"
            else "attnviz merge, once all parts are there"
        )
        return "\n".join([*lines, f"{self.folder}: next {after}"])
