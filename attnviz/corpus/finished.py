"""What a finished scan tells: warnings, and a summary for people and for machines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnviz.corpus.manifest import Manifest
from attnviz.corpus.notes import Notes
from attnviz.report.numbers import counted


def notes_of(manifest: Manifest) -> Notes:
    """What was lost or read otherwise."""
    notes = dict(manifest["result"]["notes"])
    return Notes(**notes | {"scripts": tuple(notes["scripts"])})


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
    return [*notes_of(manifest).warnings(result["limit"]), *warnings]


@dataclass(frozen=True)
class Finished:
    """A finished scan: its numbers, and where it lies."""

    folder: Path
    numbers: dict[str, Any]
    warnings: tuple[str, ...]

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
        return cls(folder, numbers, tuple(warnings_of(manifest)))

    def json(self) -> dict[str, Any]:
        """The summary for machines."""
        return {**self.numbers, "folder": str(self.folder), "warnings": list(self.warnings)}

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
        after = (
            f"attnviz report --from {self.folder}"
            if numbers["part"] == "1/1"
            else "attnviz merge, once all parts are there"
        )
        return "\n".join([*lines, f"{self.folder}: next {after}"])
