"""The plain words that every report says: how things were measured, and what they don't mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.attention.limits import SORTED
from attnviz.evidence.bootstrap import FEWEST
from attnviz.evidence.rules import USUAL
from attnviz.report.numbers import NOTHING, count, counted, exact, number
from attnviz.report.sentences import LONG, drift
from attnviz.text.merge import last_looks

if TYPE_CHECKING:
    from attnviz.report.model import Report, SentenceReport

PARTS = {
    "encoder": ("Encoder", "Each source token looks at the source tokens, on both sides."),
    "decoder": ("Decoder", "Each target token looks at itself and the target tokens before it."),
    "cross": ("Cross-attention", "Each target token looks at the source tokens."),
}
"""The parts of an encoder-decoder model: what each is called, and what it means."""

SCORES = (
    "A score is the share of a head's attention that lands on the role's target, mean over "
    "queries; for roles between words the share of words whose most attended other word is right; "
    "for roles of shape what their formula says. Brackets hold the 95% interval."
)
CHANCE = (
    "Chance is the score of uniform attention over the keys that are visible; "
    "lift = (score − chance) / (1 − chance)."
)
BASELINES = (
    "The baseline is the strongest thing that the score must beat. The positional profile is the "
    "head's own mean attention by offset, fitted on one half of the sentences and scored on the "
    "other: a role that it explains is a matter of position. Permuted positions are the head's "
    "own rows, each shuffled. Other words like it are as long, on the same side of the query, and "
    "not what the role is about. A role named as baseline is a simpler account of the same "
    "attention."
)
OTHER_SEGMENT = (
    "The other segment at the same distance is what the head would put on its own text of a pair "
    "if it gave it what it gives the other text at the same distance, both relative to what the "
    "head's habit of distance leads to expect in that row; fitted on one half of the sentences "
    "and scored on the other. Distances at which the other text is never found are laid to "
    "distance."
)
PAIRS = "The mark “‖” stands between the two texts of a pair."


def unit(report: Report) -> str:
    """What is resampled, and what a score is pooled over."""
    documents = report.input.documents
    known = f", of which there are {count(documents)}: sentences of one are alike"
    return (
        f"The {'document' if documents else 'sentence'} is the unit of evidence"
        f"{known if documents else ''}. Each score is a ratio of sums over sentences, so that a "
        "long sentence counts for more than a short one. Special tokens are never queries, unless "
        "a role names them."
    )


STATISTICS = (
    "Of each head, the mean over content tokens, pooled over sentences as a ratio of sums. The "
    f"Gini coefficient is taken on at most {SORTED} content queries of each sentence, evenly "
    "spread, every other statistic on all."
)
NO_ROLLOUT = "No rollout: there was not enough memory for it."
GENERATED = "Tokens after the mark “generated”, or with it in a table, were written by the model."


def verdicts(report: Report) -> tuple[tuple[str, str], ...]:
    """Each verdict, and what it takes."""
    least = report.options.evidence
    return (
        (
            "supported",
            (
                "the simultaneous 95% lower bound of score − best baseline, over all heads and "
                "roles (max-T), exceeds the role's margin; it does so on both halves of the "
                f"sentences; and it rests on at least {counted(least.sentences, 'sentence')} and "
                f"{counted(least.events, 'event')}"
            ),
        ),
        ("tentative", "it passes the same test with less evidence"),
        ("no", "it does not pass"),
        (
            NOTHING,
            (
                f"no verdict: fewer than {FEWEST} different {_units(report)} have an event, too "
                "few for an interval"
            ),
        ),
    )


def _units(report: Report) -> str:
    return "documents" if report.input.documents else "sentences"


def unjudged(report: Report) -> str:
    """What tables hold where there are no verdicts; "" where there are."""
    if report.judged:
        return ""
    return (
        f"There are no verdicts: they take intervals, for which {FEWEST} {_units(report)} are "
        "needed. The "
        "tables hold what this text shows: heads whose score exceeds chance by more than the "
        "role's margin and is not below any other baseline, the strongest first."
    )


def unplayed(report: Report) -> str:
    """What is to be said of the roles that no head is told for."""
    return "No head has" if report.judged else "No head is so far above chance for"


def baselines(report: Report) -> str:
    """What the baselines are, so far as this report has them."""
    asked = (role for part in report.every_part for role in part.roles if not role.absent)
    segments = any("other segment" in role.baselines for role in asked)
    return f"{BASELINES} {OTHER_SEGMENT}" if segments else BASELINES


def unusual(report: Report) -> str:
    """What a verdict took that was set for this report; "" where all was as usual."""
    rules = report.options.evidence
    told = [
        f"{name} at least {used} instead of {usual}"
        for name, used, usual in (
            ("sentences", rules.sentences, USUAL.sentences),
            ("events", rules.events, USUAL.events),
        )
        if used != usual
    ]
    told += [
        f"{one.role} {exact(one.margin)} instead of {exact(one.default)}" for one in rules.margins
    ]
    if not told:
        return ""
    return f"Set for this report, by the names of roles: {'; '.join(told)}."


def bootstrap(report: Report) -> str:
    """How the intervals were made."""
    options, units = report.options, _units(report)
    return (
        f"95% intervals come from a bootstrap over {units}: {count(options.resamples)} resamples, "
        f"seed {options.seed}. They are moved for skewness (BCa, Efron 1987) and widened by "
        f"Student's t where {units} are few; those of roles between words are Wilson's, for as "
        f"many independent events as vary that much over {units}. Score − baseline is resampled in "
        "pairs, and its lower bound holds for all heads and roles at once."
    )


def sees(report: Report) -> str:
    """What a token can see, for the top of a page."""
    if report.parts:
        return "each target token sees what is to its left, and the source"
    if report.model.causal:
        return "each token sees what is to its left"
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


def reading(report: Report) -> str:
    """How the text was made into tokens, where that was not the usual way; else ""."""
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


def generated(sentence: SentenceReport) -> str:
    """How many of a sentence's tokens the model wrote; "" where it wrote none."""
    if sentence.generated is None:
        return ""
    if sentence.generated == 0:
        return "all generated by the model"
    return f"{count(len(sentence.tokens) - sentence.generated)} of them generated by the model"


def shading(report: Report) -> str:
    """What the shades of tokens stand for."""
    mean = "mean over all layers, heads and content tokens"
    if report.attention == "cross":
        says = f"Source tokens are shaded by the attention that they receive, {mean} of the target."
        says += f" {rollout(report)}"
    elif not _has_rollout(report):
        says = f"Tokens are shaded by the attention that they receive, {mean}."
    else:
        says = (
            f"Tokens are shaded once by the attention that they receive, {mean}, and once by "
            "rollout: what flows from them to the content tokens of the last layer. "
            f"{rollout(report)}"
        )
    if any(len(one.keys or one.tokens) > LONG for one in report.sentences):
        says += f" Texts of more than {LONG} tokens show only their strongest tokens."
    return says


def _has_rollout(report: Report) -> bool:
    return any(sentence.rollout for part in report.every_part for sentence in part.sentences)


def rollout(report: Report) -> str:
    """How the layers were joined."""
    if report.attention == "cross":
        return "Rollout joins the layers of one stack; across two there is none."
    if not _has_rollout(report):
        return NO_ROLLOUT
    if report.options.rollout_residual:
        return (
            "Rollout multiplies the layers: A_l = ½ mean over heads + ½ I, for the residual "
            "stream (Abnar & Zuidema 2020)."
        )
    return (
        "Rollout multiplies the layers' mean attention, without the residual stream "
        "(Abnar & Zuidema 2020, first variant)."
    )


def drift_says(value: float | None) -> str:
    """What a drift means for the rollout beside it."""
    if value is None:
        return ""
    says = f"The rollouts of two content tokens differ by {number(value)} on average"
    scale = "(0: all alike, 1: nothing in common)"
    close = "; they are nearly alike, so read nothing about single tokens into them"
    return f"{says} {scale}{close if value < 0.1 else ''}."


def limits(report: Report) -> tuple[tuple[str, str], ...]:
    """What a reader might take the numbers for and must not: (in short, in full)."""
    return (
        (
            "Attention shows where mass goes, not why",
            (
                "A large weight moves a value vector; what that vector does, and whether later "
                "layers use it, is not measured here."
            ),
        ),
        (
            "Sink and separator mass is often a no-op",
            (
                "A head with nothing to do parks its attention on the first token, on CLS or on "
                "SEP, whose values tend to be small. Such heads are not about those tokens."
            ),
        ),
        (
            "A role is a correlation",
            (
                "A head that attends like the role need not exist for it, and what it does on "
                "other text may differ. To learn what depends on it, intervene."
            ),
        ),
        ("Deep positions are mixtures, not words", _mixtures(report)),
        (
            "The strongest key hides near-ties",
            (
                "Confidence, and the strongest tokens that a table names, stand for one key of a "
                "row: 0.31 against 0.30 looks there like 0.90 against 0.01. The figures show both."
            ),
        ),
    )


def _mixtures(report: Report) -> str:
    says = "Above the first layer each position holds information from many tokens."
    where = "the decoder" if report.parts else "a causal model" if report.model.causal else ""
    if where:
        says += f" In {where} all rollout rows drift to token 0 with depth, whatever the words."
    return f"{says} {drift_says(drift(report))}".strip()
