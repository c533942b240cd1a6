"""Pages of made-up reports with an explorer, written once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.explored import HOSTILE, pair, report, written


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The example, hostile tokens, a pair of texts, 400 tokens, and a model of 18 layers."""
    made = {
        "example": report(),
        "hostile": report(14, 2, 12, *HOSTILE),
        "pair": pair(),
        "long": report(400, 2, 12),
        "deep": report(8, 18),
    }
    folder = tmp_path_factory.mktemp("explorers")
    places = {name: folder / name for name in made}
    for place in places.values():
        place.mkdir()
    return {name: written(made[name], place) for name, place in places.items()}
