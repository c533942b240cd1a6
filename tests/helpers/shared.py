"""What costs seconds to make and is made once a run, whichever of its processes needs it first."""

from __future__ import annotations

import fcntl
import pickle
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

Made = TypeVar("Made")
_FOLDER = pytest.StashKey[Path]()
_HANDED = "attnviz_shared"


@dataclass(frozen=True)
class Shared:
    """A folder that all processes of a run see, and that goes with the run."""

    place: Path

    def folder(self, name: str, make: Callable[[Path], object]) -> Path:
        """The folder `name`, which `make` fills if no process has; they wait for each other."""
        folder = self.place / name
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                unfinished = Path(tempfile.mkdtemp(dir=self.place))
                make(unfinished)
                unfinished.rename(folder)
        return folder

    def value(self, name: str, make: Callable[[], Made]) -> Made:
        """What `make` returns; in the processes that haven't made it, a copy."""

        def keep(folder: Path) -> None:
            made.append(make())
            (folder / "value").write_bytes(pickle.dumps(made[0]))

        made: list[Made] = []
        kept = self.folder(name, keep) / "value"
        copy: Made = made[0] if made else pickle.loads(kept.read_bytes())  # noqa: S301 - our own
        return copy


@pytest.fixture(scope="session")
def shared(pytestconfig: pytest.Config) -> Shared:
    return Shared(pytestconfig.stash[_FOLDER])


def pytest_configure(config: pytest.Config) -> None:
    handed = getattr(config, "workerinput", {}).get(_HANDED)
    config.stash[_FOLDER] = Path(handed or tempfile.mkdtemp(prefix="attnviz-tests-"))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tells a process that runs some of the tests where the folder is."""
    node.workerinput[_HANDED] = str(node.config.stash[_FOLDER])


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(config.stash[_FOLDER])
