"""Finds what a room holds: each module of the room that defines the room's constant."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TypeVar

Item = TypeVar("Item")


def discover(package: str, constant: str, type_: type[Item]) -> tuple[Item, ...]:
    """All values of `constant` in the modules of `package`, sorted by their `order` and `name`.

    A module without the constant is a helper and is passed over. TypeError where the constant
    is of another type, ValueError where two have one name.
    """
    items: dict[str, Item] = {}
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        item = getattr(importlib.import_module(f"{package}.{module.name}"), constant, None)
        if item is None:
            continue
        if not isinstance(item, type_):
            raise TypeError(f"{package}.{module.name}.{constant} is no {type_.__name__}")
        name = str(getattr(item, "name", module.name))
        if name in items:
            raise ValueError(f"two of {package} are named {name!r}")
        items[name] = item
    return tuple(
        sorted(
            items.values(), key=lambda item: (getattr(item, "order", 0), getattr(item, "name", ""))
        )
    )
