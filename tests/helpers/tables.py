"""What the tests measure, printed as tables at the end: the greatest errors, and any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from attnviz.models.architectures import FALLBACK, REFUSED
from tests.helpers.rounding import Rounding

Errors = dict[str, Rounding]
_ERRORS = pytest.StashKey[Errors]()
_TABLES = pytest.StashKey["Tables"]()

# Named in the design, and why no report on them can be had.
WITHOUT = {
    "clip, deit, dinov2, siglip, vit": "take no text",
    "fnet, mamba": "have no attention",
    "whisper": "takes sound",
}


@pytest.fixture(scope="session")
def errors(request: pytest.FixtureRequest) -> Errors:
    """Architecture -> its greatest errors."""
    return request.config.stash.setdefault(_ERRORS, {})


@dataclass
class Tables:
    """Tables by title, each a list of rows: column -> what stands in it."""

    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def add(self, title: str, row: dict[str, str]) -> None:
        self.rows.setdefault(title, []).append(row)

    def lines(self, title: str) -> Iterator[str]:
        """The table as aligned text, its columns' names first."""
        rows = self.rows[title]
        widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in rows[0]}
        for row in ({name: name for name in widths}, *rows):
            yield "  ".join(row[name].ljust(width) for name, width in widths.items()).rstrip()


@pytest.fixture(scope="session")
def tables(request: pytest.FixtureRequest) -> Tables:
    """Tables that are printed at the end of the run."""
    return request.config.stash.setdefault(_TABLES, Tables())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process that runs some of the tests hands over what it measured."""
    if (handed := getattr(session.config, "workeroutput", None)) is not None:
        stash = session.config.stash
        handed["tables"] = stash.get(_TABLES, Tables()).rows
        handed["errors"] = {
            name: (errors.errors, errors.eager) for name, errors in stash.get(_ERRORS, {}).items()
        }


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Adds what a process measured to the tables; one that crashed handed over nothing."""
    handed, stash = getattr(node, "workeroutput", {}), node.config.stash
    for title, rows in handed.get("tables", {}).items():
        stash.setdefault(_TABLES, Tables()).rows.setdefault(title, []).extend(rows)
    for name, (errors, eager) in handed.get("errors", {}).items():
        stash.setdefault(_ERRORS, {}).setdefault(name, Rounding()).add(errors, eager)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    tables = config.stash.get(_TABLES, Tables())
    for title in tables.rows:
        terminalreporter.section(title)
        for line in tables.lines(title):
            terminalreporter.write_line(line)
    _architectures(terminalreporter, config)


def _architectures(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = config.stash.get(_ERRORS, {})
    if not found:
        return
    write = terminalreporter.write_line
    terminalreporter.section("greatest error of each architecture, beside that of eager float32")
    write(f"{'architecture':<22}{'path':<10}{'error':>9}{'eager':>10}{'multiple':>10}")
    for kind, rounding in sorted(found.items()):
        path = "fallback" if kind in FALLBACK else "interface"
        name, multiple = rounding.greatest
        error, own = rounding.errors[name], rounding.eager[name.partition(",")[0]]
        write(f"{kind:<22}{path:<10}{error:>9.1e}{own:>10.1e}{multiple:>10.2f}  {name}")
    for kinds, reason in sorted((WITHOUT | dict(REFUSED)).items()):
        write(f"{kinds}: not measured, {reason}")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """So small matrices gain nothing from threads, and lose much where the cores are shared."""
    import torch

    torch.set_num_threads(1)
