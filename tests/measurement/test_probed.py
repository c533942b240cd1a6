"""What heads do on random tokens is judged by the margin of whoever judges."""

from __future__ import annotations

from attnviz.measurement.probed import InductionHead, InductionReport, ProbeScore


def head(number: int, margin_low: float | None) -> InductionHead:
    score = ProbeScore(0.5, 0.4, 0.6, 0.1)
    return InductionHead(0, number, score, 0.1, "chance", margin_low, None, "no")


def test_a_head_is_supported_by_the_margin_that_its_bound_exceeds() -> None:
    report = InductionReport(10, 25, 4, 750, 0.3, (head(0, 0.05), head(1, 0.2), head(2, None)))
    strict, lax = report.judged(0.2), report.judged(0.1)
    assert [each.verdict for each in strict.heads] == ["no", "no", "no"]
    assert [each.verdict for each in lax.heads] == ["no", "supported", "no"]
    assert (strict.margin, lax.margin) == (0.2, 0.1)
