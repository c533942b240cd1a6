"""What a scan's folder says of itself in scan.json: of what it is, and at the end what it saw."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from attnviz.corpus.options import ScanOptions
from attnviz.corpus.overview import Overview
from attnviz.errors import InputError, UsageError
from attnviz.measurement.source import Source
from attnviz.settings import Settings

SCHEMA = "attnviz.scan/1"
NAME = "scan.json"

Manifest = dict[str, Any]

_ALWAYS = {"version", "model", "settings", "corpus", "part", "pilot", "rows", "batch_tokens"}

_FREE = ("result", "batch_tokens", "given")
"""What may differ between a scan and one that goes on with it."""


def manifest(
    overview: Overview,
    source: Source,
    settings: Settings,
    options: ScanOptions,
    *,
    pilot: str,
    batch_tokens: int,
) -> Manifest:
    """What must be the same for a scan to go on; `pilot` says which is used."""
    corpus = overview.corpus
    names = [file.name for file in corpus.files if file.name in overview.stamps]
    return {
        "schema": SCHEMA,
        "version": source.version,
        "model": asdict(source.model),
        "settings": dict(source.settings) | {"kernel": settings.kernel},
        "corpus": {
            "files": [
                {
                    "name": name,
                    "sha256": overview.stamps[name].sha256,
                    "bytes": overview.stamps[name].size,
                }
                for name in names
            ],
            "field": options.fields.text,
            "id": options.fields.id,
            "group": options.fields.group,
            "label": options.fields.label,
            "sample": options.sample,
            "keep_going": options.keep_going,
            "read": overview.read,
            "sentences": overview.sentences,
            "documents": overview.documents.many,
            "set_aside": {"many": overview.aside.many, "reasons": overview.aside.reasons},
        },
        "part": str(options.part),
        "pilot": pilot,
        "rows": options.rows,
        "batch_tokens": batch_tokens,
    }


def written(value: Manifest) -> bytes:
    """The manifest as JSON, the same bytes for the same."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode(errors="replace")


def read(data: bytes, folder: object) -> Manifest:
    """What `written` made. Raises InputError for other bytes."""
    damaged = InputError(f"{folder}/{NAME} is damaged.", "Scan anew, into another folder.")
    try:
        value = json.loads(data)
        schema = value["schema"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise damaged from error
    if schema != SCHEMA:
        raise InputError(
            f"{folder}/{NAME} is {schema}, and this version of attnviz reads {SCHEMA}.",
            "Scan anew, into another folder.",
        )
    if not value.keys() >= _ALWAYS:
        raise damaged
    checked: Manifest = value
    return checked


def check_same(before: Manifest, now: Manifest, folder: object) -> None:
    """Raises UsageError where a folder holds a scan of something else, and says what differs."""
    kept = [{key: of[key] for key in of if key not in _FREE} for of in (before, now)]
    if difference := _difference(kept[0], kept[1]):
        raise UsageError(
            f"{folder} holds another scan: {difference}.",
            "Scan into another folder with -o, or remove this one to scan anew.",
        )


def _difference(before: Any, now: Any, name: str = "") -> str:  # noqa: ANN401 - JSON's
    """The first thing that differs between two values, by its path; "" for nothing."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in sorted({*before, *now}):
            path = f"{name}.{key}" if name else key
            if told := _difference(before.get(key), now.get(key), path):
                return told
        return ""
    several = isinstance(before, Sequence) and not isinstance(before, str)
    if several and isinstance(now, Sequence) and len(before) == len(now):
        differences = (
            _difference(old, new, f"{name}[{place}]")
            for place, (old, new) in enumerate(zip(before, now, strict=True))
        )
        return next(filter(None, differences), "")
    if several and isinstance(now, Sequence):
        return f"{name} has {len(before)} entries and now {len(now)}"
    return "" if before == now else f"{name} is {before} and now {now}"
