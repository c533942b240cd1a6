"""A rule file from disk, and the texts that its rules name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attnviz.errors import AttnvizError, UsageError
from attnviz.rules.lines import Lines
from attnviz.rules.read import RuleFile, read
from attnviz.rules.rule import Text
from attnviz.text import files
from attnviz.text.types import SourceFile

_MOST = 16 * 2**20


def open_rules(path: Path, text: str = "", *, measured: bool = False) -> RuleFile:
    """The rules of a file; those that name no text are about the file `text`, if there is any.

    Where they are held against what is `measured` already, they may name none.
    UsageError where it can't be read or something in it is wrong.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"{path} can't be read: {why}.", "Name a file of rules in TOML."
        ) from error
    if len(data) > _MOST:
        raise UsageError(f"{path} is too large for a file of rules.", "Name a file of rules.")
    try:
        source = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8, as TOML is.", "Save it as UTF-8.") from error
    # As seen from here, and not from the folder of the rules.
    default = Text(file=str(Path(text).absolute())) if text else Text() if measured else None
    return read(source, str(path), default)


def open_texts(rules: RuleFile, folder: Path) -> Mapping[str, SourceFile]:
    """The files that rules name, by these names, as seen from `folder`.

    UsageError with the line of the name, or of the rule, for what can't be read.
    """
    known: dict[str, SourceFile] = {}
    for number, rule in enumerate(rules.rules):
        for key, name in (("file", rule.text.file), ("target_file", rule.text.target_file)):
            if name and name not in known:
                try:
                    known[name] = files.read([folder / name], None)[0]
                except AttnvizError as error:
                    line = Lines(rules.source).key(number, key).first if rules.source else 0
                    where = f"{rules.name}:{line}: " if line else ""
                    hint = error.hint
                    if not Path(name).is_absolute():
                        hint = f"{hint} Names are seen from the folder of the rules.".strip()
                    raise UsageError(f"{where}{error.message}", hint) from error
    return known
