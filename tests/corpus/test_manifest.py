"""What is said where a folder holds another scan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from attnviz.corpus.manifest import check_same
from attnviz.errors import UsageError


def scan(files: tuple[str, ...] = ("a.jsonl",), sha256: str = "1", **other: Any) -> dict[str, Any]:
    corpus = {"field": "text", "id": "", "group": "", "label": "", "sample": 0, "keep_going": False}
    changed = {name: other.pop(name) for name in [*corpus] if name in other}
    listed = [{"name": name, "sha256": sha256, "bytes": 9} for name in files]
    return {
        "corpus": {**corpus, **changed, "files": listed, "read": 5 if sha256 == "1" else 6},
        "model": {"name": "minilm", "dtype": "float32"},
        "settings": {"words": False},
        "part": "1/1",
        "rows": False,
        "pilot": "own",
    } | other


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (scan(field=""), "--field is text, and now is not given"),
        (scan(field="body"), "--field is text, and now is body"),
        (
            scan(keep_going=True, rows=True),
            "--keep-going is not given, and now is given; --rows is",
        ),
        (scan(part="1/2"), "--part is 1/1, and now is 1/2"),
        (scan(settings={"words": True}), "--words is not given, and now is given"),
        (
            scan(model={"name": "minilm", "dtype": "float16"}),
            "its model's dtype is float32, and now",
        ),
        (scan(("b.csv",)), "it is of a.jsonl, and now of b.csv"),
        (scan(sha256="2"), "a.jsonl changed since"),
        (scan(pilot="120 sentences, ab"), "its pilot is own, and now 120 sentences, ab"),
    ],
)
def test_what_differs_is_said_by_the_flag(now: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_same(scan(), now, Path("scan1"))
    assert caught.value.message.startswith(f"scan1 holds another scan: {said}")
    check_same(now, now, Path("scan1"))
