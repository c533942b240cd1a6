"""Verdicts as JSON, `"schema": "attnviz.check/1"`."""

from __future__ import annotations

import json

from attnviz.report.codec import plain
from attnviz.rules.verdict import STATUSES, Verdicts

SCHEMA = "attnviz.check/1"


def write(verdicts: Verdicts) -> bytes:
    """The verdicts as JSON: sorted keys, six significant digits."""
    values = {
        "schema": SCHEMA,
        "version": verdicts.version,
        "model": verdicts.model,
        "rules": verdicts.rules,
        "against": verdicts.against,
        "tags": dict(verdicts.tags),
        "counts": {status: len(verdicts.of(status)) for status in STATUSES},
        "figures": [{"path": each.figure} for each in verdicts if each.figure],
        "exit_code": int(verdicts.exit_code),
        "verdicts": verdicts.verdicts,
        "warnings": verdicts.warnings,
    }
    text = json.dumps(plain(values), indent=2, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()
