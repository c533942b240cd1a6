"""The greatest errors that the tests measure, printed as a table at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

Errors = dict[str, tuple[float, float]]
_ERRORS = pytest.StashKey[Errors]()


@pytest.fixture(scope="session")
def errors(request: pytest.FixtureRequest) -> Errors:
    """Architecture -> greatest error of its attention and of its last hidden state."""
    return request.config.stash.setdefault(_ERRORS, {})


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    found = config.stash.get(_ERRORS, {})
    if found:
        terminalreporter.section("greatest error through the tap")
        terminalreporter.write_line(f"{'architecture':<16}{'attention':>12}{'hidden':>12}")
    for kind, (attention, hidden) in sorted(found.items()):
        terminalreporter.write_line(f"{kind:<16}{attention:>12.1e}{hidden:>12.1e}")


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """So small matrices gain nothing from threads, and lose much where the cores are shared."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
