"""How many inputs to try, and from which seed; the options are defined in `tests/conftest.py`."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def fuzz_size(pytestconfig: pytest.Config) -> int | None:
    """How many inputs each test tries; None where the test's own small number does."""
    size: int | None = pytestconfig.getoption("--fuzz-size")
    return size


@pytest.fixture(scope="session")
def fuzz_seed(pytestconfig: pytest.Config) -> int:
    seed: int = pytestconfig.getoption("--fuzz-seed")
    return seed
