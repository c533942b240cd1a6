"""Every setting, declared once: a new one is one field more.

The flags of `attnviz report`, the variables and TOML keys (`attnviz.sources`), a report's options
and the command that makes it again follow from what is declared here.
"""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

from attnviz import values
from attnviz.errors import UsageError
from attnviz.values import NO_SIZE, Evidence, Exports, is_size, quoted, read

Split = Literal["auto", "line", "sentence", "document", "pair"]
InputFormat = Literal["auto", "text", "conllu", "jsonl"]
Long = Literal["truncate", "error"]
Device = Literal["auto", "cpu", "cuda", "mps"]
DeviceMap = Literal["none", "auto"]
Dtype = Literal["auto", "float32", "float16", "bfloat16", "8bit", "4bit"]
Scale = Literal["sqrt", "linear"]
Kernel = Literal["auto", "dense", "tiles", "fused", "triton"]
Pieces = Literal["auto", "mean", "last"]
Panel = Literal["What is shown", "Output", "Text", "Model", "Measuring", "Figures"]


@dataclass(frozen=True, slots=True)
class Setting:
    """What is declared with a setting's name, type and default.

    `panel` and `help` are its place and words in `--help`, `metavar` what stands for its value
    there, `default` its default in words where the value says too little, and `first` puts it
    before the others of its panel. `flags` are its spellings where it isn't `--name` alone.
    Numbers lie in `range`, ends included; a text that is not empty must satisfy `allowed`; `hint`
    tells what to use instead. `shapes`: what is measured depends on it, so that measurements with
    other values don't add.
    """

    panel: Panel
    help: str
    metavar: str = ""
    default: str = ""
    first: bool = False
    flags: str = ""
    range: tuple[int, int] | None = None
    allowed: Callable[[str], object] | None = None
    hint: str = ""
    shapes: bool = False

    def check(self, value: Any, shown: str) -> None:  # noqa: ANN401 - any setting's
        """Raises UsageError for a value that can't be; `shown` is the setting's name."""
        if self.range is not None:
            least, most = self.range
            several = isinstance(value, tuple)
            for number in value if several else (value,):
                if not least <= number <= most:
                    raise UsageError(
                        f"{shown} {'has' if several else 'is'} {quoted(number)}.",
                        self.hint or f"Use a number from {least:,} to {most:,}.",
                    )
        if self.allowed is not None and value and not self.allowed(value):
            raise UsageError(f"{shown} is {quoted(value)}.", self.hint)


@dataclass(frozen=True, kw_only=True)
class ReportedSettings:
    """The settings that a report prints among its options: how it was made."""

    input_format: Annotated[
        InputFormat,
        Setting(
            "Text",
            "What TEXT holds: text, conllu, or jsonl (conversations, with --chat); auto is what "
            "its name and content tell.",
            "FORMAT",
            shapes=True,
        ),
    ] = "auto"
    chat: Annotated[
        bool,
        Setting(
            "Text",
            "Apply the model's chat template: to conversations in JSON Lines, or to each line of "
            "text as a user's message.",
            shapes=True,
        ),
    ] = False
    parse_special_tokens: Annotated[
        bool,
        Setting("Text", "Read special tokens in the text, such as [MASK], as such.", shapes=True),
    ] = False
    language: Annotated[
        str,
        Setting("Text", "Language of the text, for its sentences and words.", "CODE", shapes=True),
    ] = "en"
    long: Annotated[
        Long,
        Setting(
            "Text", "Sentences longer than the model takes: truncate or error.", "HOW", shapes=True
        ),
    ] = "truncate"
    target: Annotated[
        str,
        Setting(
            "Text",
            "What the decoder of an encoder-decoder model reads, line by line with TEXT.",
            "FILE",
            "none",
        ),
    ] = ""
    labels: Annotated[
        str,
        Setting(
            "Text",
            "The right label of each line of TEXT, for models that give a text a label.",
            "FILE",
            "none",
        ),
    ] = ""
    generate: Annotated[
        int,
        Setting(
            "Text",
            "Let the model write so many tokens, the likeliest.",
            "N",
            range=(0, 100_000),
            shapes=True,
        ),
    ] = 0
    annotate: Annotated[
        str,
        Setting(
            "Text",
            "Parse the text: spacy, or spacy:MODEL.",
            "PARSER",
            "what .conllu files bring",
            allowed=re.compile(r"spacy(:\S+)?").fullmatch,
            hint="Use spacy, or spacy:MODEL; any other parser's trees come in through .conllu "
            "files.",
            shapes=True,
        ),
    ] = ""
    kernel: Annotated[
        Kernel,
        Setting(
            "Measuring",
            "Who measures: auto, the fastest that can, or fused (CPU), triton (GPU), tiles, dense.",
            "NAME",
        ),
    ] = "auto"
    words: Annotated[
        bool,
        Setting(
            "Measuring",
            "Measure and draw whole words, their tokens merged.",
            default="tokens",
            flags="--words/--tokens",
            shapes=True,
        ),
    ] = False
    pieces: Annotated[
        Pieces,
        Setting(
            "Measuring",
            "Which tokens of a split word look for it: mean, last, or auto, the last in a causal "
            "model.",
            "WHICH",
            shapes=True,
        ),
    ] = "auto"
    max_memory: Annotated[
        str,
        Setting(
            "Measuring",
            "Most memory for a batch and what is kept of sentences, as 4GiB.",
            "SIZE",
            "most of what is free",
            allowed=is_size,
            hint=NO_SIZE,
        ),
    ] = ""
    rollout_residual: Annotated[
        bool,
        Setting(
            "Measuring",
            "Count the residual stream in rollout.",
            default="yes",
            flags="--rollout-residual/--no-rollout-residual",
        ),
    ] = True
    resamples: Annotated[
        int, Setting("Measuring", "Bootstrap resamples.", "N", range=(100, 100_000))
    ] = 2000
    seed: Annotated[
        int, Setting("Measuring", "Seed of the bootstrap.", "N", range=(0, 2**63 - 1), shapes=True)
    ] = 0
    illustrate: Annotated[
        int, Setting("Figures", "How many sentences get figures.", "N", range=(0, 10_000))
    ] = 8
    sentences: Annotated[
        tuple[int, ...],
        Setting(
            "Figures",
            "The sentences that get figures.",
            "3,7",
            "chosen by roles",
            range=(1, 2**63 - 1),
            hint="Sentences count from 1.",
        ),
    ] = ()
    max_size: Annotated[
        str,
        Setting(
            "Figures",
            "Most that the page weighs more for its explorer; 0 for none.",
            "SIZE",
            allowed=is_size,
            hint=NO_SIZE,
        ),
    ] = "20MB"
    explore_heads: Annotated[
        str,
        Setting(
            "Figures",
            "These heads, too, have queries and keys in the explorer.",
            "L5H7,L2H0",
            "the best of each role",
            allowed=values.are_heads,
            hint=values.NO_HEAD,
        ),
    ] = ""
    scale: Annotated[
        Scale,
        Setting("Figures", "Colour by a weight's root (sqrt) or itself (linear).", "SCALE"),
    ] = "sqrt"
    cmap: Annotated[str, Setting("Figures", "Colour map of matplotlib's.", "NAME")] = "Blues"
    dpi: Annotated[
        int,
        Setting("Figures", "Resolution of PNG figures.", "N", range=(40, 1200)),
    ] = 150

    def __post_init__(self) -> None:
        owner: type = type(self)
        for name, declared in declarations(owner).items():
            declared.setting.check(getattr(self, name), name)


@dataclass(frozen=True, kw_only=True)
class Settings(ReportedSettings):
    """Everything that can be set; each field is a flag, an ATTNVIZ_ variable and a TOML key.

    Of what stands here and not in `ReportedSettings`, a report tells the outcome elsewhere (the
    model's revision and dtype, the input's split, the margins), or it changes no number.
    UsageError where a value can't be.
    """

    split: Annotated[
        Split,
        Setting(
            "Text",
            "A sentence is: a line, sentence or document, or a pair of texts on a line with a tab "
            "between them.",
            "UNIT",
            first=True,
            shapes=True,
        ),
    ] = "auto"
    revision: Annotated[
        str | None, Setting("Model", "Branch, tag or commit on the Hub.", "REV", "the newest")
    ] = None
    device: Annotated[Device, Setting("Model", "Run on: cpu, cuda or mps.", "WHERE")] = "auto"
    device_map: Annotated[
        DeviceMap,
        Setting("Model", "auto spreads the model over GPUs, memory and disk.", "HOW"),
    ] = "none"
    dtype: Annotated[
        Dtype,
        Setting(
            "Model",
            "Run in float32, float16 or bfloat16, or with weights of 8bit or 4bit; attention is "
            "measured in float32 always.",
            "TYPE",
        ),
    ] = "auto"
    allow_pickle: Annotated[bool, Setting("Model", "Load pickled weights; they can run code.")] = (
        False
    )
    trust_remote_code: Annotated[bool, Setting("Model", "Run code that comes with the model.")] = (
        False
    )
    evidence: Annotated[
        Evidence,
        Setting(
            "Measuring",
            "What a verdict takes: margins of roles, least sentences and events.",
            "KEY=N,KEY=N",
            "each role's own margin, sentences=50,events=100",
        ),
    ] = ()
    jobs: Annotated[
        int,
        Setting("Figures", "Processes that draw.", "N", "one a processor", range=(0, 256)),
    ] = 0
    export: Annotated[
        Exports,
        Setting(
            "Output",
            "Also write heads, roles and sentences as tables: csv, parquet or both.",
            "csv,parquet",
            "none",
        ),
    ] = ()


@dataclass(frozen=True, slots=True)
class Declaration:
    """A setting as it was declared: a field of `Settings`, its type and its default."""

    name: str
    type: Any
    default: Any
    setting: Setting

    @property
    def flags(self) -> tuple[str, ...]:
        """Its flag; for a switch that can be turned off, the flag that does so too."""
        return tuple((self.setting.flags or flag(self.name)).split("/"))


@cache
def declarations(owner: type = Settings) -> Mapping[str, Declaration]:
    """The settings that a class declares or inherits, by name."""
    hints = typing.get_type_hints(owner, include_extras=True)
    declared = {}
    for field in fields(owner):
        if get_origin(hints[field.name]) is Annotated:
            type_, setting = get_args(hints[field.name])
            declared[field.name] = Declaration(field.name, type_, field.default, setting)
    return declared


def flag(name: str) -> str:
    """A setting's name as the command line spells it."""
    return f"--{name.replace('_', '-')}"


def from_mapping(values: Mapping[str, Any]) -> Settings:
    """Settings from names and values, as a script gives them; UsageError as for `checked`."""
    return replace(Settings(), **checked(values, str))


def checked(
    values: Mapping[str, Any], spell: Callable[[str], str], owner: type = Settings
) -> dict[str, Any]:
    """The values of some settings of a class, each as its type.

    `spell` writes a name as its source does.

    Raises UsageError for a name that no setting has, with the nearest that one has, and for a
    value of the wrong type or out of range.
    """
    known = declarations(owner)
    read_values = {}
    for name, value in values.items():
        if name not in known:
            raise unknown(name, known, spell)
        try:
            read_values[name] = read(value, known[name].type)
        except ValueError as error:
            raise UsageError(f"{spell(name)} is {quoted(value)}.", str(error)) from None
        known[name].setting.check(read_values[name], spell(name))
    return read_values


def unknown(name: str, known: Iterable[str], spell: Callable[[str], str]) -> UsageError:
    """The error for a name that is none of the settings that are known."""
    names = sorted(known)
    near = difflib.get_close_matches(name.lower(), names, n=1)
    hint = f"Did you mean {spell(near[0])}?" if near else f"Settings are: {', '.join(names)}."
    return UsageError(f"There is no setting {spell(name)}.", hint)
