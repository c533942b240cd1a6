"""Pieces without offsets stand where the text says what they say, whatever was done to it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import pre_tokenizers

from attnviz.text.offsets import offsets
from attnviz.text.spelling import byte_alphabet

BYTES = {chr(byte): byte for byte in range(256)}

# A text; its pieces, with a space between them; what each of them stands for, with | between them.
CASES = {
    "lower case and accents": ("Café au Lait", "cafe au la ##it", "Café|au|La|it"),
    "decomposed, then composed": ("cafe\u0301!", "café !", "cafe\u0301|!"),
    "compatible forms": ("½ ﬁn…", "1⁄ 2 fin ...", "½|½|ﬁn|…"),
    "letters that grow": ("İstanbul, Straße", "i̇stanbul , strasse", "İstanbul|,|Straße"),
    "stripped characters": ("a\u200bb\u00adc d", "abc d", "a\u200bb\u00adc|d"),
    "an unknown word": ("Über e r", "[UNK] e r", "Über|e|r"),
    "unknown within a word": ("xÜy", "x [UNK] y", "x|Ü|y"),
    "an unknown letter that looks known": ("ée", "[UNK] e", "é|e"),
    "unknown ones in a row": ("Ü ö, ä", "[UNK] [UNK] [UNK] [UNK]", "Ü|ö|,|ä"),
    "unknown characters without spaces": ("你好吗", "[UNK] [UNK] [UNK]", "你|好|吗"),
    "unknown between known, without spaces": ("猫がXYZ好き", "猫 が [UNK] 好き", "猫|が|XYZ|好き"),
    "an unknown word with signs": ("see http://x.y/z now", "see [UNK] now", "see|http://x.y/z|now"),
    "nothing known": ("Ün, ök! 🍕", "[UNK] [UNK] [UNK] [UNK] [UNK]", "Ün|,|ök|!|🍕"),
    "Moses' quotes": ("“Hi”, he", '"</w> hi</w> "</w> ,</w> he</w>', "“|Hi|”|,|he"),
    "Moses' escapes": ("it's A&B", "it</w> &apos;s</w> A&amp;B</w>", "it|'s|A&B"),
    "an escape in pieces": ("it's", "it</w> &ap os; s</w>", "it|'|'|s"),
    "an escape that the text has": ("a &amp; b", "a &amp; b", "a|&amp;|b"),
    "Moses' dashes": ("high-risk", "high</w> @-@</w> risk</w>", "high|-|risk"),
    "other punctuation": ("你好，吗。", "你好 , 吗 .", "你好|，|吗|。"),
    "marks of pieces in the text": ("x@@ ##y </w>", "x@@ ##y </w>", "x@@|##y|</w>"),
    "words for an emoji": ("I 🦀 too", "I :cr@@ ab: too", "I|🦀|🦀|too"),
    "names for what isn't spelled": ("a 🐯 b", "a <SP> <|emoji4|> <SP> b", "a| |🐯| |b"),
    "bytes where others are letters": ("aé!", "▁a <0xC3> <0xA9> !", "a|é|é|!"),
    "bytes with names": ("aé", "a <|byte195|> <|byte169|>", "a|é|é"),
    "spaces as pieces": ("a  b", "▁a ▁ ▁b", "a| |b"),
    "a space that isn't there": ("a b", "▁ a ▁b", "|a|b"),
    "no space, but a word": ("ab", "▁a ▁ b", "a||b"),
    "a part left out": ("a (so to speak) cat", "▁a ▁cat", "a|cat"),
    "the same word twice, the first left out": ("no! it is no", "it is no", "it|is|no"),
    "repeated": ("ha ha ha", "ha ha ha", "ha|ha|ha"),
    "nothing of it": ("abc", "xyz", "abc"),
    "no text": ("", "a b", "|"),
}


@pytest.mark.parametrize("case", CASES)
def test_pieces_stand_for(case: str) -> None:
    text, pieces, surfaces = CASES[case]
    spans = offsets(text, pieces.split(" "), unknown="[UNK]")
    assert "|".join(text[start:end] for start, end in spans) == surfaces


def test_no_pieces() -> None:
    assert offsets("a b", []) == []


def test_the_same_unknown_words_lie_apart() -> None:
    text = "the ö, ä. sat on ö mat " * 30
    surfaces = ["the", "ö", ",", "ä", ".", "sat", "on", "ö", "mat"] * 30
    pieces = [piece if piece.isascii() else "[UNK]" for piece in surfaces]
    spans = offsets(text, pieces, unknown="[UNK]")
    assert [text[start:end] for start, end in spans] == surfaces
    assert spans == sorted(spans)


def test_bytes_of_a_character_have_all_of_it() -> None:
    text = "aé🦀 b"
    spans = offsets(text, [chr(byte) for byte in text.encode()], alphabet=BYTES)
    assert [text[start:end] for start, end in spans] == [
        *("a", "é", "é", "🦀", "🦀", "🦀", "🦀", " ", "b")
    ]


def test_pieces_that_end_within_a_character() -> None:
    alphabet = byte_alphabet(dict.fromkeys(pre_tokenizers.ByteLevel.alphabet(), 0))
    assert len(alphabet) == 256
    spans = offsets("é x", ["Ã", "©Ġ", "x"], alphabet=alphabet)
    assert spans == [(0, 1), (0, 1), (2, 3)]


def test_which_vocabularies_are_of_bytes() -> None:
    digits = {f"{byte:02x}": byte for byte in range(256)}
    assert byte_alphabet(BYTES | {"<pad>": 256}) == BYTES
    assert byte_alphabet(digits) == digits
    written = dict.fromkeys(pre_tokenizers.ByteLevel.alphabet(), 0)
    others: list[dict[str, int]] = [{}, {"a": 0}, BYTES | {"日": 1}, written | {"▁a": 0}]
    assert [byte_alphabet(other) for other in others] == [{}] * 4


@settings(deadline=None, max_examples=80)
@given(
    text=st.text(st.sampled_from("abcé🦀 ,.ü日\u0301ß\u200b▁</w>&;"), max_size=30),
    pieces=st.lists(
        st.one_of(
            st.sampled_from(
                ["[UNK]", "▁", "##a", "a</w>", "b@@", "<0xC3>", "<0xA9>", "&amp;", "é"]
            ),
            st.text(st.sampled_from("abcé🦀 ,.ü日ss"), max_size=4),
        ),
        max_size=12,
    ),
)
def test_any_pieces_stand_in_the_text_in_order(text: str, pieces: list[str]) -> None:
    spans = offsets(text, pieces, unknown="[UNK]")
    assert len(spans) == len(pieces)
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    assert all(piece[0] <= two[0] and piece[1] <= two[1] for piece, two in pairwise(spans))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text("abcdé日🦀", min_size=1, max_size=6), max_size=12), st.data())
def test_words_cut_anywhere_are_found_again(words: list[str], data: st.DataObject) -> None:
    text, pieces, surfaces = " ".join(words), [], []
    for word in words:
        cuts = sorted({0, len(word), *data.draw(st.sets(st.integers(0, len(word)), max_size=2))})
        cut = [word[start:end] for start, end in pairwise(cuts)]
        surfaces += cut
        pieces += [f"##{piece}" if place else piece for place, piece in enumerate(cut)]
    assert [text[start:end] for start, end in offsets(text, pieces)] == surfaces
