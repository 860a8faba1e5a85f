"""A pooled detector for tests of the pool: what it does with a text is what the text says."""

import os
import time
from collections.abc import Sequence

from detectors.contract import Factory, Scanner, Shown
from detectors.finding import Evidence, Finding


class SlowDetector:
    """``sleep S``, ``die``, ``fail TEXT``, ``print``, ``short``; any other text has one finding, which spans it."""

    name = "pii"
    digest = "slow"

    def __init__(self, reads: Shown = "sentence", **options: str | int | tuple[str, ...]) -> None:
        self.reads = reads
        self.factory = Factory("tests.gateway.proxy.slow_detector:build", options)

    def is_candidate(self, unit: str) -> bool:
        return bool(unit)


def build(broken: str = "", names: tuple[str, ...] = ()) -> Scanner:
    if broken:
        raise ValueError(broken)
    assert isinstance(names, tuple)
    return lambda units: _scan(units)


def _scan(units: Sequence[str]) -> list[list[Finding]]:
    return [found for unit in units for found in _one(unit)]


def _one(unit: str) -> list[list[Finding]]:
    command, _, argument = unit.partition(" ")
    match command:
        case "sleep":
            time.sleep(float(argument))
        case "die":
            os._exit(1)
        case "fail":
            raise RuntimeError(argument)
        case "print":
            print("noise")
            os.write(1, b"noise\n")
        case "short":
            return []
    return [[Finding("pii", "pii.PERSON", 0, len(unit), 0.5, Evidence.MODEL)]]
