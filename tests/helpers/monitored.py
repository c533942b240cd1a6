"""What a scan watches for, made up: two groups that differ, and strange sentences."""

from __future__ import annotations

from attnviz.report.monitoring import Group, GroupDifference, Groups, StrangeSentence, Unlike


def difference(
    role: str, measure: str, value: float, others: float, head: tuple[int, int] = (0, 1)
) -> GroupDifference:
    """A difference that is certain, its interval 0.02 to either side and its bounds 0.04."""
    by = value - others
    return GroupDifference(
        group="new",
        head=head,
        role=role,
        measure=measure,
        unit="nats" if measure == "entropy" else "",
        value=value,
        others=others,
        difference=by,
        low=by - 0.02,
        high=by + 0.02,
        sure_low=by - 0.04,
        sure_high=by + 0.04,
    )


def groups(*differences: GroupDifference, certain: int | None = None) -> Groups:
    """The groups new and old."""
    return Groups(
        field="time",
        by="field",
        groups=(
            Group("new", 120, 2345, "groups/new.safetensors"),
            Group("old", 80, 1234, "groups/old.safetensors"),
        ),
        compared=200,
        certain=len(differences) if certain is None else certain,
        differences=differences,
    )


DIFFERING = groups(
    difference("punctuation", "score", 0.5, 0.25),
    difference("", "entropy", 1.0, 1.5, (1, 0)),
    difference("punctuation", "score", 0.5, 0.3, (1, 0)),
    certain=5,
)

STRANGEST = (
    StrangeSentence(
        id=7,
        source="texts/a.jsonl",
        line=12,
        text="<b>ha</b> | ha ha",
        digest="00000000000000aa",
        tokens=9,
        lengths=(8, 12),
        distance=2.71,
        unlike=(
            Unlike((0, 1), "entropy", 0.5, 1.25, 0.125),
            Unlike((1, 0), "comma", 0.3, 0.0, 0.1),
        ),
    ),
    StrangeSentence(9, "b.txt", 1, "Shorter.", "00000000000000bb", 4, (None, 7), 1.5, ()),
)
