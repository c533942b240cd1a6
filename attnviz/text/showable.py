"""Makes any string harmless to show: in a terminal, in HTML, in XML, in a picture."""

from __future__ import annotations

import regex

# Invisible characters that carry meaning where they stand, and stay there:
_FLAG_TAGS = r"(?<=\U0001F3F4)[\U000E0030-\U000E0039\U000E0061-\U000E007A]{3,6}\U000E007F"
_EMOJI_JOINER = r"(?<=[\p{ExtPict}\p{EMod}]\uFE0F?)\u200D(?=\p{ExtPict})"
_EMOJI_STYLE = r"(?<=\p{Emoji})[\uFE0E\uFE0F]"
_HAN_VARIANT = r"(?<=\p{Han})[\uFE00-\uFE02\U000E0100-\U000E01EF]"
_MONGOLIAN_VARIANT = r"(?<=[\p{Mongolian}--\p{DI}])[\u180B-\u180F](?=$|[^\u180B-\u180F])"
_JOINING = (
    r"[[\p{Arabic}\p{Syriac}\p{Mongolian}\p{Nko}\p{Devanagari}\p{Bengali}\p{Gurmukhi}\p{Gujarati}"
    r"\p{Oriya}\p{Tamil}\p{Telugu}\p{Kannada}\p{Malayalam}\p{Sinhala}\p{Khmer}\p{Myanmar}"
    r"\p{Tibetan}]&&[[\p{L}\p{M}]--\p{DI}]]"
)
_SCRIPT_JOINER = rf"(?<={_JOINING})[\u200C\u200D](?={_JOINING})"
_BRAILLE_SPACE = r"(?<=[\p{Braille}--\u2800]\u2800*)\u2800|\u2800(?=\u2800*[\p{Braille}--\u2800])"
_MEANT = "|".join(
    (
        _FLAG_TAGS,
        _EMOJI_JOINER,
        _EMOJI_STYLE,
        _HAN_VARIANT,
        _MONGOLIAN_VARIANT,
        _SCRIPT_JOINER,
        _BRAILLE_SPACE,
    )
)

# Everything else that draws nothing, moves the cursor, turns the direction of the text, is no
# character of XML, or looks like whatever the reader's font makes of it (private use). Prepended
# marks such as U+06DD are format characters by name, but visible.
_HARMFUL = (
    r"[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{DI}[\p{Cf}--\p{Prepended_Concatenation_Mark}]"
    r"\p{Noncharacter_Code_Point}\u2800]"
)
_UNSAFE = regex.compile(rf"(?V1)(?:{_MEANT})|(?P<harmful>{_HARMFUL})")

# A combining mark needs something to sit on, else it sits on whatever is printed before it: on a
# quote or a bracket of the page, say, which Unicode normalisation would even merge with it.
_BARE_MARK = regex.compile(r"(^|[⏎⇥]|<U\+[0-9A-F]{4,6}>)(?=\p{M})")

_NAMED = {"\n": "⏎", "\t": "⇥", " ": "␣"}


def in_short(name: str, most: int = 40) -> str:
    """A name as one harmless line of at most `most` characters: of a long one, a path say, its end.

    White space stays as it is where it is a plain space.
    """
    shown = showable(name)
    return shown if len(shown) <= most else f"…{shown[1 - most :]}"


def showable(text: str) -> str:
    """Give all that can't be seen, or could do harm, a visible form.

    Newline, tab and the spaces of a string of nothing but spaces become `⏎`, `⇥` and `␣`; other
    control, format, zero-width and private characters, lone surrogates and noncharacters become
    `<U+001B>`. Scripts and emoji stay, with the joiners they need. The result is legal XML, is
    never empty unless `text` is, and passes through unchanged a second time.
    """
    if text.isspace():
        return "".join(map(_visible, text))
    if text.isascii() and text.isprintable():
        return text
    return _BARE_MARK.sub(r"\1◌", _UNSAFE.sub(_replacement, text))


def _replacement(match: regex.Match[str]) -> str:
    harmful = match["harmful"]
    return match[0] if harmful is None else _visible(harmful)


def _visible(character: str) -> str:
    return _NAMED.get(character) or f"<U+{ord(character):04X}>"
