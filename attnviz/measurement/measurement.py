"""A measurement: all that is kept of a run over a text, to be added to, saved and judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from attnviz.errors import UsageError
from attnviz.measurement import codec
from attnviz.measurement.pilot import Pilot
from attnviz.measurement.probed import InductionReport
from attnviz.measurement.source import FileInfo, InputInfo, Source
from attnviz.measurement.stream import StreamSums
from attnviz.text.showable import in_short


@dataclass(frozen=True, eq=False)
class Measurement:
    """Sums over the sentences of a text, by stream, and where they came from.

    Measurements of one model with one pilot and the same settings add: in any order and grouping
    to the same bytes. The empty measurement is the zero of that. `induction` is what heads do on
    repeated random tokens; where it is None, `no_induction` says why.
    """

    source: Source | None = None
    input: InputInfo = field(default_factory=InputInfo)
    streams: Mapping[str, StreamSums] = field(default_factory=dict)
    pilot: Pilot | None = None
    warnings: tuple[str, ...] = ()
    induction: InductionReport | None = None
    no_induction: str = ""

    def __repr__(self) -> str:
        if self.source is None:
            return "<Measurement of nothing>"
        heads = sum(len(sums.heads) for sums in self.streams.values())
        name = in_short(self.source.model.name)
        return f"<Measurement of {name}: {self.input.sentences:,} sentences, {heads:,} heads>"

    def __add__(self, other: Measurement) -> Measurement:
        """The measurement of both texts.

        Raises UsageError where models, settings or pilots differ, SumError on overflow.
        """
        if not isinstance(other, Measurement):
            return NotImplemented
        if self.source is None or other.source is None:
            return other if self.source is None else self
        self._check(other)
        return replace(
            self,
            input=_together(self.input, other.input),
            streams={
                name: self.streams.get(name, StreamSums()) + other.streams.get(name, StreamSums())
                for name in sorted({*self.streams, *other.streams})
            },
            warnings=tuple(sorted({*self.warnings, *other.warnings})),
        )

    def __radd__(self, zero: object) -> Measurement:
        """What `sum` begins with is nothing."""
        return self if zero == 0 else NotImplemented

    def _check(self, other: Measurement) -> None:
        """Raises UsageError where the two can't be added, and says what differs."""
        if self.source and other.source and (what := self.source.difference(other.source)):
            raise UsageError(
                f"These measurements don't add: {what}.",
                "Measure both with the same model, settings and version of attnviz.",
            )
        mine, others = self.pilot, other.pilot
        if (mine and mine.key) != (others and others.key):
            raise UsageError(
                "These measurements have different pilots, on which baselines were fitted.",
                "Measure the parts with the pilot of one of them: measure(..., pilot=first).",
            )

    def pilot_for(self, source: Source) -> Pilot:
        """The pilot, for a measurement from `source`; UsageError where it can't serve that."""
        if self.source is None or self.pilot is None:
            raise UsageError(
                "The pilot is an empty measurement.", "Give one that was measured, or none."
            )
        if what := self.source.difference(source):
            raise UsageError(
                f"The pilot was measured otherwise: {what}.",
                "Measure with its model, settings and version of attnviz, or without a pilot.",
            )
        return self.pilot

    def to_bytes(self) -> bytes:
        """The measurement as safetensors, the same bytes for the same measurement."""
        return codec.write(self)

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> Measurement:
        """The measurement that `to_bytes` made these of.

        Raises InputError for other bytes, UsageError for what is no bytes.
        """
        if not isinstance(data, bytes | bytearray | memoryview):
            raise UsageError(
                f"from_bytes was given {type(data).__name__}, not bytes.",
                "Read the file first: Measurement.from_bytes(Path(...).read_bytes()).",
            )
        return codec.read(bytes(data), cls)


def _together(first: InputInfo, second: InputInfo) -> InputInfo:
    """What was read of both; a file in both counts once, with the sentences of both."""
    files: dict[tuple[str, str], int] = {}
    for file in (*first.files, *second.files):
        key = file.name, file.sha256
        files[key] = files.get(key, 0) + file.sentences
    return InputInfo(
        files=tuple(FileInfo(*key, files[key]) for key in sorted(files)),
        split=first.split,
        sentences=first.sentences + second.sentences,
        tokens=first.tokens + second.tokens,
        truncated=first.truncated + second.truncated,
        words=first.words + second.words,
        documents=first.documents + second.documents,
    )
