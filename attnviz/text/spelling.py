"""Reads the characters that the pieces of a tokenizer spell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SPACE_MARK = "▁"
"""How SentencePiece writes a space; it takes the character itself for one, too."""

# How other pieces mark that they continue a word, that a word ends after them, that it doesn't.
_CONTINUES, _ENDS, _GOES_ON = "##", "</w>", "@@"
# One byte as a piece: SentencePiece's fallback, GPT-NeoX Japanese.
_BYTE = regex.compile(r"<0x([0-9A-Fa-f]{2})>|<\|byte(\d{1,3})\|>")
# A name for what isn't spelled out: `<|emoji1|>`, `<KIGOU>`, `[UNK]`.
_NAME = regex.compile(r"<[^<>\s]+>|\[[^\[\]\s]+\]")
# Characters that tokenizers write as several (Moses, Blenderbot, GPT-NeoX Japanese).
_WRITTEN = {
    "&amp;": "&",
    "&apos;": "'",
    "&quot;": '"',
    "&lt;": "<",
    "&gt;": ">",
    "&#124;": "|",
    "&#91;": "[",
    "&#93;": "]",
    "@-@": "-",
    "__newln__": "\n",
    "<SP>": " ",
    "<BR>": "\n",
    "<TAB>": "\t",
}
_ESCAPE = regex.compile("|".join(map(regex.escape, _WRITTEN)))
_SURROGATE = regex.compile(r"\p{Cs}")
_NOT_SPELLED = "\0"

Alphabet = Mapping[str, int]
"""Which byte each string stands for in the pieces of a tokenizer of bytes."""


class Char(NamedTuple):
    """A character that the pieces from `first` to `last` spell together.

    None stands for whatever a piece doesn't spell out. `begins` says whether a word begins here,
    None where the pieces don't tell.
    """

    text: str | None
    first: int
    last: int
    begins: bool | None = None

    @property
    def white(self) -> bool:
        """Whether this is white space."""
        return self.text is not None and is_white(self.text)


def encodable(text: str) -> str:
    """A text as tokenizers take it: each lone surrogate is replaced by U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)


def is_white(character: str) -> bool:
    """Whether a character is white space to a tokenizer."""
    return character.isspace() or character == SPACE_MARK


def byte_alphabet(vocabulary: Mapping[str, int]) -> dict[str, int]:
    """Which byte each string stands for in a vocabulary of bytes; empty for any other.

    Such a vocabulary has all 256: as the characters of their numbers (ByT5), in two hexadecimal
    digits (MyT5), or as GPT-2 writes them, where what isn't visible stands from U+0100 on.
    """
    same = {chr(byte): byte for byte in range(256)}
    if vocabulary.keys() >= same.keys():
        beyond = any(len(piece) == 1 and piece not in same for piece in vocabulary)
        return {} if beyond else same  # CANINE has all characters
    digits = {f"{byte:02x}": byte for byte in range(256)}
    if vocabulary.keys() >= digits.keys() and "a" not in vocabulary:
        return digits
    written = _gpt2_alphabet()
    others = any(piece.startswith(SPACE_MARK) or piece.endswith(_ENDS) for piece in vocabulary)
    return written if vocabulary.keys() >= written.keys() and not others else {}


def _gpt2_alphabet() -> dict[str, int]:
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = sorted({*range(256)} - {*visible})
    return {chr(byte): byte for byte in visible} | {
        chr(0x100 + place): byte for place, byte in enumerate(hidden)
    }


def spelled(
    text: str, pieces: Sequence[str], unknown: str | None, alphabet: Alphabet
) -> list[Char]:
    """Read the pieces of `text`: the characters that they spell, in order.

    Bytes are put together to characters, and what is written as several characters is read as
    what it stands for, unless `text` has these characters.
    """
    chars: list[Char] = []
    waiting: list[tuple[int, int]] = []
    begins = _beginnings(pieces)
    for place, piece in enumerate(pieces):
        held = None if piece == unknown else _bytes(piece, alphabet)
        if held is not None:
            waiting += [(byte, place) for byte in held]
            continue
        chars += _decoded(waiting)
        waiting = []
        chars += _read(text, piece, place, begins[place], known=piece != unknown)
    return _unescaped(text, [*chars, *_decoded(waiting)])


def _beginnings(pieces: Sequence[str]) -> list[bool | None]:
    """Whether a word begins with each piece; None where the pieces don't mark it."""
    spaced = any(piece.startswith(SPACE_MARK) for piece in pieces)
    ended = any(piece.endswith(_ENDS) for piece in pieces)
    begins: list[bool | None] = []
    before = ""
    for piece in pieces:
        known: bool | None = None
        if spaced:
            known = piece.startswith(SPACE_MARK) or before == SPACE_MARK
        elif ended:
            known = not before or before.endswith(_ENDS)
        elif piece.startswith(_CONTINUES) or before.endswith(_GOES_ON):
            known = False
        begins.append(known)
        before = piece
    return begins


def _read(text: str, piece: str, place: int, begins: bool | None, *, known: bool) -> Iterator[Char]:
    """Read one piece that isn't made of bytes."""
    if piece not in text:
        if not known or (_NAME.fullmatch(piece) and piece not in _WRITTEN):
            yield Char(None, place, place, begins)
            return
        piece = _unmarked(piece)
    for character in piece:
        yield Char(character, place, place, begins)


def _unmarked(piece: str) -> str:
    """A piece without the marks for where words begin and end; a mark alone is text."""
    bare = piece.removeprefix(_CONTINUES)
    for mark in (_ENDS, _GOES_ON):
        bare = bare.removesuffix(mark)
    return bare or piece


def _bytes(piece: str, alphabet: Alphabet) -> list[int] | None:
    """The bytes that a piece is made of, None if it isn't."""
    if match := _BYTE.fullmatch(piece):
        byte = int(match[1], 16) if match[1] else int(match[2])
        return [byte] if byte < 256 else None
    if piece in alphabet:
        return [alphabet[piece]]
    if alphabet and all(character in alphabet for character in piece):
        return [alphabet[character] for character in piece]
    return None


def _decoded(waiting: Sequence[tuple[int, int]]) -> Iterator[Char]:
    """Read bytes, each with the place of its piece, as UTF-8; None for those that are none."""
    start = 0
    while start < len(waiting):
        first = waiting[start][0]
        length = next((n for n, least in ((4, 0xF0), (3, 0xE0), (2, 0xC0)) if first >= least), 1)
        run = waiting[start : start + length]
        try:
            text = bytes(byte for byte, _ in run).decode()
        except UnicodeDecodeError:
            run, text = run[:1], ""
        yield Char(text or None, run[0][1], run[-1][1])
        start += len(run)


def _unescaped(text: str, chars: Sequence[Char]) -> list[Char]:
    written = "".join(char.text or _NOT_SPELLED for char in chars)
    read: list[Char] = []
    start = 0
    for match in _ESCAPE.finditer(written):
        if match[0] in text:
            continue
        held = chars[match.start() : match.end()]
        read += chars[start : match.start()]
        read.append(Char(_WRITTEN[match[0]], held[0].first, held[-1].last, held[0].begins))
        start = match.end()
    return [*read, *chars[start:]]
