"""What scripts and notebooks call: `analyze`, its steps, `check`, `compare` and `scan`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attnviz import pipeline, saving
from attnviz.compared import compared, with_settings
from attnviz.comparison import several
from attnviz.corpus.earlier import repeated
from attnviz.errors import UsageError
from attnviz.measurement.measurement import Measurement
from attnviz.progress import Silent
from attnviz.report import export, notebook, tables
from attnviz.report import model as plain
from attnviz.rules import files as rule_files
from attnviz.rules import read as rule_reader
from attnviz.rules.verdict import Verdicts
from attnviz.settings import Settings, from_mapping
from attnviz.steps import judge as judging
from attnviz.steps.against import MARGIN
from attnviz.steps.compare import Matching
from attnviz.text.given import Texts, files_of
from attnviz.text.types import SourceFile
from attnviz.values import Exports

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Report(plain.Report):
    """A report that saves itself, and that notebooks show.

    `measurement` is what it was made from; None where it is a part of another report, or was
    judged from a measurement. `exports` are the forms of the tables that it saves beside itself,
    the setting `export`.
    """

    measurement: Measurement | None = field(default=None, repr=False, compare=False)
    exports: Exports = field(default=(), repr=False, compare=False)

    def save(self, folder: Path | str) -> Path:
        """Writes the report folder, figures and all, and returns the path of its page.

        An earlier report there is replaced as a whole; WriteError where other files are there
        or it can't be written.
        """
        return saving.save(self, folder, None, self.measurement, self.exports)

    def heads_frame(self) -> pd.DataFrame:
        """A row a head, layer by layer; of an encoder-decoder model the heads of all its parts.

        - `name`: "L5H7"; `attention`: "encoder", "decoder" or "cross", "" for other models;
          `layer`, `head`; `key_head`: the key head that it reads, missing where unknown;
        - for each statistic its mean, in the unit that `attnviz list statistics` gives, and the
          ends of its 95% interval: `entropy`, `entropy_low`, `entropy_high`, and so on.

        Numbers have the six digits of report.json; what was not measured is missing. UsageError
        without pandas (extra `frames`).
        """
        return export.data_frame(tables.heads(self))

    def roles_frame(self) -> pd.DataFrame:
        """A row for each head and each role, those that the head has not among them.

        - `name`, `attention`, `layer`, `head`: the head, as in `heads_frame`; `role`: the role;
        - `score`, `low`, `high`: the score with its 95% interval; `mass`: of roles between words,
          whose score is an accuracy, the attention on the right ones;
        - `chance`, `lift`, `baseline`, `against`: the score of uniform attention, what is gained
          on it, the strongest thing to beat and what that is;
        - `margin_low`, `margin`: the simultaneous lower bound of score - baseline, and what it
          must exceed; `verdict`: supported, tentative or no, missing with too few sentences;
        - `events`, `sentences`: what the score rests on; `variant`: the target that was chosen of
          several, the offset "-2" say;
        - `beside`: the role of the head that this one is one fact with, "" for none: of the
          supported roles, those with "" count each fact once.

        Numbers have the six digits of report.json; what was not measured is missing. UsageError
        without pandas (extra `frames`).
        """
        return export.data_frame(tables.roles(self))

    def sentences_frame(self) -> pd.DataFrame:
        """A row a sentence; of an encoder-decoder model a row for each of its parts.

        - `id`: its number, from 1; `attention`: the part, as in `heads_frame`; `text`; `source`,
          `line`: its file, and the line it starts on, 0 where unknown;
        - `tokens`, `words`: how many it has, special tokens included; `truncated`: tokens cut off;
          `generated_from`: the first token that the model wrote itself, missing for none;
        - `drift`: how far rollout differs between its tokens, 0 (all alike) to 1;
        - `predicted`, `probability`: of illustrated sentences the likeliest label, or next token;
          `label`: the right one, where it was given; `right`: yes or no;
        - `entropy_L0`, `entropy_L1`, …: the mean entropy in each layer, in nats, missing where
          the layer has no attention.

        Of texts of more than 1,024 sentences it has those that are drawn or examples, as
        report.json. Numbers have its six digits; what was not measured is missing. UsageError
        without pandas (extra `frames`).
        """
        return export.data_frame(tables.sentences(self))

    def _repr_html_(self) -> str:
        """What notebooks show: the first screen in a frame."""
        return notebook.frame(self)


def analyze(
    model: str | PathLike[str],
    texts: Texts,
    *,
    targets: Texts | None = None,
    labels: Sequence[str] | PathLike[str] | None = None,
    **settings: Any,  # noqa: ANN401 - of many types
) -> Report:
    """Measures every head of `model` on `texts` and returns the `Report`.

    `model` is what the command line takes: a Hub name, a folder, a .gguf file or "minilm".
    `texts` is a list of sentences (strings, one a sentence), or one path or several
    (`pathlib.Path`) to UTF-8 text or CoNLL-U files; a single string is a text to be split. With
    `chat=True` it may also be a conversation, as transformers has it (a list of messages, each a
    dict with role and content), or a list of conversations.
    `targets` is what the decoder of an encoder-decoder model reads: as many sentences, or the
    path of a file with a line a sentence; a pair of which either is blank is left out. `labels` are
    the right labels, as many again or a file, for a model that labels texts; "" is none.
    `settings` are those of `attnviz.Settings`, by name: `split`, `device`, `illustrate`, ...

    Raises `AttnvizError`, whose `hint` names the fix.
    """
    files, chosen, progress, target = _run(texts, targets, settings)
    export.check(chosen.export)
    right = None if labels is None else files_of(labels, "labels")[0][0]
    report, measurement = pipeline.analyse(fspath(model), files, chosen, progress, target, right)
    return replace(_usable(report), measurement=measurement, exports=chosen.export)


def measure(
    model: str | PathLike[str],
    texts: Texts,
    *,
    targets: Texts | None = None,
    pilot: Measurement | None = None,
    **settings: Any,  # noqa: ANN401 - of many types
) -> Measurement:
    """Measures every head of `model` on `texts` and returns what can be kept, added and judged.

    The arguments are those of `analyze`. With the `pilot` of another measurement, on which
    baselines were fitted, the two add: `measure(a) + measure(b, pilot=...)`.

    Raises `AttnvizError`, whose `hint` names the fix.
    """
    if pilot is not None:
        _check_measurement(pilot, "pilot")
    return pipeline.measured(fspath(model), *_run(texts, targets, settings), pilot)


def judge(measurement: Measurement, **settings: Any) -> Report:  # noqa: ANN401 - of many types
    """The `Report` of a measurement: verdicts, findings and maps, without sentences and examples.

    `settings` are those that judging reads: `evidence`, `resamples`, and how maps are drawn. Those
    that shape what is measured are the measurement's own.

    Raises `AttnvizError`, whose `hint` names the fix.
    """
    _check_measurement(measurement, "measurement")
    chosen = from_mapping(settings)
    export.check(chosen.export)
    judging.check_settings(measurement, chosen, settings, str)
    return replace(_usable(judging.judge(measurement, chosen)), exports=chosen.export)


def check(
    model: str | PathLike[str],
    rules: str | PathLike[str] | Sequence[Mapping[str, Any]] = (),
    *,
    against: str | PathLike[str] | None = None,
    text: str | PathLike[str] | Sequence[str | PathLike[str]] = (),
    margin: float = MARGIN,
    tags: Mapping[str, str] | None = None,
    **settings: Any,  # noqa: ANN401 - of many types
) -> Verdicts:
    """Holds rules of where attention must go against `model`; what became of each.

    `rules` is the path (`pathlib.Path`) of a rule file, the text of one, or a list of rules, each a
    dict with the keys that a `[[rule]]` has. With `against`, the folder of an earlier report, its
    text is measured again, and a role that is lost fails, as does a head that surely changed by
    more than `margin`; `text` are the paths of its files, where these aren't found by their names.
    `settings` are those of `attnviz.Settings`, by name.

    Raises `AttnvizError`, whose `hint` names the fix; a rule that fails, or is about nothing, is no
    error but a verdict.
    """
    name, checked = with_settings(fspath(model), from_mapping(settings))
    folder = Path()
    known: rule_reader.RuleFile | None = None
    if isinstance(rules, PathLike):
        folder = Path(rules).parent
        known = rule_files.open_rules(Path(rules))
    elif isinstance(rules, str):
        known = rule_reader.read(rules, "rules")
    elif rules or against is None:
        known = rule_reader.RuleFile("rules", tuple(rule_reader.of_tables(_tables(rules))))
    sources = rule_files.open_texts(known, folder) if known else {}
    earlier = None
    if against is not None:
        several = [text] if isinstance(text, str | PathLike) else list(text)
        paths = [fspath(path) for path in several]
        earlier = repeated(Path(against), paths, checked, settings, str, margin)
    verdicts, _ = pipeline.checked_rules(
        name, known, sources, checked, Silent(), dict(tags or {}), earlier
    )
    return verdicts


def _tables(rules: object) -> Sequence[Mapping[str, Any]]:
    if isinstance(rules, list | tuple) and all(isinstance(rule, Mapping) for rule in rules):
        return rules
    raise UsageError(
        f"rules is {type(rules).__name__}.",
        "Give the path of a rule file (pathlib.Path), its text, or a list of dicts.",
    )


def scan(
    model: str | PathLike[str],
    paths: str | PathLike[str] | Sequence[str | PathLike[str]],
    folder: str | PathLike[str],
    *,
    field: str = "",
    id: str = "",  # noqa: A002 - as the flag
    group: str = "",
    label: str = "",
    sample: int = 0,
    part: str = "1/1",
    pilot: str | PathLike[str] | None = None,
    keep_going: bool = False,
    time_limit: str = "",
    rows: bool = False,
    engine: str = "local",
    workers: int | None = None,
    **settings: Any,  # noqa: ANN401 - of many types
) -> Measurement:
    """Measures a corpus into `folder`, as `attnviz scan` does, and returns what it measured.

    `paths` are files, folders and patterns; the other arguments are the command's flags. A scan
    that was interrupted goes on where it stopped. It runs in this process unless `workers` says
    otherwise: processes are started by running the main module again, which a script must stand
    (`if __name__ == "__main__":`).

    Raises `AttnvizError`, whose `hint` names the fix; its `exit_code` is 75 where time was up.
    """
    from attnviz.corpus import options
    from attnviz.corpus.measurements import measurement_in
    from attnviz.corpus.records import Fields
    from attnviz.corpus.scan import scan as scanned

    several = [paths] if isinstance(paths, str | PathLike) else list(paths)
    chosen = options.ScanOptions(
        fields=Fields(field, id, group, label),
        part=options.part(part),
        sample=sample,
        pilot=None if pilot is None else Path(pilot),
        keep_going=keep_going,
        seconds=options.seconds(time_limit) if time_limit else None,
        rows=rows,
        engine=engine,  # type: ignore[arg-type] # it is checked there
        workers=workers if workers is not None else int(engine == "local"),
    )
    files = [fspath(path) for path in several]
    scanned(fspath(model), files, Path(folder), from_mapping(settings), chosen, Silent())
    return measurement_in(Path(folder))


@dataclass(frozen=True, kw_only=True, repr=False)
class Comparisons(several.Comparisons):
    """Models side by side, which save themselves."""

    def save(self, folder: Path | str) -> Path:
        """Writes the folder of the comparison, figures and all, and returns the path of its page.

        An earlier comparison there is replaced as a whole; WriteError where other files are there
        or it can't be written.
        """
        return saving.save_comparison(self, folder)


def compare(
    models: Sequence[str | PathLike[str] | Measurement],
    texts: Texts | None = None,
    *,
    targets: Texts | None = None,
    matching: Matching = "auto",
    **settings: Any,  # noqa: ANN401 - of many types
) -> Comparisons:
    """What differs between models on one text: roles that appear, move or are lost, and heads.

    `models` are two or more in their order, checkpoints of a training run say: models as the
    command line takes them ("minilm", "minilm@float16", a folder), which are run on `texts`, what
    `measure` returned, or folders of reports and scans. All must be of the same sentences. Heads
    are compared by number or with the most alike, as `matching` ("auto", "number", "best") says.
    The other arguments are those of `analyze`.

    Raises `AttnvizError`, whose `hint` names the fix.
    """
    if isinstance(models, str | PathLike | Measurement):
        raise UsageError("models is one model.", "Give a list of two or more.")
    chosen, target = from_mapping(settings), None
    files: Sequence[SourceFile] = ()
    if texts is not None:
        files, chosen, _, target = _run(texts, targets, settings)
    named = [each if isinstance(each, Measurement) else fspath(each) for each in models]
    every = compared(named, chosen, settings)
    if texts is None and any(each.model for each in every):
        raise UsageError(
            "There are no texts to run the models on.", "Give them: compare(…, texts)."
        )
    made = pipeline.compared(every, files, chosen, Silent(), target, matching=matching)
    return Comparisons(**{each.name: getattr(made, each.name) for each in fields(made)})


def _check_measurement(value: object, name: str) -> None:
    if not isinstance(value, Measurement):
        raise UsageError(
            f"{name} is {type(value).__name__}, not a measurement.",
            "Give what measure() or Measurement.from_bytes() returned.",
        )


def _run(
    texts: Texts, targets: Texts | None, settings: Mapping[str, Any]
) -> tuple[Sequence[SourceFile], Settings, Silent, SourceFile | None]:
    """What the pipeline takes of a call from Python."""
    files, lines = files_of(texts)
    if lines:
        # A list says where sentences begin, so nothing is left to split.
        settings = {"split": "line", **settings}
    target = None if targets is None else files_of(targets, "targets")[0][0]
    checked = from_mapping(settings)
    if isinstance(texts, str) and checked.input_format != "auto":
        files = [replace(file, format=checked.input_format) for file in files]
    return files, checked, Silent(), target


def _usable(report: plain.Report) -> Report:
    """The report, and the parts that it may have, with what is done with them."""
    values = {each.name: getattr(report, each.name) for each in fields(report)}
    return Report(**values | {"parts": tuple(map(_usable, report.parts))})
