"""Detectors that are timed."""

from itertools import count

import pytest

from detectors.contract import PooledDetector
from detectors.registry import Options, build
from gateway.proxy.timing import ONE_IN, timed

TEXT = "write to anna.kovacs@example.org or +36 30 123 4567, key AKIAIOSFODNN7EXAMPLE"


@pytest.mark.parametrize("name", ["language", "pii"])
def test_it_is_what_it_times(name: str):
    """What is found is the same, from wherever it is looked for, and so is all else that is asked of a detector."""
    for detector in build(name, Options()):
        if isinstance(detector, PooledDetector):
            assert timed(detector, lambda: 0.0, print) is detector
            continue
        dressed = timed(detector, lambda: 0.0, lambda *args: None)
        assert not isinstance(dressed, PooledDetector)
        for start in (0, 3, 20):
            assert dressed.scan(TEXT, start) == detector.scan(TEXT, start)
            assert dressed.settled(TEXT, start) == detector.settled(TEXT, start)
        assert dressed.scan(TEXT) == detector.scan(TEXT)
        for known in ("name", "digest", "lookbehind", "disguises"):
            assert getattr(dressed, known) == getattr(detector, known)


def test_one_in_so_many():
    """The first is timed and then one in so many, by the clock that is given."""
    (detector, *_) = build("pii", Options())
    clock, told = count(10), []
    dressed = timed(detector, lambda: float(next(clock)), lambda *said: told.append(said))
    for _ in range(2 * ONE_IN + 1):
        dressed.scan(TEXT)
    assert told == [("pii", "inline", 1.0)] * 3
