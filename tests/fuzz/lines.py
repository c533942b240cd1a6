"""Hostile lines of text, made from a seed: whatever a page, a terminal or a parser may fall for."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

INJECTIONS = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' onfocus='alert(1)' autofocus='",
    "</title><svg onload=alert(1)>",
    "</style><style>*{display:none}</style>",
    "<!--><script>alert(1)</script-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "]]></text></svg><script>alert(1)</script>",
    '<a href="javascript:alert(1)">x</a>',
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<base href=//evil.example><link rel=stylesheet href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "&lt;b&gt; &#60;script&#62; &amp;amp; &notanentity; &#x202e;",
    "expression(alert(1)); url(//evil.example); @import '//evil.example'",
    "[click](javascript:alert(1)) ![x](//evil.example/x.png)",
    "[ref]: //evil.example\n[ref]",
    "<https://evil.example> https://evil.example www.evil.example mailto:a@evil.example",
    "| a | b |\n|---|---|\n| ` | ``` |",
    "# heading\n> quote\n- item\n1. item\n---\n~~~\n```html",
    "**bold** __bold__ *it* _it_ ~~gone~~ \\*star\\*",
    "[red]rich[/red] [/INST] [link=//evil.example]x[/link] :smile:",
    "\x1b[31mred\x1b[0m \x1b[2J\x1b[H \x1b]0;title\x07 \x1b]8;;//evil.example\x1b\\link",
    "\x1bP+q544e\x1b\\ \x9b31m \x1b[6n \x08\x08\x08 \x7f",
    r"$x^$ $\frac{1}{0}$ $\unknown{$ \begin{document} \input{/etc/passwd} \write18{touch pwned}",
    "{{ 7 * 7 }} {% include '/etc/passwd' %} {# gone #} ${7*7} #{7*7} <%= 7*7 %>",
    "=HYPERLINK(\"//evil.example\") +1+1 -2+3 @SUM(A1) =cmd|' /C calc'!A0",
    "../../../../etc/passwd ..\\..\\windows C:\\con /dev/null file:///etc/passwd -rf --help",
    "$(touch pwned) `touch pwned` ; touch pwned | touch pwned & touch pwned",
    "'; DROP TABLE heads; -- %s %d %n {0} {} {self} %(name)s",
    '{"schema": "attnviz.report/9", "heads": []} \\u202e \\x00 \\',
    "L0H0 L0H1 L999H999 cross L0H0 encoder L1H1",
    "[CLS] [SEP] [MASK] [UNK] <s> </s> <|endoftext|> <|im_start|>",
)

# Each draws nothing, or moves or turns what stands beside it.
INVISIBLE = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u180b\u180e\u200b\u200c\u200d\u200e\u200f\u2028\u2029"
    "\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2066\u2067\u2068\u2069\u206f\u2800\u3164"
    "\ufe00\ufe0f\ufeff\uffa0\ufff9\ufffa\ufffb\ufdd0\ufffe\uffff\U0001bca0\U0001d173"
    "\U000e0001\U000e0020\U000e007f\U000e0100\U0001fffe\U0010ffff\ue000\U000f0000\x85\x1c\x1f"
)
EMOJI = (
    "👩\u200d🚀",
    "👨\u200d👩\u200d👧",
    "👍🏽",
    "🇮🇸",
    "1\ufe0f\u20e3",
    "❤\ufe0f",
    "🏳\ufe0f\u200d🌈",
    "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "☺\ufe0e",
    "🧑🏿\u200d🤝\u200d🧑🏻",
)
SCRIPTS = (
    "می\u200cخواهم",
    "क्\u200dष में",
    "שלום עולם",
    "العربية",
    "日本語です",
    "한국어",
    "ภาษาไทย",
    "ᠮᠣᠩᠭᠣᠯ",
)
PLAIN = "the dog sat on a mat and it ran by red tree then was blue"


def hostile_lines(count: int, seed: int) -> list[str]:
    """So many strings; they may hold anything at all, line breaks and lone surrogates too."""
    random = Random(seed)  # noqa: S311 - nothing secret
    return [_line(random, place) for place in range(count)]


def one_line(text: str) -> str:
    """What a UTF-8 file can hold on one line, with a word that every tokenizer keeps."""
    chars = "".join(
        char for char in text if char not in "\0\r\n" and not "\ud800" <= char < "\ue000"
    )
    return f"dog {chars}".strip()


def _line(random: Random, place: int) -> str:
    # Each injection comes, before any comes again by chance.
    first = INJECTIONS[place] if place < len(INJECTIONS) else random.choice(MAKERS)(random)
    parts = [first, *(random.choice(MAKERS)(random) for _ in range(random.randrange(3)))]
    return random.choice((" ", "", random.choice(INVISIBLE))).join(parts)


def _injection(random: Random) -> str:
    text = random.choice(INJECTIONS)
    place = random.randrange(len(text) + 1)
    return text[:place] + random.choice(("", "", random.choice(INVISIBLE))) + text[place:]


def _plain(random: Random) -> str:
    return " ".join(random.choices(PLAIN.split(), k=random.randint(1, 8)))


def _any_plane(random: Random) -> str:
    planes = (0x80, 0x800, 0x3000, 0x10000, 0x20000, 0x110000)
    return "".join(
        chr(random.randrange(random.choice(planes))) for _ in range(random.randint(1, 9))
    )


def _invisible(random: Random) -> str:
    return "".join(random.choice("ab " + INVISIBLE) for _ in range(random.randint(1, 12)))


def _marks(random: Random) -> str:
    marks = (*range(0x300, 0x370), 0x488, 0x5B0, 0x64B, 0x93C, 0x947, 0xE31, 0x20DD, 0x20E3, 0x1AB0)
    flood = random.choice((1, 3, 40))
    return "".join(
        random.choice("eक◌ ") + "".join(chr(random.choice(marks)) for _ in range(flood))
        for _ in range(random.randint(1, 4))
    )


def _emoji(random: Random) -> str:
    parts = random.choices(EMOJI, k=random.randint(1, 4))
    return random.choice(("", "\u200d", " ")).join(parts)


def _scripts(random: Random) -> str:
    return random.choice(("\u202e", " ", "\u2066")).join(random.choices(SCRIPTS, k=2))


def _long(random: Random) -> str:
    return random.choice(("x", "<", "[", "é", "🦀", "\u0301", "-=", "&amp;")) * random.choice(
        (99, 2000)
    )


def _breaks(random: Random) -> str:
    return random.choice(("\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\0")).join("abc")


MAKERS: tuple[Callable[[Random], str], ...] = (
    _injection,
    _plain,
    _any_plane,
    _invisible,
    _marks,
    _emoji,
    _scripts,
    _long,
    _breaks,
)
