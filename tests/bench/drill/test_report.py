"""What came of a drill, as figures."""

from bench.drill.judging import Judged
from bench.drill.report import figures, line


def judged(found: float | None = 30.0, cause: int | None = 1, pages: int = 0, early: tuple[str, ...] = ()) -> Judged:
    return Judged("a fault", found, found, None, pages, int(found is not None), (), early, cause, ())


def test_the_aims_are_shares_of_the_faults():
    """23 of 25 found within a minute, with 20 right causes, and no second page."""
    enough = [judged()] * 20 + [judged(cause=None)] * 3 + [judged(found=70.0, cause=None), judged(found=None, cause=None)]
    told = figures(enough)
    assert told["is_met"]
    summary = told["summary"]
    assert (summary["found_in_60_s"], summary["found_later"], summary["missed"], summary["cause_in_top_3"]) == (23, 1, 1, 20)


def test_each_aim_can_be_missed():
    """Too few found, too few causes, or a second page."""
    assert not figures([judged()] * 22 + [judged(found=None)] * 3)["is_met"]
    assert not figures([judged()] * 19 + [judged(cause=None)] * 6)["is_met"]
    assert not figures([judged(pages=2)] + [judged()] * 24)["is_met"]


def test_a_drill_of_nothing_is_told():
    """Without a fault there is no median."""
    assert figures([])["summary"]["median_found_s"] is None


def test_a_line_says_what_was_wrong():
    """Of a fault that was not found, and of what was told before it."""
    said = line(judged(found=None, cause=None, early=("latency of nothing",)))
    assert "not found" in said
    assert "before it: latency of nothing" in said
