"""A cluster's processors, divided among workers."""

from __future__ import annotations

import importlib.util

import pytest

from attnviz.corpus.engines.cluster import check_installed, divided
from attnviz.errors import UsageError


@pytest.mark.parametrize(
    ("nodes", "workers", "gpus", "division"),
    [
        ([(1, 0)], 0, None, (1, 1, 0)),
        ([(2, 0)], 0, None, (1, 2, 0)),
        ([(16, 0)], 0, None, (4, 4, 0)),
        ([(6, 0), (8, 0)], 0, None, (3, 4, 0)),  # no worker on two nodes
        ([(16, 0)], 16, None, (16, 1, 0)),
        ([(16, 0)], 3, None, (3, 5, 0)),
        ([(6, 0), (8, 0)], 3, None, (3, 4, 0)),
        ([(0, 0), (1, 0), (1, 0)], 0, None, (2, 1, 0)),
        ([(16, 2), (16, 2)], 0, None, (4, 4, 1)),
        ([(16, 2)], 1, True, (1, 4, 1)),
        ([(1, 8)], 0, None, (8, 1, 1)),
        ([(16, 2)], 0, False, (4, 4, 0)),  # --device cpu
    ],
)
def test_workers_get_what_there_is(
    nodes: list[tuple[int, int]],
    workers: int,
    gpus: bool | None,
    division: tuple[int, int, int],
) -> None:
    assert divided(nodes, workers, gpus=gpus) == division


def test_more_workers_than_fit() -> None:
    with pytest.raises(UsageError, match="--workers is 5, and the cluster has 4 CPUs"):
        divided([(2, 0), (2, 0)], 5, gpus=None)
    with pytest.raises(UsageError, match="--workers is 2, and the cluster has 1 GPU"):
        divided([(8, 1)], 2, gpus=None)
    with pytest.raises(UsageError, match="The cluster has no GPU"):
        divided([(8, 0)], 0, gpus=True)


def test_ray_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="takes Ray") as caught:
        check_installed()
    assert 'pip install "attnviz[ray]"' in caught.value.hint
