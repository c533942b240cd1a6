"""`report.md`: the findings for a repository, a pull request or a CI job's summary."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from attnviz.report import sections
from attnviz.report.cells import Baseline, Evidence, Interval, Linked, Number, Text, Verdict
from attnviz.report.escape import markdown as safe
from attnviz.report.format import Format
from attnviz.report.markup import bullets, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attnviz.figures.picture import Picture
    from attnviz.report.cells import Cell, Table
    from attnviz.report.model import Report
    from attnviz.report.sections import Sections, Stream
    from attnviz.report.sections.again import Again
    from attnviz.report.sections.examples import Examples, Stretch
    from attnviz.report.sections.first_screen import FirstScreen
    from attnviz.report.sections.groups import Groups
    from attnviz.report.sections.heads import Heads
    from attnviz.report.sections.induction import Induction
    from attnviz.report.sections.method import Method
    from attnviz.report.sections.prediction import Prediction
    from attnviz.report.sections.relations import Relations
    from attnviz.report.sections.roles import Roles, RoleSummary, Unmatched
    from attnviz.report.sections.sentences import Sentence
    from attnviz.report.sections.shading import Shading
    from attnviz.report.sections.spare import Spare
    from attnviz.report.sections.strange import Strange
    from attnviz.report.sections.top import Top

MOST_BYTES = 64_000
"""What a report stays under; GitHub shows job summaries up to 1 MiB."""

HEADS_OF_ROLE = 3
HEADS_LISTED = 160
RELATIONS_LISTED = 120
FILES_LISTED = 20
STRANGE_LISTED = 10
SENTENCES_SHOWN = 8
CHARACTERS = 400

_MORE = "\n\n*Cut here to fit; report.json and report.html have all.*\n"


def write(report: Report, pictures: Sequence[Picture]) -> bytes:
    """The report as GitHub-flavoured Markdown, under `MOST_BYTES`."""
    return _fitting(_blocks(sections.of(report, pictures)))


def _blocks(every: Sections) -> Iterable[str]:
    yield from _top(every.top, every.streams)
    yield from _first(every.first)
    for stream in every.streams:
        yield from _stream(stream)
    yield from _induction(every.induction, "##")
    yield from _groups(every.groups)
    yield from _strange(every.strange)
    yield f"## {every.limits.title}"
    yield "\n".join(f"- **{limit.short}.** {limit.full}" for limit in every.limits.limits)
    yield f"## {every.warnings.title}"
    yield bullets(each.text for each in every.warnings.warnings) or every.warnings.nothing
    yield from _method(every.method, every.again)
    share = len(every.streams)
    for stream in every.streams:
        name = f"{stream.title}: " if stream.title else ""
        yield from _heads(stream.heads, f"## {name}{stream.heads.title}", HEADS_LISTED // share)
        drawn = [each for each in stream.sentences.sentences if each.pictures or each.prediction]
        if drawn:
            yield f"## {name}Sentences"
            if stream.sentences.predicted:
                yield stream.sentences.predicted
        for sentence in drawn[: max(SENTENCES_SHOWN // share, 1)]:
            yield from _sentence(sentence)


def _stream(stream: Stream) -> Iterable[str]:
    """What was found: of a whole model, or of one stream under a heading of its own."""
    level = "###" if stream.title else "##"
    if stream.title:
        yield f"## {stream.title}"
        yield " ".join(filter(None, (stream.meaning, stream.layers)))
    if stream.maps:
        yield f"{level} {stream.maps.title}"
        yield from _images(stream.maps.pictures)
    yield from _roles(stream.roles, level)
    yield from _relations(stream.relations, level)
    yield from _induction(stream.induction, level)
    yield from _examples(stream.examples, level)
    yield from _spare(stream.spare, level)


def _top(top: Top, streams: Sequence[Stream]) -> Iterable[str]:
    yield f"# What the attention heads of {safe(top.model)} do"
    files = ", ".join(safe(name[:CHARACTERS]) for name in top.files)
    more = f" and {top.more_files}" if top.more_files else ""
    yield f"{top.shape}, {top.parameters}; {top.sentences} ({top.tokens}) from {files}{more}."
    if notes := " ".join(filter(None, (top.layers, safe(top.read), top.merged))):
        yield notes
    if top.created:
        yield safe(top.created)
    if titles := [stream.title for stream in streams if stream.title]:
        yield "Parts: " + ", ".join(f"[{title}](#{title.lower()})" for title in titles)
    if top.warnings:
        yield f"[{top.warnings}](#warnings)"


def _first(first: FirstScreen) -> Iterable[str]:
    """What stands out, the maps, and the sentences in which it is seen."""
    findings = first.findings
    yield f"## {findings.title}"
    yield bullets(each.says.text for each in findings.findings) or findings.nothing
    if findings.note:
        yield findings.note
    yield from _images(first.pictures)
    for seen in first.seen:
        who = f"{seen.head.full_name}, which {safe(seen.does)}"
        yield f"{seen.sentence}, {who}: {safe(seen.says)}"
        yield f"> {_stretches((*seen.asking, *seen.tokens))}"


def _stretches(every: Sequence[Stretch]) -> str:
    """A sentence with the token that looks in bold and what it should look at in italics."""
    text = ""
    for at, each in enumerate(every):
        mark = "**" if each.query else "*" if each.target else ""
        text += f"{' ' if at and each.space else ''}{mark}{safe(each.text)}{mark}"
    return text


def _roles(roles: Roles, level: str) -> Iterable[str]:
    yield f"{level} {roles.title}"
    yield roles.says
    if roles.summary:
        header = ("Role", "Heads", *(column.title for column in roles.summary[0].table.columns))
        yield table(header, "lrllrlrll", map(_texts, _heads_of_roles(roles.summary)))
    else:
        yield roles.nothing
    if roles.unmatched:
        yield f"{roles.nobody}: {'; '.join(map(_unmatched, roles.unmatched))}."
    if roles.relations:
        yield f"{roles.relations}: see {roles.relations_title}."
    for absent in roles.absent:
        yield f"Could not be measured: {safe(absent.titles)} ({safe(absent.reason)})."


def _heads_of_roles(summary: Sequence[RoleSummary]) -> Iterable[Sequence[Cell]]:
    """The first heads of each role, whose name stands beside the first of them only."""
    for role in summary:
        named = Text(f"{role.role.text} ({role.role.chip.letter})"), Text(role.count)
        for row in role.table.rows[:HEADS_OF_ROLE]:
            yield (*named, *row)
            named = Text(""), Text("")


def _unmatched(role: Unmatched) -> str:
    if role.closest is None:
        return safe(role.title)
    return f"{safe(role.title)} ({role.closest.head.name} {role.closest.says})"


def _table(of: Table, most: int = HEADS_LISTED) -> Iterable[str]:
    """A table, and how many rows there was no room for."""
    sides = ("r" if column.form == "number" else "l" for column in of.columns)
    yield table(
        [column.title for column in of.columns], "".join(sides), map(_texts, of.rows[:most])
    )
    if more := len(of.rows[most:]):
        yield f"And {more:,} more in report.json."


def _texts(row: Sequence[Cell]) -> list[str]:
    """The cells of a row; numbers and their brackets are our own, and as they are."""
    own = Number, Interval, Evidence, Verdict, Linked
    return [
        f"{cell.value} {safe(cell.title)}".strip()
        if isinstance(cell, Baseline)
        else cell.text
        if isinstance(cell, own)
        else safe(cell.text)
        for cell in row
    ]


def _relations(relations: Relations | None, level: str) -> Iterable[str]:
    if relations:
        yield f"{level} {relations.title}"
        yield relations.choice
        yield relations.reading
        yield from _table(relations.table, RELATIONS_LISTED)


def _induction(induction: Induction | None, level: str) -> Iterable[str]:
    if induction is None:
        return
    yield f"{level} {induction.title}"
    if induction.reason:
        yield f"Not measured. {safe(induction.reason)}"
        return
    yield induction.measured
    if induction.table is None:
        yield induction.supported.text
        return
    yield induction.copying
    yield induction.supported.text
    yield from _table(induction.table)
    yield induction.reading


def _examples(examples: Examples | None, level: str) -> Iterable[str]:
    if examples:
        yield f"{level} {examples.title}"
        yield examples.reading
        yield bullets(examples.lines)


def _spare(spare: Spare | None, level: str) -> Iterable[str]:
    if spare is None:
        return
    yield f"{level} {spare.title}"
    yield " ".join(says.text for says in spare.says)
    yield spare.caution
    if spare.reasons and spare.table:
        yield from _table(spare.reasons)
        yield from _table(spare.table)
    if spare.more:
        yield f"And {spare.more} more in report.json."
    yield spare.reading


def _groups(groups: Groups | None) -> Iterable[str]:
    if groups is None:
        return
    yield f"## {safe(groups.title)}"
    yield groups.says
    yield from _table(groups.sizes)
    if groups.table:
        yield from _table(groups.table)
    if groups.more:
        yield groups.more
    yield f"{groups.further} {groups.reading}".strip()


def _strange(strange: Strange | None) -> Iterable[str]:
    if strange is None:
        return
    yield f"## {strange.title}"
    yield f"{strange.says} {strange.reading}"
    yield "\n".join(
        f"1. {safe(each.text)}\n   {each.distance}: {safe(each.place)}. "
        f"{'; '.join(unlike.text for unlike in each.unlike)}"
        for each in strange.sentences[:STRANGE_LISTED]
    )


def _method(method: Method, again: Again) -> Iterable[str]:
    yield f"## {method.title}"
    yield f"{method.chance} {method.baselines}"
    yield f"{method.unit} {method.intervals} {method.rollout}"
    yield method.statistics_say
    yield "\n".join(f"- *{rule.verdict.text}*: {rule.takes}" for rule in method.verdicts)
    if method.unusual:
        yield safe(method.unusual)
    yield (
        f"attnviz {safe(again.version)}, {safe(again.architecture)}, "
        f"revision {safe(again.revision) or 'none'}, {safe(again.dtype)}. "
        f"{again.title}: {safe(again.command)}"
    )
    yield table(
        ("File", "Sentences", "sha256"),
        "lrl",
        ((safe(file.name), file.amount, file.sha256) for file in again.files[:FILES_LISTED]),
    )


def _heads(heads: Heads, heading: str, most: int) -> Iterable[str]:
    """The heads that have a role first, where there is no room for all."""
    every = [row for layer in heads.layers for row in layer.rows]
    rows = every if len(every) <= most else [row for row in every if row.roles.roles][:most]
    yield heading
    if heads.spread:
        yield from _table(heads.spread)
    yield f"{len(rows):,} of {len(every):,} heads; report.json has all."
    yield table(
        (
            "Head",
            "Roles",
            *(f"{safe(column.name)} ({safe(column.unit)})" for column in heads.columns),
        ),
        "ll" + "l" * len(heads.columns),
        (
            (
                row.head.name,
                safe(", ".join(role.says for role in row.roles.roles)),
                *(mean.text for mean in row.means),
            )
            for row in rows
        ),
    )


def _sentence(sentence: Sentence) -> Iterable[str]:
    """Its pictures, and what they don't tell, or not where it is long."""
    yield f"### Sentence {sentence.id}"
    more = " …" if len(sentence.text) > CHARACTERS else ""
    yield f"> {safe(sentence.text[:CHARACTERS] + more)}"
    if sentence.generated:
        yield f"{sentence.tokens}, {sentence.generated}."
    yield from _prediction(sentence.prediction)
    if sentence.queries or sentence.received.rest:
        yield _strongest("Attention received", sentence.received)
    if sentence.rollout and sentence.rollout.rest:
        yield _strongest(sentence.rollout.title, sentence.rollout)
    if sentence.no_rollout:
        yield sentence.no_rollout
    if sentence.drift:
        yield sentence.drift
    yield from _images(sentence.pictures)


def _prediction(prediction: Prediction | None) -> Iterable[str]:
    """What the model says of a sentence, and what it is read off."""
    if prediction is None:
        return
    says = f"{prediction.title}: {prediction.text}."
    yield safe(f"{says} {prediction.verdict_says}" if prediction.verdict_says else says)
    for answer in prediction.answers:
        if answer.layers:
            yield safe(answer.reads)
            yield table(
                ("Layer", "Tokens and weights"),
                "rl",
                ((row.layer, safe(row.text)) for row in answer.layers),
            )


def _strongest(what: str, shading: Shading) -> str:
    tokens = ", ".join(
        f"{safe(key.token.label.text)} at {key.place} ({key.weight.text})"
        for key in shading.strongest
    )
    rest = f"; the other {shading.rest} {shading.rest_has} {shading.outside}"
    return f"{what}: {tokens}{rest if shading.rest else ''}."


def _images(pictures: Sequence[Picture]) -> Iterable[str]:
    for picture in pictures:
        link = quote(f"{picture.path}.png", safe="/")
        yield f"![{safe(picture.title)}]({link})\n\n{safe(picture.caption)}"


def _fitting(blocks: Iterable[str]) -> bytes:
    """As many whole blocks as fit."""
    text = ""
    for block in blocks:
        longer = f"{text}\n\n{block}" if text else block
        if len(longer.encode()) > MOST_BYTES - len(_MORE):
            return (text + _MORE).encode()
        text = longer
    return f"{text}\n".encode()


FORMAT = Format(
    name="markdown",
    filename="report.md",
    about="The findings as GitHub-flavoured Markdown, for a repository or a CI job's summary.",
    write=write,
)
