"""What traffic is compared with."""

import pytest

from detectors.series.dayparts import ANY
from detectors.series.reference import Reference

PERIOD = Reference("period", start=100.0, end=200.0)
DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("reference", "ts", "expected"),
    [
        (PERIOD, 99.9, "before"),
        (PERIOD, 100.0, "within"),
        (PERIOD, 200.0, "after"),
        (PERIOD, None, "after"),
        (Reference(), 100.0, "after"),
        (Reference("rolling"), None, "after"),
    ],
)
def test_phase(reference: Reference, ts: float | None, expected: str):
    """A period has a beginning and an end; the others are learned from what comes."""
    assert reference.phase(ts) == expected


@pytest.mark.parametrize(
    ("reference", "known", "expected"),
    [(Reference(), 2499, True), (Reference(), 2500, False), (Reference("rolling"), 9e9, True), (PERIOD, 0, False)],
)
def test_learns(reference: Reference, known: float, expected: bool):
    """The first exchanges are learned up to a part's share, late ones for ever, and those after a period never."""
    assert reference.learns(0, known) is expected


@pytest.mark.parametrize(
    ("part", "known", "waited_s", "was_left", "expected"),
    [
        (0, 200, 0.0, True, True),
        (0, 200, 0.0, False, False),
        (0, 199, 0.0, True, False),
        (0, 0, 15 * DAY_S, False, True),
        (0, 0, 13 * DAY_S, False, False),
        (ANY, 200, None, False, True),
        (3, 0, None, False, True),
    ],
)
def test_is_known(part: int, known: float, waited_s: float | None, was_left: bool, expected: bool):
    """A part of the week is known when it was seen whole; after two weeks, or a period, as well as it will be."""
    assert Reference().is_known(part, known, waited_s, was_left=was_left) is expected
    assert PERIOD.is_known(part, known, waited_s, was_left=was_left)


@pytest.mark.parametrize(
    ("kind", "least", "size", "start", "end"),
    [("first", 0, 10, None, None), ("first", 20, 10, None, None), ("period", 1, 10, None, 5.0), ("period", 1, 10, 5.0, 5.0)],
)
def test_what_makes_no_sense(kind: str, least: int, size: int, start: float | None, end: float | None):
    """Settings that contradict themselves are refused."""
    with pytest.raises(ValueError):
        Reference(kind, least, size, start, end)  # type: ignore[arg-type]
