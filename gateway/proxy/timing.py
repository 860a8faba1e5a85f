"""Detectors that are timed while they work. Of what runs where it stands, one scan in so many is: a clock costs as much as a short scan."""

from collections.abc import Callable
from typing import Protocol

from detectors.contract import InlineDetector, PooledDetector, TextDetector
from detectors.finding import Finding

ONE_IN = 7
"""A prime, so that the texts of requests that are alike have their turns."""

Scanned = Callable[[str, str, float], None]
"""Takes a detector's name, where it ran (``inline`` or ``pool``) and how long it took, in seconds."""


class _Scan(Protocol):
    def __call__(self, text: str, start: int = 0) -> list[Finding]: ...


class TimedDetector:
    """Is what it times, to whoever uses it."""

    __slots__ = ("digest", "disguises", "lookbehind", "name", "scan", "settled")

    def __init__(self, detector: InlineDetector, clock: Callable[[], float], scanned: Scanned) -> None:
        self.name = detector.name
        self.digest = detector.digest
        self.lookbehind = detector.lookbehind
        self.disguises = detector.disguises
        self.settled = detector.settled
        self.scan = _timed(detector, clock, scanned)


def timed(detector: TextDetector, clock: Callable[[], float], scanned: Scanned) -> TextDetector:
    """One that runs in the pool is as it was: the pool times it."""
    return detector if isinstance(detector, PooledDetector) else TimedDetector(detector, clock, scanned)


def _timed(detector: InlineDetector, clock: Callable[[], float], scanned: Scanned) -> _Scan:
    name, run, left = detector.name, detector.scan, 1

    def scan(text: str, start: int = 0) -> list[Finding]:
        nonlocal left
        left -= 1
        if left:
            return run(text, start)
        left = ONE_IN
        begin = clock()
        found = run(text, start)
        scanned(name, "inline", clock() - begin)
        return found

    return scan
