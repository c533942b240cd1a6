"""Treebanks made from a seed, sound ones and damaged ones."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

WORDS = "the dog sat on a mat and it ran by red tree then was blue"
RELATIONS = ("nsubj", "obj", "det", "case", "punct", "nmod:poss", "conj")
HUGE = "9" * 400
DAMAGES = (
    "x",
    "",
    "_",
    "-1",
    "0",
    "99",
    "1.5",
    "1e3",
    "²",
    "0x1",
    " 1 ",
    HUGE,
    "1-2",
    "\x1b[31m",
    "=",
)
ENTITIES = ("(e1", "e1)", "(e1)(e2", ")))", "((((", "(e1[2/3]-x-1", "()", "-", "(a-b-" + HUGE + ")")


def treebank(random: Random, sentences: int = 3) -> bytes:
    """A sound treebank: trees, multiword tokens, empty nodes, entities, comments."""
    blocks = ["# newdoc id = a\n# global.Entity = eid-etype-head-other"]
    blocks += ["\n".join([f"# sent_id = {n}", *_sentence(random)]) for n in range(sentences)]
    return ("\n".join(blocks[:2]) + "\n\n" + "\n\n".join(blocks[2:]) + "\n\n").encode()


def damaged(random: Random) -> bytes:
    """A treebank with one damage or several, of lines, columns or bytes."""
    data = treebank(random)
    for _ in range(random.choice((1, 1, 2, 5))):
        data = random.choice(MUTATIONS)(random, data)
    return data


def row(number: str, form: str, head: object = "_", relation: str = "_", misc: str = "_") -> str:
    """The ten columns of a word."""
    return "\t".join([number, form, "_", "X", "_", "_", str(head), relation, "_", misc])


def _sentence(random: Random) -> list[str]:
    words = random.choices(WORDS.split(), k=random.randint(1, 9))
    order = random.sample(range(1, len(words) + 1), len(words))
    # Each word hangs on one before it in a random order, so that there is no circle.
    heads = {word: random.choice([0, *order[:place]]) for place, word in enumerate(order)}
    lines: list[str] = []
    covered = 0
    for number, form in enumerate(words, 1):
        if number > covered and number < len(words) and random.random() < 0.2:
            covered = number + 1
            lines.append(row(f"{number}-{covered}", form + words[number]))
        misc = f"Entity=(e{random.randint(1, 2)}-x-1)" if random.random() < 0.3 else "_"
        lines.append(row(str(number), form, heads[number], random.choice(RELATIONS), misc))
        if random.random() < 0.1:
            lines.append(row(f"{number}.1", "silent"))
    return lines


def _some_line(random: Random, data: bytes) -> tuple[list[bytes], int]:
    lines = data.split(b"\n")
    return lines, random.randrange(len(lines))


def _drop_line(random: Random, data: bytes) -> bytes:
    lines, place = _some_line(random, data)
    return b"\n".join(lines[:place] + lines[place + 1 :])


def _repeat_line(random: Random, data: bytes) -> bytes:
    lines, place = _some_line(random, data)
    return b"\n".join([*lines[:place], *[lines[place]] * random.choice((2, 50)), *lines[place:]])


def _swap_lines(random: Random, data: bytes) -> bytes:
    lines, place = _some_line(random, data)
    lines[place - 1], lines[place] = lines[place], lines[place - 1]
    return b"\n".join(lines)


def _column(random: Random, data: bytes) -> bytes:
    """Drops, adds or damages a column."""
    lines, place = _some_line(random, data)
    columns = lines[place].split(b"\t")
    at = random.randrange(len(columns))
    columns[at : at + random.choice((0, 1))] = random.choice(
        ([], [random.choice(DAMAGES).encode()], [columns[at], b"extra"])
    )
    lines[place] = b"\t".join(columns)
    return b"\n".join(lines)


def _id(random: Random, data: bytes) -> bytes:
    return _cell(random, data, 0, (*DAMAGES, "2-1", "1-1", "1-99", "0.1", "9.9", "0-1", "1-2-3"))


def _head(random: Random, data: bytes) -> bytes:
    """Heads out of range, of itself, in circles, several roots."""
    return _cell(random, data, 6, (*DAMAGES, *map(str, range(8))))


def _entity(random: Random, data: bytes) -> bytes:
    value = "".join(random.choices(ENTITIES, k=random.choice((1, 3, 40))))
    return _cell(
        random, data, 9, (f"Entity={value}", f"Entity={value}=x|", "SpaceAfter=No|Entity=")
    )


def _cell(random: Random, data: bytes, at: int, choices: tuple[str, ...]) -> bytes:
    lines, place = _some_line(random, data)
    columns = lines[place].split(b"\t")
    if len(columns) > at:
        columns[at] = random.choice(choices).encode()
    lines[place] = b"\t".join(columns)
    return b"\n".join(lines)


def _cut(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _noise(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data) + 1)
    noise = (b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\x85", "\u2028".encode(), "\x85".encode())
    more = (b"\x1b[2J", b"\r", b"\x1c", b"\x0b", b"\t\t", random.randbytes(8))
    return data[:place] + random.choice((*noise, *more)) + data[place:]


def _written_otherwise(random: Random, data: bytes) -> bytes:
    return random.choice(
        (
            b"\xef\xbb\xbf" + data,
            data.replace(b"\n", b"\r\n"),
            data.replace(b"\n", b"\r"),
            data.replace(b"\t", b"    "),
            data.replace(b"\n\n", b"\n"),
            data.replace(b"\n", b"\n\n"),
            data.decode(errors="replace").encode("utf-16"),
            data.decode(errors="replace").replace("d", "é").encode("latin-1", errors="replace"),
        )
    )


def _comment(random: Random, data: bytes) -> bytes:
    lines, place = _some_line(random, data)
    comments = (
        "# text =",
        "# text = other words",
        "# newdoc",
        "# newdoc id = \x1b[31m",
        "#",
        "# =",
    )
    return b"\n".join([*lines[:place], random.choice(comments).encode(), *lines[place:]])


MUTATIONS: tuple[Callable[[Random, bytes], bytes], ...] = (
    _drop_line,
    _repeat_line,
    _swap_lines,
    _column,
    _id,
    _head,
    _entity,
    _cut,
    _noise,
    _written_otherwise,
    _comment,
)
