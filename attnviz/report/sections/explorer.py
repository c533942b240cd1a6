"""The page's explorer: what it shows, how large it is, and all that its script reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnviz.report import explorer
from attnviz.report.numbers import counted, number
from attnviz.report.sections.streams import TITLES

if TYPE_CHECKING:
    from attnviz.report.model import Report


@dataclass(frozen=True, slots=True)
class Explorer:
    """What a page needs for it; `data` is JSON, `blocks` what is opened when it is looked at."""

    title: str
    says: str
    data: str
    blocks: tuple[explorer.Block, ...]


def of(report: Report) -> Explorer | None:
    """None where no sentence can be explored."""
    numbers = {each.id for part in report.every_part for each in part.explored}
    if not numbers:
        return None
    weighs = number(explorer.weight(report) / 1e6)
    return Explorer(
        "Explorer",
        f"Any head, any layer, any token of {counted(len(numbers), 'sentence')}, exact to 0.004. "
        f"It makes this page {weighs} MB larger.",
        explorer.written(report, TITLES),
        tuple(explorer.blocks(report)),
    )
