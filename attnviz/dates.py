"""The date of a report, which no clock tells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from attnviz.errors import UsageError
from attnviz.values import WHOLE, quoted

_LAST_SECOND = 253402300799
"""The end of the year 9999, since 1970: dates go no further."""


def creation_date(environment: Mapping[str, str]) -> str:
    """The date of a report, as 2026-05-01, from SOURCE_DATE_EPOCH; "" where that is not set.

    No clock is read: a report made twice is the same twice. UsageError where the variable is no
    time, for https://reproducible-builds.org/specs/source-date-epoch/ has malformed ones refused.
    """
    text = environment.get("SOURCE_DATE_EPOCH", "")
    if not text:
        return ""
    if not (WHOLE.fullmatch(text) and 0 <= int(text) <= _LAST_SECOND):
        raise UsageError(
            f"SOURCE_DATE_EPOCH is {quoted(text)}.",
            "Use seconds since 1970 in plain digits, as `date +%s` prints them, or unset it.",
        )
    return datetime.fromtimestamp(int(text), tz=UTC).strftime("%Y-%m-%d")
