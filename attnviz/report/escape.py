"""Hostile text made harmless: for any page, and for Markdown in particular.

Tokens, sentences, file and model names come from outside. They may hold control characters,
lone surrogates, marks that reorder the line, tags, and Markdown.
"""

from __future__ import annotations

import re

# What no page may contain: controls, lone surrogates, noncharacters, and the marks that reorder
# the text around them. Joiners and the plain direction marks stay: scripts need them.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)
_SPACES = re.compile(r"[\t\n\r\f\v\x85\u2028\u2029]+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#|~$^])")
_LIST_START = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))")


def harmless(text: str) -> str:
    """The text with line breaks as spaces and everything harmful as a visible stand-in."""
    return _HARMFUL.sub(_stand_in, _SPACES.sub(" ", text))


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


def _stand_in(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return f"\\u{code:04x}"
