"""The command that makes the same report again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

from attnviz.report.escape import harmless
from attnviz.settings import Declaration, ReportedSettings, declarations
from attnviz.values import written

if TYPE_CHECKING:
    from attnviz.report.model import Report


def command(report: Report) -> str:
    """`attnviz report MODEL TEXT...` with every option that differs from its default.

    Where the report is from a measurement, `attnviz report ... --from DIR` with those that judging
    and drawing take; a report doesn't depend on the folder of what it was made from.
    """
    options, model = report.options, report.model
    values = {name: getattr(options, name) for name in declarations(ReportedSettings)} | {
        "split": report.input.split,
        "revision": model.revision or None,
        "dtype": "auto" if model.dtype == "float32" else model.dtype,
        "evidence": options.evidence.given,
    }
    made_from = [model.name, *(file.name for file in report.input.files)]
    taken = declarations()
    if report.without_text or report.from_measurement:
        made_from = [*(() if report.without_text else made_from), "--from", "DIR"]
        taken = {name: each for name, each in taken.items() if _is_judging(each)}
    words = ["attnviz", "report", *made_from]
    for name, declared in taken.items():
        if name in values and values[name] != declared.default:
            words += _flag(declared, values[name])
    return harmless(shlex.join(words))


def _is_judging(declared: Declaration) -> bool:
    """Whether a setting counts once all is measured."""
    setting = declared.setting
    files = declared.name in ("target", "labels")
    return not setting.shapes and (files or setting.panel not in ("Text", "Model"))


def _flag(declared: Declaration, value: object) -> Iterable[str]:
    """What gives a setting this value on the command line."""
    if declared.type is bool:
        return [declared.flags[0 if value else -1]]
    return [declared.flags[0], written(value)]
