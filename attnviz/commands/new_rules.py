"""What `attnviz check` writes rules with: `--init` anew, `--update` their bounds."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from attnviz import folder
from attnviz.commands.checking import measured, written_with
from attnviz.console import tell
from attnviz.errors import UsageError, WriteError

if TYPE_CHECKING:
    from attnviz.commands.output import Output
    from attnviz.rules.read import RuleFile
    from attnviz.rules.verdict import Verdicts
    from attnviz.settings import Settings


def write(
    model: str, path: Path, source: Path | None, text: str, settings: Settings, out: Output
) -> None:
    """Writes a rule file to `path`, of what the model does on a text; says so.

    Numbers come from the measurement in `source`, where one is given. UsageError without either,
    WriteError where a file is there already.
    """
    from attnviz.rules import init
    from attnviz.text.files import read

    if source is None and not text:
        raise UsageError("--init needs a text.", "Name it: --text corpus.txt, or --from DIR.")
    with written_with("--init"):
        folder.check_files([path])
    if path.exists():
        raise WriteError(f"{path} is there already.", "Remove it, or choose another name.")
    name = _from(path.parent, text) if text else ""
    files = read([text], None) if text else ()
    with out.progress() as progress:
        progress.stage("starting")
        out.load_libraries()
        from attnviz import pipeline

        if source is None:
            report = pipeline.judged(model, files, settings, progress)
        else:
            from attnviz.steps.judge import judge

            report = judge(measured(source, model), settings)
    name = name or report.input.files[0].name
    words = ["attnviz", "check", model, "--init", path.name, "--text", Path(name).name]
    written = init.write(report, name, shlex.join(words))
    with written_with("--init"):
        folder.write_files({path: written.encode()})
    if not out.quiet:
        tell(f"{path} has {written.count('[[rule]]')} rules.")


def update(path: Path, rules: RuleFile, verdicts: Verdicts, out: Output) -> bool:
    """Rewrites the bounds of a rule file that don't hold, and says which; whether there were any.

    Line ends stay as they are.
    """
    from attnviz.rules.update import updated

    source, changes = updated(rules, verdicts)
    if not changes:
        return False
    if b"\r\n" in path.read_bytes():
        source = source.replace("\n", "\r\n")
    with written_with(""):
        folder.write_files({path: source.encode()})
    if not out.quiet:
        for change in changes:
            tell(str(change), label="updated")
    return True


def _from(folder: Path, text: str) -> str:
    """A file's name as seen from a folder; UsageError for a name that TOML can't hold."""
    name = Path(os.path.relpath(text, folder)).as_posix()
    if name != name.encode(errors="replace").decode():
        raise UsageError(f"The name of {text} is not UTF-8, as rules are.", "Rename it.")
    return name
