"""What a scan is told beside settings: which part and sample of a corpus, and for how long."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from attnviz.corpus.records import Fields
from attnviz.errors import UsageError
from attnviz.settings import Settings
from attnviz.values import quoted

_PART = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
_TIME = re.compile(r"(?:([0-9]{1,6})h)?(?:([0-9]{1,8})m)?(?:([0-9]{1,10})s?)?")


EngineName = Literal["local", "ray"]


class Part(NamedTuple):
    """The part of a corpus, from 1, and how many there are."""

    number: int = 1
    many: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.many}"

    def has(self, shard: int) -> bool:
        """Whether the shard with that number, from 0, belongs to the part."""
        return shard % self.many == self.number - 1


@dataclass(frozen=True, kw_only=True)
class ScanOptions:
    """What is scanned, and how far.

    `fields` name what records hold, and what they are grouped by; of a `sample` so many sentences
    are taken, 0 for all; `pilot` is the folder of a measurement whose pilot is used. To
    `keep_going` is to set aside what can't be read. After `seconds` a scan stops, to be gone on
    with. `rows`: a table of every sentence. `engine` measures: so many `workers` of this machine or
    of a Ray cluster, 0 for as many as pay off. What was measured is compared with that of the
    folder `against`.
    """

    fields: Fields = field(default_factory=Fields)
    part: Part = field(default_factory=Part)
    sample: int = 0
    pilot: Path | None = None
    keep_going: bool = False
    seconds: float | None = None
    rows: bool = False
    engine: EngineName = "local"
    workers: int = 0
    against: Path | None = None

    def __post_init__(self) -> None:
        if self.engine not in get_args(EngineName):
            raise UsageError(f"--engine is {quoted(self.engine)}.", "Use local or ray.")
        if self.workers < 0:
            raise UsageError(f"--workers is {self.workers}.", "Use their number, from 1.")
        if self.against is not None and self.part.many > 1:
            raise UsageError(
                "--against takes the whole corpus, and this is a part.",
                "Add the parts up: attnviz merge takes --against, too.",
            )
        if self.sample < 0:
            raise UsageError(f"--sample is {self.sample}.", "Use the number of sentences, from 1.")


def part(text: str) -> Part:
    """Reads `3/16`; UsageError for anything else."""
    match = _PART.fullmatch(text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UsageError(
            f"--part is {quoted(text)}.", "Use the part and how many there are, as 3/16."
        )
    return Part(int(match[1]), int(match[2]))


def seconds(text: str) -> float:
    """Reads `30m`, `1h30m` or `90s`; UsageError for anything else."""
    match = _TIME.fullmatch(text.strip().lower())
    if not text.strip() or match is None:
        raise UsageError(
            f"--time-limit is {quoted(text)}.", "Use a time such as 30m, 1h30m or 90s."
        )
    hours, minutes, rest = (int(number or 0) for number in match.groups())
    return 3600.0 * hours + 60.0 * minutes + rest


def check(settings: Settings) -> None:
    """Raises UsageError for settings that a scan has no use for."""
    for name, stands, fix in (
        ("--chat", settings.chat, "Scan the text of the messages: --field names it."),
        ("--split pair", settings.split == "pair", "attnviz report reads pairs."),
        ("--target", bool(settings.target), "attnviz report reads targets."),
        ("--generate", bool(settings.generate), "attnviz report has a model write."),
    ):
        if stands:
            raise UsageError(f"{name} and a scan don't go together.", fix)
