from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from rich.console import Console

from attnviz.report import terminal
from tests.helpers import example

if TYPE_CHECKING:
    from attnviz.report.model import Report


class Ascii(io.StringIO):
    encoding = "ascii"


def lines(made: Report, width: int = 80, file: io.StringIO | None = None) -> list[str]:
    file = file or io.StringIO()
    console = Console(file=file, width=width, color_system=None, legacy_windows=False)
    console.print(terminal.summary(made, "out/report.html"))
    return file.getvalue().splitlines()


def table(made: Report, width: int = 80) -> list[str]:
    shown = lines(made, width)
    first = next(number for number, line in enumerate(shown) if "Verdict" in line)
    return shown[first : first + 13]


def row(made: Report, title: str, width: int = 80) -> str:
    return next(line for line in table(made, width) if title in line)


def test_the_table_fits_eighty_columns() -> None:
    assert max(map(cell_len, lines(example.report(hostile=True)))) <= 80
    assert max(map(cell_len, table(example.report(), width=200))) <= 80


def test_a_role_has_its_best_head_score_verdict_and_evidence() -> None:
    cells = row(example.report(), "previous token").split()
    assert cells == [
        "P", "previous", "token", "L1H1", "0.93", "[0.90,", "0.95]", "supported", "4", "▉", "90",
    ]  # fmt: skip


def test_narrow_terminals_keep_the_titles() -> None:
    assert "previous t" in row(example.report(), "previous t", width=60)
    assert max(map(cell_len, lines(example.report(), width=60))) <= 60


def test_what_stands_out_follows_and_the_path_is_last() -> None:
    shown = lines(example.report())
    assert any("attend alike" in line for line in shown)
    assert any("1 more" in line for line in shown)
    assert shown[-1] == "out/report.html"


@pytest.mark.parametrize("hostile", [False, True])
def test_each_part_of_a_model_has_its_table(hostile: bool) -> None:
    shown = lines(example.translation(hostile=hostile))
    assert max(map(cell_len, shown)) <= 80
    assert len([line for line in shown if "Verdict" in line]) == 3
    assert "Cross-attention: Each target token looks at the source tokens." in shown
    assert any("cross L2H7" in line for line in shown)
    assert any("8 more roles" in line for line in shown)
    assert len(shown) < 55
    assert max(map(cell_len, lines(example.translation(), width=60))) <= 60


def test_markup_is_text() -> None:
    shown = " ".join(lines(example.report(hostile=True)))
    assert "[/INST]" in shown
    assert "\x1b" not in shown


def test_a_terminal_without_unicode_gets_ascii() -> None:
    shown = lines(example.report(), file=Ascii())
    assert all(line.isascii() for line in shown)
    assert any("#####" in line for line in shown)


def test_nothing_found_is_said() -> None:
    assert "No head has any of the roles." in lines(example.bare())


@pytest.mark.parametrize(("share", "shown"), [(1, "█████"), (0.5, "██▌"), (0.001, "▏")])
def test_bars(share: float, shown: str) -> None:
    assert terminal.bar(share) == shown
