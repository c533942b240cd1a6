"""One sentence's attention for scripts and notebooks: `attnviz.weights`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnviz import folder, pipeline
from attnviz.drawing import files, tables
from attnviz.drawing import weights as plain
from attnviz.drawing.choose import Chosen, choose
from attnviz.drawing.settings import FIGURE, KEPT, RUN, DrawSettings, from_mapping
from attnviz.drawing.view import DrawingStyle
from attnviz.errors import UsageError
from attnviz.progress import Silent
from attnviz.settings import Settings, unknown
from attnviz.settings import from_mapping as run_settings
from attnviz.text import literal
from attnviz.text.files import read
from attnviz.text.types import SourceFile

if TYPE_CHECKING:
    import pandas as pd

Text = str | PathLike[str] | tuple[str, str]
"""The sentence itself, the path of a file that holds it, or a pair of texts."""

_SHOWN = (
    *("heads", "layers", "mean", "query", "key", "flow", "lens"),
    *("view", "size", "scale", "values"),
)
"""The drawing's own settings that `Weights.draw` takes."""


class Drawn:
    """A drawing: a notebook shows it, and `save` writes it."""

    def __init__(self, chosen: Chosen, looks: DrawingStyle) -> None:
        self._chosen, self._looks = chosen, looks
        # Drawn at once: what a view can't show is an error of the call that asks for it.
        self._png = files.contents(chosen, looks, ".png")

    def save(self, *paths: Path | str) -> None:
        """Writes files: .pdf, .svg, .png, .csv, .npz or .parquet, all of them or none.

        UsageError for another suffix, WriteError where they can't be written.
        """
        targets = [Path(path) for path in paths]
        files.check(targets, table=False)
        folder.write_files(
            {
                path: files.contents(self._chosen, self._looks, path.suffix.lower())
                for path in targets
            }
        )

    def _repr_png_(self) -> bytes:
        """What notebooks show."""
        return self._png


class Weights(plain.Weights):
    """The attention of one sentence, which scripts read and notebooks draw."""

    def frame(self) -> pd.DataFrame:
        """Every weight as a row of a pandas data frame.

        Columns: layer, head, name, query, query_token, key, key_token, weight. UsageError without
        pandas.
        """
        return tables.frame(tables.long_table(choose(self, DrawSettings())))

    def draw(self, **settings: Any) -> Drawn:  # noqa: ANN401 - of many types
        """Draws some of it: `view`, `heads` ("L5H7" or several), `layers`, `mean`, `query`, `lens`.

        `size`, `scale`, `values`, `cmap` and `dpi` say how it looks; all are what the command line
        takes. UsageError where what was asked for isn't there, or its view can't show it.
        """
        of_figure = {name: value for name, value in settings.items() if name in FIGURE}
        own = {name: value for name, value in settings.items() if name not in FIGURE}
        _check_names(settings, (*_SHOWN, *FIGURE))
        asked, usual = from_mapping(own, _SHOWN), run_settings(of_figure)
        return Drawn(choose(self, asked), files.style(asked, usual.cmap, usual.dpi))


def weights(
    model: str | PathLike[str],
    text: Text,
    *,
    target: str | PathLike[str] | None = None,
    **settings: Any,  # noqa: ANN401 - of many types
) -> Weights:
    """The attention of every head of `model` in one sentence.

    `model` is what the command line takes: a Hub name, a folder, a .gguf file or "minilm". `text`
    is the sentence itself, a pair of texts, or the path (`pathlib.Path`) of a file, of which
    `sentence=3` takes the third. `target` is what the decoder of an encoder-decoder model reads,
    `stream` then "encoder", "decoder" or "cross". `heads` and `layers` keep only some. The other
    settings are those of `attnviz draw`: `words`, `device`, `revision`, ...

    Raises `AttnvizError`, whose `hint` names the fix.
    """
    allowed = tuple(name for name in (*RUN, *KEPT) if name != "target")
    _check_names(settings, allowed)
    own = {name: value for name, value in settings.items() if name in KEPT}
    of_run = {name: value for name, value in settings.items() if name not in KEPT}
    file, split = _file(text)
    run = run_settings({"split": split} | of_run)
    read_by_decoder = None if target is None else _file(target)[0]
    kept = pipeline.weights(
        fspath(model), file, run, from_mapping(own, KEPT), Silent(), read_by_decoder
    )
    return Weights(**{each.name: getattr(kept, each.name) for each in fields(kept)})


def _check_names(settings: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    for name in settings:
        if name not in allowed:
            raise unknown(name, allowed, str)


def _file(text: object) -> tuple[SourceFile, str]:
    """The text as a file, and how it is split if nothing else is said."""
    match text:
        case str():
            return literal.sentence(text), "line"
        case PathLike():
            return read([fspath(text)], None)[0], Settings().split
        case (str() as first, str() as second):
            pair = "\t".join(" ".join(each.split()) for each in (first, second))
            return literal.sentence(pair), "pair"
    raise UsageError(
        "text is neither a sentence nor a path nor a pair of texts.",
        "Give a string, a pathlib.Path, or two strings.",
    )
