"""The heads of the made-up reports: their roles and scores, which are alike, and what is found."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from attnviz.measurement.probed import InductionHead, InductionReport, ProbeScore
from attnviz.report.model import (
    Estimate,
    Finding,
    HeadReport,
    RelationRow,
    RoleInfo,
    RoleScore,
    Similarity,
    StatisticInfo,
    Verdict,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

HOSTILE = (
    "</script><img src=x onerror=alert(1)> [x](javascript:alert(1)) | `a` **b** \"q\" 's' "
    "@octocat #1 https://example.org www.example.org $x^$ [/INST] {{ 7 * 7 }} "
    "\x1b[31m\x00 \u202eevil \u2028 \ud800 &lt;"
)

LAYERS, HEADS = 6, 12

# name, title, family, letter, margin, how many heads have it, baselines
ROLES = (
    ("self", "itself", "position", "E", 0.3, 3, ()),
    ("previous-token", "previous token", "position", "P", 0.3, 4, ()),
    ("next-token", "next token", "position", "N", 0.3, 2, ()),
    ("fixed-offset", "fixed offset", "position", "O", 0.3, 1, ()),
    ("first-token", "first token (sink)", "sink", "F", 0.3, 23, ()),
    ("separator", "separator", "sink", "X", 0.3, 12, ()),
    ("punctuation", "punctuation", "punctuation", "U", 0.1, 3, ("profile",)),
    ("comma", "comma", "punctuation", "C", 0.1, 0, ("profile",)),
    ("duplicate-token", "duplicate token", "copy", "D", 0.1, 5, ("profile",)),
    ("induction", "induction (running text)", "copy", "I", 0.1, 0, ("profile", "previous-token")),
    ("dep:nsubj", "subject", "syntax", "S", 0.05, 2, ("fixed-offset", "profile")),
    ("dep:obj:reverse", "verb of the object", "syntax", "V", 0.05, 1, ("fixed-offset", "profile")),
    ("related-words", "related words", "meaning", "R", 0.1, 1, ("profile",)),
    ("broad", "broad", "shape", "B", 0.05, 6, ()),
)


def induction(
    places: Sequence[tuple[int, int]], supported: int = 12, *, copies: bool = False
) -> InductionReport:
    """The last heads match prefixes, the very last the best; all raise the others' logits more."""
    best = {place: rank for rank, place in enumerate(list(places)[::-1][:supported])}

    def head(place: tuple[int, int]) -> InductionHead:
        score = 0.93 - 0.05 * best[place] if place in best else 0.06
        return InductionHead(
            *place,
            ProbeScore(score, score - 0.04, score + 0.03, 0.021),
            0.048,
            "previous-token",
            score - 0.09,
            ProbeScore(0.74, 0.71, 0.77, 0.0) if copies else None,
            "supported" if place in best else "no",
            ProbeScore(0.98, 0.97, 0.99, 0.47) if copies else None,
        )

    return InductionReport(10, 25, 4, 750, 0.1, tuple(map(head, places)))


STATISTICS = (
    StatisticInfo(
        "entropy",
        "entropy",
        "nats",
        "How spread out attention is: 0 on one key.",
        "H_i = -sum_j a_ij ln a_ij",
        "Clark et al. 2019",
    ),
    StatisticInfo(
        "distance",
        "distance",
        "tokens",
        "How many tokens away attention lands, on average.",
        "sum_j a_ij |i - j|",
        "Vig & Belinkov 2019",
    ),
    StatisticInfo(
        "confidence",
        "confidence",
        "mass",
        "The largest weight of each row.",
        "max_j a_ij",
        "Voita et al. 2019",
    ),
)


def role_info(
    having: dict[str, tuple[tuple[int, int], ...]],
    name: str,
    title: str,
    family: str,
    letter: str,
    margin: float,
    _: int,
    baselines: tuple[str, ...],
) -> RoleInfo:
    about = f"Each token looks at its {title}."
    formula, source = "S_i = {i - 1}", "Clark et al. 2019; Voita et al. 2019 (positional heads)"
    heads = having[name]
    return RoleInfo(name, title, family, letter, about, formula, source, baselines, margin, heads)


def unmeasured(name: str, *, hostile: bool) -> RoleInfo:
    return RoleInfo(
        f"{name}{HOSTILE if hostile else ''}",
        "adjective's noun",
        "syntax",
        "A",
        "Each adjective looks at its noun.",
        "S_i = the head of word i",
        "Clark et al. 2019",
        ("profile",),
        0.05,
        (),
        absent="It needs a text with dependency annotations.",
    )


def head_report(
    place: tuple[int, int],
    having: dict[str, tuple[tuple[int, int], ...]],
    random: Generator,
    layers: int,
) -> HeadReport:
    depth = place[0] / layers
    entropy, share = 1.2 + depth + 0.6 * random.random(), random.random()
    statistics = {
        "entropy": Estimate(entropy, entropy - 0.06, entropy + 0.05),
        "distance": Estimate(14 * share, 14 * share - 0.4, 14 * share + 0.5),
        "confidence": Estimate(1 - share / 2, 0.98 - share / 2, 1.01 - share / 2),
    }
    if place == (0, 0):
        statistics["distance"] = Estimate(float("nan"), None, None)
    roles = {name: _score(having[name], place, margin, random) for name, *_, margin, _, _ in ROLES}
    return HeadReport(*place, statistics, roles)


def _score(
    heads: tuple[tuple[int, int], ...], place: tuple[int, int], margin: float, random: Generator
) -> RoleScore:
    chance, baseline = 0.04 + 0.01 * random.random(), 0.05 + 0.15 * random.random()
    verdict: Verdict = "no"
    score = baseline + margin * random.random()
    if place in heads:
        rank = heads.index(place)
        verdict = "tentative" if rank and rank == len(heads) - 1 else "supported"
        score = 0.93 - 0.4 * rank / len(heads)
    return RoleScore(
        score,
        chance,
        (score - chance) / (1 - chance),
        baseline,
        "profile" if margin < 0.3 else "chance",
        score - 0.03,
        score + 0.02,
        score - baseline - 0.04,
        1203 if verdict != "tentative" else 81,
        90 if verdict != "tentative" else 34,
        verdict,
    )


def similarity(places: list[tuple[int, int]], random: Generator) -> Similarity:
    points = random.normal(size=(len(places), 2))
    apart = np.abs(points[:, None] - points[None]).sum(axis=2)
    apart *= 0.8 / apart.max()
    order = tuple(map(int, np.argsort(points[:, 0])))
    groups = (((4, 1), (4, 7), (5, 2)), ((2, 0), (2, 9)))
    return Similarity(
        tuple(map(tuple, apart.tolist())),
        order,
        groups,
        (5,),
        ((0, 3),),
        "Computed on every query of 16 sampled sentences.",
    )


def findings(having: dict[str, tuple[tuple[int, int], ...]], hostile: bool) -> tuple[Finding, ...]:
    layer, head = having["previous-token"][0]
    best = f"L{layer}H{head}"
    return (
        Finding(
            "role",
            f"{best} looks at the previous token: 0.93 [0.90, 0.95] of its attention, where "
            "uniform attention would put 0.044, over 90 sentences; 3 more heads do so too.",
            having["previous-token"],
            role="previous-token",
            first=True,
        ),
        Finding(
            "role",
            "23 of 72 heads put most of their attention on the first token, L5H2 the most: "
            "0.93 [0.90, 0.95], 90 sentences. Such heads often do nothing.",
            having["first-token"],
            role="first-token",
            first=True,
        ),
        Finding(
            "redundant",
            "L4H1, L4H7 and L5H2 attend alike: their rows differ by 0.11 nats at most.",
            ((4, 1), (4, 7), (5, 2)),
            first=True,
        ),
        Finding("collapsed", "In layer 5 all heads attend alike.", (), first=True),
        Finding(
            "uniform",
            f"L0H3 is near uniform. {HOSTILE if hostile else ''}",
            ((0, 3),),
            first=True,
        ),
        Finding("overview", "Of the other 46 heads 20 show none of the roles.", first=True),
    )


ROW = RelationRow(
    role="dep:nsubj",
    relation="nsubj",
    direction="to the head",
    heads=((1, 3),),
    score=0.66,
    low=0.57,
    high=0.74,
    baselines={"chance": 0.08, "fixed offset": 0.21},
    against="fixed offset",
    verdict="supported",
    events=114,
    sentences=71,
    coverage=0.5,
)
REVERSE = replace(
    ROW, role="dep:obj:reverse", relation="obj", direction="from the head", heads=((2, 0), (0, 5))
)
