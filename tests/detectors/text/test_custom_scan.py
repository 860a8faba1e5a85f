"""Patterns of a team's own at work."""

from dataclasses import replace

import pytest

from detectors.finding import Evidence
from detectors.text.custom import CustomPattern
from detectors.text.custom_scan import PiiCustom

EMPLOYEE = CustomPattern("EMPLOYEE", r"\bE-\d{4}\b", score=0.5, context=("Badge",))
MEMBER = CustomPattern("MEMBER", r"\b\d{8}\b", validator="luhn")


@pytest.fixture(params=[False, True], ids=["plain", "prefiltered"])
def detector(request: pytest.FixtureRequest, tmp_path) -> PiiCustom:
    return PiiCustom([EMPLOYEE, MEMBER], ["e-9999"], str(tmp_path) if request.param else None)


def test_score_context_validator_and_allow_list(detector: PiiCustom):
    """A pattern's own score, raised by its context words; check digits must agree; allowed values are none."""
    text = "E-1234, badge e-1235, 12345674, 12345675, E-9999"
    found = [(finding.kind, text[finding.start : finding.end], finding.score, finding.evidence) for finding in detector.scan(text)]
    assert found == [
        ("pii.EMPLOYEE", "E-1234", 0.5, Evidence.PATTERN),
        ("pii.EMPLOYEE", "e-1235", 0.85, Evidence.PATTERN),
        ("pii.MEMBER", "12345674", 0.6, Evidence.CHECKSUM),
    ]


def test_holds_back_the_widest(detector: PiiCustom):
    """No more than the widest pattern and what its boundary looks at, and never the inside of a match."""
    assert detector.settled("x" * 100) == 100 - 9
    assert detector.settled("see E-1234 and so ") == 4


def test_digest_names_patterns_and_allow_list():
    """A changed pattern, score, disguise or allow-list is another detector."""
    others = [
        PiiCustom([EMPLOYEE]),
        PiiCustom([MEMBER]),
        PiiCustom([EMPLOYEE], ["x"]),
        PiiCustom([CustomPattern("EMPLOYEE", r"\bE-\d{4}\b")]),
        PiiCustom([replace(EMPLOYEE, disguises=frozenset({"leet"}))]),
    ]
    assert len({detector.digest for detector in others}) == len(others)


def test_what_hyperscan_does_not_take_just_runs(tmp_path):
    """An expression of Python's own syntax is not lost."""
    detector = PiiCustom([CustomPattern("ODD", r"(?P<a>x)y(?>z)")], cache_dir=str(tmp_path))
    assert [finding.entity for finding in detector.scan("xyz")] == ["ODD"]
