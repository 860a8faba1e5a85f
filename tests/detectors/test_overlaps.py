"""Spans are reconciled so that nothing found is left behind."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.finding import Evidence, Finding
from detectors.overlaps import merge_overlaps


def _finding(kind: str, start: int, end: int, score: float = 0.5, evidence: Evidence = Evidence.PATTERN) -> Finding:
    return Finding("pii", f"pii.{kind}", start, end, score, evidence)


MERGES = [
    ("apart", [_finding("A", 0, 2), _finding("B", 2, 4)], [("A", 0, 2), ("B", 2, 4)]),
    ("inside", [_finding("URL", 4, 9), _finding("EMAIL", 0, 9, 1.0, Evidence.CHECKSUM)], [("EMAIL", 0, 9)]),
    (
        "a model's date over a phone number",
        [_finding("DATE", 0, 12, 0.85, Evidence.MODEL), _finding("PHONE", 2, 12, 0.4)],
        [("PHONE", 0, 12)],
    ),
    ("a chain", [_finding("A", 0, 4), _finding("B", 3, 8, 0.9), _finding("C", 7, 9)], [("B", 0, 9)]),
    ("equal but for length", [_finding("A", 0, 4), _finding("B", 2, 9)], [("B", 0, 9)]),
]


@pytest.mark.parametrize(("findings", "merged"), [case[1:] for case in MERGES], ids=[case[0] for case in MERGES])
def test_merges(findings: list[Finding], merged: list[tuple[str, int, int]]):
    """The strongest evidence names the union of what overlaps; what only touches stays apart."""
    assert [(finding.entity, finding.start, finding.end) for finding in merge_overlaps(findings)] == merged


spans = st.builds(
    lambda kind, start, length, score, evidence: _finding(kind, start, start + length, score, evidence),
    st.sampled_from("ABC"),
    st.integers(0, 30),
    st.integers(1, 9),
    st.sampled_from([0.4, 0.5, 1.0]),
    st.sampled_from(list(Evidence)),
)


@given(st.lists(spans, max_size=12), st.randoms())
def test_disjoint_complete_and_independent_of_order(findings: list[Finding], random):
    """No character of a finding is lost or added, no two overlap, and the order in which they came does not matter."""
    merged = merge_overlaps(findings)
    assert {at for f in merged for at in range(f.start, f.end)} == {at for f in findings for at in range(f.start, f.end)}
    assert all(one.end <= other.start for one, other in pairwise(merged))
    shuffled = list(findings)
    random.shuffle(shuffled)
    assert merge_overlaps(shuffled) == merged
    assert merge_overlaps(merged) == merged
