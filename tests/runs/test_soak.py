"""A text of 32,768 tokens in memory that a laptop has: long, and so only on request.

    python -m pytest -m soak tests/runs/test_soak.py

runs a model of the shape of SmolLM2-135M (30 layers of 9 heads over 3 key heads, random weights)
over one text with every role and statistic of every head, in a process of its own. Held whole,
the weights of one layer would take 36 GiB. It takes 13 minutes on two busy cores.
"""

from __future__ import annotations

import pytest

from tests.benchmarks.engine import Worker

TOKENS = 32_768
GIBIBYTE = 1024
"""In MiB, which is what the benchmark counts in."""


@pytest.mark.soak
def test_32768_tokens_are_measured_in_less_than_four_gibibytes() -> None:
    with Worker("attnviz", "smollm2", TOKENS, 1, 0) as worker:
        found = worker.memory
    print(f"\n{TOKENS:,} tokens: {found:,.0f} MiB at most")
    # The weights of the model alone are half a gibibyte: less would mean that nothing ran.
    assert GIBIBYTE / 2 < found < 4 * GIBIBYTE
