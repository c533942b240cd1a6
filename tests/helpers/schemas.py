"""The schema of `report.json`, made and checked once: that takes far longer than using it."""

from __future__ import annotations

from functools import cache
from typing import Any

import jsonschema

from attnviz.report import codec


@cache
def _report() -> jsonschema.Draft202012Validator:
    schema = codec.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def validate(told: Any) -> None:
    """Raises a ValidationError where `told`, read from JSON, is no report."""
    _report().validate(told)
