"""Finds the views: every module of `attnviz.drawing.views` that declares a `VIEW`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from attnviz.drawing import views as room
from attnviz.drawing.view import View
from attnviz.registry import discover


def views() -> Mapping[str, View]:
    """All views by name, in their order."""
    every = discover(room.__name__, "VIEW", View)
    return MappingProxyType({view.name: view for view in every})
