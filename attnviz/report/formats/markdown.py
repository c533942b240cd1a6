"""`report.md`: the findings for a repository, a pull request or a CI job's summary."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from attnviz.report import induction, layers, portraits, relations, spare, words
from attnviz.report.escape import markdown as safe
from attnviz.report.format import Format
from attnviz.report.images import by_sentence
from attnviz.report.markup import bullets, table
from attnviz.report.numbers import (
    count,
    counted,
    estimate,
    evidence,
    exact,
    magnitude,
    number,
    percent,
    verdict,
)
from attnviz.report.rerun import command
from attnviz.report.sentences import Shading, show
from attnviz.report.tables import COLUMNS, Player, Tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attnviz.figures.picture import Picture
    from attnviz.report.model import HeadReport, Report, RoleInfo, RoleScore, SentenceReport
    from attnviz.report.probed import ProbeScore

MOST_BYTES = 64_000
"""What a report stays under; GitHub shows job summaries up to 1 MiB."""

PLAYERS_SHOWN = 3
HEADS_LISTED = 160
RELATIONS_LISTED = 120
SENTENCES_SHOWN = 8
CHARACTERS = 400

_MORE = "\n\n*Cut here to fit; report.json and report.html have all.*\n"


def write(report: Report, pictures: Sequence[Picture]) -> bytes:
    """The report as GitHub-flavoured Markdown, under `MOST_BYTES`."""
    blocks = [
        *_top(report),
        *(_findings(report) if report.parts else ()),
        *(block for part in report.every_part for block in _part(part, pictures)),
        *(_induction(report) if report.parts else ()),
        *_limits(report),
        *_warnings(report),
        *_method(report),
        *(block for part in report.every_part for block in _details(part, pictures, report)),
    ]
    return _fitting(blocks)


def _part(part: Report, pictures: Sequence[Picture]) -> Iterable[str]:
    """What was found: of a whole model, or of one part under a heading of its own."""
    if part.attention:
        title, meaning = words.PARTS[part.attention]
        yield f"## {title}"
        yield " ".join((meaning, *layers.notes(part)))
    yield from _findings(part)
    yield from _images(by_sentence(pictures, part.attention).get(None, []), _heading(part, "Maps"))
    yield from _roles(part, Tables(part))
    yield from _relations(part)
    yield from _induction(part)
    yield from _examples(part)
    yield from _spare(part, Tables(part))


def _details(part: Report, pictures: Sequence[Picture], report: Report) -> Iterable[str]:
    """Head by head and sentence by sentence; parts share the room."""
    share = len(report.every_part)
    name = f"{words.PARTS[part.attention][0]}: " if part.attention else ""
    yield from _heads(Tables(part), f"## {name}Heads", HEADS_LISTED // share)
    yield from _sentences(
        part,
        by_sentence(pictures, part.attention),
        f"## {name}Sentences",
        max(SENTENCES_SHOWN // share, 1),
    )


def _heading(part: Report, title: str) -> str:
    return f"{'###' if part.attention else '##'} {title}"


def _top(report: Report) -> Iterable[str]:
    model, read = report.model, report.input
    yield f"# What the attention heads of {safe(model.name)} do"
    files = ", ".join(safe(file.name[:CHARACTERS]) for file in read.files[:5])
    more = f" and {len(read.files) - 5} more" if len(read.files) > 5 else ""
    yield (
        f"{layers.headline(report)}, {magnitude(model.parameters)} parameters; "
        f"{counted(read.sentences, 'sentence')} ({counted(read.tokens, 'token')}) from "
        f"{files}{more}."
    )
    said = words.reading(report), safe(words.targets(report)), words.merged(report)
    if notes := " ".join(filter(None, (*layers.notes(report), *said))):
        yield notes
    if report.options.created:
        yield safe(report.options.created)
    if report.parts:
        titles = (words.PARTS[part.attention][0] for part in report.parts)
        yield "Parts: " + ", ".join(f"[{title}](#{title.lower()})" for title in titles)
    if report.warnings:
        yield f"[{counted(len(report.warnings), 'warning')}](#warnings)"


def _findings(report: Report) -> Iterable[str]:
    yield _heading(report, "Findings")
    yield bullets(finding.text for finding in report.findings) or "Nothing stands out."
    if not report.attention:
        yield words.SCORES


def _roles(part: Report, tables: Tables) -> Iterable[str]:
    yield _heading(part, "Roles")
    header = ("Role", "Heads", "Head", "Score", "Chance", "Baseline", "Lift", "Evidence", "Verdict")
    rows = (
        (
            f"{safe(played.title)} ({safe(played.chip.letter)})" if place == 0 else "",
            count(len(played.own)) if place == 0 else "",
            *_player(player),
        )
        for played in tables.in_order
        for place, player in enumerate(played.own[:PLAYERS_SHOWN])
    )
    if unjudged := words.unjudged(part):
        yield unjudged
    yield table(header, "lrllrlrll", rows) if tables.played else "No head has a role."
    if tables.unplayed:
        yield (
            f"{words.unplayed(part)}: "
            + "; ".join(_unplayed(*pair) for pair in tables.unplayed)
            + "."
        )
    if without := relations.unplayed(part):
        yield f"{without}: see {relations.TITLE}."
    for reason, roles in tables.absent:
        titles = ", ".join(safe(role.title) for role in roles)
        yield f"Could not be measured: {titles} ({safe(reason)})."


def _relations(part: Report) -> Iterable[str]:
    if not part.relations:
        return
    yield _heading(part, relations.TITLE)
    yield relations.choice(part)
    yield relations.reading(part)
    header = ("Relation", "Direction", "Head", "Accuracy", "Baseline", "Evidence", "Coverage")
    yield table(
        (*header, "Verdict"),
        "llllllrl",
        (
            (
                safe(row.relation),
                row.direction,
                ", ".join(relations.heads(row)) or number(None),
                estimate(row.score, row.low, row.high),
                f"{number(row.baseline)} {safe(relations.which(row))}".strip(),
                evidence(row.sentences, row.events),
                percent(row.coverage),
                verdict(row.verdict),
            )
            for row in part.relations[:RELATIONS_LISTED]
        ),
    )
    if len(part.relations) > RELATIONS_LISTED:
        yield f"And {count(len(part.relations) - RELATIONS_LISTED)} more in report.json."


def _induction(part: Report) -> Iterable[str]:
    if part.attention or not (part.induction or part.no_induction):
        return
    yield _heading(part, induction.TITLE)
    if part.induction is None:
        yield f"Not measured. {safe(part.no_induction)}"
        return
    yield induction.measured(part)
    if rows := induction.rows(part):
        yield induction.copying(part)
        yield induction.supported(part)
        yield table(*_induction_table(rows))
        yield induction.READING
    else:
        yield induction.supported(part)


def _induction_table(
    rows: Sequence[induction.Row],
) -> tuple[Sequence[str], str, Iterable[Sequence[str]]]:
    """Its header, the sides of its columns and its rows."""
    copies = induction.copies(rows)
    runs = any(row.running for row in rows)
    header = ["Head", "Prefix matching", "Chance", "Baseline"]
    header += ["Copying", "Lifted (chance)"] * copies + ["Running text"] * runs
    return (
        header,
        "llrl" + "l" * (len(header) - 4),
        (
            (
                row.head.name,
                _estimate(row.prefix_matching),
                number(row.prefix_matching.chance),
                f"{number(row.baseline)} {row.against}",
                *([_estimate(row.copying), induction.lifted(row)] if copies else ()),
                *([_estimate(row.running)] if runs else ()),
            )
            for row in rows
        ),
    )


def _spare(part: Report, tables: Tables) -> Iterable[str]:
    if part.spare is None:
        return
    yield _heading(part, spare.TITLE)
    says = (spare.summary(part), spare.working(part), spare.collapsed(part))
    yield " ".join(filter(None, says))
    yield spare.CAUTION
    if part.spare.heads:
        yield table(spare.REASONS, "lllrl", spare.reason_cells(part))
        rows = spare.rows(part, tables)
        told = map(spare.cells, rows)
        yield table(spare.HEADER, "lllllll", ((*ours, safe(roles)) for *ours, roles in told))
        if more := len(part.spare.heads) - len(rows):
            yield f"And {count(more)} more in report.json."
    yield spare.READING


def _examples(part: Report) -> Iterable[str]:
    if lines := portraits.lines(part):
        yield _heading(part, portraits.TITLE)
        yield portraits.LINES
        yield bullets(lines)


def _estimate(score: ProbeScore | RoleScore | None) -> str:
    return estimate(score.score, score.low, score.high) if score else number(None)


def _player(player: Player) -> tuple[str, ...]:
    score = player.score
    variant = f" {safe(score.variant)}" if score.variant else ""
    return (
        f"{player.head.name}{variant}",
        estimate(score.score, score.low, score.high),
        number(score.chance),
        f"{number(score.baseline)} {safe(player.against)}",
        number(score.lift),
        evidence(score.sentences, score.events),
        verdict(score.verdict),
    )


def _unplayed(role: RoleInfo, closest: Player | None) -> str:
    if closest is None:
        return safe(role.title)
    score = closest.score
    needed = f"{number(score.baseline)} + {exact(role.margin)}"
    return f"{safe(role.title)} ({closest.head.name} {number(score.score)} against {needed})"


def _limits(report: Report) -> Iterable[str]:
    yield "## What it does not mean"
    yield "\n".join(f"- **{short}.** {full}" for short, full in words.limits(report))


def _warnings(report: Report) -> Iterable[str]:
    yield "## Warnings"
    yield bullets(report.warnings) or "None."


def _method(report: Report) -> Iterable[str]:
    yield "## How it was measured"
    yield f"{words.CHANCE} {words.baselines(report)}"
    yield f"{words.unit(report)} {words.bootstrap(report)} {words.rollout(report)}"
    yield words.STATISTICS
    yield "\n".join(f"- *{name}*: {rule}." for name, rule in words.verdicts(report))
    if unusual := words.unusual(report):
        yield safe(unusual)
    yield (
        f"attnviz {safe(report.version)}, {safe(report.model.architecture)}, "
        f"revision {safe(report.model.revision) or 'none'}, {safe(report.model.dtype)}. "
        f"To make it again: {safe(command(report))}"
    )
    yield table(
        ("File", "Sentences", "sha256"),
        "lrl",
        ((safe(file.name), count(file.sentences), file.sha256) for file in report.input.files[:20]),
    )


def _heads(tables: Tables, heading: str, most: int) -> Iterable[str]:
    """The heads that have a role first, where there is no room for all."""
    rows = [pair for layer in tables.layers for pair in layer.rows]
    if len(rows) > most:
        rows = [pair for pair in rows if pair[1]][:most]
    statistics = [one for one in tables.report.statistics if one.name in COLUMNS]
    yield heading
    yield f"{count(len(rows))} of {count(len(tables.report.heads))} heads; report.json has all."
    yield table(
        ("Head", "Roles", *(f"{safe(one.title)} ({safe(one.unit)})" for one in statistics)),
        "ll" + "l" * len(statistics),
        (
            (
                head.name,
                ", ".join(map(_having, players)),
                *(_statistic(head, one.name) for one in statistics),
            )
            for head, players in rows
        ),
    )


def _having(player: Player) -> str:
    aside = f" ({safe(player.aside)})" if player.aside else ""
    return f"{safe(player.role.title)} {number(player.score.score)}{aside}"


def _statistic(head: HeadReport, name: str) -> str:
    found = head.statistics.get(name)
    return estimate(found.mean, found.low, found.high) if found else number(None)


def _sentences(
    part: Report, placed: dict[int | None, list[Picture]], heading: str, most: int
) -> Iterable[str]:
    shown = [one for one in part.sentences if one.id in placed][:most]
    if shown:
        yield heading
    for sentence in shown:
        yield f"### Sentence {sentence.id}"
        yield f"> {_short(sentence.text)}"
        yield from _flow(part, sentence)
        if sentence.drift is not None:
            yield words.drift_says(sentence.drift)
        yield from _images(placed[sentence.id])


def _flow(part: Report, sentence: SentenceReport) -> Iterable[str]:
    """What the pictures of a sentence don't tell, or not where it is long."""
    shown = show(part, sentence)
    if sentence.generated is not None:
        yield f"{counted(len(sentence.tokens), 'token')}, {words.generated(sentence)}."
    if sentence.keys or shown.received.hidden:
        yield _strongest("Attention received", shown.received)
    if shown.rollout.hidden:
        yield _strongest("Rollout", shown.rollout)
    if not (sentence.rollout or sentence.keys):
        yield words.NO_ROLLOUT


def _strongest(what: str, shading: Shading) -> str:
    tokens = ", ".join(
        f"{safe(one.token.label.text)} at {count(one.position)} ({number(one.token.weight)})"
        for one in shading.strongest
    )
    rest = f"; the other {counted(shading.hidden, 'token')} have {percent(shading.outside)}"
    return f"{what}: {tokens}{rest if shading.hidden else ''}."


def _images(pictures: Sequence[Picture], heading: str = "") -> Iterable[str]:
    if pictures and heading:
        yield heading
    for picture in pictures:
        link = quote(f"{picture.path}.png", safe="/")
        yield f"![{safe(picture.title)}]({link})\n\n{safe(picture.caption)}"


def _short(text: str) -> str:
    return safe(text if len(text) <= CHARACTERS else f"{text[:CHARACTERS]} …")


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
