"""What it means that text from outside is nothing but text, for each thing that a report writes."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import regex
from markdown_it import MarkdownIt

from attnviz.report import scripts
from tests.helpers import schemas
from tests.helpers.page import LOADS, Page

# Moves the cursor, turns the line, looks like nothing: never as such on a screen.
LIVE = regex.compile(
    r"(?V1)[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Noncharacter_Code_Point}\u00ad\u200b"
    r"\u2060\ufeff\U000e0001--\n]"
)
UNSEEN = regex.compile(r"(?V1)[\p{C}\p{Zl}\p{Zp}\p{DI}--\n]")
_NO_TAG = re.compile(r"<(?!/?[a-z][a-z0-9]*[\s>/]|!doctype html>)", re.IGNORECASE)
_DATA = re.compile(r'<script type="application/json" id="explorer-data">([^<]*)</script>')
_WEIGHTS = re.compile(r'<script type="text/plain" id="[A-Za-z0-9-]+">[A-Za-z0-9+/=]*</script>')
_RENDER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_MARKDOWN_TAGS = "h1 h2 h3 p ul li table thead tbody tr th td a img strong em blockquote"
_PAGE_TAGS = (
    "html head meta title style body header main nav section article footer details summary div "
    "span p h1 h2 h3 h4 h5 a b i em strong code pre bdi ul ol li dl dt dd table caption colgroup "
    "col thead tbody tr th td figure figcaption picture source img br hr small sub sup mark abbr "
    "aside blockquote svg path polyline rect g text u"
)
_FILE = re.compile(
    r"report\.(?:html|md|json)|measurement/sums\.safetensors"
    r"|figures/(?:[\w-]+/)*[\w-]+\.(?:png|svg)"
)


def screen(text: str) -> None:
    """Printed on a terminal, or shown in a viewer of plain text."""
    found = LIVE.search(text)
    assert found is None, text[max(found.start() - 40, 0) : found.end() + 40].encode(
        "unicode_escape"
    )


def page(text: str) -> Page:
    """A page without scripts but its own, handlers, foreign tags, or anything from elsewhere."""
    text = _without_explorer(text)
    screen(text.replace("\t", " "))
    assert _NO_TAG.search(text) is None
    found = Page(text)
    assert {tag for tag, _ in found.tags} <= {*_PAGE_TAGS.split()}
    for _, attributes in found.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in LOADS & set(attributes):
            assert attributes[name].startswith(("#", "data:image/svg+xml,%3Csvg"))
    return found


def _without_explorer(text: str) -> str:
    """A page without the script that is ours to the letter, and without what that reads."""
    packed = f'<script type="text/plain" id="explorer-script">{scripts.packed()}</script>'
    text = text.replace(f'{packed}\n<script type="module">{scripts.loader()}</script>', "")
    assert "explorer-script" not in text
    for data in _DATA.findall(text):
        json.loads(data)
    return _WEIGHTS.sub("", _DATA.sub("", text))


def markdown(text: str) -> None:
    """Markdown that renders to our own headings, tables and figures alone."""
    screen(text)
    shown = _RENDER.render(text)
    assert set(re.findall(r"<([a-z0-9]+)", shown)) <= {*_MARKDOWN_TAGS.split()}
    assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', shown))
    assert all(link.startswith("figures/") for link in re.findall(r'src="([^"]*)"', shown))
    assert not re.search(r"@\w", html.unescape(re.sub(r"<[^>]*>", "", shown)))


def report_json(text: str) -> dict[str, Any]:
    """JSON by its schema that can be looked at: the text in it is escaped, and comes back."""
    assert UNSEEN.search(text) is None
    told: dict[str, Any] = json.loads(text)
    schemas.validate(told)
    return told


def picture(data: bytes) -> None:
    """An SVG that is XML, with no script and no link out of itself."""
    for element in ET.fromstring(data).iter():
        assert str(element.tag).rpartition("}")[2] not in ("script", "foreignObject", "a")
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            if name.rpartition("}")[2] == "href":
                assert value.startswith(("#", "data:image/png;base64,"))


def folder(path: Path) -> tuple[Page, dict[str, Any]]:
    """A whole report: its page, and what its JSON tells."""
    for file in path.rglob("*"):
        name = file.relative_to(path).as_posix()
        assert file.is_dir() or _FILE.fullmatch(name), name
        if file.suffix == ".svg":
            picture(file.read_bytes())
    markdown((path / "report.md").read_text(encoding="utf-8"))
    shown = page((path / "report.html").read_text(encoding="utf-8"))
    return shown, report_json((path / "report.json").read_text(encoding="utf-8"))
