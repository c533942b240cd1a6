"""How much evidence a verdict takes and how much of it there is, in words."""

from __future__ import annotations

from attnviz.evidence.bootstrap import FEWEST
from attnviz.evidence.rules import Rules
from attnviz.report.numbers import count, counted
from attnviz.report.scores import RoleScore


def lacking(score: RoleScore, rules: Rules) -> str:
    """What a role's verdict lacks: "30 of the 50 sentences that it takes"; "" where nothing."""
    if score.verdict is None:
        return f"fewer than {FEWEST} of the {counted(rules.sentences, 'sentence')} that it takes"
    if score.verdict != "tentative":
        return ""
    there = (score.sentences, rules.sentences, "sentence"), (score.events, rules.events, "event")
    few = [
        f"{count(have)} of the {counted(least, what)}"
        for have, least, what in there
        if have < least
    ]
    # Else it is that all events are in one half of the sentences, and the other has to agree.
    return f"{' and '.join(few)} that it takes" if few else "nothing in one half of the sentences"
