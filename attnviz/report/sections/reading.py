"""How the text was made into tokens, and what each of them sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.report.numbers import counted
from attnviz.text.merge import last_looks

if TYPE_CHECKING:
    from attnviz.report.model import Report


def sees(report: Report) -> str:
    """What a token can see, for the top of a page."""
    if report.parts:
        return "each target token sees itself, what is to its left, and the source"
    if report.model.causal:
        return "each token sees itself and what is to its left"
    return "each token sees the whole sentence"


def targets(report: Report) -> str:
    """Where the tokens come from that were not read from the text; "" where all were read."""
    options = report.options
    if options.target:
        return f"Targets: {options.target}."
    if not options.generate:
        return ""
    limit = counted(options.generate, "token")
    if report.parts:
        return f"The model generated the targets itself, up to {limit} each."
    return f"The model continued each sentence by up to {limit}."


def template(report: Report) -> str:
    """How special tokens came into the text, where that was not the usual way; else ""."""
    if report.options.chat:
        return "The model's chat template made the text of each conversation, special tokens too."
    if report.options.parse_special_tokens:
        return "Special tokens that the text holds were read as such."
    return ""


def split_words(report: Report) -> str:
    """How a word of several tokens looks and is looked at."""
    last = last_looks(report.options.pieces, causal=report.model.causal)
    seen = ", which alone has seen all of it" if report.model.causal else ""
    mean = f"that of its last token{seen}" if last else "their mean"
    return f"Attention to a split word is the sum over its tokens, and attention from it is {mean}."


def merged(report: Report) -> str:
    """That tokens are words; "" where they are not."""
    if not report.options.words:
        return ""
    return (
        f"The tokens of each word were merged ({counted(report.input.words, 'word')}, special "
        f"tokens too): where this report says token, it means word. {split_words(report)}"
    )
