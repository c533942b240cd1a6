"""A machine that lets nothing be kept: no place for Numba's files, nor for matplotlib's."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

numba = pytest.importorskip("numba", reason="the extra fast is not there")

from numba.core import caching, config  # noqa: E402 - after it is known to be there

from attnviz.attention.kernels.compiled import compiled  # noqa: E402
from tests.helpers.tool import process  # noqa: E402

pytestmark = pytest.mark.slow

NOWHERE = "/dev/null/nowhere"
"""A folder that not even root can make."""


def _double(number: Any) -> Any:
    return number * 2


def test_a_loop_is_compiled_without_a_place_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert compiled(_double)(21) == 42


def test_a_loop_is_kept_and_a_damaged_file_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    assert compiled(_double)(21) == 42
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".nbi", ".nbc"}
    again = compiled(_double)
    assert again(21) == 42
    assert sum(again.stats.cache_hits.values()) == 1
    for path in files:
        path.write_bytes(b"damaged")
    assert compiled(_double)(21) == 42
    mended = compiled(_double)
    assert mended(21) == 42
    assert sum(mended.stats.cache_hits.values()) == 1


def test_a_loop_kept_of_other_sources_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    assert compiled(_double)(21) == 42
    monkeypatch.setattr("attnviz.attention.kernels.compiled.stamp", lambda: "of other sources")
    again = compiled(_double)
    assert again(21) == 42
    assert not again.stats.cache_hits


def test_a_full_disk_keeps_nothing_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(caching.IndexDataCacheFile, "save", full)
    assert compiled(_double)(21) == 42


@pytest.mark.parametrize("kernel", ["tiles", "fused"])
def test_a_run_on_such_a_machine(tiny: Path, text: Path, tmp_path: Path, kernel: str) -> None:
    done = process(
        *("report", tiny, text, "-o", tmp_path / "out", "--jobs", "1", "--illustrate", "1"),
        *("--kernel", kernel, "--resamples", "100", "-q"),
        HOME=NOWHERE,
        XDG_CACHE_HOME=NOWHERE,
        XDG_CONFIG_HOME=NOWHERE,
        MPLCONFIGDIR=NOWHERE,
        NUMBA_CACHE_DIR=NOWHERE,
        NUMBA_CACHE_LOCATOR_CLASSES="UserProvidedCacheLocator",
    )
    assert (done.code, done.out, done.err) == (0, "", "")
