"""`attnviz list`: what there is, each with its formula and source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

import typer

from attnviz.commands.command import Command
from attnviz.commands.flags import RowFormat, When
from attnviz.commands.table import Row, show
from attnviz.console import set_colour
from attnviz.registry import discover

Topic = Literal["roles", "statistics", "figures", "models"]


def list_(
    topic: Annotated[
        Topic,
        typer.Argument(
            metavar="TOPIC", show_choices=False, help="roles, statistics, figures or models."
        ),
    ],
    format: RowFormat = "human",  # noqa: A002 - the flag's name
    color: When = "auto",
) -> None:
    """List roles, statistics, figures or models, each with its formula and source."""
    set_colour(color)
    show(_TOPICS[topic](), format)


def _roles() -> list[Row]:
    from attnviz.roles.role import Role

    return [
        {
            "name": role.name,
            "about": role.about,
            "letter": role.letter,
            "formula": role.formula,
            "baselines": ", ".join(("chance", *role.baselines)),
            "margin": str(role.margin),
            "needs": role.needs or "nothing",
            "source": role.source,
        }
        for role in discover("attnviz.roles", "ROLE", Role)
    ]


def _statistics() -> list[Row]:
    from attnviz.measurement.probed import DEFINITIONS
    from attnviz.statistics.statistic import Statistic

    of_text = [
        {
            "name": statistic.name,
            "about": statistic.about,
            "unit": statistic.unit,
            "formula": statistic.formula,
            "source": statistic.source,
        }
        for statistic in discover("attnviz.statistics", "STATISTIC", Statistic)
    ]
    return [*of_text, *DEFINITIONS]


def _figures() -> list[Row]:
    from attnviz.figures.registry import figures

    return [
        {
            "name": figure.name,
            "about": figure.about,
            "formula": figure.formula,
            "source": figure.source,
            "one for each": type(figure).__name__.removesuffix("Figure").lower(),
        }
        for figure in figures()
    ]


def _models() -> list[Row]:
    from attnviz.models.catalogue import rows

    return rows()


_TOPICS: Mapping[Topic, Callable[[], list[Row]]] = {
    "roles": _roles,
    "statistics": _statistics,
    "figures": _figures,
    "models": _models,
}

COMMAND = Command("list", list_, order=8)
