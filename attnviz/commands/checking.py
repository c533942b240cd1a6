"""What `attnviz check` has to do, read and checked before any model is loaded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnviz.errors import UsageError, WriteError
from attnviz.settings import Settings, flag

if TYPE_CHECKING:
    from attnviz.commands.output import Output
    from attnviz.measurement.measurement import Measurement
    from attnviz.rules.read import RuleFile
    from attnviz.rules.verdict import Verdicts
    from attnviz.steps.against import Earlier
    from attnviz.text.types import SourceFile


@dataclass(frozen=True)
class Work:
    """A model, or what was measured of it at `source`, and what it is held against."""

    model: str
    settings: Settings
    tags: Mapping[str, str]
    rules: RuleFile | None = None
    sources: Mapping[str, SourceFile] = field(default_factory=dict)
    earlier: Earlier | None = None
    source: Path | None = None
    measurement: Measurement | None = None
    drawn: bool = False

    def check_model(self) -> None:
        """Raises UsageError or InputError for a model that can't be had."""
        from attnviz.models import names

        resolved = names.resolve(self.model, allow_pickle=self.settings.allow_pickle)
        names.check_revision(resolved, self.settings.revision)

    def measured_in(self, source: Path) -> Work:
        """The same with what a folder holds, which must be of the model."""
        return replace(self, source=source, measurement=measured(source, self.model))

    def with_rules(self, path: Path, text: str) -> Work:
        """The same with the rules of a file; `text` is the file of those that name none."""
        from attnviz.rules import files

        rules = files.open_rules(path, text, measured=self.measurement is not None)
        return replace(self, rules=rules, sources=files.open_texts(rules, path.parent))

    def held_against(
        self, folder: Path, texts: Sequence[str], margin: float | None, flags: Mapping[str, Any]
    ) -> Work:
        """The same with an earlier measurement, and its text where that is to be measured again.

        The text is looked for among `texts`, too; `flags` are those that were given.
        """
        from attnviz.corpus.earlier import kept, repeated
        from attnviz.steps.against import MARGIN

        given = [name for name, value in flags.items() if value is not None]
        margin = MARGIN if margin is None else margin
        if self.measurement is not None:
            earlier = kept(folder, self.settings, given, flag, margin)
        else:
            earlier = repeated(folder, texts, self.settings, given, flag, margin)
        return replace(self, earlier=earlier)

    def run(self, out: Output) -> tuple[Verdicts, Mapping[str, bytes]]:
        """The verdicts, and pictures of those that fail where they are to be `drawn`."""
        with out.progress() as progress:
            progress.stage("starting")
            out.load_libraries()
            from attnviz import pipeline

            held = self.rules, self.sources, self.settings
            if self.measurement is not None:
                name = str(self.source)
                return pipeline.checked_measurement(
                    self.measurement, name, *held, self.tags, self.earlier, drawn=self.drawn
                )
            return pipeline.checked_rules(
                self.model, *held, progress, self.tags, self.earlier, drawn=self.drawn
            )


@contextmanager
def written_with(flag: str) -> Iterator[None]:
    """Makes hints of a WriteError name `flag`, if any, for -o, which `check` doesn't have."""
    try:
        yield
    except WriteError as error:
        error.hint = error.hint.replace(" with -o", f" with {flag}" if flag else "")
        raise


def measured(source: Path, model: str) -> Measurement:
    """What a folder holds, measured of a model; UsageError where it is of another."""
    from attnviz.corpus.measurements import measurement_in

    measurement = measurement_in(source)
    name = measurement.source.model.name if measurement.source else ""
    if Path(name).name != Path(model).name:
        raise UsageError(f"{source} is of {name}, not of {model}.", "Name its model.")
    return measurement
