"""Reads the sentences of CoNLL-U files, with the annotation of their words."""

from __future__ import annotations

from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from attnviz.errors import InputError
from attnviz.text.annotation import divided, joined, placed_forms
from attnviz.text.entities import ORDER, entity_mentions
from attnviz.text.showable import showable
from attnviz.text.types import Annotation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from attnviz.text.types import SourceFile

_COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
_HINT = (
    "A word of CoNLL-U is ten columns with tabs between them, its number first; a blank line ends "
    "the sentence: https://universaldependencies.org/format.html. If the file is plain text: "
    "--input-format text."
)


class TreebankSentence(NamedTuple):
    """A sentence as its file has it; `forms` are those that stand in the text."""

    line: int
    text: str
    forms: tuple[str, ...]
    annotation: Annotation
    document: str


class _Node(NamedTuple):
    """A word, or an empty node, whose `place` among the words is -1."""

    line: int
    place: int
    token: dict[str, Any]
    entity: str


class _Surface(NamedTuple):
    """A stretch of the text: one word, or the words of a multiword token."""

    token: dict[str, Any]
    words: range


def treebank_sentences(file: SourceFile) -> Iterator[TreebankSentence]:
    """Yield the sentences of a CoNLL-U file.

    The text is the comment `# text =`, or else the forms, spaced as `SpaceAfter` says. The forms
    are those that stand in the text: a multiword token (`3-4`) counts once, as it is written, and
    empty nodes (`3.1`) don't count. The annotation is of the syntactic words (`3` and `4`).
    Documents are named by `# newdoc id =`; those without an id are numbered.

    The comment `# global.columns =` may name other columns (CoNLL-U Plus); only those that CoNLL-U
    has are read.

    Raises `InputError` with the line of the first fault.
    """
    return annotated_lines(file.shown, enumerate(file.text.split("\n"), 1), _refuse)


def annotated_lines(
    shown: str, lines: Iterable[tuple[int, str]], refuse: Callable[[InputError], object]
) -> Iterator[TreebankSentence]:
    """The same from lines with their numbers, one sentence at a time.

    `refuse` is told of a sentence that is at fault, and may raise; else that one is passed over.
    """
    document, documents = "", 0
    order: Sequence[str] = ORDER
    columns: Sequence[str] = _COLUMNS
    for first, block in _blocks(lines):
        comments = _comments(block)
        columns = comments.get("global.columns", "").split() or columns
        if "newdoc" in comments or "newdoc id" in comments:
            documents += 1
            document = showable(comments.get("newdoc id", "")) or f"document {documents}"
        if comments.get("global.Entity"):
            order = comments["global.Entity"].split("-")
        try:
            text, forms, annotation = _sentence(shown, first, block, comments, columns, order)
        except InputError as error:
            refuse(error)
            continue
        if text:
            yield TreebankSentence(first, text, forms, annotation, document)


def whole_documents(sentences: Iterable[TreebankSentence]) -> Iterator[TreebankSentence]:
    """The sentences of each document as one."""
    for document, group in groupby(sentences, key=lambda sentence: sentence.document):
        members = list(group)
        text, known = "", []
        for sentence in members:
            text += " " if text else ""
            known.append((sentence.annotation, len(text)))
            text += sentence.text
        forms = tuple(form for sentence in members for form in sentence.forms)
        yield TreebankSentence(members[0].line, text, forms, joined(known), document)


def _refuse(error: InputError) -> NoReturn:
    raise error


def _sentence(
    shown: str,
    first: int,
    block: Sequence[str],
    comments: Mapping[str, str],
    columns: Sequence[str],
    order: Sequence[str],
) -> tuple[str, tuple[str, ...], Annotation]:
    """The text of a block, its forms and its annotation; the text may be empty."""
    lines = list(_rearranged(shown, first, block, columns))
    surfaces, nodes = _words(shown, first, lines)
    text = comments.get("text") or "".join(
        surface.token["form"] + ("" if _no_space_after(surface.token) else " ")
        for surface in surfaces
    )
    text = text.strip()
    forms = tuple(surface.token["form"] for surface in surfaces)
    return text, forms, _annotation(shown, text, surfaces, nodes, order)


def _blocks(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Group the lines between blank ones; each group has the number of its first line."""
    first, block = 0, list[str]()
    for number, line in chain(lines, [(0, "")]):
        if line.strip():
            first = first if block else number
            block.append(line)
        elif block:
            yield first, block
            block = []


def _rearranged(
    name: str, first: int, lines: Sequence[str], columns: Sequence[str]
) -> Iterator[str]:
    """The lines with the ten columns of CoNLL-U, `_` in those that the file doesn't have."""
    for number, line in enumerate(lines, first):
        if line.startswith("#") or tuple(columns) == _COLUMNS:
            yield line
            continue
        if not {"ID", "FORM"} <= set(columns):
            raise _malformed(name, number, "global.columns names no ID or no FORM")
        cells = line.split("\t")
        if len(cells) != len(columns):
            raise _malformed(name, number, f"{len(cells)} columns instead of {len(columns)}")
        cell_of = dict(zip(columns, cells, strict=True))
        yield "\t".join(cell_of.get(column, "_") for column in _COLUMNS)


def _comments(lines: Sequence[str]) -> dict[str, str]:
    """Read comments such as `# text = Hello.`; the first counts where one is repeated."""
    comments: dict[str, str] = {}
    for line in lines:
        if line.startswith("#"):
            key, _, value = line[1:].partition("=")
            comments.setdefault(" ".join(key.split()), value.strip())
    return comments


def _annotation(
    name: str,
    text: str,
    surfaces: Sequence[_Surface],
    nodes: Sequence[_Node],
    order: Sequence[str],
) -> Annotation:
    words = [node for node in nodes if node.place >= 0]
    forms = [word.token["form"] for word in words]
    spans = placed_forms(text, [surface.token["form"] for surface in surfaces])
    heads = _heads(name, words)
    return Annotation(
        forms=tuple(forms),
        spans=tuple(
            span
            for surface, whole in zip(surfaces, spans, strict=True)
            for span in (
                [whole]
                if len(surface.words) == 1
                else divided(text, whole, [forms[place] for place in surface.words])
            )
        ),
        upos=tuple(_known(word.token["upos"]) for word in words),
        heads=heads,
        relations=tuple(_known(word.token["deprel"]) for word in words),
        mentions=entity_mentions(
            [node.entity for node in nodes], [node.place for node in nodes], heads, order
        ),
    )


def _known(value: str | None) -> str:
    return "" if value is None or value == "_" else showable(value)


def _heads(name: str, words: Sequence[_Node]) -> tuple[int, ...]:
    """Count the heads from 0, and check that each chain of them ends at a root."""
    heads = [(word.token["head"] or 0) - 1 for word in words]
    for word, head in zip(words, heads, strict=True):
        if not -1 <= head < len(words):
            reason = f"the head is word {head + 1}, but the words are 1 to {len(words)}"
            raise _malformed(name, word.line, reason)
    rooted: set[int] = {-1}
    for place, word in enumerate(words):
        chain: dict[int, None] = {}
        while place not in rooted and place not in chain:
            chain[place] = None
            place = heads[place]  # noqa: PLW2901 - climbs the tree
        if place in chain:
            raise _malformed(name, word.line, f"the heads above word {word.place + 1} are a circle")
        rooted.update(chain)
    return tuple(heads)


def _words(name: str, first: int, lines: Sequence[str]) -> tuple[list[_Surface], list[_Node]]:
    """Parse one sentence, as it stands in its text and as nodes, and check the numbers."""
    surfaces: list[_Surface] = []
    nodes: list[_Node] = []
    count = covered = 0
    for number, line in enumerate(lines, first):
        if line.startswith("#"):
            continue
        token = _parsed(line, name, number)
        match token["id"]:
            case int(position):
                count += 1
                if position != count:
                    raise _malformed(name, number, f"word {position} stands where {count} should")
                if position > covered:
                    surfaces.append(_Surface(token, range(count - 1, count)))
                nodes.append(_Node(number, count - 1, token, _entity(line)))
            case (int(start), "-", int(end)):
                if start != count + 1 or start <= covered:
                    raise _malformed(name, number, f"the range {start}-{end} is out of place")
                covered = end
                surfaces.append(_Surface(token, range(start - 1, end)))
            case (int(), ".", int()):
                nodes.append(_Node(number, -1, token, _entity(line)))
            case _:
                raise _malformed(name, number, "the word has no number")
    if covered > count:
        raise _malformed(name, first, f"a range reaches to word {covered}, but there are {count}")
    return surfaces, nodes


def _entity(line: str) -> str:
    # Read from the line: the library cuts a value at a second equals sign.
    for item in line.rsplit("\t", 1)[-1].strip().split("|"):
        if item.startswith("Entity="):
            return showable(item.removeprefix("Entity="))
    return ""


def _parsed(line: str, name: str, number: int) -> dict[str, Any]:
    from conllu import parse_token_and_metadata
    from conllu.exceptions import ParseException

    columns = line.count("\t") + 1
    if columns != len(_COLUMNS):
        raise _malformed(name, number, f"{columns} columns instead of 10")
    try:
        token: dict[str, Any] = parse_token_and_metadata(line)[0]
    except (ParseException, ValueError) as error:
        raise _malformed(name, number, str(error).rstrip(".")) from error
    return token


def _no_space_after(word: dict[str, Any]) -> bool:
    # The column is absent, not empty, where the line ends in a tab: the library strips lines.
    return (word.get("misc") or {}).get("SpaceAfter") == "No"


def _malformed(name: str, line: int, reason: str) -> InputError:
    return InputError(f"{name}, line {line}: malformed CoNLL-U: {reason}.", _HINT)
