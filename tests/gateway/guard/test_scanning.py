"""What detectors say of a request's texts."""

from collections import deque
from typing import Any

import pytest

from detectors.contract import TextDetector
from gateway.guard.memo import Memo
from gateway.guard.plan import Check
from gateway.guard.scanning import Subject, TextScans
from gateway.guard.seams import Run
from policies.decide import NotChecked
from policies.vocabulary import Scope
from tests.support.guards import DIGITS, KEY, MAILS, Names, plan, policy, rule


def _check(*detectors: TextDetector) -> Check:
    (check,) = plan(policy(rule("all", "redact")), detectors).on_request.of(Scope.USER)
    return check


def _spans(scans: TextScans, subject: Subject, check: Check) -> list[Any]:
    return [(each.start, each.end) for each in scans.outcome(subject, check).findings]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("a 1234 b", [(2, 6)]),
        ("a %31234 b", [(2, 8)]),
        ("a １２３４ b", [(2, 6)]),
        (r"a\n1234 b", [(3, 7)]),
        ("word " * 3000 + "1234 " + "％31234 " * 2, [(15000, 15004), (15005, 15011), (15012, 15018)]),
    ],
)
def test_findings_stand_where_the_value_is_written(text: str, spans: list[tuple[int, int]]) -> None:
    """In short and long texts, plain or not, each value is found once, over all that it is written with."""
    scans, subject, check = TextScans(Memo(KEY, 1 << 20)), Subject(text, b"k"), _check(DIGITS)
    deque(scans.scan(subject, check.inline), 0)
    assert sorted(_spans(scans, subject, check)) == spans


def test_detectors_share_one_reading_of_a_text() -> None:
    """Two detectors are run side by side, and what one is remembered to have said is not asked again."""
    memo: Memo[Any] = Memo(KEY, 1 << 20)
    subject, check = Subject("1234 a@b", b"k"), _check(DIGITS, MAILS)
    first = TextScans(memo)
    deque(first.scan(subject, check.inline[:1]), 0)
    second = TextScans(memo)
    deque(second.scan(subject, check.inline), 0)
    assert _spans(second, subject, check) == [(0, 4), (5, 8)]
    assert memo.hits == 1


def test_a_model_is_shown_what_is_said() -> None:
    """Units are sentences of the deepest reading, and their findings come back to what was written."""
    scans, subject, check = TextScans(Memo(KEY, 1 << 20)), Subject("hello.\nask Ａn%6Ea now", b"k"), _check(Names())
    list(scans.want(subject, check.pooled[0], 1.0))
    (job,) = scans.jobs()
    assert job.units == ("ask Anna now",)
    scans.settle({job: tuple(Names.scan(unit) for unit in job.units)})
    assert _spans(scans, subject, check) == [(11, 17)]


@pytest.mark.parametrize(("chars", "deadline_s"), [(100, 1.0), (25_000, 3.0), (99_999, 10.0), (1_000_000, 10.0)])
def test_a_long_text_has_longer_but_not_without_end(chars: int, deadline_s: float) -> None:
    """A model's deadline grows with a text, up to a bound."""
    scans, subject, check = TextScans(Memo(KEY, 1 << 20)), Subject("Anna. ".ljust(chars), b"k"), _check(Names())
    deque(scans.want(subject, check.pooled[0], 1.0), 0)
    (job,) = scans.jobs()
    assert job.deadline_s == deadline_s


def test_of_a_window_only_what_crosses_a_seam_counts() -> None:
    """What lies in one of the texts was found there; a model is asked only where a seam splits a word."""
    run = Run((0, 1), (0, 7), "1234 125678 Anna")
    scans, subject, check = TextScans(Memo(KEY, 1 << 20)), Subject(run.text, b"k", run, 0), _check(DIGITS, Names())
    scans.want(subject, check.pooled[0], 1.0)
    assert scans.jobs() == []
    deque(scans.scan(subject, check.inline), 0)
    assert _spans(scans, subject, check) == [(5, 11)]


def test_what_was_not_scanned_is_timed_out() -> None:
    """A detector that has not been run by then has not looked."""
    outcome = TextScans(Memo(KEY, 1 << 20)).outcome(Subject("1234", b"k"), _check(DIGITS))
    assert outcome.not_checked == (NotChecked("pii", "timeout"),)
