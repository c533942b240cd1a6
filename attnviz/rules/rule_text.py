"""What a rule is tested on, read from its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attnviz.errors import UsageError
from attnviz.rules import template
from attnviz.rules.keys import KEYS, TEXTS
from attnviz.rules.rule import Text

Wrong = Callable[[str, str, str], UsageError]


def read(values: Mapping[str, Any], wrong: Wrong, default: Text | None) -> Text:
    """The text of a rule with these values, or the `default` where it names none.

    UsageError for what is wrong, as `wrong` makes it of a key, a message and a hint.
    """
    sources = [key for key in TEXTS if key in values]
    if len(sources) > 1:
        raise wrong(
            sources[1], f"{sources[0]} and {sources[1]} don't go together", "Keep one of them."
        )
    if not sources:
        if default is None:
            raise wrong("", "the rule names no text", f"Add one of: {', '.join(TEXTS)}.")
        return default
    _check_companions(values, wrong, sources[0])
    texts = (values["text"],) if "text" in values else values.get("texts", ())
    for key in ("text", "texts"):
        if key in values and (not texts or not all(text.strip() for text in texts)):
            raise wrong(key, f"{key} is empty", KEYS[key].hint)
    targets = (values["target"],) if "target" in values else values.get("targets", ())
    if targets and "texts" in values and len(targets) != len(texts):
        raise wrong("targets", "there aren't as many targets as texts", "Give each its own.")
    text = Text(
        texts=texts,
        targets=targets,
        file=values.get("file", ""),
        target_file=values.get("target_file", ""),
        template=values.get("template", ""),
        values=values.get("values", {}),
        cases=values.get("cases", ()),
    )
    if text.template:
        _check_template(text, values, wrong)
    return text


def _check_companions(values: Mapping[str, Any], wrong: Wrong, source: str) -> None:
    goes_with = {
        "targets": ("texts",),
        "target": ("text", "template"),
        "target_file": ("file",),
        "values": ("template",),
        "cases": ("template",),
    }
    for key, owners in goes_with.items():
        if key in values and source not in owners:
            raise wrong(
                key, f"{key} doesn't go with {source}", f"It goes with {' or '.join(owners)}."
            )


def _check_template(text: Text, values: Mapping[str, Any], wrong: Wrong) -> None:
    try:
        template.check(text, _templates(values))
    except UsageError as error:
        key = "values" if "values" in values else "template"
        raise wrong(key, error.message.rstrip("."), error.hint) from None


def _templates(values: Mapping[str, Any]) -> list[str]:
    """All texts of the rule that may hold names in braces."""
    rivals = values.get("more_than", ())
    tables = (rivals,) if isinstance(rivals, dict) else rivals
    chosen = [
        values.get("from"),
        values.get("to"),
        *(table["to"] for table in tables),
    ]
    every = [values["template"], values.get("target", "")]
    for value in chosen:
        every += [
            part
            for part in (value if isinstance(value, list | tuple) else [value])
            if isinstance(part, str)
        ]
    return every
