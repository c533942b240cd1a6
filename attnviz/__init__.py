"""attnviz: see what the attention heads of a transformer do.

    >>> import attnviz
    >>> report = attnviz.analyze("minilm", ["The cat sat.", "It purred."])
    >>> report.save("out")

Importing this loads neither torch nor transformers; the first call does.
"""

from __future__ import annotations

from attnviz.errors import AttnvizError
from attnviz.version import __version__

TYPE_CHECKING = False  # As typing's, without the time that importing typing takes.
if TYPE_CHECKING:
    from attnviz.api import Comparisons, Report, analyze, check, compare, judge, measure, scan
    from attnviz.drawn import weights
    from attnviz.measurement.measurement import Measurement
    from attnviz.settings import Settings

__all__ = [
    "AttnvizError",
    "Comparisons",
    "Measurement",
    "Report",
    "Settings",
    "__version__",
    "analyze",
    "check",
    "compare",
    "judge",
    "measure",
    "scan",
    "weights",
]

_HOMES = {
    "Measurement": "attnviz.measurement.measurement",
    "analyze": "attnviz.api",
    "check": "attnviz.api",
    "compare": "attnviz.api",
    "Comparisons": "attnviz.api",
    "judge": "attnviz.api",
    "measure": "attnviz.api",
    "scan": "attnviz.api",
    "Report": "attnviz.api",
    "Settings": "attnviz.settings",
    "weights": "attnviz.drawn",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'attnviz' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
