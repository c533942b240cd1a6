"""What a scan's folder says of itself in scan.json: of what it is, and at the end what it saw."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict
from typing import Any

from attnviz.corpus.options import ScanOptions
from attnviz.corpus.overview import Overview
from attnviz.errors import InputError, UsageError
from attnviz.measurement.source import Source
from attnviz.report.numbers import counted
from attnviz.settings import Settings, flag
from attnviz.text.showable import showable

SCHEMA = "attnviz.scan/1"
NAME = "scan.json"

Manifest = dict[str, Any]

_ALWAYS = {"version", "model", "settings", "corpus", "part", "pilot", "rows", "batch_tokens"}

_FREE = ("result", "batch_tokens", "given")
"""What may differ between a scan and one that goes on with it."""


_OF_CORPUS = ("field", "id", "group", "label", "sample", "keep_going")
"""What flags say of a corpus."""

_TOLD = 3
"""Differences, and files, that are named."""


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
    different = list(_differences(before, now))
    if different:
        told, rest = different[:_TOLD], len(different) - _TOLD
        more = f", and {counted(rest, 'more thing')} differ" if rest > 0 else ""
        raise UsageError(
            f"{folder} holds another scan: {'; '.join(told)}{more}.",
            "Scan into another folder with -o, or remove this one to scan anew.",
        )


def _differences(before: Manifest, now: Manifest) -> Iterator[str]:
    """What differs between two scans, as their commands say it: flags, then what was read."""
    corpora = before["corpus"], now["corpus"]
    flags = [(name, *(of.get(name) for of in corpora)) for name in _OF_CORPUS]
    flags += [(name, before.get(name), now.get(name)) for name in ("part", "rows")]
    settings = before["settings"], now["settings"]
    names = sorted({*settings[0], *settings[1]})
    flags += [(name, *(of.get(name) for of in settings)) for name in names]
    for name, old, new in flags:
        if old != new:
            yield f"{flag(name)} {_given(old)}, and now {_given(new)}"
    models = before["model"], now["model"]
    if models[0] != models[1]:
        name = next(key for key in sorted({*models[0], *models[1]}) if _differ(*models, key))
        old, new = (showable(str(of.get(name))) for of in models)
        yield f"its model's {name} is {old}, and now {new}"
    old, new = ({file["name"]: file for file in of["files"]} for of in corpora)
    if [*old] != [*new]:
        yield f"it is of {_files(old)}, and now of {_files(new)}"
    elif changed := [name for name in old if old[name] != new[name]]:
        yield f"{_files(changed)} changed since"
    else:
        yield from _others(corpora[0], corpora[1], {*_OF_CORPUS, "files"})
    for name in ("version", "pilot"):
        if _differ(before, now, name):
            yield f"its {name} is {before.get(name)}, and now {now.get(name)}"


def _others(before: Manifest, now: Manifest, told: Collection[str]) -> Iterator[str]:
    """What else differs, by its name."""
    for name in sorted({*before, *now} - {*told}):
        if _differ(before, now, name):
            yield f"{name} is {before.get(name)}, and now {now.get(name)}"


def _differ(before: Manifest, now: Manifest, name: str) -> bool:
    return bool(before.get(name) != now.get(name))


def _given(value: object) -> str:
    """What a flag was given, in words."""
    if value in ("", None, False, 0):
        return "is not given"
    return "is given" if value is True else f"is {showable(str(value))}"


def _files(names: Collection[str]) -> str:
    listed = [showable(name) for name in list(names)[:_TOLD]]
    return ", ".join(listed) + (" and more" if len(names) > _TOLD else "")
