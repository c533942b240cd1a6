"""Hostile text made harmless: for any page, and for Markdown in particular.

Tokens, sentences, file and model names come from outside. They may hold control characters,
lone surrogates, marks that reorder the line, tags, and Markdown.
"""

from __future__ import annotations

import re

from attnviz.text.showable import showable

_SPACES = re.compile(r"[\t\n\r\f\v\x85\u2028\u2029]+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#|~$^])")
_LIST_START = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))")


def harmless(text: str) -> str:
    """The text with line breaks as spaces, and all else that is harmful made visible."""
    spaced = _SPACES.sub(" ", text)
    # Spaces alone stand between things; other white space alone (U+001F, say) may do harm.
    return showable(spaced) if spaced.strip(" ") else spaced


def markdown(text: str) -> str:
    """The text as GitHub-flavoured Markdown that shows exactly this text, on one line.

    No emphasis, link, code, table cell, heading, HTML, autolink or mention can come out of it.
    """
    safe = " ".join(harmless(text).split())
    safe = safe.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    safe = _MARKDOWN.sub(r"\\\1", safe)
    safe = _LIST_START.sub(_escaped_start, safe)
    # A zero-width space keeps GitHub from notifying people and from linking issues and addresses.
    safe = re.sub(r"@(?=\w)", "@&#8203;", safe)
    safe = re.sub(r"\\#(?=\d)", r"\\#&#8203;", safe)
    return re.sub(r"(?i)(?<=\bwww)\.|:(?=//)|(?<=\bmailto):", _escaped, safe)


def _escaped(match: re.Match[str]) -> str:
    return "\\" + match[0]


def _escaped_start(match: re.Match[str]) -> str:
    if match[2].isdigit():
        return f"{match[1]}{match[2]}&#8203;"
    return f"{match[1]}\\{match[2]}"
